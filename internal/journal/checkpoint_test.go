package journal

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"parley"
)

func TestCheckpointText(t *testing.T) {
	c := Checkpoint{alderLog, 42, EmptyRoot}
	want := "a100000000000000000000000000000f/alder/0102030405060708\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
	if got := string(c.Text()); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestParseOrigin(t *testing.T) {
	line, party, gen, err := ParseOrigin(alderLog)
	if err != nil || line != testLine || party != "alder" || gen != alderGen {
		t.Fatalf("got %v %v %v %v", line, party, gen, err)
	}
	for _, s := range []string{"", "/", "//", birchHeld, strings.ToUpper(alderLog), alderLog + "0", "x" + alderLog,
		strings.Replace(alderLog, "alder", "", 1), strings.Replace(alderLog, "alder", "Alder", 1)} {
		_, _, _, err := ParseOrigin(s)
		wantKind(t, err, parley.Malformed)
	}
}

// TestMessages pins the signed bytes, written out from C2SP tlog-cosignature.
func TestMessages(t *testing.T) {
	c := Checkpoint{"o/a/1", 7, EmptyRoot}
	ed, ml := LogMessages(c)
	if !bytes.Equal(ed, c.Text()) {
		t.Errorf("a log signs %q with ed25519, want the text", ed)
	}
	want := []byte("subtree/v1\n\x00" + "\x05o/a/1" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x05o/a/1" +
		"\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x07" + string(EmptyRoot[:]))
	if !bytes.Equal(ml, want) {
		t.Errorf("a log signs with ml-dsa\n%q, want\n%q", ml, want)
	}
	ed, ml = CosignMessages("o/b/2/held", c, 1234567890)
	if want := "cosignature/v1\ntime 1234567890\n" + string(c.Text()); string(ed) != want {
		t.Errorf("a holder signs %q with ed25519, want %q", ed, want)
	}
	want = []byte("subtree/v1\n\x00" + "\x0ao/b/2/held" + string(binary.BigEndian.AppendUint64(nil, 1234567890)) + "\x05o/a/1" +
		"\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x07" + string(EmptyRoot[:]))
	if !bytes.Equal(ml, want) {
		t.Errorf("a holder signs with ml-dsa\n%q, want\n%q", ml, want)
	}
}
