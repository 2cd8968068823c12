package stage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"parley"
	"parley/internal/station"
)

// storeName is the database of a station's lines in its data directory.
const storeName = "parley.db"

// tampered flips a bit of an exported record, and of a stored entry in Birch's
// stopped station: verify and fsck each name the place. Birch's database is put
// back as it was and the station runs again.
func (y *Story) tampered(ctx context.Context) (string, error) {
	b := y.d.Birch
	x, err := b.export(ctx, false)
	if err != nil {
		return "", err
	}
	at := len(x.bytes) / 2
	said, err := refused(x.bytes, at)
	if err != nil {
		return "", err
	}
	b.halt()
	found, err := b.damage(x.bytes)
	if e := b.start(ctx); err == nil {
		err = e
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("byte %d of an exported record: verify refuses it at %s. %s. Put back as it was, the station runs", at, said, found), nil
}

// damage flips one bit of an entry in the stopped station's database, has fsck
// look, and puts the database back.
func (s *Side) damage(rec []byte) (string, error) {
	path := filepath.Join(s.dir, storeName)
	whole, err := os.ReadFile(path)
	if err != nil {
		return "", parley.Errorf(parley.Unavailable, "reading the database of %s: %v", s.Name, err)
	}
	at := stored(whole, rec)
	if at < 0 {
		return "", parley.Errorf(parley.Internal, "no entry of the record was found in the database of %s", s.Name)
	}
	bad := bytes.Clone(whole)
	bad[at] ^= 1
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		return "", parley.Errorf(parley.Unavailable, "writing the database of %s: %v", s.Name, err)
	}
	defer os.WriteFile(path, whole, 0o600)
	cfg, err := station.LoadConfig(s.dir)
	if err != nil {
		return "", err
	}
	r, err := station.Fsck(cfg, nil)
	if err != nil {
		return fmt.Sprintf("Byte %d of %s's stopped database: fsck says %v", at, s.Name, err), nil
	}
	if r.Bad() == 0 {
		return "", parley.Errorf(parley.Internal, "byte %d of the database of %s was turned and fsck found nothing", at, s.Name)
	}
	f := r.Findings[0]
	return fmt.Sprintf("Byte %d of %s's stopped database: fsck finds %s at %s: %s", at, s.Name, f.Kind, f.Place, f.What), nil
}

// stored finds where the database keeps bytes of an entry of the record; -1
// when it does not.
func stored(db, rec []byte) int {
	const run = 32
	for from := len(rec) / 3; from+run < len(rec); from += run {
		if at := bytes.Index(db, rec[from:from+run]); at >= 0 {
			return at + run/2
		}
	}
	return -1
}

// right mends all cables, wakes the watch, starts what does not run, and waits
// until both lamps are up on every path and Birch reads what Alder reads.
func (y *Story) right(ctx context.Context) (string, error) {
	began := time.Now()
	if err := y.d.Cut("", false); err != nil {
		return "", err
	}
	y.d.Birch.Sleep(false)
	for _, s := range y.d.Sides() {
		if s.Running() {
			continue
		}
		if _, err := os.Stat(filepath.Join(s.dir, station.ConfigName)); err != nil {
			if err := s.putBack(); err != nil {
				return "", err
			}
			s.newAudit()
		}
		if err := s.start(ctx); err != nil {
			return "", err
		}
	}
	if y.waits != "" {
		if _, _, err := y.d.Alder.delivered(ctx, y.waits, 20*time.Second); err != nil {
			return "", err
		}
	}
	shown, err := y.up(ctx)
	if err != nil {
		return "", err
	}
	if _, err := y.sameTexts(ctx); parley.KindOf(err) == parley.NotFound {
		if _, err := y.d.Birch.client.RecoveryWords(ctx, y.d.Line()); err == nil { // a recovery that was cut off
			if _, _, err := y.readable(ctx); err != nil {
				return "", err
			}
		}
	}
	return fmt.Sprintf("%s, after %s", shown, seconds(time.Since(began))), nil
}
