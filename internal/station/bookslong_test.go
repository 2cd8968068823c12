package station

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/record/recordtest"
	"parley/internal/said"
	"parley/internal/store"
	"parley/internal/store/sqlite"
)

// longLine is a line between alder and birch on disk, whose entries are about contacts
// and what is said of them.
type longLine struct {
	t    testing.TB
	line *recordtest.Line
	disk store.Line
	logs []line.LogStatus
	now  uint64
	n    int
}

func newLongLine(t testing.TB) *longLine {
	t.Helper()
	sealer, err := key.NewStorage(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	st, err := sqlite.Open(t.TempDir(), sealer, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	l := recordtest.New(nil, "alder", "birch")
	if err := st.CreateLine(l.ID, l.Raw, nil); err != nil {
		t.Fatal(err)
	}
	w := &longLine{t: t, line: l, disk: st.Line(l.ID), now: l.Parties[0].First.Body().Time + 1}
	for _, p := range l.Parties {
		p.First.Announce(w.now, p.First.See())
		w.logs = append(w.logs, line.LogStatus{Gen: p.First.Gen, Party: p.Code, Cert: p.First.Cert})
	}
	w.store(nil)
	return w
}

// write adds entries, and returns them as a commit tells them.
func (w *longLine) store(stored []line.StoredEntry) []line.StoredEntry {
	w.t.Helper()
	batch := line.Batch{Line: w.line.ID, Entries: stored}
	for i, p := range w.line.Parties {
		g := p.First
		if w.logs[i].Size == 0 {
			batch.Entries = append(batch.Entries, line.StoredEntry{Gen: g.Gen, Bytes: g.Entries[0]})
		}
		h := g.Checkpoint()
		batch.Heads = append(batch.Heads, line.StoredHead{Gen: g.Gen, Size: h.Size, Root: h.Root, Ed: h.Ed, ML: h.ML})
		w.logs[i].Size = g.Size()
	}
	if err := w.disk.Apply(&batch); err != nil {
		w.t.Fatal(err)
	}
	return stored
}

func (w *longLine) entry(by int, f form.Form, refs ...parley.Ref) line.StoredEntry {
	g := w.line.Parties[by].First
	w.now++
	h := &form.Header{Form: f.Name(), From: parley.Envoy, Refs: refs, Series: form.TrafficSeries, Serial: g.Size(), Precedence: parley.Priority}
	if f.Name() != "opened" {
		h.To = []parley.Address{{Party: w.line.Parties[1-by].Code, Office: parley.Envoy}}
	}
	header, body := form.EncodeHeader(h), form.EncodeBody(f, h.Serial)
	ref := g.WriteRaw(w.now, nil, header, body)
	return line.StoredEntry{Gen: ref.Gen, Index: ref.Index, Bytes: g.Entries[ref.Index], Key: g.Keys[ref.Index][:], Header: header, Body: body, Parsed: h, Arrived: time.Unix(int64(w.now), 0).UnixMilli()}
}

// contact adds a contact with its answer, a point of its file, a readout and an
// embargo, ten entries in all.
func (w *longLine) contact() (es []line.StoredEntry) {
	ref := func() parley.Ref { e := es[len(es)-1]; return parley.Ref{Gen: e.Gen, Index: e.Index} }
	by := w.n % 2
	add := func(by int, f form.Form, refs ...parley.Ref) parley.Ref {
		es = append(es, w.entry(by, f, refs...))
		return ref()
	}
	at := w.now/3600*3600 + 48*3600
	r := add(by, &contact.Request{Level: contact.Leader, Topics: []string{fmt.Sprint("topic ", w.n%50)}, Windows: []contact.Window{{Start: at, End: at + 3600}}})
	add(1-by, &form.Opened{Wording: parley.ReceiptWording, Time: w.now / 60 * 60}, r)
	a := add(1-by, &contact.Reply{Phase: contact.Accept, Window: 1}, r)
	add(by, &form.Opened{Wording: parley.ReceiptWording, Time: w.now / 60 * 60}, a)
	p := add(by, &contact.Point{Kind: contact.Agenda, Step: contact.Propose, Text: "grain"}, r)
	add(1-by, &contact.Point{Kind: contact.Agenda, Step: contact.Agree}, r, p)
	m := add(by, &said.Embargo{Step: said.Propose, Until: at + 7200}, r)
	add(1-by, &said.Embargo{Step: said.Agree}, r, m)
	st := &said.Statement{Facts: said.Facts{Initiator: "alder", Level: contact.Leader}, Items: []said.Item{{Texts: []said.Said{{Lang: "en", Text: "Both spoke of grain."}}}}}
	add(by, &said.Published{Kind: said.Readout, Statement: st, At: w.now + 7200}, r)
	add(by, &contact.Register{Phase: contact.Enter, Rows: []contact.Row{{Date: "2026-11-20", Level: contact.Leader, Ours: "A", Theirs: "B", Source: "the record"}}}, r)
	w.n++
	return es
}
