package rtc

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pion/rtp"

	"parley"
)

// nobody hears.
type nobody struct{ gone chan error }

func (nobody) Voice(*rtp.Packet, uint8) {}
func (nobody) Picture(*rtp.Packet)      {}
func (nobody) PictureAsked(int)         {}
func (n nobody) Gone(err error)         { n.gone <- err }

// FuzzOffer: whatever a browser posts is answered or refused in plain words, and
// an answer names one port and no address that was in the offer.
func FuzzOffer(f *testing.F) {
	offers, err := filepath.Glob("testdata/offers/*.sdp")
	if err != nil || len(offers) == 0 {
		f.Fatalf("no offers of browsers: %v", err)
	}
	for _, name := range offers {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	s, err := Listen(Options{Addr: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, text string) {
		n := nobody{make(chan error, 1)}
		d, answer, err := s.Join(t.Context(), text, n)
		if err != nil {
			switch k := parley.KindOf(err); k {
			case parley.Malformed, parley.Unsupported, parley.Oversize:
			default:
				t.Fatalf("%v: %v", k, err)
			}
			if len(err.Error()) > 400 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if got := strings.Count(answer, "a=candidate:"); got != len(s.hosts()) {
			t.Errorf("%d candidates, want %d", got, len(s.hosts()))
		}
		d.Close()
		if err := <-n.gone; err != nil {
			t.Error(err)
		}
	})
}

// FuzzPart: a packet of a browser is refused, or is a copy that says no more than
// its place, its time and its payload.
func FuzzPart(f *testing.F) {
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 109, Marker: true, SequenceNumber: 7, CSRC: []uint32{1, 2}}, Payload: []byte("voice")}
	if err := p.SetExtension(3, []byte{0x85}); err != nil {
		f.Fatal(err)
	}
	b, err := p.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, level uint8) {
		got, loud, ok := readPart(b, map[uint8]bool{109: true}, level)
		if !ok {
			return
		}
		if loud > 127 && loud != 255 || got.Extension || len(got.CSRC) > 0 || got.Padding || len(got.Payload) > len(b) || len(b) > maxPart {
			t.Errorf("%v, level %d", got.Header, loud)
		}
	})
}

// FuzzPicture: ids are rewritten in place, and nothing else is.
func FuzzPicture(f *testing.F) {
	f.Add([]byte{0x90, 0xe0, 0x85, 0x01, 0x07, 0x00, 0x10, 1, 2}, true)
	f.Add([]byte{0x10, 0x00}, false)
	f.Add([]byte{0x80, 0x80, 0x7f, 1}, false)
	v := views{topID: 32767, topBase: 255}
	f.Fuzz(func(t *testing.T, b []byte, fresh bool) {
		d, ok := readPicture(b)
		if !ok {
			return
		}
		before := slices.Clone(b)
		out := v.place(b, d, fresh)
		if !slices.Equal(b, before) {
			t.Fatal("the payload of others was touched")
		}
		again, ok := readPicture(out)
		if d.id, again.id = 0, 0; !ok || again != d || len(out) != len(b) {
			t.Fatalf("%+v became %+v", d, again)
		}
		for i := range out {
			if out[i] != b[i] && i != d.base && (d.idBits == 0 || i < d.idAt || i > d.idAt+d.idBits/8) {
				t.Fatalf("byte %d was altered", i)
			}
		}
	})
}
