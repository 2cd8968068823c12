package interop

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"parley/internal/c2sp"
	"parley/internal/journal"
	"parley/internal/wire"
)

// extra is what a proof file carries beside the proof (spec/proofs.md).
type extra struct {
	_            struct{} `cbor:",toarray"`
	Version      uint64
	Founding     []byte
	Certificates [][]byte
	Entry        []byte
	Key          any
	Receipts     any
}

// carried matches a proof file in a page (spec/page.md), as anybody may find it.
var carried = regexp.MustCompile(`href="data:text/plain;charset=utf-8,([^"]+)"`)

// TestTorchwoodVerifiesAPublishedPage: torchwood takes the proof files of a page,
// and verifies leaf, inclusion and the log's Ed25519 signature. With a bit of the
// note or of the entry turned it refuses.
func TestTorchwoodVerifiesAPublishedPage(t *testing.T) {
	pages, err := filepath.Glob("../examples/published/*.html")
	if err != nil || len(pages) != 2 {
		t.Fatalf("%v, %v", pages, err)
	}
	proofs := 0
	for _, name := range pages {
		html, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range carried.FindAllSubmatch(html, -1) {
			proofs++
			text, err := url.PathUnescape(string(m[1]))
			if err != nil {
				t.Fatal(err)
			}
			b := []byte(text)
			ours, err := c2sp.ParseProof(b)
			if err != nil {
				t.Fatal(err)
			}
			var x extra
			if err := wire.Decode(ours.Extra, &x); err != nil {
				t.Fatal(err)
			}
			cert, err := journal.ParseCertificate(x.Certificates[0])
			if err != nil {
				t.Fatal(err)
			}
			keys := c2sp.LogKeys(cert.Origin(), cert.Log)
			v, err := note.NewVerifier(keys[0].String())
			if err != nil {
				t.Fatal(err)
			}
			policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(cert.Origin()), torchwood.SingleVerifierPolicy(v))
			leaf := tlog.RecordHash(x.Entry)
			if err := torchwood.VerifyProof(policy, leaf, b); err != nil {
				t.Errorf("%s, proof %d: torchwood: %v", name, i+1, err)
			}
			leaf[0] ^= 1
			if torchwood.VerifyProof(policy, leaf, b) == nil {
				t.Errorf("%s, proof %d: torchwood takes another entry", name, i+1)
			}
			leaf[0] ^= 1
			at := bytes.Index(b, []byte("\n\n")) + 2 + len(cert.Origin()) + 4 // in the checkpoint
			bad := bytes.Clone(b)
			bad[at] ^= 1
			if torchwood.VerifyProof(policy, leaf, bad) == nil {
				t.Errorf("%s, proof %d: torchwood takes an altered checkpoint", name, i+1)
			}
		}
	}
	if proofs != 6 {
		t.Errorf("%d proofs were looked at, want 6", proofs)
	}
}
