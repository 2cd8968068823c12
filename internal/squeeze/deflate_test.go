package squeeze

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// inflate reads a stream as any other program would.
func inflate(t testing.TB, z []byte) []byte {
	t.Helper()
	src := bytes.NewReader(z)
	got, err := io.ReadAll(flate.NewReaderDict(src, Dictionary))
	if err != nil {
		t.Fatalf("a stream of ours does not inflate: %v", err)
	}
	if src.Len() > 0 {
		t.Fatalf("%d bytes after the stream", src.Len())
	}
	return got
}

// usual is what compress/flate makes of plain.
func usual(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriterDict(&b, flate.DefaultCompression, Dictionary)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(plain)
	w.Close()
	return b.Bytes()
}

func samples() map[string][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, Max)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	fib := []byte{} // frequencies that make the deepest tree
	for i, a, b := 0, 1, 1; len(fib)+a < Max; i, a, b = i+1, b, a+b {
		fib = append(fib, bytes.Repeat([]byte{byte(130 + 5*i)}, a)...)
	}
	rng.Shuffle(len(fib), func(i, j int) { fib[i], fib[j] = fib[j], fib[i] })
	latin := "The patrol vessel of your coast guard and ours passed at a distance of 900 metres north of the shoal at 0640Z. No shots were fired and nobody was hurt. "
	return map[string][]byte{
		"empty": {}, "one": {0}, "two": {1, 2}, "noise 10": noise[:10], "noise 300": noise[:300], "noise": noise, "deep": fib,
		"zeros": make([]byte, Max), "latin": []byte(latin), "long latin": []byte(strings.Repeat(latin, 40)),
		"chinese":    []byte("贵方海警巡逻船与我方船只于零六四零时在浅滩以北九百米处相遇。双方未开火,无人受伤。请贵方船只在中午之前与该海域保持两海里距离。"),
		"arabic":     []byte("مرت سفينة الدورية التابعة لخفر السواحل لديكم وسفينتنا على مسافة تسعمئة متر شمال الضحضاح. لم تطلق أي طلقة ولم يصب أحد."),
		"dictionary": Dictionary, "its end": Dictionary[len(Dictionary)-100:], "its beginning": Dictionary[:258],
	}
}

func TestSqueezeInflatesAnywhere(t *testing.T) {
	for name, plain := range samples() {
		got := Append([]byte("before"), plain)
		if !bytes.HasPrefix(got, []byte("before")) {
			t.Errorf("%s: what stood before is gone", name)
		}
		if back := inflate(t, got[6:]); !bytes.Equal(back, plain) {
			t.Errorf("%s: %d bytes come back as %d others", name, len(plain), len(back))
		}
	}
}

func TestSqueezeIsAsShortAsFlate(t *testing.T) {
	for name, plain := range samples() {
		got, want := len(Append(nil, plain)), len(usual(t, plain))
		if got > want+2+want/50 {
			t.Errorf("%s: %d bytes squeezed to %d, compress/flate makes %d of them", name, len(plain), got, want)
		}
		t.Logf("%s: %d -> %d, compress/flate %d", name, len(plain), got, want)
	}
}

func TestSqueezeKeepsNoPlaintext(t *testing.T) {
	Append(nil, []byte("a word that stays nowhere"))
	s := squeezers.Get().(*squeezer)
	if bytes.Contains(s.text[:cap(s.text)], []byte("stays nowhere")) {
		t.Error("plaintext stays in the pool")
	}
}

func FuzzSqueeze(f *testing.F) {
	for _, s := range samples() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		if len(plain) > Max {
			plain = plain[:Max]
		}
		if got := inflate(t, Append(nil, plain)); !bytes.Equal(got, plain) {
			t.Errorf("%x comes back as %x", plain, got)
		}
	})
}
