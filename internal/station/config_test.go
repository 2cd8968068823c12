package station

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley"
)

// TestConfigOfAnother: who may not read it is told as whom he can.
func TestConfigOfAnother(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ConfigName), nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadConfig(dir); parley.KindOf(err) != parley.NotAllowed || !strings.Contains(parley.HintOf(err), "own user") {
		t.Errorf("%v (%s)", err, parley.HintOf(err))
	}
}

// TestConfigRefusals: what a hand may write into the file is refused at once,
// with the key, and not when the station is under way.
func TestConfigRefusals(t *testing.T) {
	good := string(Config{Party: "alder", Name: "Alder", Languages: "en", ListenQUIC: ":7443", AnnounceTLS: "[2001:db8::1]:7443", KeepFree: 100}.Text())
	if _, err := parseConfig([]byte(good), "f"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, says string }{
		{"listen_quic = :7443", "listen_quic = alder.example:7443", "f: listen_quic: "},
		{"listen_quic = :7443", "listen_quic = 192.0.2.1", "f: listen_quic: "},
		{"listen_tls = ", "listen_tls = localhost:7443", "f: listen_tls: "},
		{"listen_media = ", "listen_media = media.example:7", "f: listen_media: "},
		{"listen_sip = ", "listen_sip = 192.0.2.1:99999", "f: listen_sip: "},
		{"announce_tls = [2001:db8::1]:7443", "announce_tls = alder.example:7443", "f: announce_tls: "},
		{"announce_quic = ", "announce_quic = :7443", "f: announce_quic: "},
		{"keep_free = 100", "keep_free = 101", "keep_free = 101: want a share"},
		{"keep_free = 100", "keep_free = -1", "not a whole number"},
		{"keep_free = 100", "keep_free = 100\nkeep_free = 1", "set twice"},
		{"party = alder", "party = alder\n" + strings.Repeat("x", 70_000), "the line is longer than"},
	} {
		text := strings.Replace(good, c.from+"\n", c.to+"\n", 1)
		if text == good {
			t.Fatalf("the file has no line %q", c.from)
		}
		if _, err := parseConfig([]byte(text), "f"); parley.KindOf(err) != parley.Malformed || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.to[:min(len(c.to), 60)], err, c.says)
		}
	}
}

// TestNoStationThere: what is refused is named as it was typed, whether the directory
// is there and empty or is not there at all.
func TestNoStationThere(t *testing.T) {
	dir := t.TempDir()
	for _, at := range []string{dir, filepath.Join(dir, "nowhere"), filepath.Join(dir, "nowhere", ConfigName)} {
		want := "there is no station in " + strings.TrimSuffix(at, "/"+ConfigName)
		if _, err := LoadConfig(at); parley.KindOf(err) != parley.NotFound || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
