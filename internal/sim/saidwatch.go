package sim

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"parley"
	"parley/internal/said"
	"parley/internal/store"
)

func compareRefs(a, b parley.Ref) int {
	return cmp.Or(bytes.Compare(a.Gen[:], b.Gen[:]), cmp.Compare(a.Index, b.Index))
}

// saidWatch is what the watch knows of statements.
type saidWatch struct {
	said    bool                            // something is said at all
	told    map[[32]byte]toldOf             // by what was held and could be read: what it amounted to
	stood   map[parley.Ref]stood            // joint statements that stood somewhere
	off     map[parley.Ref]parley.PartyCode // those that were taken back, refused or replaced for whom
	written map[parley.Ref]uint64           // when an entry was written, in the order of all that happened
	readAt  map[readBy]uint64               // when a station could read another's draft
	tick    uint64
}

type toldOf struct {
	by   parley.PartyCode
	text string
}

// stood is a joint statement that stood: at whose station first, and by which entries.
type stood struct {
	by    *station
	rests []parley.Ref
}

type readBy struct {
	who *station
	ref parley.Ref
}

// saidForms are what statements are made of, with the receipts of them.
var saidForms = []string{"request", "embargo", "ready", "draft", "remark", "joint", "published", "opened"}

// noteSaid notes when an entry of a statement was written, or could be read by
// another station.
func (x *watch) noteSaid(s *station, a *watched, formName string, ref parley.Ref, own bool) {
	if !slices.Contains(saidForms, formName) {
		return
	}
	a.told = true
	k := &x.saidWatch
	if k.written == nil {
		k.written, k.readAt = map[parley.Ref]uint64{}, map[readBy]uint64{}
	}
	k.tick++
	switch r := (readBy{s, ref}); {
	case own && k.written[ref] == 0:
		k.written[ref] = k.tick
	case !own && formName == "draft" && k.readAt[r] == 0:
		k.readAt[r] = k.tick
	}
}

// saidNow holds what a station shows of statements to what is promised of them.
func (w *world) saidNow(s *station) {
	x, a := w.watch, w.watch.at(s)
	if !x.said || s.own == nil || s.disk.full {
		return
	}
	a.told = false
	_, b := s.books()
	text := saidText(b)
	h := w.holding(s)
	if x.told == nil {
		x.told, x.stood, x.off = map[[32]byte]toldOf{}, map[parley.Ref]stood{}, map[parley.Ref]parley.PartyCode{}
	}
	if old, ok := x.told[h]; !ok {
		x.told[h] = toldOf{s.code, text}
	} else if old.text != text {
		w.fail("who holds the same says the same", "%s: %s; %s, which holds the same: %s", s.code, without(text, old.text), old.by, without(old.text, text))
	}
	for _, t := range b.Contacts {
		x.jointsAt(s, b, t)
		x.draftsAt(s, t)
	}
	if len(b.Unread) > 0 && w.broken == nil {
		w.compareSaidModel(s)
	}
}

// holding is a hash of what a station holds and what of it can be read.
func (w *world) holding(s *station) [32]byte {
	h := sha256.New()
	var logs []string
	for _, l := range s.own.Engine.Status().Logs {
		logs = append(logs, fmt.Sprintf("%s %s %d", l.Party, l.Gen, l.Size))
	}
	slices.Sort(logs)
	fmt.Fprintln(h, logs)
	var shut []parley.Ref
	f := store.Filter{Forms: []string{""}, Order: store.ByArrival, Limit: 500}
	for {
		rows, _, err := s.disk.Rows(f)
		must(err)
		for i := range rows {
			shut = append(shut, rows[i].Ref())
		}
		if len(rows) < f.Limit {
			break
		}
		f.Cursor = rows[len(rows)-1].Ref()
	}
	slices.SortFunc(shut, compareRefs)
	for _, r := range shut {
		h.Write(r.Gen[:])
		binary.Write(h, binary.BigEndian, r.Index)
	}
	return [32]byte(h.Sum(nil))
}

// jointsAt holds joint statements to their promise: one that stands stands for good,
// at every station that can read what was said of it.
func (x *watch) jointsAt(s *station, b *said.Book, t *said.Told) {
	for _, j := range t.Joints {
		old, ok := x.stood[j.Ref]
		if j.Off != nil && !j.Off.Early && len(b.UnreadOf(t.Parties)) == 0 {
			x.off[j.Ref] = s.code
		}
		switch {
		case j.State == said.JointStands && x.off[j.Ref] != "" && !x.loose:
			x.w.fail("what was taken back stays so", "%s says that %s stands, which was taken back for %s", s.code, j.Ref, x.off[j.Ref])
		case j.State == said.JointStands && !ok:
			x.stood[j.Ref] = stood{s, restsOn(t, j)}
			x.w.counts.Joint++
			x.w.tell("joint", s.code, "", "%s is the first to say that joint statement %s stands", s.code, j.Ref)
		case !ok || j.State == said.JointStands || slices.ContainsFunc(old.rests, func(r parley.Ref) bool { return x.excused[r] }):
		case j.Off != nil && len(b.UnreadOf(t.Parties)) == 0:
			x.w.fail("a joint statement stands for good", "%s says that %s is %s, by %s; it stood at %s", s.code, j.Ref, j.State, j.Off.Ref, old.by.code)
		case x.at(s).losses == 0 && old.by == s:
			x.w.fail("a joint statement stands for good", "%s says that %s is %s; it stood there before", s.code, j.Ref, j.State)
		}
	}
}

// restsOn are the signatures by which a joint statement stands.
func restsOn(t *said.Told, j *said.Proposal) (out []parley.Ref) {
	for _, e := range signaturesOf(t, j) {
		out = append(out, e.Ref)
	}
	return out
}

// draftsAt holds what sides have shown to what they were bound to before anybody's
// draft could be read.
func (x *watch) draftsAt(s *station, t *said.Told) {
	for _, side := range t.Sides {
		v := side.Shown
		if v == nil {
			continue
		}
		for _, o := range t.Sides {
			if len(o.Bonds) == 0 || x.written[o.Bonds[0].Ref] > x.written[v.Ref] {
				x.w.fail("nobody shows before all are bound", "%s showed %s when %s was not bound", side.Party, v.Ref, o.Party)
			}
			for _, d := range o.Drafts {
				if o == side || d.Bond == nil || d.Fault == said.NotBound {
					continue
				}
				seen := x.readAt[readBy{x.owner[v.Bond.Ref.Gen], d.Ref}]
				if seen != 0 && seen < x.written[v.Bond.Ref] && side.Owes == nil {
					x.w.fail("nobody chooses a text by another's", "%s shows %s for %s, as %s has it, by a ready that it wrote when it had read the draft %s of %s",
						side.Party, v.Ref, t.Contact, s.code, d.Ref, o.Party)
				}
			}
		}
	}
}

// compareSaid holds what every station says of statements at the end against the
// first. A station that cannot read all that others can says less, and is left out.
func (w *world) compareSaid() {
	if !w.watch.said {
		return
	}
	first, by := "", parley.PartyCode("")
	for _, s := range w.on() {
		w.saidNow(s)
		if w.broken == nil {
			w.compareSaidModel(s)
		}
		if !s.readsAll() || w.broken != nil {
			continue
		}
		_, b := s.books()
		text := saidText(b)
		if by == "" {
			first, by = text, s.code
			for _, t := range b.Contacts {
				w.counts.Said += len(t.Embargo.Terms) + len(t.Joints) + len(t.Published)
				for _, side := range t.Sides {
					w.counts.Said += len(side.Bonds) + len(side.Drafts)
				}
			}
			continue
		}
		if text != first {
			w.fail("both sides say the same of a statement", "%s: %s; %s: %s", by, without(first, text), s.code, without(text, first))
			return
		}
	}
}

// saidText is all that a book says, in one spelling.
func saidText(b *said.Book) string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, "  "+format+"\n", args...) }
	for _, t := range b.Contacts {
		line("contact %s of %v", t.Contact, t.Parties)
		l := &t.Embargo
		for _, x := range l.Terms {
			line("embargo %s depth %d until %d agreed by %v refused by %v loose %v left by %v open %t stands %t", x.Ref, x.Depth, x.Embargo.Until, refsOf(x.Agrees), refsOf(x.Refuses), x.Loose,
				refsOf(x.Left), slices.Contains(l.Open, x), l.Standing == x)
		}
		for _, s := range t.Sides {
			saidSide(line, s)
		}
		for _, j := range t.Joints {
			line("joint %s %s crossed %t off %s late %v wrong %v signed %v", j.Ref, j.State, j.Crossed, refOf(j.Off), refsOf(j.Late), refsOf(j.Wrong), refsOf(signaturesOf(t, j)))
			for _, p := range t.Parties {
				line("  read %s %v", p, j.Read[p])
			}
			line("  unread %v early %v", refsOf(j.Unread), j.Early)
		}
		for _, p := range t.Published {
			line("published %s early %s crossed %s left %s unsigned %t corrects %t", p.Ref, termOf(p.Early), termOf(p.Crossed), termOf(p.Left), p.Unsigned, p.Corrects != nil)
		}
	}
	return out.String()
}

func saidSide(line func(string, ...any), s *said.Side) {
	shown, now, owes := "none", "none", "none"
	if s.Shown != nil {
		shown = s.Shown.Ref.String()
	}
	if s.Current != nil {
		now = s.Current.Ref.String()
	}
	if s.Owes != nil {
		owes = s.Owes.Ref.String()
	}
	line("side %s shown %s now %s owes %s", s.Party, shown, now, owes)
	for _, b := range s.Bonds {
		line("  ready %s named %d opened %t", b.Ref, len(b.Named), b.Opened != nil)
	}
	for _, v := range s.Drafts {
		line("  draft %s nr %d fault %q remarks %d", v.Ref, v.Number, v.Fault, len(v.Remarks))
	}
}

func refOf(e *said.Entry) string {
	if e == nil {
		return "none"
	}
	return e.Ref.String()
}

func termOf(t *said.Term) string {
	if t == nil {
		return "none"
	}
	return t.Ref.String()
}

func refsOf(es []*said.Entry) (out []string) {
	for _, e := range es {
		out = append(out, e.Ref.String())
	}
	return out
}
