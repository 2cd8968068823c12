package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/store"
)

// The model of calls reads spec/calls.md, 5, sentence by sentence (callrules.go), each
// in the plainest way: it asks every question of all entries anew, and keeps nothing
// but which ring stands for which. With package call it shares no more than the forms
// and what an entry is. It is held against what every station shows at the end of a
// run, of stations that were restored or cannot read all too, and at looks in between.
type callModel struct {
	all  []call.Entry
	at   map[parley.Ref]*call.Entry
	home map[parley.Ref]parley.Ref // of a ring that is met: which stands for it
}

// newCallModel reads the set of entries, in whatever order they stand.
func newCallModel(all []call.Entry) *callModel {
	m := &callModel{all: slices.Clone(all), at: map[parley.Ref]*call.Entry{}, home: map[parley.Ref]parley.Ref{}}
	for i := range m.all {
		m.at[m.all[i].Ref] = &m.all[i]
	}
	m.cross()
	return m
}

// callEntriesOf reads what calls are made of out of all logs that a station holds:
// what it can read, and what is not late.
func callEntriesOf(s *station) (out []call.Entry) {
	logs := s.own.Engine.Status().Logs
	for i, l := range logs {
		newest := !slices.ContainsFunc(logs[i+1:], func(o line.LogStatus) bool { return o.Party == l.Party })
		for _, e := range check(store.EntriesUpTo(s.disk, l.Gen, l.Size)) {
			if e.Header == nil || e.Faulty {
				continue
			}
			h := check(form.ParseHeader(e.Header))
			if !slices.Contains(call.Forms, h.Form) {
				continue
			}
			r := check(s.disk.Item(e.Gen, e.Index))
			if r.Pos == store.OffRecord || r.Pos == 0 && !newest {
				continue
			}
			f, _, err := form.ParseBody(h.Form, e.Body)
			must(err)
			x := call.Entry{Ref: parley.Ref{Gen: e.Gen, Index: e.Index}, Party: l.Party, Refs: h.Refs, Form: f, Time: time.Unix(int64(r.Time), 0).UTC(), Exercise: h.Exercise}
			for _, a := range h.To {
				x.To = append(x.To, a.Party)
			}
			out = append(out, x)
		}
	}
	return out
}

// text is what the model says of all calls.
func (m *callModel) text() string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	for _, r := range m.rings() {
		if h, met := m.home[r.Ref]; met {
			line("ring %s of %s is met by %s", r.Ref, r.Party, h)
			continue
		}
		line("ring %s of %s is %s of %v", r.Ref, r.Party, m.phase(r), m.parties(r))
		line("on %s are %v, recorded %t, first lifted %s", r.Ref, m.on(r), m.recorded(r), when(m.firstLifted(r)))
		for _, p := range m.parties(r) {
			if e := m.answer(r, p); e != nil {
				line("%s answered %s by %s", p, r.Ref, e.Ref)
			}
			if e := m.end(r, p); e != nil {
				line("%s ended %s by %s", p, r.Ref, e.Ref)
			}
		}
		for _, e := range m.of(r, "roster", "dispute", "recording") {
			line("%s of %s: %s of %s", e.Form.Name(), r.Ref, e.Ref, e.Party)
		}
		for _, e := range m.of(r, "wording") {
			line("wording of %s: %s stands %t replaced %t", r.Ref, e.Ref, m.stands(r, e), m.replaced(r, e))
			for _, p := range m.parties(r) {
				if w := m.word(r, e, p); w != nil {
					line("%s says of wording %s by %s", p, e.Ref, w.Ref)
				}
			}
		}
	}
	return sortedLines(out.String())
}

func when(t time.Time, ok bool) string {
	if !ok {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

// callText is what package call makes of calls, in the model's spelling.
func callText(cs []*call.Call) string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	for _, c := range cs {
		if c.Other != nil || c.Phase() == call.Met {
			line("ring %s of %s is met by %s", c.Ring.Ref, c.Ring.Party, c.Other.Ring.Ref)
			continue
		}
		line("ring %s of %s is %s of %v", c.Ring.Ref, c.Ring.Party, c.Phase(), sortedCodes(c.Parties))
		line("on %s are %v, recorded %t, first lifted %s", c.Ring.Ref, sortedCodes(c.Members()), c.Recorded(), when(c.Accepted()))
		for _, p := range c.Parties {
			if e := c.Pickups[p]; e != nil {
				line("%s answered %s by %s", p, c.Ring.Ref, e.Ref)
			}
			if e := c.Hangups[p]; e != nil {
				line("%s ended %s by %s", p, c.Ring.Ref, e.Ref)
			}
		}
		for _, e := range slices.Concat(c.Rosters, c.Disputes, c.Tapings) {
			line("%s of %s: %s of %s", e.Form.Name(), c.Ring.Ref, e.Ref, e.Party)
		}
		for _, w := range c.Wordings {
			line("wording of %s: %s stands %t replaced %t", c.Ring.Ref, w.Ref, c.Stands(w), w.Replaced)
			for _, p := range c.Parties {
				if e := w.Words[p]; e != nil {
					line("%s says of wording %s by %s", p, w.Ref, e.Ref)
				}
			}
		}
	}
	return sortedLines(out.String())
}

func sortedCodes(ps []parley.PartyCode) []parley.PartyCode {
	ps = slices.Clone(ps)
	slices.Sort(ps)
	return ps
}

// compareCallModel holds what a station shows of calls against the model.
func (w *world) compareCallModel(s *station) {
	got, want := callText(s.calls()), newCallModel(callEntriesOf(s)).text()
	if got != want {
		w.fail("calls are as the specification says", "%s says: %s; the model: %s", s.code, without(got, want), without(want, got))
		return
	}
	w.counts.CallModel += strings.Count(got, "\n")
}
