package station

import (
	"bytes"
	"errors"
	"fmt"
	"parley/internal/sheet"
	"slices"
	"sort"
	"sync"
	"syscall"
	"time"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/journal"
)

// Words of who measured a thing.
const (
	byUs   = "measured by us"
	byThem = "said by them"
)

// look measures the lamp of a line from what stands now. It never says Up
// on old news: up means that a peer answered within the quiet limit.
func (l *liveLine) look() Lamp {
	now := l.now()
	paths := l.pathsNow((*session).brief)
	up, down := 0, 0
	for _, p := range paths {
		switch {
		case p.Up:
			up++
		case !p.Rests:
			down++
		}
	}
	l.mu.Lock()
	proved, was := l.lastUp, l.lamp
	l.mu.Unlock()
	for _, s := range l.net.to(l.id, "") {
		s.mu.Lock()
		if s.heard.After(proved) && s.heard.After(s.up) {
			proved = s.heard
		}
		s.mu.Unlock()
	}
	lamp := Lamp{Proved: proved, Since: now, Drill: l.drillView()}
	switch why := l.ended(); {
	case l.failure() != nil:
		l.faultOurs(&lamp)
	case why != "":
		l.explainEnd(&lamp, why)
	case up == 0 && proved.IsZero() && !l.tried():
		lamp.State, lamp.Verdict, lamp.Sentence = LampUnknown, VerdictCannotTell, "Not measured yet: the station has just started."
	case up == 0:
		l.explainDown(&lamp, paths)
	default:
		l.explainUp(&lamp, paths, down)
	}
	if was.State == lamp.State && was.Verdict == lamp.Verdict && !was.Since.IsZero() {
		lamp.Since = was.Since
	}
	l.mu.Lock()
	l.lamp = lamp
	l.mu.Unlock()
	if was.State != "" && (was.State != lamp.State || was.Verdict != lamp.Verdict) {
		l.changed("lamp")
	}
	return lamp
}

// tried reports whether any path has been tried and found down.
func (l *liveLine) tried() bool {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	for k := range l.net.trouble {
		if k.line == l.id {
			return true
		}
	}
	return false
}

func (l *liveLine) faultOurs(lamp *Lamp) {
	why := l.failure()
	if why == nil {
		why = errStopped // it has just come back
	}
	if !l.isUp() {
		unreadable(lamp, l.path, why, l.now())
		return
	}
	lamp.State, lamp.Verdict = LampDown, VerdictOurs
	lamp.Sentence = "Our own station cannot keep what it receives, so it does not speak."
	lamp.Evidence = append(lamp.Evidence, Evidence{byUs, "store-failed", why.Error(), l.now()})
	lamp.Try = append(lamp.Try, "check-disk: look at the disk of the station; run parley check")
}

// explainEnd says that the line has ended, and by whose word: that of others is
// signed and on the record.
func (l *liveLine) explainEnd(lamp *Lamp, why string) {
	lamp.State, lamp.Verdict = LampDown, VerdictOurs
	lamp.Sentence = "The line has ended: " + why + "."
	by := byUs
	if gone(l.rules(), l.us) != "left" {
		lamp.Verdict, by = VerdictTheirs, byThem
	}
	lamp.Evidence = append(lamp.Evidence, Evidence{by, "line-ended", lamp.Sentence, l.now()})
	lamp.Try = append(lamp.Try, "new-line: found a new line to talk again")
}

func (l *liveLine) explainUp(lamp *Lamp, paths []Path, down int) {
	lamp.State, lamp.Verdict = LampUp, VerdictUp
	lamp.Sentence = fmt.Sprintf("The line is up, proved %s ago.", ago(l.now().Sub(lamp.Proved)))
	for _, p := range paths {
		if p.Up {
			lamp.Evidence = append(lamp.Evidence, Evidence{byUs, "path-up", fmt.Sprintf("%s to %s answers in %s", p.Name, p.Peer, p.RTT.Round(100*time.Microsecond)), p.Heard})
		}
	}
	for _, p := range paths {
		if p.Rests && !p.Up {
			lamp.Evidence = append(lamp.Evidence, Evidence{byUs, "path-rests", fmt.Sprintf("%s to %s rests: a single-path drill that all agreed to", p.Name, p.Peer), p.Since})
		} else if !p.Up {
			lamp.Evidence = append(lamp.Evidence, Evidence{byUs, "path-down", fmt.Sprintf("%s to %s is down: %s", p.Name, p.Peer, p.Why), p.Since})
		}
	}
	if down > 0 || len(l.notices()) > 0 {
		lamp.State = LampPartly
	}
	if missing := l.missingPeers(paths); len(missing) > 0 {
		lamp.State = LampPartly
		lamp.Sentence = fmt.Sprintf("The line is up, but not to %v.", missing)
	}
	l.explainFull(lamp)
	if late := l.unanswered(); late != "" {
		lamp.Verdict = VerdictNoHuman
		lamp.State = LampPartly
		lamp.Sentence = "The line is up; no human has answered there in time."
		lamp.Evidence = append(lamp.Evidence, Evidence{byUs, "no-human", late, l.now()})
		lamp.Try = append(lamp.Try, "call-out: send a query, or ring them another way")
	}
}

// explainFull says that a line is up and nothing goes through, because one side
// keeps the rest of its disk for its own log: ours by our own look, theirs by
// their word.
func (l *liveLine) explainFull(lamp *Lamp) {
	for _, p := range l.full() {
		lamp.State, lamp.Verdict = LampPartly, VerdictTheirs
		lamp.Sentence = fmt.Sprintf("The line is up, but %s says that its disk is nearly full: it takes nothing in.", p)
		lamp.Evidence = append(lamp.Evidence, Evidence{byThem, "their-disk", theirDisk(p), l.now()})
		lamp.Try = append(lamp.Try, "call-out: tell them, another way; what waits goes by itself when they have room")
	}
	if l.diskLow() {
		lamp.State, lamp.Verdict = LampPartly, VerdictOurs
		lamp.Sentence = "The line is up, but our disk is nearly full: nothing of theirs is taken in."
		lamp.Evidence = append(lamp.Evidence, Evidence{byUs, "disk-kept", ourDisk, l.now()})
		lamp.Try = append(lamp.Try, "check-disk: make room on the disk of the data directory (parley check names it)")
	}
}

const ourDisk = "Our disk is nearly full, and the rest is kept for our own log: no entry or attachment of a peer is taken in."

func theirDisk(p parley.PartyCode) string {
	return fmt.Sprintf("The disk of %s is nearly full: what we send waits here.", p)
}

// full returns the peers that say, on some session and not long ago, that they
// can store nothing.
func (l *liveLine) full() (out []parley.PartyCode) {
	for _, s := range l.net.to(l.id, "") {
		s.mu.Lock()
		no := !s.said.IsZero() && !s.state.StorageOK
		s.mu.Unlock()
		if no && !slices.Contains(out, s.peer) {
			out = append(out, s.peer)
		}
	}
	return out
}

func (l *liveLine) missingPeers(paths []Path) (missing []parley.PartyCode) {
	for _, p := range l.others() {
		ok := false
		for _, x := range paths {
			ok = ok || x.Peer == p && x.Up
		}
		if !ok {
			missing = append(missing, p)
		}
	}
	return missing
}

// explainDown says what is known when nothing answers: ours when we measured
// a fault of our own, theirs only when they said so, else that nobody here
// can tell.
func (l *liveLine) explainDown(lamp *Lamp, paths []Path) {
	lamp.State, lamp.Verdict = LampDown, VerdictCannotTell
	lamp.Sentence = "Nothing answers. From here nobody can tell whether the path or their station has failed."
	ours, cut := 0, 0
	for _, p := range paths {
		code := "path-timeout"
		switch {
		case p.Cut:
			cut++
			code = "path-cut"
		case p.Rests:
			code = "path-rests"
		case l.net.oursFault(l, p):
			ours++
			code = "network-ours"
		case l.net.refused(l, p):
			code = "path-refused"
		}
		lamp.Evidence = append(lamp.Evidence, Evidence{byUs, code, fmt.Sprintf("%s to %s: %s", p.Name, p.Peer, p.Why), p.Since})
	}
	lamp.Evidence = append(lamp.Evidence, l.selfTest()...)
	lamp.Evidence = append(lamp.Evidence, l.witnessEvidence()...)
	if why, at := l.lastWords(); why != "" {
		lamp.Verdict = VerdictTheirs
		lamp.Sentence = "They said that their station stops: " + why
		lamp.Evidence = append(lamp.Evidence, Evidence{byThem, "they-stop", why, at})
		lamp.Try = append(lamp.Try, "wait: their station said it would stop")
	}
	switch {
	case len(paths) > 0 && cut == len(paths):
		lamp.Verdict, lamp.Sentence = VerdictOurs, "Every path is taken down by an officer on our side."
		lamp.Try = append(lamp.Try, "restore-paths: let the paths up again on the Station page, or run parley line restore")
	case len(paths) > 0 && cut+ours == len(paths):
		lamp.Verdict, lamp.Sentence = VerdictOurs, "Our own network does not reach out: the fault is on our side."
		lamp.Try = append(lamp.Try, "check-cable: look at the cable and the router on our side")
	default:
		lamp.Try = append(lamp.Try, "check-cable: look at our own cable and router first", "call-out: reach their watch another way, and ask", "wait: the station tries every path again by itself")
	}
}

// selfTest measures whether our own station listens.
func (l *liveLine) selfTest() []Evidence {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	var out []Evidence
	for name, err := range l.net.unbound {
		if err != nil {
			out = append(out, Evidence{byUs, "not-listening", fmt.Sprintf("our station cannot listen on %s: %v", name, err), l.now()})
		} else {
			out = append(out, Evidence{byUs, "listening", fmt.Sprintf("our station listens on %s at %s", name, l.net.bound[name]), l.now()})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Text < out[j].Text })
	return out
}

// lastWords returns why they said they would stop, if that is the last we
// heard of them and not a day old.
func (l *liveLine) lastWords() (string, time.Time) {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	w := l.net.words[l.id]
	if w.why == "" || l.now().Sub(w.at) > 24*time.Hour {
		return "", time.Time{}
	}
	return w.why, w.at
}

// unanswered describes an own urgent entry that was delivered and not opened
// within its objective; "" when there is none.
func (l *liveLine) unanswered() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.late
}

// pathList returns every path that is configured or up, in order of peer and name.
func (l *liveLine) pathList() []Path { return l.pathsNow((*session).snapshot) }

func (l *liveLine) pathsNow(of func(*session) Path) []Path {
	var out []Path
	seen := map[pathKey]bool{}
	for _, s := range l.net.to(l.id, "") {
		out = append(out, of(s))
		seen[pathKey{l.id, s.peer, s.name}] = true
	}
	for _, p := range l.others() {
		for _, b := range l.net.bearers {
			k := pathKey{l.id, p, b.Name()}
			if seen[k] {
				continue
			}
			addr := l.address(p, b.Name())
			l.net.mu.Lock()
			t, cut, heard := l.net.trouble[k], l.net.cut[cutKey{l.id, b.Name()}], l.net.heardAt[k]
			l.net.mu.Unlock()
			if addr == "" && heard.IsZero() {
				continue
			}
			out = append(out, Path{Name: b.Name(), Peer: p, Address: addr, Cut: cut, Heard: heard, Since: t.at, Rests: l.rests(b.Name()), Why: whyDown(t.err, cut, l.rests(b.Name()))})
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Peer != out[j].Peer {
			return out[i].Peer < out[j].Peer
		}
		return out[i].Name < out[j].Name
	})
	return out
}

func whyDown(err error, cut, rests bool) string {
	switch {
	case cut:
		return "taken down by an officer here"
	case rests:
		return "it rests: a single-path drill is on"
	case err == nil:
		return "not tried yet"
	}
	return err.Error()
}

// oursFault reports whether the last attempt failed inside our own machine or
// network: no route, no interface.
func (n *network) oursFault(l *liveLine, p Path) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := n.trouble[pathKey{l.id, p.Peer, p.Name}].err
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.ENETDOWN) ||
		errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EHOSTUNREACH)
}

func (n *network) refused(l *liveLine, p Path) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := n.trouble[pathKey{l.id, p.Peer, p.Name}].err
	return errors.Is(err, syscall.ECONNREFUSED)
}

// notices lists the standing conditions of a line.
func (l *liveLine) notices() []Notice {
	var out []Notice
	s := l.runner.Status()
	now := l.now()
	if s.Doubt != "" {
		out = append(out, Notice{"doubt", "Our own log is in doubt and waits for the root key: " + s.Doubt, now})
	}
	if s.Withheld > 0 {
		out = append(out, Notice{"withheld", fmt.Sprintf("%d items filed before our log was set back wait until it is known whether they were sent: compare the recovery words, or decide to send them.", s.Withheld), now})
	}
	for _, g := range s.Logs {
		if g.Disputed && g.Current {
			out = append(out, Notice{"disputed-history", fmt.Sprintf("%s has signed two histories; what it sends now is shown as not on record.", g.Party), now})
		}
		if g.Unread {
			out = append(out, Notice{"unreadable", fmt.Sprintf("Entries of %s are held that do not open here.", g.Party), now})
		}
	}
	if l.diskLow() {
		out = append(out, Notice{"disk-kept", ourDisk, now})
	}
	for _, p := range l.full() {
		out = append(out, Notice{"their-disk", theirDisk(p), now})
	}
	for _, u := range s.Used {
		if u.Over {
			out = append(out, Notice{"quota", fmt.Sprintf("%s sends more than the annex allows; nothing more of it is read for now.", u.Party), now})
		}
	}
	if n, ok := l.quorumNotice(); !ok {
		out = append(out, n)
	}
	if !s.Receiving.IsZero() && now.Sub(s.Receiving) > receivingLife {
		out = append(out, Notice{"old-key", fmt.Sprintf("Our receiving key is %s old: it is renewed when the line is up.", ago(now.Sub(s.Receiving))), s.Receiving})
	}
	for _, w := range l.net.to(l.id, "") {
		w.mu.Lock()
		proved, up, clock, said := w.theirs != parley.GenerationID{}, w.up, w.clock, !w.said.IsZero()
		w.mu.Unlock()
		if !proved && now.Sub(up) > 30*time.Second {
			out = append(out, Notice{"classical-session", fmt.Sprintf("The session with %s by %s is not yet proved post-quantum.", w.peer, w.name), up})
		}
		if said && clock.Abs() > time.Minute {
			out = append(out, Notice{"clock", fmt.Sprintf("The clock of %s differs from ours by %s.", w.peer, clock.Round(time.Second)), now})
		}
	}
	return out
}

// receivingLife is the age at which a receiving key is old: it is renewed once a
// day while the line is up.
const receivingLife = 26 * time.Hour

func ago(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// logs renders the logs of a line.
func (l *liveLine) logs() []Log {
	var out []Log
	for _, g := range l.runner.Status().Logs {
		s := map[string]uint64{}
		for p, n := range g.Stored {
			s[string(p)] = n
		}
		var keys []string
		if g.Current {
			keys = l.vkeys.of(g.Gen, g.Cert)
		}
		out = append(out, Log{VKeys: keys, Party: g.Party, Gen: g.Gen.String(), Size: g.Size, Root: fmt.Sprintf("%x", g.Root), Current: g.Current,
			Disputed: g.Disputed, Stored: s, Created: claimed(uint64(g.Created.Unix())), Reason: sheet.ReasonText(g.Reason)})
	}
	return out
}

// vkeys are verifier keys as text, kept for who asks often: to read a
// certificate and to write its keys takes longer than all else of a log.
type vkeys struct {
	mu   sync.Mutex
	kept map[parley.GenerationID]certified
}

type certified struct {
	cert []byte
	keys []string
}

// of returns the keys that a certificate binds; none when it cannot be read.
// Nobody changes them.
func (v *vkeys) of(gen parley.GenerationID, cert []byte) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if k, ok := v.kept[gen]; ok && bytes.Equal(k.cert, cert) {
		return k.keys
	}
	var keys []string
	if c, err := journal.ParseCertificate(cert); err == nil {
		for _, k := range c2sp.LogKeys(c.Origin(), c.Log) {
			keys = append(keys, k.String())
		}
	}
	if v.kept == nil || len(v.kept) > 64 { // of old generations, too
		v.kept = map[parley.GenerationID]certified{}
	}
	v.kept[gen] = certified{cert, keys}
	return keys
}
