package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pion/opus"

	"parley/internal/stage/voice"
	"parley/internal/station"
)

// playout is how long after the quickest packet one may come and still be heard:
// what a browser's jitter buffer grows to where it must.
const playout = 150 * time.Millisecond

// warmUp is how long the trunk has to find out how lossy it is.
const warmUp = 4 * time.Second

// callLoss measures what reaches a listener over lossy paths, and how well speech
// is understood then.
func callLoss(b *bench, r *report) error {
	speech, err := spoken(b.quick)
	if err != nil {
		return err
	}
	w, err := b.newWired(true)
	if err != nil {
		return err
	}
	defer w.away()
	defer w.close()
	w.set(100*time.Millisecond, 0, false)
	t := table{What: fmt.Sprintf("random loss in each direction, RTT 100 ms; in time: within %v of the quickest", playout), Columns: []string{"packets said", "came %", "in time %", "STOI", "ViSQOL", "p50 ms", "p99 ms"}}
	losses := []int{0, 10, 20, 30}
	if b.quick {
		losses = []int{0, 20}
	}
	for _, x := range []struct {
		paths  string
		voices int // of one side at once
		losses []int
	}{{"QUIC", 1, losses}, {"QUIC", 4, []int{0, 20}}, {"QUIC", 8, []int{0, 20}}, {"all", 1, losses}} {
		clear := 0.0
		name := pathsName(x.paths)
		if x.voices > 1 {
			name += fmt.Sprintf(", one of %d voices", x.voices)
		}
		for _, loss := range x.losses {
			h, err := w.hearAt(x.paths, float64(loss)/100, speech, x.voices)
			if err != nil {
				return fmt.Errorf("loss of %d %% on %s: %w", loss, name, err)
			}
			score, visqol, err := h.scored(b.dir)
			if err != nil {
				return err
			}
			if loss == 0 {
				clear = score
			}
			if loss == 20 {
				r.atMost("STOI lost at 20 % loss, "+name, max(0, clear-score), 0.08, "under lossless")
			}
			came, inTime, p50, p99 := h.counted()
			t.add(fmt.Sprintf("%d %% on %s", loss, name), count(len(h.took)), num(100*came), num(100*inTime), num(score), visqol, millis(p50), millis(p99))
		}
	}
	r.More = append(r.More, t)
	r.note("STOI is of what is heard in time, decoded by pion/opus, beside the same packets without loss; a lost packet is the last one's sound again at half the level, and again: no concealment of a browser")
	r.note("loss on the TCP path is a retransmission's time for each 4 KiB, in order, as TCP does it: late, not gone")
	if os.Getenv("VISQOL") == "" {
		r.note("ViSQOL: not measured, VISQOL names no program")
	}
	return nil
}

func pathsName(paths string) string {
	if paths == "all" {
		return "both paths, QUIC and TLS"
	}
	return "one path, QUIC"
}

// listened is what came of each packet of a speech: how long it was under way, 0
// where it did not come, and what it held; and what was said.
type listened struct {
	took       []time.Duration
	opus, said [][]byte
}

// hearAt has Alder speak the speech to Birch over lossy paths, in a call of its own,
// while others of Alder's side speak it, too.
func (w *wired) hearAt(paths string, loss float64, speech [][]byte, voices int) (h listened, err error) {
	w.set(100*time.Millisecond, 0, false)
	if err := w.only(paths); err != nil {
		return h, err
	}
	all, err := w.leaders(packetEvery, 8, speech, func() (ms []*member, err error) {
		for i := range voices - 1 {
			m, err := w.comes(w.a, 'a'+byte(i), 2, station.CallPerson{Name: fmt.Sprint("Delegate ", i), Role: "delegate", Tongue: "en"})
			if err != nil {
				return ms, err
			}
			m.speaks(packetEvery, speech)
			ms = append(ms, m)
		}
		return ms, nil
	})
	if err != nil {
		return h, err
	}
	w.set(100*time.Millisecond, loss, true)
	time.Sleep(warmUp)
	n := uint32(len(speech))
	a, b := all[0], all[1]
	b.forget(true)
	time.Sleep(200 * time.Millisecond)
	from := a.said.Load() + 1
	time.Sleep(time.Duration(n)*packetEvery + time.Second)
	x := b.of('A')
	for k := from; k < from+n; k++ {
		h.took, h.opus = append(h.took, x.kept[k].took), append(h.opus, x.kept[k].opus)
		h.said = append(h.said, speech[int(k)%len(speech)])
	}
	w.set(100*time.Millisecond, 0, false)
	return h, w.over(all...)
}

// counted says what share came at all and in time, and how long it was under way.
func (h *listened) counted() (came, inTime float64, p50, p99 time.Duration) {
	var ds []time.Duration
	late := h.late()
	ok := 0
	for _, t := range h.took {
		if t > 0 {
			ds = append(ds, t)
			if t <= late {
				ok++
			}
		}
	}
	n := float64(len(h.took))
	return float64(len(ds)) / n, float64(ok) / n, quantile(ds, 0.5), quantile(ds, 0.99)
}

// late is what takes too long to be heard.
func (h *listened) late() time.Duration {
	least := time.Hour
	for _, t := range h.took {
		if t > 0 {
			least = min(least, t)
		}
	}
	return least + playout
}

// scored decodes the speech as it was heard, and compares it with all of it.
func (h *listened) scored(dir string) (score float64, visqol cell, err error) {
	late := h.late()
	clean, err := decoded(h.said)
	if err != nil {
		return 0, none, err
	}
	inTime := slices.Clone(h.opus)
	for i, t := range h.took {
		if t > late {
			inTime[i] = nil
		}
	}
	heard, err := decoded(inTime)
	if err != nil {
		return 0, none, err
	}
	visqol = none
	if program := os.Getenv("VISQOL"); program != "" {
		v, err := visqolScore(program, dir, clean, heard)
		if err != nil {
			return 0, none, err
		}
		visqol = num(v)
	}
	return stoi(clean, heard, speechRate), visqol, nil
}

const (
	speechRate  = 48_000
	speechFrame = speechRate / 50
)

// decoded is the sound of packets; nil is one that did not come.
func decoded(packets [][]byte) ([]float64, error) {
	dec, err := opus.NewDecoderWithOutput(speechRate, 1)
	if err != nil {
		return nil, err
	}
	out := make([]float64, 0, len(packets)*speechFrame)
	frame, last := make([]float32, 6*speechFrame), make([]float64, speechFrame)
	for i, p := range packets {
		if p == nil {
			for k := range last {
				last[k] /= 2
			}
			out = append(out, last...)
			continue
		}
		n, err := dec.DecodeToFloat32(p, frame)
		if err != nil {
			return nil, fmt.Errorf("packet %d of the speech: %w", i, err)
		}
		if n != speechFrame {
			return nil, fmt.Errorf("packet %d of the speech has %d samples", i, n)
		}
		for k := range last {
			last[k] = float64(frame[k])
		}
		out = append(out, last...)
	}
	return out, nil
}

// spoken is speech in packets of Opus of 20 ms: what two voices of the
// demonstration say, one after the other.
func spoken(quick bool) (packets [][]byte, _ error) {
	for _, name := range []string{"alder-principal", "birch-principal"} {
		x, err := voice.Of(name)
		if err != nil {
			return nil, err
		}
		if packets = append(packets, x.Packets...); quick {
			break
		}
	}
	return packets, nil
}

// visqolScore runs ViSQOL in its mode for speech, at 16 kHz.
func visqolScore(program, dir string, clean, heard []float64) (float64, error) {
	names := [2]string{filepath.Join(dir, "clean.wav"), filepath.Join(dir, "heard.wav")}
	for i, x := range [][]float64{clean, heard} {
		if err := writeWAV(names[i], resample(x, speechRate, 16000), 16000); err != nil {
			return 0, err
		}
	}
	out, err := exec.Command(program, "--use_speech_mode", "--reference_file", names[0], "--degraded_file", names[1]).Output()
	if err != nil {
		return 0, fmt.Errorf("ViSQOL: %w", err)
	}
	for l := range strings.Lines(string(out)) {
		if _, v, ok := strings.Cut(l, "MOS-LQO:"); ok {
			return strconv.ParseFloat(strings.TrimSpace(v), 64)
		}
	}
	return 0, errors.New("ViSQOL says no MOS-LQO")
}

func writeWAV(name string, x []float64, rate uint32) error {
	var b bytes.Buffer
	n := uint32(2 * len(x))
	b.WriteString("RIFF")
	binary.Write(&b, binary.LittleEndian, 36+n)
	b.WriteString("WAVEfmt ")
	for _, v := range []any{uint32(16), uint16(1), uint16(1), rate, 2 * rate, uint16(2), uint16(16)} {
		binary.Write(&b, binary.LittleEndian, v)
	}
	b.WriteString("data")
	binary.Write(&b, binary.LittleEndian, n)
	for _, v := range x {
		binary.Write(&b, binary.LittleEndian, int16(math.Max(-1, math.Min(1, v))*32767))
	}
	return os.WriteFile(name, b.Bytes(), 0o600)
}
