package bearer

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"parley"
)

func framed(frames ...string) []byte {
	var b []byte
	for _, f := range frames {
		b = append(AppendHeader(b, len(f)), f...)
	}
	return b
}

func TestReadFrame(t *testing.T) {
	long := strings.Repeat("x", MaxFrame)
	want := []string{"", "a", "bc", long, ""}
	r := iotest.OneByteReader(bytes.NewReader(framed(want...)))
	for i, w := range want {
		got, err := ReadFrame(r)
		if err != nil || string(got) != w {
			t.Fatalf("frame %d: %d bytes, %v, want %d", i, len(got), err, len(w))
		}
	}
	if _, err := ReadFrame(r); err != io.EOF {
		t.Errorf("at the end: %v, want EOF", err)
	}
}

func TestReadFrameRefuses(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name string
		r    io.Reader
		want parley.Kind
		is   error
	}{
		{"half a header", strings.NewReader("\x00\x00"), parley.Malformed, io.ErrUnexpectedEOF},
		{"header only", strings.NewReader("\x00\x00\x00\x05"), parley.Malformed, io.ErrUnexpectedEOF},
		{"half a frame", strings.NewReader("\x00\x00\x00\x05ab"), parley.Malformed, io.ErrUnexpectedEOF},
		{"one over", strings.NewReader("\x00\x04\x00\x01"), parley.Oversize, nil},
		{"giant", strings.NewReader("\xff\xff\xff\xff"), parley.Oversize, nil},
		{"a broken wire", iotest.ErrReader(broken), parley.Internal, broken},
	}
	for _, tt := range tests {
		f, err := ReadFrame(tt.r)
		if f != nil || err == nil || parley.KindOf(err) != tt.want || (tt.is != nil && !errors.Is(err, tt.is)) {
			t.Errorf("%s: got %q, %v, want %v", tt.name, f, err, tt.want)
		}
	}
}

func TestGiantLengthAllocatesNothing(t *testing.T) {
	b := []byte("\xff\xff\xff\xff")
	if n := testing.AllocsPerRun(100, func() { ReadFrame(bytes.NewReader(b)) }); n > 10 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(framed("a", "", "bcd"))
	f.Add([]byte("\x00\x00\x00\x05ab"))
	f.Add([]byte("\x00\x04\x00\x01"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		var again []byte
		for {
			frame, err := ReadFrame(r)
			if err != nil {
				if err != io.EOF && parley.KindOf(err) != parley.Malformed && parley.KindOf(err) != parley.Oversize {
					t.Fatalf("an error without a kind: %v", err)
				}
				if err == io.EOF && !bytes.Equal(again, b) {
					t.Fatalf("%x was read as %x", b, again)
				}
				break
			}
			if len(frame) > MaxFrame {
				t.Fatalf("a frame of %d bytes", len(frame))
			}
			again = append(AppendHeader(again, len(frame)), frame...)
		}
		if !bytes.HasPrefix(b, again) {
			t.Fatalf("%x was read as %x", b, again)
		}
	})
}
