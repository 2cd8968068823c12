package main

import (
	"fmt"
	"path/filepath"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/key"
	"parley/internal/keyfile"
	"parley/internal/line"
	"parley/internal/store"
	"parley/internal/store/sqlite"
	"parley/internal/wire"
)

// openStore opens the store of a station that is stopped.
func openStore(dir string) (*sqlite.Store, *key.Storage, error) {
	seed, err := keyfile.Read(filepath.Join(dir, "storage.key"), "storage key", nil)
	if err != nil {
		return nil, nil, err
	}
	storage, err := key.StorageFromSeed(seed)
	if err != nil {
		return nil, nil, err
	}
	s, err := sqlite.Open(dir, storage, sqlite.Options{})
	return s, storage, err
}

// openLine opens one line of a stopped station.
func openLine(dir, id string) (s *sqlite.Store, l store.Line, f *charter.Founding, err error) {
	if s, _, err = openStore(dir); err != nil {
		return nil, nil, nil, err
	}
	n, err := parley.ParseLineID(id)
	if err != nil {
		return nil, nil, nil, err
	}
	l = s.Line(n)
	raw, _, err := l.Founding()
	if err != nil {
		return nil, nil, nil, err
	}
	f, err = charter.ParseFounding(raw)
	return s, l, f, err
}

type sizesArgs struct {
	Dir, Line string
	Party     parley.PartyCode // whose log
	From, To  uint64
}

// sizes is what a stretch of a log takes, per entry where it says so.
type sizes struct {
	Entries, Heads, Receipts             int
	EntryBytes, Text                     int // of the sealed entry, and of its text, on average
	EntryFrame, HeadFrame, ReceiptFrame  int // whole frames, on average
	ThinEntry, ThinReceipt, ThinIndexLen int // frames 20 and 21 of spec/thin.md
}

// storedSizes looks into the store of a stopped station.
func storedSizes(a sizesArgs) (z sizes, err error) {
	s, l, f, err := openLine(a.Dir, a.Line)
	if err != nil {
		return z, err
	}
	defer s.Close()
	r, _ := f.Party(a.Party)
	for at := a.From; at < a.To; {
		es, err := l.Entries(r.Generation, at, 1024)
		if err != nil {
			return z, err
		}
		if len(es) == 0 {
			return z, fmt.Errorf("the log ends at entry %d", at)
		}
		for i := range es[:min(len(es), int(a.To-at))] {
			z.addEntry(&es[i])
		}
		at += uint64(len(es))
	}
	if err := z.addHeads(l, f, r.Generation, a); err != nil {
		return z, err
	}
	z.average()
	return z, nil
}

func (z *sizes) addEntry(e *line.StoredEntry) {
	z.Entries++
	z.EntryBytes += len(e.Bytes)
	b, err := wire.Marshal(&wire.Entry{Gen: e.Gen, Index: e.Index, Bytes: e.Bytes})
	if err == nil {
		z.EntryFrame += len(b)
	}
	z.ThinEntry += len(wire.Encode([]any{uint64(20), e.Index, e.Bytes, make([]byte, 64)}))
	if h, err := form.ParseHeader(e.Header); err == nil && h.Form == "dispatch" {
		if f, _, err := form.ParseBody(h.Form, e.Body); err == nil {
			z.Text += len(f.(*form.Dispatch).Text)
		}
	}
}

func (z *sizes) addHeads(l store.Line, f *charter.Founding, gen parley.GenerationID, a sizesArgs) error {
	for size := a.From; size < a.To; {
		h, ok, err := l.Head(gen, size+1)
		if err != nil || !ok {
			return err
		}
		size = h.Size
		z.Heads++
		b, err := wire.Marshal(&wire.Checkpoint{Gen: gen, Size: h.Size, Ed: h.Ed, ML: h.ML})
		if err != nil {
			return err
		}
		z.HeadFrame += len(b)
	}
	for _, o := range f.Reveals {
		if o.Party == a.Party {
			continue
		}
		for size := a.From; size < a.To; {
			x, ok, err := l.Receipt(gen, o.Generation, size+1)
			if err != nil || !ok {
				return err
			}
			size = x.Size
			z.Receipts++
			b, err := wire.Marshal(&wire.Receipt{Gen: gen, Size: x.Size, Holder: x.Holder, Time: x.Time, Ed: x.Ed, ML: x.ML})
			if err != nil {
				return err
			}
			z.ReceiptFrame += len(b)
			z.ThinReceipt += len(wire.Encode([]any{uint64(21), x.Size, x.Time, make([]byte, 64)}))
		}
	}
	return nil
}

func (z *sizes) average() {
	for _, x := range []struct {
		sum *int
		n   int
	}{{&z.EntryBytes, z.Entries}, {&z.Text, z.Entries}, {&z.EntryFrame, z.Entries}, {&z.ThinEntry, z.Entries}, {&z.HeadFrame, z.Heads}, {&z.ReceiptFrame, z.Receipts}, {&z.ThinReceipt, z.Receipts}} {
		*x.sum /= max(1, x.n)
	}
}

// storedOrder reports whether a log holds the To-From dispatches of one drafting
// from entry From on, each once and in order: serials rising by one, subjects
// numbered from 1. What the station wrote by itself may stand between.
func storedOrder(a sizesArgs) (bool, error) {
	s, l, f, err := openLine(a.Dir, a.Line)
	if err != nil {
		return false, err
	}
	defer s.Close()
	r, _ := f.Party(a.Party)
	last, n := uint64(0), uint64(0)
	for at := a.From; n < a.To-a.From; {
		es, err := l.Entries(r.Generation, at, 1024)
		if err != nil || len(es) == 0 {
			return false, err
		}
		for i := range es {
			h, err := form.ParseHeader(es[i].Header)
			if err != nil {
				continue // an epoch entry has none
			}
			x, _, err := form.ParseBody(h.Form, es[i].Body)
			d, ok := x.(*form.Dispatch)
			if err != nil || !ok || n == a.To-a.From {
				continue
			}
			n++
			if d.Subject != fmt.Sprintf("Dispatch %06d", n) || last != 0 && h.Serial != last+1 {
				return false, fmt.Errorf("entry %d is %q, serial %d after %d; want dispatch %d", es[i].Index, d.Subject, h.Serial, last, n)
			}
			last = h.Serial
		}
		at += uint64(len(es))
	}
	return true, nil
}
