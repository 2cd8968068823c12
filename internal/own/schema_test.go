package own

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/internal/sqlfile"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestFirstSchema opens a file that the first released schema wrote. It and the
// schema it was made by are never written anew.
func TestFirstSchema(t *testing.T) {
	const path, sumPath = "testdata/schema1.db.gz", "testdata/schema1.sum"
	text, err := schema.ReadFile("schema/1.sql")
	ok(t, err)
	sum := sha256.Sum256(text)
	if *update {
		writeFirst(t, path)
		ok(t, os.WriteFile(sumPath, []byte(hex.EncodeToString(sum[:])+"\n"), 0o644))
	}
	want, err := os.ReadFile(sumPath)
	ok(t, err)
	if hex.EncodeToString(sum[:]) != strings.TrimSpace(string(want)) {
		t.Fatal("schema/1.sql was edited: add another step instead")
	}
	f, err := os.Open(path)
	ok(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	ok(t, err)
	b, err := io.ReadAll(z)
	ok(t, err)
	file := filepath.Join(t.TempDir(), "own.db")
	ok(t, os.WriteFile(file, b, 0o600))
	s, err := Open(file, gcmSealer(1))
	ok(t, err)
	defer s.Close()
	ds, err := s.Drafts()
	ok(t, err)
	if len(ds) != 1 || ds[0].Text != "Is the exercise over?" {
		t.Errorf("drafts %+v", ds)
	}
	if n, _, err := s.CheckAudit(); err != nil || n != 1 {
		t.Errorf("audit: %d rows, %v", n, err)
	}
}

func writeFirst(t *testing.T, path string) {
	t.Helper()
	f := newFixture(t)
	f.draft(t, f.officer(t, "Ada Marsh"))
	_, err := f.AddAudit(AuditRow{Act: "open", Detail: "read"})
	ok(t, err)
	ok(t, f.Store.Close())
	b, err := os.ReadFile(f.path)
	ok(t, err)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(b)
	ok(t, w.Close())
	ok(t, os.MkdirAll("testdata", 0o755))
	ok(t, os.WriteFile(path, z.Bytes(), 0o644))
}

// TestPlans holds the engine to what it is thought to do: a release makes no table
// in memory, and open drafts are found by their index.
func TestPlans(t *testing.T) {
	f := newFixture(t)
	ok(t, f.w.Exclusive(func(c *sqlfile.Conn) error {
		for _, q := range []struct {
			query       string
			args        []any
			want, never string
		}{
			{"EXPLAIN " + setReleased, []any{1, 1, 1, 1, 1}, "IdxDelete", "OpenEphemeral"},
			{"EXPLAIN QUERY PLAN " + openDrafts, nil, "drafts_open", "SCAN drafts]"},
		} {
			rows, err := c.Query(q.query, q.args...)
			if err != nil {
				return err
			}
			var all strings.Builder
			for _, r := range rows {
				fmt.Fprintln(&all, r)
			}
			if s := all.String(); !strings.Contains(s, q.want) || strings.Contains(s, q.never) {
				t.Errorf("%s\n%s", q.query, s)
			}
		}
		return nil
	}))
}
