package record_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/record"
	"parley/internal/record/recordtest"
	"parley/internal/wire"
)

func fileParts() []part {
	return []part{
		{name: "record", about: "An exported record (proofs.md).", run: runRecord, make: makeRecord},
		{name: "proof", about: "A proof file of one entry (proofs.md).", run: runProof, make: makeProof},
		{name: "silence", about: "A proof of silence (proofs.md).", run: runSilence, make: makeSilence},
	}
}

// content is what a case is about: a file beside the vectors, text, or bytes.
func (i input) content() []byte {
	switch {
	case i.has("file"):
		b, err := os.ReadFile(filepath.Join(vectorDir, filepath.FromSlash(i.text("file"))))
		if err != nil {
			i.t.Fatal(err)
		}
		return b
	case i.has("text"):
		return []byte(i.text("text"))
	}
	return i.bytes("bytes")
}

func (i input) options() record.VerifyOptions {
	if i.has("founding") {
		return record.VerifyOptions{Founding: i.bytes("founding")}
	}
	return record.VerifyOptions{}
}

func times(list []record.Stamp) []any {
	out := []any{}
	for _, s := range list {
		out = append(out, object{"by": s.By, "time": s.Time})
	}
	return out
}

func timeOf(s *record.Stamp) any {
	if s == nil {
		return nil
	}
	return object{"by": s.By, "time": s.Time}
}

func runRecord(in input) (object, error) {
	r, err := record.Verify(bytes.NewReader(in.content()), in.options())
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return nil, err
	}
	settled, late, waiting, faults := []string{}, []string{}, []string{}, []any{}
	order := []string{}
	for _, e := range r.List {
		if e.Position == 0 {
			late = append(late, e.Entry)
			continue
		}
		order = append(order, e.Entry)
		if e.Settled {
			settled = append(settled, e.Entry)
		}
	}
	for _, p := range r.Waiting {
		waiting = append(waiting, string(p))
	}
	for _, f := range r.Faults {
		faults = append(faults, object{"entry": f.Entry, "kind": f.Kind})
	}
	disputed := []string{}
	for _, l := range r.Logs {
		if l.Disputed {
			disputed = append(disputed, l.Gen)
		}
	}
	return object{"entries": r.Entries, "headers": r.Headers, "opened": r.Bodies, "settled": len(settled), "waiting": waiting, "order": order, "late": late,
		"faults": faults, "unknownWitnesses": r.UnknownWitnesses, "compared": r.Compared, "line": r.Line, "founding": r.Founding, "disputed": disputed}, nil
}

// recordFields are what every reader is to give of a record.
var recordFields = []string{"entries", "headers", "opened", "settled", "waiting", "order", "late", "unknownWitnesses", "compared", "line", "founding"}

// edit is a record as its items, to be changed and put together again.
type edit struct{ items [][]byte }

func take(b []byte) *edit {
	e := &edit{}
	for len(b) > 0 {
		n, err := wire.CanonicalPrefix(b)
		if err != nil {
			panic(err)
		}
		e.items = append(e.items, bytes.Clone(b[:n]))
		b = b[n:]
	}
	return e
}

// kind returns the number of the nth item of a kind.
func (e *edit) kind(k byte, nth int) int {
	for i, b := range e.items {
		if b[1] == k {
			if nth--; nth < 0 {
				return i
			}
		}
	}
	panic("no such item")
}

// file joins the items, with the hash over them.
func (e *edit) file() []byte {
	b := bytes.Join(e.items[:len(e.items)-1], nil)
	sum := sha256.Sum256(b)
	return append(b, enc([]any{uint64(9), sum[:]})...)
}

// smallest is a line in which Alder only has written, and only begun.
func smallest() *recordtest.Line {
	l := recordtest.New(nil, "alder", "birch")
	a := l.Parties[0].First
	a.Announce(recordtest.Start, nil)
	a.Write(recordtest.Start+1, form.Header{}, &form.Seen{})
	a.Checkpoint()
	l.Parties[1].First.Receive(a, recordtest.Start+2)
	return l
}

func exported(m *maker, l *recordtest.Line, open bool) []byte {
	return export(m.t, l, open)
}

func makeRecord(m *maker) {
	s := recordtest.NewStory(nil)
	hash := s.Hash()
	open, sealed := m.file("story-open.record", exported(m, s.Line, true)), m.file("story-sealed.record", exported(m, s.Line, false))
	m.ok("a question, opened; every key given", open, recordFields...)
	m.ok("the same, sealed", sealed, recordFields...)
	m.ok("with the founding hash", edited(open, func(o object) { o["founding"] = hexOf(hash[:]) }), "compared", "entries")
	m.bad(parley.WrongLine, "with another founding hash", edited(open, func(o object) { o["founding"] = strings.Repeat("00", 32) }))
	makeMoreRecords(m)
	l := smallest()
	good := exported(m, l, true)
	m.ok("one log of two entries", m.file("small.record", good), recordFields...)
	bad := func(kind parley.Kind, name, file string, change func(*edit)) {
		e := take(good)
		change(e)
		m.bad(kind, name, m.file("bad-"+file+".record", e.file()))
	}
	flip := func(kind byte, nth, at int) func(*edit) {
		return func(e *edit) { b := e.items[e.kind(kind, nth)]; b[(at+len(b))%len(b)] ^= 1 }
	}
	bad(parley.BadProof, "a byte of a sealed body", "entry", flip(3, 1, -40))
	bad(parley.BadCommitment, "a byte of a key", "key", flip(3, 1, -1))
	bad(parley.BadProof, "a byte of a root", "root", flip(4, 0, 15))
	bad(parley.BadSignature, "a byte of the ML-DSA half of a checkpoint", "head", flip(4, 0, -1))
	bad(parley.BadSignature, "a byte of the Ed25519 half of a receipt", "receipt", func(e *edit) { e.items[e.kind(5, 0)][40] ^= 1 })
	bad(parley.BadSignature, "a byte of a certificate's signature", "certificate", flip(2, 0, -1))
	bad(parley.WrongLine, "a byte of the founding", "founding", flip(1, 0, -1))
	bad(parley.Gap, "an entry left out", "gap", func(e *edit) { i := e.kind(3, 0); e.items = append(e.items[:i], e.items[i+1:]...) })
	bad(parley.Gap, "the checkpoint left out", "uncovered", func(e *edit) { i := e.kind(4, 0); e.items = append(e.items[:i], e.items[i+2:]...) })
	bad(parley.UnknownKey, "the certificate of a log left out", "uncertified", func(e *edit) { i := e.kind(2, 0); e.items = append(e.items[:i], e.items[i+1:]...) })
	bad(parley.Malformed, "certificates in another order", "order", func(e *edit) { i := e.kind(2, 0); e.items[i], e.items[i+1] = e.items[i+1], e.items[i] })
	bad(parley.Malformed, "an entry twice", "twice", func(e *edit) {
		i := e.kind(3, 1)
		e.items = append(e.items[:i:i], append([][]byte{e.items[i]}, e.items[i:]...)...)
	})
	hashed := bytes.Clone(good)
	hashed[len(hashed)-1] ^= 1
	m.bad(parley.BadProof, "the hash of the file", m.file("bad-hash.record", hashed))
	m.bad(parley.Malformed, "cut before the hash", m.file("bad-cut.record", good[:len(good)-36]))
	m.bad(parley.Malformed, "a byte follows", m.file("bad-longer.record", append(bytes.Clone(good), 0)))
	m.bad(parley.Malformed, "nothing", object{"bytes": ""})
	m.bad(parley.Malformed, "another title", object{"bytes": hexOf(enc([]any{uint64(0), "other record", uint64(1)}))})
	m.bad(parley.Unsupported, "version 2", object{"bytes": hexOf(enc([]any{uint64(0), "parley record", uint64(2)}))})
}

// makeMoreRecords adds lines with generations, forks, witnesses and faults.
func makeMoreRecords(m *maker) {
	rules := func(kind parley.Kind, name, file string, write func(s *recordtest.Story)) {
		s := recordtest.NewStory(nil)
		write(s)
		s.Alder.Checkpoint()
		s.Birch.Checkpoint()
		m.bad(kind, name, m.file("bad-"+file+".record", exported(m, s.Line, false)))
	}
	seen := form.EncodeHeader(&form.Header{Form: "seen", From: "watch"})
	none := form.EncodeBody(&form.Seen{}, 0)
	rules(parley.Rewind, "a header time that goes back, signed", "rewind", func(s *recordtest.Story) { s.Alder.WriteRaw(5, nil, seen, none) })
	rules(parley.BadSeen, "more seen than there is, signed", "seen", func(s *recordtest.Story) {
		s.Alder.WriteRaw(recordtest.Start+500, map[parley.GenerationID]uint64{s.Birch.Gen: 99}, seen, none)
	})
	empty := recordtest.New(nil, "alder", "birch")
	empty.Parties[0].First.Put(enc([]any{uint64(2), "new"}), nil)
	empty.Parties[0].First.Checkpoint()
	m.bad(parley.Malformed, "a generation that begins with an entry of another version", m.file("bad-version.record", exported(m, empty, false)))
	s := recordtest.NewStory(nil)
	g := s.Open(s.Birch.Party, "birch 2", journal.ReasonLost, recordtest.Start+500, s.Birch)
	g.Announce(recordtest.Start+500, g.See())
	g.Checkpoint()
	s.Alder.Announce(recordtest.Start+501, s.Alder.See())
	s.Alder.Checkpoint()
	g.Receive(s.Alder, recordtest.Start+502)
	s.Alder.Receive(g, recordtest.Start+502)
	m.ok("a lost station goes on in a new generation", m.file("lost.record", exported(m, s.Line, false)), recordFields...)
	f := recordtest.NewStory(nil)
	fork(m, f)
	m.ok("a fork with its evidence", m.file("fork.record", exported(m, f.Line, false)), recordFields...)
	p := recordtest.Pair("witness")
	vkey, _ := witnessLine("witness.example/w", c2sp.TypeCosignedEd, p, journal.Checkpoint{}, 1)
	w := recordtest.NewStory(func(a *charter.Annex) { a.Witnesses = []string{vkey} })
	h := w.Alder.Heads[2]
	c := journal.Checkpoint{Origin: w.Alder.Origin(), Size: h.Size, Root: h.Root}
	_, line := witnessLine("witness.example/w", c2sp.TypeCosignedEd, p, c, recordtest.Start+70)
	_, other := witnessLine("other.example/w", c2sp.TypeCosignedEd, recordtest.Pair("other"), c, recordtest.Start+70)
	w.Alder.Witnesses = []record.Witness{{Size: h.Size, Line: line}, {Size: h.Size, Line: other}}
	good := exported(m, w.Line, false)
	m.ok("a witness of the annex, and one that it does not name", m.file("witness.record", good), recordFields...)
	m.bad(parley.BadSignature, "a witness's cosignature altered", m.file("bad-witness.record", bytes.Replace(good, []byte(line), []byte(line[:len(line)-8]+"AAAA"+line[len(line)-4:]), 1)))
	q := recordtest.NewStory(nil)
	q.Alder.WriteRaw(recordtest.Start+300, q.Alder.See(), form.EncodeHeader(&form.Header{Form: "dispatch", Serial: 7, From: "envoy"}), none)
	q.Alder.Checkpoint()
	m.ok("faults of the writer stop nothing", m.file("fault.record", exported(m, q.Line, true)), recordFields...)
}

// fork lets Alder sign another history, and Birch keep the evidence.
func fork(m *maker, s *recordtest.Story) {
	t, err := journal.NewTree(0, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	t.Append(journal.LeafHash(s.Alder.Entries[0]))
	t.Append(journal.LeafHash([]byte("another entry")))
	other, err := journal.Sign(s.Alder.Sign, journal.Checkpoint{Origin: s.Alder.Origin(), Size: 2, Root: t.Root()})
	if err != nil {
		m.t.Fatal(err)
	}
	e, err := journal.MakeEvidence(s.Alder.Gen, other, s.Alder.Heads[1], nil)
	if err != nil {
		m.t.Fatal(err)
	}
	s.Alder.Evidence = []*wire.Evidence{e}
}

func runProof(in input) (object, error) {
	r, err := record.VerifyProof(bytes.NewReader(in.content()), in.options())
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return nil, err
	}
	e := r.List[0]
	return object{"entry": e.Entry, "party": string(e.Party), "time": e.Time, "stored": times(e.Stored), "notAfter": timeOf(e.NotAfter), "form": e.Form, "bodies": r.Bodies}, nil
}

func proofOf(m *maker, l *recordtest.Line, ref parley.Ref, headerOnly bool) []byte {
	var b bytes.Buffer
	if err := record.WriteProof(&b, recordtest.Source{Line: l}, ref, headerOnly); err != nil {
		m.t.Fatal(err)
	}
	return b.Bytes()
}

func makeProof(m *maker) {
	fields := []string{"entry", "party", "time", "stored", "notAfter"}
	s := recordtest.NewStory(nil)
	hash := s.Hash()
	good := proofOf(m, s.Line, s.Question, false)
	whole := m.file("question.proof", good)
	m.ok("a question, opened", whole, fields...)
	m.ok("its header alone", m.file("question-header.proof", proofOf(m, s.Line, s.Question, true)), fields...)
	m.ok("a receipt over a later size", m.file("later.proof", proofOf(m, s.Line, parley.Ref{Gen: s.Birch.Gen, Index: 1}, false)), fields...)
	m.ok("with the founding hash", edited(whole, func(o object) { o["founding"] = hexOf(hash[:]) }), fields...)
	m.bad(parley.WrongLine, "with another founding hash", edited(whole, func(o object) { o["founding"] = strings.Repeat("00", 32) }))
	change := func(kind parley.Kind, name, file string, f func(lines []string) []string) {
		text := strings.Join(f(strings.Split(string(good), "\n")), "\n")
		m.bad(kind, name, m.file("bad-"+file+".proof", []byte(text)))
	}
	line := func(prefix, with string) func([]string) []string {
		return func(lines []string) []string {
			for i, l := range lines {
				if strings.HasPrefix(l, prefix) {
					lines[i] = with
				}
			}
			return lines
		}
	}
	without := func(drop func(i int, l string) bool) func([]string) []string {
		return func(lines []string) (out []string) {
			for i, l := range lines {
				if !drop(i, l) {
					out = append(out, l)
				}
			}
			return out
		}
	}
	change(parley.BadProof, "another index", "index", line("index ", "index 1"))
	change(parley.Malformed, "an index that is not shortest", "long-index", line("index ", "index 02"))
	change(parley.Malformed, "version 2 of tlog-proof", "version", line("c2sp.org", "c2sp.org/tlog-proof@v2"))
	change(parley.BadProof, "a hash left out", "short", without(func(i int, l string) bool { return i == 3 }))
	change(parley.BadSignature, "no ML-DSA signature of the log", "no-ml", without(func(i int, l string) bool { return strings.HasPrefix(l, "—") && len(l) > 3000 }))
	change(parley.BadSignature, "no Ed25519 signature of the log", "no-ed", without(func(i int, l string) bool { return strings.HasPrefix(l, "—") && len(l) < 3000 }))
	change(parley.Malformed, "no extra data", "no-extra", without(func(i int, l string) bool { return strings.HasPrefix(l, "extra") }))
	extra := func(kind parley.Kind, name, file string, f func(x []any)) { badExtra(m, good, kind, name, file, f) }
	extra(parley.BadCommitment, "another key", "key", func(x []any) { x[4] = []any{uint64(0), recordtest.Sum("other")} })
	extra(parley.Malformed, "no key", "no-key", func(x []any) { x[4] = nil })
	extra(parley.Malformed, "extra data of version 2", "extra-version", func(x []any) { x[0] = uint64(2) })
	extra(parley.BadProof, "another entry", "entry", func(x []any) { x[3] = s.Alder.Entries[1] })
	extra(parley.UnknownKey, "the holder's certificate left out", "holder", func(x []any) { x[2] = [][]byte{s.Alder.Cert} })
	extra(parley.WrongLine, "the certificate of another log first", "log", func(x []any) { x[2] = [][]byte{s.Birch.Cert, s.Alder.Cert} })
}

func badExtra(m *maker, good []byte, kind parley.Kind, name, file string, f func(x []any)) {
	p, err := c2sp.ParseProof(good)
	if err != nil {
		m.t.Fatal(err)
	}
	x, err := record.ExtraParts(p.Extra)
	if err != nil {
		m.t.Fatal(err)
	}
	f(x)
	m.bad(kind, name, m.file("bad-"+file+".proof", c2sp.FormatProof(enc(x), p.Index, p.Hashes, p.Note)))
}

func runSilence(in input) (object, error) {
	r, err := record.VerifySilence(bytes.NewReader(in.content()), in.options())
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return nil, err
	}
	return object{"verdict": r.Verdict, "asOf": r.AsOf, "ok": r.Verdict == record.NoAnswer, "line": r.Line}, nil
}

func makeSilence(m *maker) {
	write := func(file string, s *recordtest.Story, asOf uint64) object {
		var b bytes.Buffer
		if err := record.WriteSilence(&b, recordtest.Source{Line: s.Line}, s.Question, asOf); err != nil {
			m.t.Fatal(err)
		}
		return m.file(file+".silence", b.Bytes())
	}
	s := recordtest.NewStory(nil)
	quiet := write("quiet", s, 0)
	m.ok("stored, opened, no answer", quiet)
	answered := recordtest.NewStory(nil)
	answered.Answer(recordtest.Start + 300)
	m.ok("answered", write("answered", answered, 0))
	var b bytes.Buffer
	if err := record.WriteSilence(&b, recordtest.Source{Line: s.Line}, s.Question, 0); err != nil {
		m.t.Fatal(err)
	}
	good := b.Bytes()
	question := func(index, asOf uint64) []byte {
		e := take(good)
		e.items[e.kind(8, 0)] = enc([]any{uint64(8), s.Question.Gen, index, asOf})
		return e.file()
	}
	m.ok("no signed word at so late a time: cannot say", m.file("late.silence", question(s.Question.Index, recordtest.Start+9999)))
	e := take(good)
	i := e.kind(3, 4)
	e.items[i] = enc([]any{uint64(3), s.Birch.Gen, uint64(1), s.Birch.Entries[1], nil})
	m.ok("a header that is not opened: cannot say", m.file("hidden.silence", e.file()))
	m.bad(parley.NotFound, "a request that is not opened", m.file("bad-request.silence", question(1, recordtest.Start+100)))
	m.bad(parley.NotFound, "a request that is not there", m.file("bad-missing.silence", question(50, recordtest.Start+100)))
	e = take(good)
	j := e.kind(8, 0)
	e.items = append(e.items[:j], e.items[j+1:]...)
	m.bad(parley.Malformed, "no question", m.file("bad-question.silence", e.file()))
	flip := bytes.Clone(good)
	flip[len(flip)/2] ^= 1
	m.bad(parley.Malformed, "a record", object{"bytes": hexOf(enc([]any{uint64(0), "parley record", uint64(1)}))})
}
