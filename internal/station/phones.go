package station

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtp"

	"parley"
	"parley/internal/call"
	"parley/internal/call/exchange"
	"parley/internal/call/sip"
	"parley/internal/own"
)

// phoneDesk is what a station keeps of its telephones.
type phoneDesk struct {
	mu     sync.Mutex
	server *sip.Server                       // nil: there are none
	noneOf error                             // why there are none, though some are configured
	begun  map[parley.LineID]*phoneRing      // the phone that rang last, until its call has ended
	bells  map[parley.Ref]context.CancelFunc // of calls that ring at phones
	line   map[parley.Ref]parley.LineID      // of each of them
	wrong  int                               // passwords since the last alarm
	told   time.Time
	remind time.Duration // how often a phone is told that a call is recorded; 0: sip.RecordingEvery
}

// phoneRing is a call that a phone began.
type phoneRing struct {
	phone string
	at    time.Time
	ref   parley.Ref // of the call; zero: it is not on the record yet
}

// onRecord notes which call it is that a phone began.
func (d *phoneDesk) onRecord(l parley.LineID, ref parley.Ref) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.begun[l]; r != nil && r.ref == (parley.Ref{}) {
		r.ref = ref
	}
}

// get returns the server, and why there is none.
func (d *phoneDesk) get() (*sip.Server, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.server, d.noneOf
}

// phoneID is the officer number by which a phone acts: it is no account's.
const phoneID = -1

// actor is a phone as one who acts: under its own name in the audit, with the
// office that its role has.
func actor(p sip.Phone) Officer {
	o := Officer{ID: phoneID, Name: "phone:" + p.Name, Active: true}
	switch p.Role {
	case "watch":
		o.Offices = []parley.Office{parley.Watch}
	case "principal":
		o.Offices = []parley.Office{parley.Principal}
	}
	return o
}

// readPhones reads what the configuration says of phones; none where it names no
// address.
func (c Config) readPhones() ([]sip.Phone, *tls.Config, error) {
	if c.Phones == "" {
		return nil, nil, parley.Errorf(parley.Malformed, "listen_sip is set, and phones names no file").WithHint("one phone a line: name password role line [auto] [md5]")
	}
	path := c.Phones
	if !filepath.IsAbs(path) {
		path = c.path(path)
	}
	ps, err := sip.ReadPhones(path)
	if err != nil || c.DeskCert == "" {
		return ps, nil, err
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(c.DeskCert, c.DeskKey) // anew: it is renewed while we run
		return &pair, err
	}}
	if _, err := conf.GetCertificate(nil); err != nil {
		return ps, nil, parley.Errorf(parley.Unavailable, "the certificate of the desk, for phones too: %v", err)
	}
	return ps, conf, nil
}

// openPhones lets phones register.
func (s *Station) openPhones() {
	if s.cfg.ListenSIP == "" {
		return
	}
	var server *sip.Server
	ps, conf, err := s.cfg.readPhones()
	if err == nil {
		server, err = sip.Listen(sip.Options{Addr: s.cfg.ListenSIP, TLS: conf, Phones: ps, Lifted: s.lifted, Refused: s.phoneRefused,
			Changed: func() { s.hub.emit("phones", "", "") }, Log: s.log})
	}
	if err != nil {
		s.log.Error("no telephone can be used", "err", err)
	}
	for _, p := range ps {
		if _, err := s.lineOf(p.Line); err != nil {
			s.log.Warn("a phone serves a line that is none here", "phone", p.Name, "line", p.Line, "err", err)
		}
	}
	s.phones.mu.Lock()
	s.phones.server, s.phones.noneOf = server, err
	s.phones.mu.Unlock()
}

// phoneRefused sounds for wrong passwords, once a minute.
func (s *Station) phoneRefused(phone string, from netip.Addr) {
	d := &s.phones
	d.mu.Lock()
	d.wrong++
	n := d.wrong
	if s.now().Sub(d.told) < time.Minute {
		d.mu.Unlock()
		return
	}
	d.told, d.wrong = s.now(), 0
	d.mu.Unlock()
	s.mu.Lock()
	var ls []*liveLine
	for _, l := range s.lines {
		ls = append(ls, l)
	}
	s.mu.Unlock()
	text := fmt.Sprintf("%s gave a wrong password as phone %q", from, phone)
	if n > 1 {
		text = fmt.Sprintf("%s gave a wrong password as phone %q, and others did %d times since the alarm before", from, phone, n-1)
	}
	s.log.Warn("a phone was refused", "phone", phone, "from", from, "times", n)
	for _, l := range ls {
		s.alarms(l, own.Alarm{Code: "phone", Text: text, Count: n})
	}
}

// lifted holds a handset for as long as it is up: it answers what rings, joins
// what runs, or rings at the other side and waits until that lifts.
func (s *Station) lifted(ctx context.Context, h *sip.Handset) error {
	p := h.Phone()
	l, err := s.lineOf(p.Line)
	if err != nil {
		return err
	}
	began := s.now()
	h.Ringing()
	defer s.phoneDown(l, p, h)
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		c, err := s.phoneSeeks(ctx, l, h, began)
		if err != nil || ctx.Err() != nil {
			tick.Stop()
			return err
		}
		if c != nil {
			tick.Stop()
			return s.phoneOn(ctx, c, h)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// phoneSeeks does what is next to be done until a call runs, and returns that. The
// error says that there will be none.
func (s *Station) phoneSeeks(ctx context.Context, l *liveLine, h *sip.Handset, began time.Time) (*liveCall, error) {
	p, by := h.Phone(), actor(h.Phone())
	live, none := s.liveCall(l)
	c, err := l.ringing("")
	rings := err == nil && l.ringsHere(c)
	switch {
	case rings && (none != nil || h.Number() == ""): // it was lifted for that, whatever runs
		return nil, passConflict(s.LiftCall(ctx, by, l.id.String(), c.Ring.Ref.String()))
	case none == nil:
		on, err := l.running()
		if err != nil || on == nil || on.Ring.Ref != live.ref {
			return nil, err // it ends in a moment
		}
		s.phones.onRecord(l.id, live.ref)
		return live, nil
	case err == nil:
		s.phones.onRecord(l.id, c.Ring.Ref)
		return nil, nil // it begins in a moment, or they are to lift
	case parley.KindOf(err) != parley.NotFound:
		return nil, err
	}
	if rows, err := l.filedForms("ring"); err != nil || len(rows) > 0 {
		if err == nil && s.now().Sub(began) > call.RingFor {
			err = parley.Errorf(parley.Unavailable, "the call is not sent: the line is down")
		}
		return nil, err
	}
	switch rang, over := s.phoneRang(l, p); {
	case over:
		return nil, parley.Errorf(parley.Conflict, "the other side did not lift")
	case rang:
		return nil, nil
	case h.Number() == "":
		return nil, parley.Errorf(parley.Unavailable, "what rang has been given up")
	case !p.Auto && h.Number() != "hotline":
		return nil, parley.Errorf(parley.NotFound, "nothing runs or rings on the line; to ring at the other side, dial hotline")
	}
	if _, err := s.Ring(ctx, by, l.id.String(), RingText{}); err != nil {
		return nil, passConflict(err)
	}
	s.phones.mu.Lock()
	s.phones.begun[l.id] = &phoneRing{phone: p.Name, at: s.now()}
	s.phones.mu.Unlock()
	return nil, nil
}

// phoneRang reports whether a phone rang on the line, and whether that is over when
// nothing rings there: it was on the record, or does not come there.
func (s *Station) phoneRang(l *liveLine, p sip.Phone) (rang, over bool) {
	s.phones.mu.Lock()
	defer s.phones.mu.Unlock()
	r := s.phones.begun[l.id]
	if r == nil || r.phone != p.Name {
		return false, false
	}
	return true, r.ref != (parley.Ref{}) || s.now().Sub(r.at) > 5*time.Second
}

// passConflict passes over what another did at the same moment: the next look
// shows it.
func passConflict(err error) error {
	if parley.KindOf(err) == parley.Conflict {
		return nil
	}
	return err
}

// phoneOn puts a handset on a call, until it is hung up or the call ends. Where the
// call is recorded it is told so first: until then it is in the roster and nothing of
// it is heard or kept.
func (s *Station) phoneOn(ctx context.Context, c *liveCall, h *sip.Handset) error {
	p := h.Phone()
	at, err := c.join("phone:"+p.Name, CallPerson{Name: p.Name, Role: p.Role, Tongue: c.line.language()})
	if err != nil {
		return err
	}
	if err := s.audit(actor(p), "join a call", c.ref.String(), p.Role); err != nil {
		return err
	}
	id := at.Person
	h.Answer()
	if c.recorded && !c.tellRecorded(ctx, h) {
		if !h.Lost() {
			c.x.Leave(id) // he hung up, or the call has ended: there is nobody to be told
		}
		return nil
	}
	keys := &phoneKeys{c: c, id: id}
	h.Serve(func(pkt *rtp.Packet, level uint8) { c.x.Voice(id, h, pkt, level) },
		func(key byte) { h.Tell(keys.press(key, time.Now())) },
		c.phoneHears(h, id, cmp.Or(s.phones.remind, sip.RecordingEvery)))
	if err := c.x.Join(id, h, true, false); err != nil {
		return err
	}
	select {
	case <-h.Closed(): // he left, or the call has ended
	case <-ctx.Done():
		if h.Lost() {
			c.x.Gone(id, h)
			return nil
		}
		if err := c.x.Leave(id); err != nil {
			s.log.Debug("a phone hung up", "phone", p.Name, "err", err)
		}
	}
	return nil
}

// tellRecorded lets a phone hear that the call is recorded, and waits until it has,
// however long it is on hold; false: it was hung up before, or the call has ended.
func (c *liveCall) tellRecorded(ctx context.Context, h *sip.Handset) bool {
	wait := func(until <-chan struct{}, after <-chan time.Time) bool {
		select {
		case <-until:
		case <-after:
		case <-c.done:
			return false
		case <-ctx.Done():
			return false
		}
		return true
	}
	return wait(h.Up(), nil) && wait(h.Insist(sip.Recorded(c.line.language())), nil) && wait(nil, time.After(phoneDelay))
}

// phoneDelay is what lies between a phone's network and its ear at most.
const phoneDelay = 200 * time.Millisecond

// phoneHears says how loud each slot is for a phone whenever it is asked, and reminds
// it of the recording: also while ours has stopped, for the others go on.
func (c *liveCall) phoneHears(h *sip.Handset, id uint64, remind time.Duration) func() [sip.Slots]float32 {
	told := time.Now()
	var telling <-chan struct{} // nil: it has heard the last reminder
	return func() [sip.Slots]float32 {
		now := time.Now()
		select {
		case <-telling:
			telling, told = nil, now.Add(-sip.Recording.Lasts())
		default:
		}
		if c.recorded && telling == nil && now.Sub(told) >= remind {
			telling = h.Insist(sip.Recording)
		}
		return loudness(c.x, id)
	}
}

// loudness is how loud each slot is for somebody.
func loudness(x *exchange.Exchange, id uint64) (out [sip.Slots]float32) {
	voices, _ := x.Seats(id)
	for _, v := range voices {
		if v.Slot < sip.Slots {
			out[v.Slot] = sip.Full
			if v.Sound == call.Low {
				out[v.Slot] = sip.Low
			}
		}
	}
	return out
}

// tongues are the languages of the line: of each party in the charter's order, each
// once.
func (l *liveLine) tongues() (out []string) {
	for _, code := range l.charter().Codes() {
		if p, ok := l.charter().Party(code); ok {
			for _, t := range p.Languages {
				if !slices.Contains(out, t) {
					out = append(out, t)
				}
			}
		}
	}
	return out
}

// phoneDown ends the call that a phone began when it hangs up and nobody else of
// our side is on it; any other goes on.
func (s *Station) phoneDown(l *liveLine, p sip.Phone, h *sip.Handset) {
	s.phones.mu.Lock()
	r := s.phones.begun[l.id]
	begun := r != nil && r.phone == p.Name
	if begun {
		delete(s.phones.begun, l.id)
	}
	s.phones.mu.Unlock()
	if !begun || h.Lost() {
		return
	}
	s.spawn(func() {
		for range 50 { // what was filed a moment ago is on the record in another
			if s.stopping() {
				return
			}
			if ref := s.ringOf(l, r); ref != (parley.Ref{}) {
				s.endBegun(l, p, ref)
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// ringOf is the call that a phone began; zero while it is not on the record.
func (s *Station) ringOf(l *liveLine, r *phoneRing) parley.Ref {
	if r.ref != (parley.Ref{}) {
		return r.ref
	}
	if c, err := l.ringing(""); err == nil && c.Ring.Party == l.us && c.Ring.Time.After(r.at.Add(-2*time.Second)) {
		return c.Ring.Ref
	}
	return parley.Ref{}
}

// endBegun ends a call unless somebody of our side is on it.
func (s *Station) endBegun(l *liveLine, p sip.Phone, ref parley.Ref) {
	c, err := l.callOf(ref)
	if err == nil && c.Other != nil {
		c = c.Other // both rang at once
	}
	if err != nil || c.Phase() != call.Ringing && c.Phase() != call.Running || c.Hangups[l.us] != nil {
		return
	}
	if lc, err := s.liveCall(l); err == nil && lc.ref == c.Ring.Ref && len(lc.x.View().State.Halves[l.us].People) > 0 {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	if err := passConflict(s.HangUp(ctx, actor(p), l.id.String(), c.Ring.Ref.String())); err != nil {
		s.log.Error("ending the call of a phone", "phone", p.Name, "err", err)
	}
}

func (s *Station) stopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run == nil || s.run.Err() != nil
}

// ringPhones lets the watch's phones ring for a call that came, and ends that when
// it is answered, here or at a desk, or given up.
func (s *Station) ringPhones(ctx context.Context, l *liveLine) error {
	server, _ := s.phones.get()
	if server == nil {
		return nil
	}
	cs, err := l.callBook()
	if err != nil {
		return err
	}
	waits := map[parley.Ref]bool{}
	for _, c := range cs[max(0, len(cs)-lately):] {
		if l.ringsHere(c) {
			waits[c.Ring.Ref] = true
		}
	}
	d := &s.phones
	d.mu.Lock()
	defer d.mu.Unlock()
	for ref, stop := range d.bells {
		if !waits[ref] && d.line[ref] == l.id {
			stop()
			delete(d.bells, ref)
			delete(d.line, ref)
		}
	}
	for ref := range waits {
		if d.bells[ref] != nil {
			continue
		}
		ctx, stop := context.WithTimeout(ctx, call.RingFor)
		d.bells[ref], d.line[ref] = stop, l.id
		s.spawn(func() { s.bell(ctx, l, server) })
	}
	return nil
}

// bell rings the phones until one is lifted. Where none is registered, or all
// refused, it tries again: one may come back.
func (s *Station) bell(ctx context.Context, l *liveLine, server *sip.Server) {
	mine := func(p sip.Phone) bool {
		x, err := s.lineOf(p.Line)
		return p.Role == "watch" && err == nil && x == l
	}
	for ctx.Err() == nil && !server.Ring(ctx, l.name(), mine) {
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
}

// PhoneView is a telephone that is registered here.
type PhoneView struct {
	Name  string    `json:"name"`
	Role  string    `json:"role"`
	Line  string    `json:"line"`
	At    string    `json:"at"` // its address
	By    string    `json:"by"` // "UDP", "TCP", "TLS"
	Since time.Time `json:"since"`
	Up    bool      `json:"up"` // its handset is lifted
}

// Phones returns the telephones that are registered, by name; the error says why
// there can be none.
func (s *Station) Phones(context.Context) ([]PhoneView, error) {
	out, bad := s.phoneViews()
	if bad != "" {
		return nil, parley.Errorf(parley.Unavailable, "%s", bad)
	}
	return out, nil
}

// phoneViews are the telephones that are registered, by name, and why there can be
// none.
func (s *Station) phoneViews() (out []PhoneView, bad string) {
	server, err := s.phones.get()
	if err != nil {
		return nil, err.Error()
	}
	if server == nil {
		return nil, ""
	}
	for _, r := range server.Phones() {
		out = append(out, PhoneView{r.Phone, r.Role, r.Line, r.At, r.By, r.Since.UTC(), r.Up})
	}
	return out, ""
}
