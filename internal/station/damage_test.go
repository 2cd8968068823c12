package station

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"net"
	"testing"

	"parley"
	"parley/internal/store/hwm"
)

func sha(s string) [32]byte { return sha256.Sum256([]byte(s)) }

func hexOf(h [32]byte) string { return hex.EncodeToString(h[:]) }

func markOf(gen parley.GenerationID, size uint64) hwm.Mark { return hwm.Mark{Gen: gen, Size: size} }

// taken returns a TCP address that somebody listens on.
func taken(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// damage alters, behind the store's back, the last byte of a sealed entry, half
// the signature of a checkpoint, and half that of each receipt.
func damage(t testing.TB, cfg Config) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+cfg.path(storeFile))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var id int64
	var b []byte
	if err := db.QueryRow("SELECT id, bytes FROM entries WHERE secret IS NOT NULL LIMIT 1").Scan(&id, &b); err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if _, err := db.Exec("UPDATE entries SET bytes = ? WHERE id = ?", b, id); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE receipts SET ed = zeroblob(64); UPDATE heads SET ml = zeroblob(2420) WHERE id = (SELECT min(id) FROM heads)"); err != nil {
		t.Fatal(err)
	}
}
