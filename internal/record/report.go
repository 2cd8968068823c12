package record

import (
	"encoding/hex"
	"fmt"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/key"
	"parley/internal/sheet"
)

// Report is what a file proves, and what in it does not verify.
type Report struct {
	What        string        `json:"what"` // record, proof, silence
	Line        string        `json:"line,omitempty"`
	Founding    string        `json:"founding,omitempty"`    // hash
	Fingerprint string        `json:"fingerprint,omitempty"` // the same for people
	Words       []string      `json:"words,omitempty"`
	Compared    bool          `json:"compared"` // the founding is the one that was given
	Parties     []PartyReport `json:"parties,omitempty"`
	Chain       []ChainReport `json:"chain,omitempty"`      // what rules the line, one after the other
	Out         []OutReport   `json:"out,omitempty"`        // who is no longer on it
	Void        []Fault       `json:"void,omitempty"`       // assents that count for nothing, and why
	Unfollowed  int           `json:"unfollowed,omitempty"` // entries that may change it and are not opened
	Logs        []LogReport   `json:"logs,omitempty"`

	Entries          int                `json:"entries"`
	Headers          int                `json:"headers"` // opened
	Bodies           int                `json:"opened"`
	Checkpoints      int                `json:"checkpoints"`
	Receipts         int                `json:"receipts"`
	Cosignatures     int                `json:"cosignatures"` // of witnesses the annex names
	UnknownWitnesses int                `json:"unknown_witnesses"`
	Settled          int                `json:"settled"`
	Unsettled        int                `json:"unsettled"`
	Late             int                `json:"late"`              // not on the record
	Waiting          []parley.PartyCode `json:"waiting,omitempty"` // who has not confirmed the order yet

	List    []EntryReport   `json:"list,omitempty"` // in record order, late ones last; empty when there are too many
	Faults  []Fault         `json:"faults,omitempty"`
	Silence []SilenceReport `json:"silence,omitempty"`
	Request *EntryReport    `json:"request,omitempty"`
	AsOf    uint64          `json:"as_of,omitempty"`
	Verdict string          `json:"verdict,omitempty"` // of a proof of silence

	NotProved []string  `json:"not_proved"`
	Errors    []Failure `json:"errors,omitempty"`
	Failures  int       `json:"failures"` // all of them, listed or not
}

// PartyReport is a party as the founding names it.
type PartyReport struct {
	Code parley.PartyCode `json:"code"`
	Name string           `json:"name"`
}

// LogReport is one generation of one log.
type LogReport struct {
	Party    parley.PartyCode `json:"party"`
	Gen      string           `json:"generation"`
	Reason   uint64           `json:"reason"`
	Size     uint64           `json:"size"`
	Root     string           `json:"root"`
	Disputed bool             `json:"disputed"`
	Stored   []Stamp          `json:"stored,omitempty"` // each holder's largest receipt
}

// Stamp is somebody's signed word of a time.
type Stamp struct {
	By      string `json:"by"` // party code, or name of a witness
	Witness bool   `json:"witness,omitempty"`
	Time    uint64 `json:"time"`
	Size    uint64 `json:"size,omitempty"`
	Entry   string `json:"entry,omitempty"` // the entry whose header time it is
}

// EntryReport is one entry and what is known of its time.
type EntryReport struct {
	Entry      string           `json:"entry"`
	Party      parley.PartyCode `json:"party"`
	Time       uint64           `json:"time"` // header time: a claim
	Position   int64            `json:"position,omitempty"`
	Settled    bool             `json:"settled"`
	Shown      string           `json:"shown"` // form and number, or why there is none
	Form       string           `json:"form,omitempty"`
	Serial     uint64           `json:"serial,omitempty"`
	From       string           `json:"from,omitempty"`
	To         []string         `json:"to,omitempty"`
	Precedence string           `json:"precedence,omitempty"`
	Marker     string           `json:"marker,omitempty"`
	Refs       []string         `json:"refs,omitempty"`
	Language   string           `json:"language,omitempty"`
	Exercise   string           `json:"exercise,omitempty"`
	Charter    uint64           `json:"charter,omitempty"` // version of the charter that rules it
	Fields     []sheet.Field    `json:"fields,omitempty"`  // of the body
	Stored     []Stamp          `json:"stored,omitempty"`
	NotBefore  *Stamp           `json:"not_before,omitempty"`
	NotAfter   *Stamp           `json:"not_after,omitempty"`
}

// Fault is what the writer of an entry did wrong in a part that it sealed. The
// record stands all the same.
type Fault struct {
	Entry string `json:"entry"`
	Party string `json:"party"`
	Kind  string `json:"kind"`
	What  string `json:"what"`
}

func fault(h *held, index uint64, err error) Fault {
	return Fault{Entry: h.ref(index).String(), Party: string(h.cert.Party), Kind: parley.KindOf(err).String(), What: err.Error()}
}

// Bad counts what does not verify; 0 means that all of it does.
func (r *Report) Bad() int { return r.Failures }

// Err returns the failure that stands first in the file; nil when there is
// none.
func (r *Report) Err() error {
	if r.Failures == 0 || len(r.Errors) == 0 {
		return nil
	}
	return r.Errors[0].Err()
}

// row is what a report keeps of an entry while the file is read.
type row struct {
	log    *held
	index  uint64
	shown  string
	header *form.Header
	fields []sheet.Field
}

func rowOf(h *held, e *entryItem) row {
	r := row{log: h, index: e.index, header: e.header}
	switch {
	case e.header != nil:
		r.shown = shown(e.header)
		if e.whole && e.body != nil {
			r.fields = sheet.Fields(e.body)
		}
	case e.clear == nil:
		r.shown = "unsupported"
	case e.clear.Announces:
		r.shown = fmt.Sprintf("epoch %d", e.clear.Epoch)
	case e.opening != nil:
		r.shown = "unreadable"
	default:
		r.shown = "sealed"
	}
	return r
}

// describe fills the report from what was gathered.
func (v *verifier) describe() {
	r := v.report
	r.What = map[string]string{titleRecord: "record", titleSilence: "silence"}[v.title]
	c := &v.counts
	r.Entries, r.Headers, r.Bodies, r.Checkpoints, r.Receipts = c.entries, c.headers, c.bodies, c.heads, c.receipts
	r.Cosignatures, r.UnknownWitnesses = c.witnessed, c.unknownWitnesses
	r.Errors, r.Failures = v.failures.sorted(), int(v.failures.total.Load())
	r.NotProved = notProved
	if v.founding != nil {
		r.describeLine(v.founding, v.hash, v.opts.Founding != nil)
	}
	if r.Failures == 0 {
		v.describeChain()
	}
	for _, h := range v.ranks {
		r.Logs = append(r.Logs, h.report())
	}
	if v.listed() && r.Failures == 0 {
		v.list()
	}
	if v.question != nil && r.Failures == 0 {
		v.judgeSilence()
	}
}

func (h *held) report() LogReport {
	l := LogReport{Party: h.cert.Party, Gen: h.cert.Gen.String(), Reason: h.cert.Reason, Size: h.size(), Disputed: h.disputed}
	root := h.tree.root(h.size())
	l.Root = hex.EncodeToString(root[:])
	best := map[string]int{}
	for _, s := range h.stamps {
		if s.witness {
			continue
		}
		if i, ok := best[s.by]; !ok {
			best[s.by] = len(l.Stored)
			l.Stored = append(l.Stored, Stamp{By: s.by, Time: s.time, Size: s.size})
		} else if s.size > l.Stored[i].Size {
			l.Stored[i] = Stamp{By: s.by, Time: s.time, Size: s.size}
		}
	}
	return l
}

// listed reports whether the entries are described one by one.
func (v *verifier) listed() bool { return v.order != nil && v.title == titleRecord }

// list describes the entries one by one, in record order, then the late ones.
func (v *verifier) list() {
	rows := map[parley.Ref]*row{}
	for i := range v.rows {
		rows[v.rows[i].log.ref(v.rows[i].index)] = &v.rows[i]
	}
	spans := map[*held]*spans{}
	for _, h := range v.ranks {
		spans[h] = newSpans(h.stamps)
	}
	add := func(x *row, pos int64, settled bool) {
		e := v.entryReport(x, spans[x.log])
		e.Position, e.Settled = pos, settled
		v.report.List = append(v.report.List, e)
	}
	for i, p := range v.order {
		if x := rows[p.Ref]; x != nil {
			add(x, p.Position, i < v.report.Settled)
			delete(rows, p.Ref)
		}
	}
	for i := range v.rows {
		if x := &v.rows[i]; rows[x.log.ref(x.index)] != nil {
			add(x, 0, false)
		}
	}
}

func (v *verifier) entryReport(x *row, s *spans) EntryReport {
	h := x.log
	e := EntryReport{Entry: h.ref(x.index).String(), Party: h.cert.Party, Time: h.times[x.index], Shown: x.shown, Fields: x.fields}
	e.describeHeader(x.header, h.cert.Party)
	e.Charter = v.ruled(h, x.index)
	e.Stored, e.NotAfter = s.stored(x.index), s.notAfter(x.index)
	e.NotBefore = v.notBefore(h, x.index)
	return e
}

// notBefore is the latest header time among the entries of other parties that
// an entry had seen: by that party's word it was not written before.
func (v *verifier) notBefore(h *held, index uint64) (best *Stamp) {
	for g := range h.steps {
		o, n := v.logs[g], h.sees(g, index)
		if o == nil || n == 0 || n > uint64(len(o.times)) {
			continue
		}
		if t := o.times[n-1]; best == nil || t > best.Time || t == best.Time && string(o.cert.Party) < best.By {
			best = &Stamp{By: string(o.cert.Party), Time: t, Entry: o.ref(n - 1).String()}
		}
	}
	return best
}

func (r *Report) describeLine(f *charter.Founding, hash Hash, compared bool) {
	r.Line = f.Line.String()
	for i := range f.Reveals {
		r.Parties = append(r.Parties, PartyReport{f.Reveals[i].Party, f.Reveals[i].Name})
	}
	r.Founding, r.Fingerprint, r.Compared = hex.EncodeToString(hash[:]), key.Fingerprint(hash), compared
	words := f.Words()
	r.Words = words[:]
}
