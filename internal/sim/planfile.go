package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// actFile is an act as a file keeps it.
type actFile struct {
	At   string  `json:"at"`
	Kind string  `json:"kind"`
	A    int     `json:"a"`
	B    int     `json:"b,omitempty"`
	Path int     `json:"path,omitempty"`
	N    int     `json:"n,omitempty"`
	X    float64 `json:"x,omitempty"`
	For  string  `json:"for,omitempty"`
	Line int     `json:"line,omitempty"`
}

// MarshalJSON writes times as 1h2m3s and the kind by its name.
func (a Act) MarshalJSON() ([]byte, error) {
	f := actFile{At: a.At.String(), Kind: a.Kind.String(), A: a.A, B: a.B, Path: a.Path, N: a.N, X: a.X, Line: a.Line}
	if a.For != 0 {
		f.For = a.For.String()
	}
	return json.Marshal(&f)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (a *Act) UnmarshalJSON(b []byte) (err error) {
	var f actFile
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	k := slices.Index(kindNames[:], f.Kind)
	if k < 0 {
		return fmt.Errorf("%q is no kind of act", f.Kind)
	}
	*a = Act{Kind: Kind(k), A: f.A, B: f.B, Path: f.Path, N: f.N, X: f.X, Line: f.Line}
	if a.At, err = time.ParseDuration(f.At); err != nil || f.For == "" {
		return err
	}
	a.For, err = time.ParseDuration(f.For)
	return err
}

// ParsePlan reads a plan that was written as JSON, by hand perhaps.
func ParsePlan(b []byte) (*Plan, error) {
	p := new(Plan)
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("reading a plan: %w", err)
	}
	if p.Parties < 2 || p.Parties > mostParties || p.Cables < 1 || p.Hours < 0 {
		return nil, fmt.Errorf("reading a plan: %d parties, %d cables, %g hours: want 2 to %d, 1 or more, and time that passes", p.Parties, p.Cables, p.Hours, mostParties)
	}
	for i := range p.Acts {
		a := &p.Acts[i]
		n := p.Parties
		if a.Line == 1 {
			n++
		}
		if a.Line < 0 || a.Line > 1 || a.A < 0 || a.A >= n || a.B < 0 || a.B >= n || a.Path < 0 || a.At < 0 {
			return nil, fmt.Errorf("reading a plan: act %d (%s) is done to no station of it", i, a.Kind)
		}
	}
	p.sort()
	return p, nil
}
