package record

import (
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
)

// notProved stands under every report.
var notProved = []string{
	"that a receipt is consent: it says only that the entry was stored, or done with as it says",
	"that header times are true: what is proved is order, and times are the word of those named",
	"that the keys were held only by the party's officers",
	"anything about entries whose keys are not given",
}

// Lines returns the report in plain sentences, for people.
func (r *Report) Lines() []string {
	out := r.lineLines()
	switch r.What {
	case "proof":
		out = append(out, r.proofLines()...)
	case "silence":
		out = append(out, r.silenceLines()...)
	default:
		out = append(out, r.recordLines()...)
	}
	if r.Failures == 0 {
		out = append(out, "Not proved:")
		for _, s := range r.NotProved {
			out = append(out, "  "+s+".")
		}
	}
	return out
}

// lineLines say which line it is, and how sure that is.
func (r *Report) lineLines() []string {
	if r.Line == "" {
		return nil
	}
	out := []string{"line " + r.Line, "founding " + r.Fingerprint}
	if r.Compared {
		out = append(out, "  it is the founding hash that was given")
	} else {
		out = append(out, "  NOT COMPARED: compare it with the founding hash that the parties published")
	}
	for _, p := range r.Parties {
		out = append(out, fmt.Sprintf("party %s: %s", p.Code, form.Visible(p.Name)))
	}
	return out
}

// Entry says of the entries that a proof file opens who said what, and when.
func (r *Report) Entry() []string {
	var out []string
	for i := range r.List {
		out = append(out, r.List[i].lines()...)
	}
	return out
}

func (r *Report) recordLines() []string {
	out := r.chainLines()
	for _, l := range r.Logs {
		out = append(out, l.lines()...)
	}
	out = append(out, r.listLines()...)
	out = append(out, r.faultLines()...)
	if r.Failures > 0 {
		return append(out, r.failureLines()...)
	}
	if r.Unsettled > 0 {
		out = append(out, fmt.Sprintf("order: %d settled, %d not yet confirmed by %s", r.Settled, r.Unsettled, codes(r.Waiting)))
	} else {
		out = append(out, fmt.Sprintf("order: all %d settled", r.Settled))
	}
	if r.Late > 0 {
		out = append(out, fmt.Sprintf("late: %d entries of superseded logs, not on the record", r.Late))
	}
	out = append(out, fmt.Sprintf("signatures: %d checkpoints and %d receipts, both halves of each; %d witness cosignatures, %d of witnesses the annex does not name",
		r.Checkpoints, r.Receipts, r.Cosignatures, r.UnknownWitnesses))
	out = append(out, fmt.Sprintf("opened: %d headers, %d bodies; the others stay sealed", r.Headers, r.Bodies))
	return append(out, fmt.Sprintf("%s, %s, verified", plural(r.Entries, "entry", "entries"), plural(len(r.Logs), "log", "logs")))
}

func (l *LogReport) lines() []string {
	out := []string{fmt.Sprintf("log %s/%s: %s, root %s", l.Party, l.Gen, plural(int(l.Size), "entry", "entries"), l.Root)}
	if l.Reason > 0 {
		out = append(out, "  a later generation: "+[...]string{"founding", "restored from a backup", "the station lost everything", "its old log was forked", "doubt"}[l.Reason])
	}
	if l.Disputed {
		out = append(out, "  HISTORY DISPUTED, NOT ON RECORD: two histories are signed")
	}
	for _, s := range l.Stored {
		out = append(out, fmt.Sprintf("  %d stored at %s, signed by their station at %s", s.Size, s.By, clock(s.Time)))
	}
	return out
}

func (r *Report) listLines() []string {
	var out []string
	ruled, lateRuled := false, false
	for i := range r.List {
		e := &r.List[i]
		switch {
		case e.Position == 0 && !lateRuled:
			lateRuled = true
			out = append(out, "---- late: not on the record ----")
		case e.Position > 0 && !e.Settled && !ruled:
			ruled = true
			out = append(out, fmt.Sprintf("---- order not yet confirmed by %s ----", codes(r.Waiting)))
		}
		out = append(out, e.lines()...)
	}
	return out
}

// lines say who said what, and what is known of when.
func (e *EntryReport) lines() []string {
	pos := ""
	if e.Position > 0 {
		pos = fmt.Sprintf("%5d ", e.Position)
	}
	head := fmt.Sprintf("%s%s  %s says: %s", pos, e.Entry, e.who(), e.Shown)
	if len(e.To) > 0 {
		head += " to " + strings.Join(e.To, ", ")
	}
	out := []string{head, fmt.Sprintf("      %s by its own clock%s%s", clock(e.Time), e.NotBefore.before(), e.NotAfter.after())}
	if e.Charter > 1 {
		out = append(out, fmt.Sprintf("      under charter %d", e.Charter))
	}
	for _, s := range e.Stored {
		out = append(out, fmt.Sprintf("      stored at %s by %s, signed by their station", s.By, clock(s.Time)))
	}
	if len(e.Refs) > 0 {
		out = append(out, "      refers to "+strings.Join(e.Refs, ", "))
	}
	for _, f := range e.Fields {
		out = append(out, "      "+f.Name+": "+indent(form.Visible(f.Value)))
	}
	return out
}

func (e *EntryReport) who() string {
	if e.From != "" {
		return e.From
	}
	return string(e.Party)
}

func (s *Stamp) before() string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("; not before %s by the word of %s, whose entry %s it had seen", clock(s.Time), s.By, s.Entry)
}

func (s *Stamp) after() string {
	switch {
	case s == nil:
		return "; nobody else's word says that it existed by any time"
	case s.Witness:
		return fmt.Sprintf("; not after %s by the word of witness %s", clock(s.Time), form.Visible(s.By))
	}
	return fmt.Sprintf("; not after %s by the receipt of %s", clock(s.Time), s.By)
}

func (r *Report) faultLines() []string {
	var out []string
	for _, f := range r.Faults {
		out = append(out, fmt.Sprintf("FAULT OF ITS WRITER %s %s: %s: %s", f.Party, f.Entry, f.Kind, form.Visible(f.What)))
	}
	return out
}

func (r *Report) failureLines() []string {
	out := make([]string, 0, len(r.Errors)+1)
	for _, f := range r.Errors {
		out = append(out, form.Visible(f.String()))
	}
	if n := r.Failures - len(r.Errors); n > 0 {
		out = append(out, fmt.Sprintf("and %d more", n))
	}
	return append(out, fmt.Sprintf("NOT VERIFIED: %s", plural(r.Failures, "failure", "failures")))
}

func (r *Report) proofLines() []string {
	out := append(r.Entry(), r.faultLines()...)
	if r.Failures > 0 {
		return append(out, r.failureLines()...)
	}
	return append(out, "1 entry, verified under both signatures of its log")
}

// describeHeader fills in what a header says.
func (e *EntryReport) describeHeader(h *form.Header, party parley.PartyCode) {
	if h == nil {
		return
	}
	e.Form, e.Serial, e.Language, e.Exercise = h.Form, h.Serial, h.Language, form.Visible(h.Exercise)
	e.From, e.Precedence, e.Marker = parley.Address{Party: party, Office: h.From}.String(), h.Precedence.String(), h.Marker.String()
	for _, a := range h.To {
		e.To = append(e.To, a.String())
	}
	for _, r := range h.Refs {
		e.Refs = append(e.Refs, r.String())
	}
}

// shown is the form of an entry with what stands out about it.
func shown(h *form.Header) string {
	var parts []string
	if h.Exercise != "" {
		parts = append(parts, "EXERCISE "+form.Visible(h.Exercise))
	}
	parts = append(parts, h.Form)
	if h.Serial > 0 {
		parts = append(parts, fmt.Sprintf("%04d", h.Serial))
	}
	if h.Precedence > parley.Routine {
		parts = append(parts, h.Precedence.String())
	}
	if h.Marker != parley.NoMarker {
		parts = append(parts, h.Marker.String())
	}
	return strings.Join(parts, " ")
}

// clock shows UTC seconds.
func clock(t uint64) string {
	if t >= 1<<40 {
		return fmt.Sprintf("second %d", t)
	}
	return time.Unix(int64(t), 0).UTC().Format("2006-01-02T15:04:05Z")
}

func codes(list []parley.PartyCode) string {
	s := make([]string, len(list))
	for i, c := range list {
		s[i] = string(c)
	}
	return strings.Join(s, ", ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// indent keeps a text of several lines under its entry.
func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n        ") }
