package voice

import (
	"embed"
	"encoding/binary"
	"sync"
	"time"

	"parley"
)

//go:embed speech/*.opus
var files embed.FS

// Frame is how much of a second each packet holds, in samples of 48 kHz.
const Frame = 960

// A Speech is a text spoken once, in packets of Opus of 20 ms.
type Speech struct {
	Name    string // of its file: "alder-principal"
	Packets [][]byte
	told    []bool // the packet is in no other place of any speech: who has it heard this
}

// Told is how many packets tell by themselves what was heard.
func (s *Speech) Told() (n int) {
	for _, t := range s.told {
		if t {
			n++
		}
	}
	return n
}

// Lasts is how long it takes to say it.
func (s *Speech) Lasts() time.Duration { return time.Duration(len(s.Packets)) * 20 * time.Millisecond }

// Names are those of all speeches.
var Names = []string{"alder-principal", "alder-interpreter", "birch-principal", "birch-interpreter"}

// mark is what one packet tells.
type mark struct {
	speech *Speech
	at     int
}

// library is every speech, and what each packet tells.
type library struct {
	speeches map[string]*Speech
	marks    map[string]mark
}

var read = sync.OnceValues(func() (*library, error) {
	l := &library{map[string]*Speech{}, map[string]mark{}}
	for _, name := range Names {
		b, err := files.ReadFile("speech/" + name + ".opus")
		if err != nil {
			return nil, parley.Errorf(parley.Internal, "reading the voice %s: %v", name, err)
		}
		packets, err := unpack(b)
		if err != nil {
			return nil, err
		}
		l.speeches[name] = &Speech{Name: name, Packets: packets, told: make([]bool, len(packets))}
	}
	seen := map[string]int{}
	for _, s := range l.speeches {
		for _, p := range s.Packets {
			seen[string(p)]++
		}
	}
	for _, s := range l.speeches {
		for i, p := range s.Packets {
			if s.told[i] = seen[string(p)] == 1; s.told[i] {
				l.marks[string(p)] = mark{s, i}
			}
		}
	}
	return l, nil
})

// Of returns the speech of a name.
func Of(name string) (*Speech, error) {
	l, err := read()
	if err != nil {
		return nil, err
	}
	if s := l.speeches[name]; s != nil {
		return s, nil
	}
	return nil, parley.Errorf(parley.NotFound, "there is no speech %q", name)
}

// unpack returns the packets of a file of Opus in Ogg (RFC 3533, RFC 7845), less
// its two headers. The error is Malformed.
func unpack(b []byte) (packets [][]byte, err error) {
	const head = 27
	var part []byte
	for len(b) > 0 {
		if len(b) < head || string(b[:4]) != "OggS" {
			return nil, parley.Errorf(parley.Malformed, "no page of Ogg, %d bytes before the end", len(b))
		}
		n := int(b[26])
		if len(b) < head+n {
			return nil, parley.Errorf(parley.Malformed, "a page of Ogg ends in its head")
		}
		laces, body := b[head:head+n], b[head+n:]
		for _, l := range laces {
			if len(body) < int(l) {
				return nil, parley.Errorf(parley.Malformed, "a page of Ogg is cut short")
			}
			part = append(part, body[:l]...)
			body = body[l:]
			if l < 255 {
				packets, part = append(packets, part), nil
			}
		}
		b = body
	}
	if len(packets) < 3 || len(packets[0]) < 19 || string(packets[0][:8]) != "OpusHead" || binary.LittleEndian.Uint16(packets[0][10:]) > 1<<14 {
		return nil, parley.Errorf(parley.Malformed, "no Opus in Ogg")
	}
	return packets[2:], nil
}
