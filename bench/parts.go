package main

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"parley"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/seal"
	"parley/internal/wire"
)

// parts times the pieces of the written path one by one, each alone.
func parts(b *bench) (*report, error) {
	r := &report{Columns: []string{"n", "p50 us", "p95 us"}}
	n := b.size(2000, 300)
	if err := signatureParts(r, n); err != nil {
		return nil, err
	}
	if err := entryParts(r, n); err != nil {
		return nil, err
	}
	if err := b.diskParts(r, n); err != nil {
		return nil, err
	}
	r.note("a dispatch alone on a line makes and verifies one checkpoint and one receipt: 2 signatures of each kind and 2 verifications of each, on the way one after the other")
	return r, nil
}

// piece times f, n times.
func piece(r *report, name string, n int, f func() error) error {
	ds := make([]time.Duration, n)
	for i := range ds {
		began := time.Now()
		if err := f(); err != nil {
			return err
		}
		ds[i] = time.Since(began)
	}
	us := func(d time.Duration) cell { return num(float64(d.Nanoseconds()) / 1e3) }
	r.add(name, count(n), us(quantile(ds, 0.5)), us(quantile(ds, 0.95)))
	return nil
}

// all runs pieces until one fails.
func all(fs ...func() error) error {
	for _, f := range fs {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func signatureParts(r *report, n int) error {
	pair, err := key.NewPair(rand.Reader)
	if err != nil {
		return err
	}
	v, err := key.NewVerifier(pair.Public())
	if err != nil {
		return err
	}
	msg := make([]byte, 200)
	ed, _ := pair.SignEd(msg)
	ml, err := pair.SignML(msg)
	if err != nil {
		return err
	}
	cp := checkpoint(1, msg)
	head, err := journal.Sign(pair, cp)
	if err != nil {
		return err
	}
	return all(
		func() error {
			return piece(r, "Ed25519 sign", n, func() error { _, err := pair.SignEd(msg); return err })
		},
		func() error { return piece(r, "Ed25519 verify", n, func() error { v.VerifyEd(msg, &ed); return nil }) },
		func() error {
			return piece(r, "ML-DSA-44 sign", n, func() error { _, err := pair.SignML(msg); return err })
		},
		func() error { return piece(r, "ML-DSA-44 verify", n, func() error { v.VerifyML(msg, ml); return nil }) },
		func() error {
			return piece(r, "checkpoint, both, verify", n, func() error { return journal.Verify(v, cp, head) })
		},
	)
}

func entryParts(r *report, n int) error {
	h := &form.Header{Form: "dispatch", Serial: 7, From: "envoy", To: []parley.Address{{Party: "birch", Office: "envoy"}}, Marker: parley.Information, Language: "en", Drafted: 1_700_000_000}
	header := form.EncodeHeader(h)
	body := form.EncodeBody(&form.Dispatch{Subject: "Dispatch 000001", Text: text("Latin", 1)}, 7)
	k, origin := seal.Key{1}, checkpoint(1, nil).Origin
	leaf, err := seal.Seal(k, origin, 1, seal.Clear{Epoch: 1, Time: 1_700_000_000}, header, body)
	if err != nil {
		return err
	}
	entry, err := seal.Parse(leaf)
	if err != nil {
		return err
	}
	frame, err := wire.Marshal(&wire.Entry{Bytes: leaf, Index: 1})
	if err != nil {
		return err
	}
	return all(
		func() error {
			return piece(r, "entry: compress, pad, seal", n, func() error {
				_, err := seal.Seal(k, origin, 1, seal.Clear{Epoch: 1, Time: 1_700_000_000}, header, body)
				return err
			})
		},
		func() error {
			return piece(r, "entry: parse the leaf", n, func() error { _, err := seal.Parse(leaf); return err })
		},
		func() error {
			return piece(r, "entry: open", n, func() error { _, _, err := seal.Open(k, origin, 1, entry); return err })
		},
		func() error {
			return piece(r, "entry: leaf hash", n, func() error { journal.LeafHash(leaf); return nil })
		},
		func() error {
			return piece(r, "header: parse", n, func() error { _, err := form.ParseHeader(header); return err })
		},
		func() error {
			return piece(r, "body: parse", n, func() error { _, _, err := form.ParseBody("dispatch", body); return err })
		},
		func() error {
			return piece(r, "frame: parse", n, func() error { _, err := wire.Parse(frame); return err })
		},
	)
}

func (b *bench) diskParts(r *report, n int) error {
	f := &floorEnd{}
	defer f.close()
	dir := filepath.Join(b.dir, "parts")
	if _, err := f.init(dir); err != nil {
		return err
	}
	mark, err := os.OpenFile(filepath.Join(dir, "mark"), os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer mark.Close()
	ml := make([]byte, floorMLSize)
	commit := func(entries int) func() error {
		buf := make([]byte, entries*floorEntry)
		return func() error { return f.keep(buf, floorEntry, [64]byte{}, ml, nil, nil) }
	}
	return all(
		func() error {
			return piece(r, "disk: write 512 octets, fdatasync", n, func() error {
				if _, err := mark.WriteAt(make([]byte, 512), 0); err != nil {
					return err
				}
				return unix.Fdatasync(int(mark.Fd()))
			})
		},
		func() error { return piece(r, "disk: SQLite commit, 1 entry and a head", n, commit(1)) },
		func() error { return piece(r, "disk: SQLite commit, 128 entries and a head", n/10, commit(128)) },
	)
}
