package stage

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/record"
)

// export is one side's record, checked without any station.
type export struct {
	bytes  []byte
	report *record.Report
}

// Export takes a side's record and verifies it as a third party does: from the
// bytes alone. The error says what does not verify.
func (s *Side) Export(ctx context.Context, open bool) (*record.Report, error) {
	x, err := s.export(ctx, open)
	if err != nil {
		return nil, err
	}
	return x.report, nil
}

func (s *Side) export(ctx context.Context, open bool) (export, error) {
	var b bytes.Buffer
	n, err := s.client.As(s.Admin).Export(ctx, s.demo.Line(), open, &b)
	if err != nil {
		return export{}, fmt.Errorf("exporting the record of %s: %w", s.Name, err)
	}
	r, err := record.Verify(bytes.NewReader(b.Bytes()), record.VerifyOptions{})
	if err != nil {
		return export{}, fmt.Errorf("verifying the record of %s: %w", s.Name, err)
	}
	if err := r.Err(); err != nil {
		return export{}, fmt.Errorf("verifying the record of %s: %w", s.Name, err)
	}
	if r.Entries != n {
		return export{}, parley.Errorf(parley.Internal, "the record of %s has %d entries, %d were exported", s.Name, r.Entries, n)
	}
	return export{b.Bytes(), r}, nil
}

// SameOrder compares the settled parts of two records: one must begin with the
// other, entry for entry.
func SameOrder(a, b *record.Report) (same int, err error) {
	if a.Founding != b.Founding || a.Founding == "" {
		return 0, parley.Errorf(parley.WrongLine, "the records have different foundings: %s, %s", a.Founding, b.Founding)
	}
	x, y := settled(a), settled(b)
	for same = 0; same < min(len(x), len(y)); same++ {
		if x[same] != y[same] {
			return same, parley.Errorf(parley.Internal, "position %d is %s in one record and %s in the other", same+1, x[same], y[same])
		}
	}
	return same, nil
}

func settled(r *record.Report) (ids []string) {
	for _, e := range r.List {
		if e.Settled {
			ids = append(ids, e.Entry)
		}
	}
	return ids
}

// verified exports both records, Birch's without keys, and verifies them, a
// proof file and a proof of silence.
func (y *Story) verified(ctx context.Context) (string, error) {
	a, b := y.d.Alder, y.d.Birch
	silent, err := y.unanswered(ctx)
	if err != nil {
		return "", err
	}
	var ours, theirs export
	var same int
	if _, err := await(ctx, 4*SettleAfter, "every dispatch is settled in both records", func() (ok bool, err error) {
		if ours, err = a.export(ctx, true); err != nil {
			return false, err
		}
		if theirs, err = b.export(ctx, false); err != nil {
			return false, err
		}
		if same, err = SameOrder(ours.report, theirs.report); err != nil {
			return false, err
		}
		return dispatchesSettled(ours.report, same), nil
	}); err != nil {
		return "", err
	}
	proof, err := y.proof(ctx)
	if err != nil {
		return "", err
	}
	r := ours.report
	return fmt.Sprintf("both verify: %d entries, %d logs in %d generations, %d settled in the same order; proof of the question: %s; %s",
		r.Entries, len(r.Parties), len(r.Logs), same, proof, silent), nil
}

// dispatchesSettled reports whether every dispatch is among the first n.
func dispatchesSettled(r *record.Report, n int) bool {
	for i, e := range r.List {
		if e.Form == "dispatch" && i >= n {
			return false
		}
	}
	return true
}

// proof makes the proof file of the question and has it verified.
func (y *Story) proof(ctx context.Context) (string, error) {
	a := y.d.Alder
	b, err := a.client.As(a.Admin).Proof(ctx, y.d.Line(), y.asked, false)
	if err != nil {
		return "", fmt.Errorf("proving the question: %w", err)
	}
	r, err := record.VerifyAny(bytes.NewReader(b), record.VerifyOptions{})
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return "", fmt.Errorf("verifying the proof of the question: %w", err)
	}
	if r.What != "proof" || len(r.List) != 1 || r.List[0].Form != "dispatch" {
		return "", parley.Errorf(parley.Internal, "the proof of the question shows %s with %d entries", r.What, len(r.List))
	}
	return fmt.Sprintf("verified, %s of %s in %d bytes", r.List[0].Shown, r.List[0].Party, len(b)), nil
}

// unanswered sends a request that Birch opens and does not answer, and proves
// that no answer came.
func (y *Story) unanswered(ctx context.Context) (string, error) {
	a := y.d.Alder
	id, err := a.send(ctx, request)
	if err != nil {
		return "", err
	}
	i, _, err := a.delivered(ctx, id, 15*time.Second)
	if err != nil {
		return "", err
	}
	if _, err := await(ctx, 30*time.Second, "Birch has opened the request", func() (bool, error) {
		if i, err = a.item(ctx, i.ID); err != nil {
			return false, err
		}
		return climbed(i), nil
	}); err != nil {
		return "", err
	}
	b, err := a.client.As(a.Admin).SilenceProof(ctx, y.d.Line(), i.ID)
	if err != nil {
		return "", fmt.Errorf("proving the silence: %w", err)
	}
	r, err := record.VerifyAny(bytes.NewReader(b), record.VerifyOptions{})
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return "", fmt.Errorf("verifying the proof of silence: %w", err)
	}
	if r.What != "silence" || !strings.HasPrefix(r.Verdict, "no answer") {
		return "", parley.Errorf(parley.Internal, "the proof of silence says %q of %s", r.Verdict, r.What)
	}
	return fmt.Sprintf("request Nr %04d: %s", i.Serial, r.Verdict), nil
}

// flips is how many bytes of a record the last step turns, one at a time.
const flips = 12

// flipped turns one bit of an exported record, in several places one after the
// other: each is refused, with its place.
func (y *Story) flipped(ctx context.Context) (string, error) {
	x, err := y.d.Alder.export(ctx, false)
	if err != nil {
		return "", err
	}
	shown := ""
	for n := range flips {
		at := (2*n + 1) * len(x.bytes) / (2 * flips)
		what, err := refused(x.bytes, at)
		if err != nil {
			return "", err
		}
		if n == flips/2 {
			shown = fmt.Sprintf("byte %d of %d turned: refused at %s", at, len(x.bytes), what)
		}
	}
	return fmt.Sprintf("%d single flips of Alder's record, all refused; %s", flips, shown), nil
}

// refused turns a bit of byte at in a copy of a record, and returns what verify
// says of it. It is an error that it verifies.
func refused(rec []byte, at int) (string, error) {
	b := bytes.Clone(rec)
	b[at] ^= 1
	r, err := record.Verify(bytes.NewReader(b), record.VerifyOptions{})
	if err != nil {
		return err.Error(), nil
	}
	if r.Bad() == 0 {
		return "", parley.Errorf(parley.Internal, "byte %d of a record was turned and it still verifies", at)
	}
	return r.Errors[0].String(), nil
}
