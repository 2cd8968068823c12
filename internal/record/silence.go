package record

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/form"
	"parley/internal/seal"
)

// question is the request a proof of silence is about.
type question struct {
	ref  parley.Ref
	asOf uint64
}

// reference is one entry that refers to another.
type reference struct {
	from, to parley.Ref
	party    parley.PartyCode
	form     string
	time     uint64
}

// SilenceReport is what a proof of silence shows of one party.
type SilenceReport struct {
	Party   parley.PartyCode `json:"party"`
	Verdict string           `json:"verdict"`
	Why     string           `json:"why"`
	Stored  *Stamp           `json:"stored,omitempty"`
	Opened  *Stamp           `json:"opened,omitempty"` // the entry that says so, at its header time
	Answers []string         `json:"answers,omitempty"`
	Bound   *Stamp           `json:"bound,omitempty"` // by whose word their log ended so at that time
}

// The verdicts of a proof of silence.
const (
	NoAnswer  = "no answer"
	HasAnswer = "answered"
	CannotSay = "cannot say"
)

// VerifySilence checks a proof of silence (spec/proofs.md). The errors are as
// those of Verify; what the proof shows is the report's verdict.
func VerifySilence(r io.Reader, opts VerifyOptions) (*Report, error) {
	v := newVerifier(r, opts, titleSilence)
	if err := v.run(); err != nil {
		return nil, err
	}
	return v.report, nil
}

func (v *verifier) questionItem(f *fields, at Place) error {
	q := &question{}
	f.fixed(q.ref.Gen[:])
	q.ref.Index, q.asOf = f.number(), f.number()
	err := f.end()
	if h := v.logs[q.ref.Gen]; err == nil && (h == nil || q.ref.Index >= h.size() || v.asked[q.ref] == nil) {
		err = parley.Errorf(parley.NotFound, "the request %s that the file is about is not in it, or not opened", q.ref)
	}
	if err != nil {
		return v.refuse(at, "", err)
	}
	v.question = q
	return nil
}

// asked returns the parties that an entry is addressed to for action; every
// other one, as an empty list, when it is addressed to none.
func asked(h *form.Header, own parley.PartyCode) []parley.PartyCode {
	list := []parley.PartyCode{}
	for _, a := range h.To {
		if a.Party != own && !slices.Contains(list, a.Party) {
			list = append(list, a.Party)
		}
	}
	return list
}

// answers reports whether a reference of this form is an answer: every form
// but those that only say what became of the entry.
func answers(name string) bool {
	return !form.IsReceipt(name) && name != "attachments" && name != "complaint"
}

func (v *verifier) judgeSilence() {
	q := v.question
	h := v.logs[q.ref.Gen]
	r := v.report
	r.AsOf, r.Verdict = q.asOf, NoAnswer
	for i := range v.rows {
		if x := &v.rows[i]; x.log == h && x.index == q.ref.Index {
			e := v.entryReport(x, newSpans(h.stamps))
			r.Request = &e
		}
	}
	stored := newSpans(h.stamps).stored(q.ref.Index)
	for i := range v.founding.Reveals {
		p := v.founding.Reveals[i].Party
		if to := v.asked[q.ref]; p == h.cert.Party || len(to) > 0 && !slices.Contains(to, p) {
			continue
		}
		s := v.silenceOf(p)
		if k := slices.IndexFunc(stored, func(x Stamp) bool { return x.By == string(p) }); k >= 0 {
			s.Stored = &stored[k]
		}
		r.Silence = append(r.Silence, s)
		switch {
		case s.Verdict == HasAnswer:
			r.Verdict = HasAnswer
		case s.Verdict == CannotSay && r.Verdict == NoAnswer:
			r.Verdict = CannotSay
		}
	}
}

func (v *verifier) silenceOf(p parley.PartyCode) SilenceReport {
	s := SilenceReport{Party: p, Verdict: NoAnswer}
	sealed, newest := 0, newestOf(p, v.logs, nil)
	for _, h := range v.ranks {
		if h.cert.Party == p {
			sealed += h.sealed
		}
	}
	for _, x := range v.referred {
		switch {
		case x.party != p || x.to != v.question.ref:
		case answers(x.form):
			s.Answers = append(s.Answers, x.from.String())
		case x.form == "opened" && s.Opened == nil:
			s.Opened = &Stamp{By: string(p), Time: x.time, Entry: x.from.String()}
		}
	}
	if newest != nil {
		s.Bound = newest.bound(v.question.asOf)
	}
	switch {
	case len(s.Answers) > 0:
		s.Verdict, s.Why = HasAnswer, "an entry of theirs refers to it"
	case sealed > 0:
		s.Verdict, s.Why = CannotSay, plural(sealed, "header is", "headers are")+" not opened"
	case s.Bound == nil:
		s.Verdict, s.Why = CannotSay, "nobody's signed word over the end of their log is of that time or later"
	default:
		s.Why = "by the word of " + form.Visible(s.Bound.By)
	}
	return s
}

// bound returns a signed word of that time or later that the log ended where it
// ends in the file: a witness's rather than a party's.
func (h *held) bound(asOf uint64) (best *Stamp) {
	for _, s := range h.stamps {
		if s.size == h.size() && s.time >= asOf && (best == nil || s.witness && !best.Witness) {
			r := s.report()
			best = &r
		}
	}
	return best
}

func (r *Report) silenceLines() []string {
	if r.Failures > 0 {
		return r.failureLines()
	}
	out := []string{"the request:"}
	if r.Request != nil {
		out = append(out, r.Request.lines()...)
	}
	for _, s := range r.Silence {
		text := string(s.Party) + ": not shown to be stored"
		if s.Stored != nil {
			text = fmt.Sprintf("%s: stored by %s", s.Party, clock(s.Stored.Time))
		}
		if s.Opened != nil {
			text += fmt.Sprintf(", opened (%s, %s by their clock)", s.Opened.Entry, clock(s.Opened.Time))
		} else {
			text += ", not said to be opened"
		}
		out = append(out, text+", "+s.verdict(r.AsOf))
	}
	out = append(out, r.faultLines()...)
	return append(out, "verdict: "+r.Verdict)
}

func (s *SilenceReport) verdict(asOf uint64) string {
	switch s.Verdict {
	case HasAnswer:
		return fmt.Sprintf("answered by %v", s.Answers)
	case NoAnswer:
		return fmt.Sprintf("no answer as of %s, %s", clock(asOf), s.Why)
	}
	return "cannot say: " + s.Why
}

// WriteSilence writes a proof that the parties asked had not answered the
// request as of UTC second asOf: the request opened, the headers of their
// logs, no body of theirs. asOf 0 means the latest time that the signatures
// over their logs allow. The errors are NotFound when the request is not held
// or does not open, Unavailable when no signature bounds the end of their logs
// at asOf.
func WriteSilence(w io.Writer, src Source, request parley.Ref, asOf uint64) error {
	x, err := newExport(w, src, titleSilence)
	if err != nil {
		return fmt.Errorf("proving silence: %w", err)
	}
	own, to, err := x.request(request)
	if err != nil {
		return fmt.Errorf("proving silence: %w", err)
	}
	isAsked := func(p parley.PartyCode) bool { return p != own && (len(to) == 0 || slices.Contains(to, p)) }
	if asOf, err = x.asOf(isAsked, asOf); err != nil {
		return fmt.Errorf("proving silence: %w", err)
	}
	err = x.write(func(l *exportLog, index uint64, k seal.Key) *Opening {
		switch {
		case l.cert.Gen == request.Gen && index == request.Index:
			return OpenWhole(k)
		case isAsked(l.cert.Party):
			return OpenHeader(k)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("proving silence: %w", err)
	}
	x.put(x.start(4, itemQuestion).ref(request).uint(asOf))
	return x.finish()
}

// request opens the request and returns whose it is and whom it asks.
func (x *export) request(r parley.Ref) (own parley.PartyCode, to []parley.PartyCode, err error) {
	for _, l := range x.logs {
		if l.cert.Gen != r.Gen || r.Index >= l.Size {
			continue
		}
		es, err := x.src.Entries(r.Gen, r.Index, 1)
		if err != nil || len(es) == 0 || len(es[0].Key) != len(seal.Key{}) {
			break
		}
		e, err := seal.Parse(es[0].Bytes)
		if err != nil {
			break
		}
		header, err := seal.OpenHeader(OpenHeader(seal.Key(es[0].Key)).Header, l.cert.Origin(), r.Index, e)
		if err != nil {
			return "", nil, err
		}
		h, err := form.ParseHeader(header)
		if err != nil {
			return "", nil, err
		}
		return l.cert.Party, asked(h, l.cert.Party), nil
	}
	return "", nil, parley.Errorf(parley.NotFound, "the request %s is not held here, or cannot be opened", r)
}

// asOf returns the time up to which the signatures over the asked parties'
// logs say where these end, want if it is not later.
func (x *export) asOf(isAsked func(parley.PartyCode) bool, want uint64) (uint64, error) {
	newest := map[parley.PartyCode]*exportLog{}
	for _, l := range x.logs {
		if isAsked(l.cert.Party) {
			newest[l.cert.Party] = l
		}
	}
	least := ^uint64(0)
	for p, l := range newest {
		t, err := x.lastWord(l)
		if err != nil {
			return 0, err
		}
		if t == 0 || t < want {
			return 0, parley.Errorf(parley.Unavailable, "nothing signed says where the log of %s ended then", p).
				WithHint("wait for the next line test, which both stations sign")
		}
		least = min(least, t)
	}
	if len(newest) == 0 {
		return 0, parley.Errorf(parley.Unavailable, "nothing is held of the logs of the parties asked")
	}
	return cmp.Or(want, least), nil
}

// lastWord is the latest time at which somebody signed for the whole of a log.
func (x *export) lastWord(l *exportLog) (latest uint64, err error) {
	for _, h := range x.logs {
		if h.cert.Party == l.cert.Party {
			continue
		}
		r, ok, err := x.src.Receipt(l.cert.Gen, h.cert.Gen, l.Size)
		if err != nil {
			return 0, err
		}
		if ok && r.Size == l.Size {
			latest = max(latest, r.Time)
		}
	}
	for _, w := range l.Witnesses {
		if s, err := c2sp.ParseSignatureLine(w.Line); err == nil && w.Size == l.Size && len(s.Sig) > 8 {
			latest = max(latest, timeOf(s))
		}
	}
	return latest, nil
}
