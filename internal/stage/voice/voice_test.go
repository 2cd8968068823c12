package voice

import (
	"testing"
	"time"

	"parley"
)

// TestSpeeches holds the files to what callers need: they are short and small, in
// packets of 20 ms and one channel, and nearly every packet tells whose it is.
func TestSpeeches(t *testing.T) {
	bytes := 0
	for _, name := range Names {
		s, err := Of(name)
		if err != nil {
			t.Fatal(err)
		}
		if lasts := s.Lasts(); lasts < 4*time.Second || lasts > 10*time.Second {
			t.Errorf("%s lasts %v", name, lasts)
		}
		if told := s.Told(); told*10 < len(s.Packets)*9 {
			t.Errorf("%s: only %d of %d packets tell whose they are", name, told, len(s.Packets))
		}
		for i, p := range s.Packets {
			bytes += len(p)
			// RFC 6716, 3.1: the frame is of 20 ms, one channel, one frame a packet
			config := p[0] >> 3
			whole := config < 12 && config%4 == 1 || config >= 12 && config < 16 && config%2 == 1 || config >= 16 && config%4 == 3
			if !whole || p[0]&4 != 0 || p[0]&3 != 0 {
				t.Errorf("%s: packet %d begins with %#02x", name, i, p[0])
			}
		}
	}
	if bytes > 400<<10 {
		t.Errorf("the speeches have %d bytes", bytes)
	}
	if _, err := Of("nobody"); parley.KindOf(err) != parley.NotFound {
		t.Errorf("a speech that is none: %v", err)
	}
}

// TestUnpackRefuses cuts a file at every place: what is left is read, or refused.
func TestUnpackRefuses(t *testing.T) {
	b, err := files.ReadFile("speech/alder-principal.opus")
	if err != nil {
		t.Fatal(err)
	}
	all, err := unpack(b)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5000 {
		got, err := unpack(b[:n])
		if err == nil && len(got) >= len(all) || err != nil && parley.KindOf(err) != parley.Malformed {
			t.Fatalf("the first %d bytes: %d packets, %v", n, len(got), err)
		}
	}
	for i := range b[:200] {
		x := append([]byte(nil), b...)
		x[i] ^= 0xff
		if got, err := unpack(x); err == nil && len(got) > len(all)+1 {
			t.Errorf("byte %d turned: %d packets", i, len(got))
		}
	}
}

// TestListen counts what tells whose it is, each place once, and nothing else.
func TestListen(t *testing.T) {
	l, err := read()
	if err != nil {
		t.Fatal(err)
	}
	s := l.speeches["alder-principal"]
	c := &Caller{marks: l.marks, heard: map[string]*Heard{}}
	for _, p := range s.Packets {
		c.listen(3, p)
	}
	c.listen(3, s.Packets[100])
	c.listen(4, silence)
	c.listen(4, []byte("something else"))
	h := c.Heard()
	if len(h) != 1 || h[s.Name].Told != s.Told() || h[s.Name].Packets != s.Told()+1 || h[s.Name].Slot != 3 {
		t.Errorf("heard %+v, said %d", h, s.Told())
	}
	c.Forget()
	if len(c.Heard()) != 0 {
		t.Error("he did not forget")
	}
}
