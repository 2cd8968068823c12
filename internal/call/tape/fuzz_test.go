package tape

import (
	"bytes"
	"testing"
)

// FuzzAbout reads the head of a recording, and the packets of a voice: nothing that
// somebody else wrote brings us down.
func FuzzAbout(f *testing.F) {
	f.Add([]byte(`{"party":"alder","person":1,"name":"Ada","kind":0,"zero":1,"from":2}`))
	f.Add([]byte{0xfb, 6})
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := readAbout(b); err != nil && a.Person != 0 && a.Name != "" && len(b) == 0 {
			t.Error("out of nothing came somebody")
		}
		n := samplesOf(b)
		if n < 0 || n > 6*frame20 {
			t.Errorf("% x has %d samples", b, n)
		}
		if n == 0 {
			return
		}
		var o ogg
		out := o.head(nil)
		out = o.fill(out, b[0], 10*frame20, func(b []byte) []byte { return b })
		out = o.page(o.packet(out, b, n), endOfStream)
		packets, granules, ends := pages(t, out)
		if !ends || !bytes.Equal(packets[len(packets)-1], b) || granules[len(granules)-1] != n+10*frame20 {
			t.Errorf("% x is not played as it was taped", b)
		}
	})
}
