package control

import (
	"strings"
	"testing"

	"parley"
)

// TestEncodeRefusesWhatIsNoUTF8 asks that no text reaches a station as another
// than it was given.
func TestEncodeRefusesWhatIsNoUTF8(t *testing.T) {
	for s, want := range map[string]bool{
		"\xff\xfe": false, "half \xe2\x80": false, "a\\\xff": false,
		"": true, "\ufffd": true, `\ufffd`: true, `\\ufffd`: true, "中文 \u202e": true,
	} {
		b, err := encode("test", map[string]string{"subject": s})
		if (err == nil) != want {
			t.Errorf("%q: %s, %v", s, b, err)
		}
		if err != nil && (parley.KindOf(err) != parley.Malformed || !strings.Contains(err.Error(), "UTF-8")) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
