package main

import (
	"os"

	"parley/internal/charter"
	"parley/internal/station"
)

// The two sides of every measure.
var parties = []charter.Party{
	{Code: "alder", Name: "Alder", Languages: []string{"en"}},
	{Code: "birch", Name: "Birch", Languages: []string{"zh"}},
}

// pair is two stations on one line, each in its process.
type pair struct {
	a, b *child
	line string
	dir  string
}

// newPair makes two stations in a directory below that of the bench, and founds
// a line between them.
func (b *bench) newPair(cables bool) (*pair, error) {
	return b.pairOf(func(int) (initArgs, error) { return initArgs{Cables: cables}, nil })
}

// pairOf is newPair with two stations made as they are told.
func (b *bench) pairOf(made func(i int) (initArgs, error)) (*pair, error) {
	p := &pair{}
	var err error
	if p.dir, err = os.MkdirTemp(b.dir, "pair-"); err != nil {
		return nil, err
	}
	begin := b.station
	if begin == nil {
		begin = func() (*child, error) { return b.start("station") }
	}
	for i, at := range []**child{&p.a, &p.b} {
		if *at, err = begin(); err != nil {
			return nil, err
		}
		a, err := made(i)
		if err != nil {
			return nil, err
		}
		x := parties[i]
		a.Dir, a.Party, a.Name, a.Language = p.dir, string(x.Code), x.Name, x.Languages[0]
		if err := do(*at, "init", a); err != nil {
			return nil, err
		}
	}
	if p.line, err = p.found(); err != nil {
		return nil, err
	}
	return p, p.up(2)
}

// found founds one line between the two stations.
func (p *pair) found() (string, error) {
	v, err := call[station.PairingView](p.a, "invite", parties)
	if err != nil {
		return "", err
	}
	for range 3 { // accept, reveal, and the reveals for both
		for _, c := range []*child{p.b, p.a} {
			if v, err = call[station.PairingView](c, "step", v.File); err != nil {
				return "", err
			}
		}
	}
	for _, c := range []*child{p.a, p.b} {
		if err := do(c, "confirm", v.Line); err != nil {
			return "", err
		}
	}
	return v.Line, nil
}

// up waits until both have n paths.
func (p *pair) up(n int) error {
	for _, c := range []*child{p.a, p.b} {
		if err := do(c, "up", upArgs{p.line, n}); err != nil {
			return err
		}
	}
	return nil
}

// only leaves one path; "" leaves none, "all" mends both.
func (p *pair) only(path string) error {
	n := 0
	for _, name := range []string{"QUIC", "TLS"} {
		keep := name == path || path == "all"
		if keep {
			n++
		}
		for _, c := range []*child{p.a, p.b} {
			if err := do(c, "cut", cutArgs{p.line, name, !keep}); err != nil {
				return err
			}
		}
	}
	return p.up(n)
}

// draft makes n dispatches of Alder's ready for release.
func (p *pair) draft(n int, script, precedence string) error {
	return do(p.a, "draft", draftArgs{Line: p.line, To: "birch", Script: script, Precedence: precedence, N: n})
}

func (p *pair) state() (logState, error) { return call[logState](p.a, "state", p.line) }

// close stops both stations, and leaves their directories.
func (p *pair) close() error {
	for _, c := range []*child{p.a, p.b} {
		if err := do(c, "close", nothing{}); err != nil {
			return err
		}
	}
	return nil
}
