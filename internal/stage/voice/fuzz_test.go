package voice

import (
	"testing"

	"parley"
)

// FuzzUnpack: any bytes are packets that together are no longer than the file, or
// are refused.
func FuzzUnpack(f *testing.F) {
	for _, name := range Names {
		b, err := files.ReadFile("speech/" + name + ".opus")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:600])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		packets, err := unpack(b)
		if err != nil {
			if parley.KindOf(err) != parley.Malformed {
				t.Fatal(err)
			}
			return
		}
		n := 0
		for _, p := range packets {
			n += len(p)
		}
		if n > len(b) {
			t.Fatalf("%d bytes of %d", n, len(b))
		}
	})
}
