package tape

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley"
	"parley/internal/key"
)

// pattern is what the packets of these tests say, after their first byte.
var pattern = []byte("a voice that no disk may hold in plain text")

// speech is packet n of somebody: 20 ms of Opus.
func speech(n int) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xf8}, uint16(n)), pattern...)
}

type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time { return time.UnixMilli(1_790_000_000_000 + c.ms.Load()) }

func shelf(t *testing.T) Shelf {
	t.Helper()
	k, err := key.StorageFromSeed(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return Shelf{Dir: filepath.Join(t.TempDir(), "call"), Of: "line call", Storage: k}
}

func start(t *testing.T, s Shelf, c *clock, create func(string) (File, error)) (*Tape, chan error) {
	t.Helper()
	failed := make(chan error, 1)
	x, err := New(Options{Shelf: s, First: 1, Now: c.now, Failed: func(err error) { failed <- err }, Create: create})
	if err != nil {
		t.Fatal(err)
	}
	return x, failed
}

func rtpOf(n int, ssrc uint32, payload []byte, step uint32) *rtp.Packet {
	return &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(n), Timestamp: uint32(n) * step, SSRC: ssrc}, Payload: payload}
}

var ada = Source{Party: "alder", Person: 1, Name: "Ada", Tongue: "en"}

// pages takes an Ogg stream apart: its packets, the granule positions of its
// pages, and whether it ends.
func pages(t *testing.T, b []byte) (packets [][]byte, granules []int64, ends bool) {
	t.Helper()
	var open []byte
	for seq := uint32(0); len(b) > 0; seq++ {
		if len(b) < 27 || string(b[:5]) != "OggS\x00" {
			t.Fatalf("page %d is none", seq)
		}
		n := int(b[26])
		size := 27 + n
		for _, l := range b[27 : 27+n] {
			size += int(l)
		}
		page := bytes.Clone(b[:size])
		sum := binary.LittleEndian.Uint32(page[22:])
		clear(page[22:26])
		if crc(page) != sum || binary.LittleEndian.Uint32(page[18:]) != seq || (page[5]&2 != 0) != (seq == 0) {
			t.Fatalf("page %d: its sum, its number or its flags are wrong", seq)
		}
		ends = page[5]&4 != 0
		granules = append(granules, int64(binary.LittleEndian.Uint64(page[6:])))
		body := page[27+n:]
		for _, l := range page[27 : 27+n] {
			open = append(open, body[:l]...)
			body = body[l:]
			if l < 255 {
				packets, open = append(packets, open), nil
			}
		}
		b = b[size:]
	}
	return packets, granules, ends
}

// at is where in an Ogg stream a payload begins, in milliseconds.
func at(packets [][]byte, payload []byte) int64 {
	pos := int64(-preSkip)
	for _, p := range packets[2:] {
		if bytes.Equal(p, payload) {
			return pos / 48
		}
		pos += samplesOf(p)
	}
	return -1
}

func plain(t *testing.T, s Shelf, n uint64) (Voice, []byte) {
	t.Helper()
	v, err := s.Scan(n)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Filed(n); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.Play(n, v.Whole, &b); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) != v.Bytes {
		t.Errorf("%d bytes, announced %d", b.Len(), v.Bytes)
	}
	return v, b.Bytes()
}

// tapes lets two voices speak: one that begins late, pauses, is overtaken by its own
// packets, says some twice, and goes on from another desk.
func tapes(t *testing.T, s Shelf) {
	c := &clock{}
	x, failed := start(t, s, c, nil)
	pass := func(ms int64) {
		for len(x.in) > 0 {
			time.Sleep(time.Millisecond)
		}
		c.ms.Add(ms)
	}
	bo := Source{Party: "birch", Person: 3, Name: "Bo", Tongue: "zh"}
	for n := range 200 {
		x.Take(bo, rtpOf(n, 9, speech(1000+n), 960), Opus)
		switch {
		case n < 50 || n >= 100 && n < 150: // silent, then away
		case n == 60:
			x.Take(ada, rtpOf(61, 5, speech(61), 960), Opus)
		case n == 61:
			x.Take(ada, rtpOf(60, 5, speech(60), 960), Opus)
			x.Take(ada, rtpOf(60, 5, speech(60), 960), Opus)
		case n < 100:
			x.Take(ada, rtpOf(n, 5, speech(n), 960), Opus)
		default:
			x.Take(ada, rtpOf(n+7000, 6, speech(n), 960), Opus)
		}
		pass(20)
	}
	x.Close()
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
}

// TestVoicesLineUp: each packet is played where it was said, to a frame, in files
// that begin at one moment; nothing is lost, twice or out of order.
func TestVoicesLineUp(t *testing.T) {
	s := shelf(t)
	tapes(t, s)
	open, filed, err := s.List()
	if err != nil || len(open) != 2 || len(filed) != 0 {
		t.Fatalf("%v, %v, %v", open, filed, err)
	}
	for _, n := range open {
		v, b := plain(t, s, n)
		packets, granules, ends := pages(t, b)
		if !ends || !v.Whole || v.Zero != (&clock{}).now() {
			t.Errorf("%s: ends %v, whole %v, begins at %v", v.Name, ends, v.Whole, v.Zero)
		}
		if g := granules[len(granules)-1] - preSkip; g/48 < 3980 || g/48 > 4000 {
			t.Errorf("%s has %d ms, was 4000", v.Name, g/48)
		}
		last := -1
		for n := range 200 {
			want, is := int64(n*20), speech(n)
			if v.Name == "Bo" {
				is = speech(1000 + n)
			} else if n < 50 || n >= 100 && n < 150 {
				continue
			}
			got := at(packets, is)
			if got < want-20 || got > want+20 || int(got) <= last {
				t.Fatalf("%s: packet %d is played at %d ms, was said at %d", v.Name, n, got, want)
			}
			last = int(got)
		}
		if v.Name == "Ada" {
			if v.Tongue != "en" || v.Party != "alder" || v.From.Sub(v.Zero) != time.Second || v.Until.Sub(v.Zero) < 3900*time.Millisecond {
				t.Errorf("Ada: %+v", v)
			}
		}
	}
}

// TestToolsRead lets what others wrote read our files.
func TestToolsRead(t *testing.T) {
	s := shelf(t)
	tapes(t, s)
	_, b := plain(t, s, 2)
	file := filepath.Join(t.TempDir(), "voice.opus")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	ran := false
	for _, c := range [][]string{{"opusinfo", file}, {"ffprobe", "-v", "error", "-show_format", file}} {
		tool, err := exec.LookPath(c[0])
		if err != nil {
			continue
		}
		ran = true
		out, err := exec.Command(tool, c[1:]...).CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("WARNING")) {
			t.Errorf("%s: %v\n%s", c[0], err, out)
		}
		t.Logf("%s", out)
	}
	if !ran {
		t.Fatal("neither opusinfo nor ffprobe is here: run `make deps`")
	}
}

// TestNothingPlainOnDisk: no file of the directory holds what was said.
func TestNothingPlainOnDisk(t *testing.T) {
	s := shelf(t)
	tapes(t, s)
	n := 0
	err := filepath.WalkDir(s.Dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		if bytes.Contains(b, pattern[:8]) || bytes.Contains(b, []byte("OpusHead")) || bytes.Contains(b, []byte("Ada")) {
			t.Errorf("%s holds what was said", p)
		}
		n++
		return err
	})
	if err != nil || n != 2 {
		t.Errorf("%d files, %v", n, err)
	}
	if _, b := plain(t, s, 1); !bytes.Contains(b, pattern) {
		t.Error("what was sealed does not open to what was said")
	}
}

// TestCrash: of a taping that never ended all is readable but what the last second
// brought, wherever it was cut.
func TestCrash(t *testing.T) {
	s, c := shelf(t), &clock{}
	x, _ := start(t, s, c, nil)
	for n := range 300 {
		x.Take(ada, rtpOf(n, 5, speech(n), 960), Opus)
		if n%10 == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		c.ms.Add(20)
	}
	file := s.path(1, openSuffix)
	var b []byte
	for until := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		b, _ = os.ReadFile(file)
		if v, err := s.Scan(1); err == nil && v.Bytes > 300*int64(len(pattern))*8/10 {
			break
		} else if time.Now().After(until) {
			t.Fatalf("%d bytes can be read, %v", v.Bytes, err)
		}
		c.ms.Add(200)
	}
	x.Close()
	most := int64(0)
	for _, cut := range []int{len(b), len(b) - 1, len(b) - 60, len(b) / 2} {
		for _, tail := range [][]byte{nil, make([]byte, 100)} {
			if err := os.WriteFile(file, append(bytes.Clone(b[:cut]), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			v, err := s.Scan(1)
			if err != nil || v.Whole || v.Name != "Ada" {
				t.Errorf("cut at %d of %d: %+v, %v", cut, len(b), v, err)
			}
			most = max(most, v.Bytes)
		}
	}
	if most < 200*int64(len(pattern)) {
		t.Errorf("only %d bytes are left", most)
	}
}

// TestTampered: of a file that stands whole on the record nothing can be changed,
// left out or brought from elsewhere.
func TestTampered(t *testing.T) {
	s := shelf(t)
	tapes(t, s)
	plain(t, s, 1)
	plain(t, s, 2)
	good, err := os.ReadFile(s.path(1, filedSuffix))
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(s.path(2, filedSuffix))
	if err != nil {
		t.Fatal(err)
	}
	first := 4 + int(binary.BigEndian.Uint32(good))
	second := first + 4 + int(binary.BigEndian.Uint32(good[first:]))
	flipped := bytes.Clone(good)
	flipped[second-1] ^= 1
	for name, b := range map[string][]byte{"a bit": flipped, "another file": other, "a chunk left out": append(bytes.Clone(good[:first]), good[second:]...)} {
		if err := os.WriteFile(s.path(1, filedSuffix), b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Play(1, true, new(bytes.Buffer)); parley.KindOf(err) != parley.Corrupt {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// narrow is a file on a disk that is full after some bytes.
type narrow struct {
	*os.File
	left int
}

func (f *narrow) Write(b []byte) (int, error) {
	if len(b) > f.left {
		n, _ := f.File.Write(b[:f.left])
		f.left = 0
		return n, syscall.ENOSPC
	}
	f.left -= len(b)
	return f.File.Write(b)
}

// TestDiskFull: the taping stops, says so once, and what stands is readable.
func TestDiskFull(t *testing.T) {
	s, c := shelf(t), &clock{}
	x, failed := start(t, s, c, func(path string) (File, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		return &narrow{f, 9_000}, err
	})
	var err error
	for n := 0; err == nil && n < 5000; n++ {
		x.Take(ada, rtpOf(n, 5, speech(n), 960), Opus)
		c.ms.Add(20)
		select {
		case err = <-failed:
		case <-time.After(time.Millisecond):
		}
	}
	if !errors.Is(err, syscall.ENOSPC) || x.Open() {
		t.Fatalf("%v, goes on: %v", err, x.Open())
	}
	x.Close()
	v, err := s.Scan(1)
	if err != nil || v.Whole || v.Bytes < 4_000 {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestPhone: PCMU stays what it was, in a WAVE file, with its pauses.
func TestPhone(t *testing.T) {
	s, c := shelf(t), &clock{}
	x, _ := start(t, s, c, nil)
	say := func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 160) }
	for n := range 100 {
		if n < 10 || n >= 40 {
			x.Take(ada, rtpOf(n, 5, say(n), 160), PCMU)
		}
		for len(x.in) > 0 {
			time.Sleep(time.Millisecond)
		}
		c.ms.Add(20)
	}
	x.Close()
	v, b := plain(t, s, 1)
	if v.Kind != PCMU || !v.Whole || len(b) != 58+100*160 {
		t.Fatalf("%+v, %d bytes", v, len(b))
	}
	if string(b[:4])+string(b[8:16]) != "RIFFWAVEfmt " || int(binary.LittleEndian.Uint32(b[4:]))+8 != len(b) || int(binary.LittleEndian.Uint32(b[54:]))+58 != len(b) {
		t.Errorf("the head says % x", b[:58])
	}
	for n := range 100 {
		want := say(n)
		if n >= 10 && n < 40 {
			want = still(160)
		}
		if !bytes.Equal(b[58+n*160:][:160], want) {
			t.Fatalf("at %d ms there is % x", n*20, b[58+n*160:][:8])
		}
	}
}

// TestLateByTelephone: who comes by telephone after hours is played where he spoke, and
// costs no hours of the disk.
func TestLateByTelephone(t *testing.T) {
	s, c := shelf(t), &clock{}
	x, _ := start(t, s, c, nil)
	const hours = 3 * time.Hour
	for n := range 2 {
		c.ms.Add(hours.Milliseconds())
		x.Take(ada, rtpOf(n, uint32(5+n), bytes.Repeat([]byte{byte(n + 1)}, 160), 160), PCMU)
		for len(x.in) > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	x.Close()
	if st, err := os.Stat(s.path(1, openSuffix)); err != nil || st.Size() > 4096 {
		t.Fatalf("%d bytes on the disk, %v", st.Size(), err)
	}
	v, b := plain(t, s, 1)
	long := int(hours.Seconds()) * pcmRate
	if len(b) != 58+2*long+160 || int64(len(b)) != v.Bytes || !v.Whole || int(binary.LittleEndian.Uint32(b[54:])) != 2*long+160 {
		t.Fatalf("%d bytes are played of %+v, want %d", len(b), v, 58+2*long+160)
	}
	for at, want := range map[int]byte{0: 0xff, long - 1: 0xff, long: 1, long + 159: 1, long + 160: 0xff, 2*long - 1: 0xff, 2 * long: 2} {
		if got := b[58+at]; got != want {
			t.Errorf("sample %d is %d, want %d", at, got, want)
		}
	}
}

// synced counts how often a file was made durable.
type synced struct {
	*os.File
	n *atomic.Int64
}

func (f synced) Sync() error { f.n.Add(1); return f.File.Sync() }

// TestEveryFileIsSynced has two voices begin half a second apart: both are made durable
// every few seconds, though they are not sealed at one moment.
func TestEveryFileIsSynced(t *testing.T) {
	s, c := shelf(t), &clock{}
	var counts [2]atomic.Int64
	files := 0
	create := func(path string) (File, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		files++
		return synced{f, &counts[files-1]}, err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	x := &Tape{o: Options{Shelf: s, Now: c.now, Create: create}, zero: c.now(), voices: map[voiceKey]*voice{}, next: 1}
	for n := range 310 {
		for i, from := range []Source{ada, {Party: "birch", Person: 2, Name: "Ben"}} {
			if n < 5*i {
				continue
			}
			if err := x.take(packet{from: from, kind: Opus, at: c.now(), ssrc: 5, seq: uint16(n), ts: uint32(n) * 4800, payload: speech(n)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.tick(c.now()); err != nil {
			t.Fatal(err)
		}
		c.ms.Add(100)
	}
	for i := range counts {
		if n := counts[i].Load(); n < 5 || n > 8 {
			t.Errorf("file %d was made durable %d times in 31 s", i+1, n)
		}
	}
	if err := x.finish(); err != nil {
		t.Fatal(err)
	}
}

// TestHostileVoices: what is no Opus is passed over, more sound than time is not
// taken, and more than so many voices are not taped.
func TestHostileVoices(t *testing.T) {
	s, c := shelf(t), &clock{}
	x, failed := start(t, s, c, nil)
	for _, b := range [][]byte{{0xff}, {0xff, 0}, {0xfb, 63}, {0xf9, 1}, {0x1b, 3, 1}} {
		if samplesOf(b) != 0 {
			t.Errorf("% x is taken for Opus", b)
		}
		x.Take(ada, rtpOf(0, 5, b, 960), Opus)
	}
	for n := range 2000 { // 40 s of sound in no time
		x.Take(ada, rtpOf(n, 5, speech(n), 960), Opus)
		for len(x.in) > 1000 {
			time.Sleep(time.Millisecond)
		}
	}
	for n := range MaxVoices + 20 {
		x.Take(Source{Party: "birch", Person: uint64(n + 2), Name: fmt.Sprint(n)}, rtpOf(0, uint32(n+10), speech(n), 960), Opus)
	}
	x.Close()
	if len(failed) > 0 {
		t.Fatal(<-failed)
	}
	open, _, err := s.List()
	if err != nil || len(open) != MaxVoices || x.Lost() < 20 {
		t.Errorf("%d files, %d lost, %v", len(open), x.Lost(), err)
	}
	v, err := s.Scan(1)
	if err != nil || v.Bytes > 80*int64(len(pattern)+10) {
		t.Errorf("%d bytes of no time, %v", v.Bytes, err)
	}
}
