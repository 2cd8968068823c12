package c2sp

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"parley/internal/journal"
	"strings"

	"parley"
)

// AddCheckpointRequest returns the body of a tlog-witness add-checkpoint
// request: the size the witness last cosigned, the consistency proof from there
// to the note's checkpoint, and the signed note.
func AddCheckpointRequest(old uint64, proof []journal.Hash, note []byte) []byte {
	b := fmt.Appendf(nil, "old %d\n", old)
	for _, h := range proof {
		b = fmt.Appendf(b, "%s\n", base64.StdEncoding.EncodeToString(h[:]))
	}
	b = append(b, '\n')
	return append(b, note...)
}

// Answer is what a witness said to an add-checkpoint request.
type Answer struct {
	Lines []SignatureLine // its cosignatures, not verified; none when Stale
	Stale bool            // it knows another size than the request's old one
	Size  uint64          // that size, when Stale: prove from there and ask again
}

// ParseWitnessResponse reads a witness's HTTP status and body. A body may be
// cut at any length by the caller; 64 KiB are plenty. The error is UnknownKey
// when the witness does not trust our key (403), NotFound when it does not know
// our origin (404), BadProof when it refuses the proof (422), Unavailable when
// it may do better later (429, 5xx), and Malformed for anything else.
func ParseWitnessResponse(status int, body []byte) (Answer, error) {
	switch {
	case status == http.StatusOK:
		lines, err := parseLines(body)
		return Answer{Lines: lines}, err
	case status == http.StatusConflict:
		size, err := parseDecimal(strings.TrimSuffix(string(body), "\n"))
		if err != nil {
			return Answer{}, parley.Errorf(parley.Malformed, "the witness knows another checkpoint, of size %q", parley.Clip(string(body)))
		}
		return Answer{Stale: true, Size: size}, nil
	}
	return Answer{}, parley.Errorf(witnessKind(status), "the witness answered %d: %q", status, parley.Clip(strings.TrimSpace(string(body))))
}

func witnessKind(status int) parley.Kind {
	switch {
	case status == http.StatusForbidden:
		return parley.UnknownKey
	case status == http.StatusNotFound:
		return parley.NotFound
	case status == http.StatusUnprocessableEntity:
		return parley.BadProof
	case status == http.StatusTooManyRequests || status >= 500 && status < 600:
		return parley.Unavailable
	}
	return parley.Malformed
}

func parseLines(body []byte) ([]SignatureLine, error) {
	text, ok := strings.CutSuffix(string(body), "\n")
	if !ok {
		return nil, parley.Errorf(parley.Malformed, "the witness answered without a signature line")
	}
	var lines []SignatureLine
	for s := range strings.SplitSeq(text, "\n") {
		l, err := ParseSignatureLine(s)
		if err != nil {
			return nil, fmt.Errorf("the witness's answer: %w", err)
		}
		if lines = append(lines, l); len(lines) > maxSignatures {
			return nil, parley.Errorf(parley.Malformed, "the witness answered with more than %d signatures", maxSignatures)
		}
	}
	return lines, nil
}
