package station

import (
	"reflect"
	"slices"
	"testing"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/record/recordtest"
	"parley/internal/said"
	"parley/internal/station/owner"
	"parley/internal/store"
	"parley/internal/store/memory"
	"parley/internal/store/storetest"
)

// lateLine is a line on which alder and birch sign a statement; alder signs it in one
// generation and reads birch's signature in the next.
type lateLine struct {
	t          *testing.T
	line       *recordtest.Line
	a, b, back *recordtest.Log
	now        uint64
	contents   map[parley.Ref]*form.Header
	bodies     map[parley.Ref][]byte
	joint      parley.Ref // alder's proposal
	signature  parley.Ref // birch's
	lost       *lateReader
}

func newLateLine(t *testing.T) *lateLine {
	l := recordtest.New(nil, "alder", "birch")
	w := &lateLine{t: t, line: l, a: l.Parties[0].First, b: l.Parties[1].First, contents: map[parley.Ref]*form.Header{}, bodies: map[parley.Ref][]byte{}}
	w.now = w.a.Body().Time + 1
	w.a.Announce(w.now, w.a.See())
	w.b.Announce(w.now, w.b.See())
	terms := &contact.Request{Level: contact.Leader, Topics: []string{"grain"}, Windows: []contact.Window{{Start: w.now + 3600, End: w.now + 7200}}}
	request := w.write(w.a, terms)
	w.joint = w.write(w.a, &said.Joint{Step: said.Offer, Statement: lateStatement()}, request)
	w.write(w.b, &form.Opened{Wording: parley.ReceiptWording, Time: w.now / 60 * 60}, w.joint)
	w.signature = w.write(w.b, &said.Joint{Step: said.Sign, Statement: lateStatement()}, request, w.joint)
	w.now++
	w.a.Checkpoint()
	w.back = l.Open(l.Parties[0], "alder 2", journal.ReasonLost, w.now, w.a)
	w.back.Announce(w.now, nil)
	w.lost = w.reader() // alder's station, before its past is handed back
	w.lost.take(w.back)
	w.lost.place()
	w.write(w.back, &form.Opened{Wording: parley.ReceiptWording, Time: w.now / 60 * 60}, w.signature)
	return w
}

func lateStatement() *said.Statement {
	return &said.Statement{Facts: said.Facts{Initiator: "alder", Level: contact.Leader}, Items: []said.Item{{Texts: []said.Said{{Lang: "en", Text: "Both spoke of grain."}}}}}
}

func (w *lateLine) write(g *recordtest.Log, f form.Form, refs ...parley.Ref) parley.Ref {
	w.t.Helper()
	return w.writeSeen(g, g.See(), f, refs...)
}

func (w *lateLine) writeSeen(g *recordtest.Log, seen map[parley.GenerationID]uint64, f form.Form, refs ...parley.Ref) parley.Ref {
	w.t.Helper()
	w.now++
	h := &form.Header{Form: f.Name(), From: parley.Envoy, Refs: refs, Series: form.TrafficSeries, Serial: g.Size()}
	for _, p := range w.line.Parties {
		if p != g.Party && f.Name() != "opened" && f.Name() != "seen" {
			h.To = append(h.To, parley.Address{Party: p.Code, Office: parley.Envoy})
		}
	}
	body := form.EncodeBody(f, h.Serial)
	ref := g.WriteRaw(w.now, seen, form.EncodeHeader(h), body)
	w.contents[ref], w.bodies[ref] = h, body
	return ref
}

// turn lets both go on until alder's new generation is in force.
func (w *lateLine) turn() {
	for range 3 {
		w.write(w.b, &form.Seen{})
		w.write(w.back, &form.Seen{})
	}
}

// withdraw lets alder reveal more of the log that it had given up.
func (w *lateLine) withdraw() parley.Ref {
	return w.writeSeen(w.a, map[parley.GenerationID]uint64{w.b.Gen: w.signature.Index + 1}, &said.Joint{Step: said.Withdraw}, parley.Ref{Gen: w.a.Gen, Index: 1}, w.joint)
}

// reader holds some of the logs.
type lateReader struct {
	w      *lateLine
	disk   store.Line
	placer owner.Placer
	status line.Status
	shut   map[parley.Ref]bool // does not open

	news     news // since the books were read
	contacts contactReading
	said     saidReading
}

func (w *lateLine) reader() *lateReader {
	w.t.Helper()
	st := memory.New(storetest.Sealer())
	if err := st.CreateLine(w.line.ID, w.line.Raw, nil); err != nil {
		w.t.Fatal(err)
	}
	return &lateReader{w: w, disk: st.Line(w.line.ID), shut: map[parley.Ref]bool{}}
}

// take stores what the reader does not hold yet of some logs.
func (r *lateReader) take(gs ...*recordtest.Log) {
	r.w.t.Helper()
	for _, g := range gs {
		i := slices.IndexFunc(r.status.Logs, func(x line.LogStatus) bool { return x.Gen == g.Gen })
		if i < 0 {
			i = len(r.status.Logs)
			r.status.Logs = append(r.status.Logs, line.LogStatus{Gen: g.Gen, Party: g.Party.Code, Cert: g.Cert})
		}
		batch := line.Batch{Line: r.w.line.ID}
		for at := r.status.Logs[i].Size; at < g.Size(); at++ {
			ref := parley.Ref{Gen: g.Gen, Index: at}
			e := line.StoredEntry{Gen: g.Gen, Index: at, Bytes: g.Entries[at]}
			if h := r.w.contents[ref]; h != nil && !r.shut[ref] {
				e.Header, e.Body = form.EncodeHeader(h), r.w.bodies[ref]
			} else if h != nil {
				e.Faulty, e.Fault = true, parley.Unreadable
			}
			batch.Entries, r.news.refs = append(batch.Entries, e), append(r.news.refs, ref)
		}
		h := g.Checkpoint()
		batch.Heads = append(batch.Heads, line.StoredHead{Gen: g.Gen, Size: h.Size, Root: h.Root, Ed: h.Ed, ML: h.ML})
		if err := r.disk.Apply(&batch); err != nil {
			r.w.t.Fatal(err)
		}
		r.status.Logs[i].Size = g.Size()
	}
}

func (r *lateReader) place() {
	r.w.t.Helper()
	if err := r.placer.Place(r.disk, []parley.PartyCode{"alder", "birch"}, r.status); err != nil {
		r.w.t.Fatal(err)
	}
}

// proposal is what the reader's books say of the joint statement.
func (r *lateReader) proposal() *said.Proposal {
	r.w.t.Helper()
	contacts, err := BookOf(r.disk, r.logs())
	if err != nil {
		r.w.t.Fatal(err)
	}
	book, err := SaidBookOf(r.disk, r.logs(), contacts)
	if err != nil {
		r.w.t.Fatal(err)
	}
	grown, err := r.contacts.follow(r.disk, r.logs(), r.placer.Turns(), r.news)
	if err != nil {
		r.w.t.Fatal(err)
	}
	told, err := r.said.follow(r.disk, r.logs(), r.placer.Turns(), r.news, grown)
	if err != nil {
		r.w.t.Fatal(err)
	}
	if r.news = (news{}); !reflect.DeepEqual(grown, contacts) || !reflect.DeepEqual(told, book) {
		r.w.t.Errorf("books that were followed say other than those that are read anew:\n%+v\n%+v", told.Contacts[0].Joints[0], book.Contacts[0].Joints[0])
	}
	for _, c := range contacts.Contacts {
		if told := book.Find(c.Ref()); told != nil && len(told.Joints) == 1 {
			return told.Joints[0]
		}
	}
	r.w.t.Fatal("no joint statement is found")
	return nil
}

// logs are in the order of their certificates, as an engine has them.
func (r *lateReader) logs() (out []line.LogStatus) {
	for _, g := range []*recordtest.Log{r.w.a, r.w.b, r.w.back} {
		for _, x := range r.status.Logs {
			if x.Gen == g.Gen {
				out = append(out, x)
			}
		}
	}
	return out
}

func (r *lateReader) wants(when string, s said.JointState) *said.Proposal {
	r.w.t.Helper()
	p := r.proposal()
	if p.State != s || len(p.Unread) > 0 {
		r.w.t.Errorf("%s it is %s, want %s; unread %v", when, p.State, s, p.Unread)
	}
	return p
}

// TestLateWithdrawal: what a party reveals late of a generation that has ended undoes
// nothing, readable or not, before and after it is placed, and in whatever order a
// reader gets the logs.
func TestLateWithdrawal(t *testing.T) {
	for _, shut := range []bool{false, true} {
		w := newLateLine(t)
		r := w.reader()
		r.take(w.a, w.b, w.back)
		r.place()
		if p := r.wants("before the new generation is in force", said.JointSigned); !slices.Equal(p.Early, []parley.PartyCode{"alder"}) {
			t.Errorf("early: %v", p.Early)
		}
		w.turn()
		r.take(w.b, w.back)
		turns := r.placer.Turns()
		r.place()
		if r.placer.Turns() == turns {
			t.Error("a generation came into force, and nobody is told")
		}
		r.wants("when it is in force", said.JointStands)

		off := w.withdraw()
		r.shut[off] = shut
		r.take(w.a)
		r.wants("before the withdrawal is placed", said.JointStands)
		turns = r.placer.Turns()
		r.place()
		if row, err := r.disk.Item(off.Gen, off.Index); err != nil || row.Pos != store.OffRecord || r.placer.Turns() == turns {
			t.Errorf("the withdrawal has position %d, %v; %d turns, %d before", row.Pos, err, r.placer.Turns(), turns)
		}
		r.wants("after a late withdrawal", said.JointStands)
		w.turn()
		r.take(w.b, w.back)
		r.place()
		r.wants("when all go on", said.JointStands)

		for _, order := range [][]*recordtest.Log{{w.b, w.back, w.a}, {w.back, w.a, w.b}, {w.a, w.back, w.b}} {
			x := w.reader()
			x.shut = r.shut
			x.take(order...)
			x.place()
			x.wants("to who gets it in another order", said.JointStands)
		}
		w.lost.take(w.a, w.b, w.back)
		w.lost.place()
		w.lost.wants("to who had its past handed back", said.JointStands)
	}
}

// TestWithdrawalBeforeTurning: until the new generation is in force more of the old
// one may come, and then it counts; so nothing stands by what the new one says.
func TestWithdrawalBeforeTurning(t *testing.T) {
	w := newLateLine(t)
	r := w.reader()
	r.take(w.a, w.b, w.back)
	r.place()
	r.wants("before birch has turned", said.JointSigned)
	w.withdraw()
	r.take(w.a)
	r.place()
	r.wants("when alder withdrew before that", said.JointWithdrawn)
	w.turn()
	r.take(w.b, w.back)
	r.place()
	r.wants("when the new generation is in force", said.JointWithdrawn)
}

// TestLateEndOfACall: nor does it end a call, or take a wording back.
func TestLateEndOfACall(t *testing.T) {
	w := newLateLine(t)
	ring := w.write(w.a, &call.Ring{Level: contact.Leader})
	words := w.write(w.a, &call.Wording{Texts: []call.Said{{Lang: "en", Text: "Both spoke of grain."}}, Note: call.WordingNote}, ring)
	w.write(w.b, &call.Pickup{Phase: call.Accept}, ring) // from here on birch has turned from alder's old log
	w.write(w.b, &call.Confirm{Phase: call.Confirmed}, words)
	w.turn()
	r := w.reader()
	r.take(w.a, w.b, w.back)
	r.place()
	wants := func(when string) {
		t.Helper()
		cs, err := CallBookOf(r.disk, r.logs())
		if err != nil || len(cs) != 1 || len(cs[0].Wordings) != 1 {
			t.Fatalf("%s: %d calls, %v", when, len(cs), err)
		}
		if c := cs[0]; c.Phase() != call.Running || !c.Stands(c.Wordings[0]) {
			t.Errorf("%s the call is %s, and its wording stands: %t", when, c.Phase(), c.Stands(c.Wordings[0]))
		}
	}
	wants("at first")
	seen := map[parley.GenerationID]uint64{w.b.Gen: w.signature.Index + 1}
	w.writeSeen(w.a, seen, &call.Hangup{Outcome: call.Ended}, ring)
	w.writeSeen(w.a, seen, &call.Confirm{Phase: call.TakenBack}, words)
	r.take(w.a)
	wants("before what is late is placed")
	r.place()
	wants("after that")
}
