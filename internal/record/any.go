package record

import (
	"bufio"
	"bytes"
	"io"

	"parley"
)

// VerifyAny checks a file of any of the three kinds: an exported record, a
// proof file, a proof of silence. The error is Malformed for anything else.
func VerifyAny(r io.Reader, opts VerifyOptions) (*Report, error) {
	b := bufio.NewReaderSize(r, 4096)
	start, err := b.Peek(32)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(start, []byte("c2sp.org/tlog-proof@")):
		return VerifyProof(b, opts)
	case bytes.HasPrefix(start, item(nil).array(3).uint(itemTitle).text(titleSilence)):
		return VerifySilence(b, opts)
	case bytes.HasPrefix(start, item(nil).array(3).uint(itemTitle)):
		return Verify(b, opts)
	}
	return nil, parley.Errorf(parley.Malformed, "byte 0: neither a record nor a proof").
		WithHint("a record starts with \"parley record\", a proof file with \"c2sp.org/tlog-proof@v1\"")
}
