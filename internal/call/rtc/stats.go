package rtc

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// Stats says how the connection of a desk does.
type Stats struct {
	Live    bool          // it has been connected, and has not ended
	Heard   uint64        // packets of microphone and camera passed on
	Refused uint64        // of the browser, over a bound or out of rule
	Played  uint64        // packets sent to it
	Dropped uint64        // that were to be sent and were not
	Loss    float64       // share of the voices sent that it did not get, by its last reports
	Jitter  time.Duration // of its microphone, as it comes here (RFC 3550)
	RTT     time.Duration // to the browser and back; 0 until known
}

type counts struct {
	heard, refused, played, dropped atomic.Uint64
	loss                            atomic.Uint64 // bits of a float64
	rtt                             atomic.Int64
}

// Stats may be asked for at any time.
func (d *Desk) Stats() Stats {
	live := d.live.Load()
	select {
	case <-d.quit:
		live = false
	default:
	}
	return Stats{Live: live, Heard: d.counts.heard.Load(), Refused: d.counts.refused.Load(), Played: d.counts.played.Load(), Dropped: d.counts.dropped.Load(),
		Loss: math.Float64frombits(d.counts.loss.Load()), Jitter: d.voice.jitter.mean(), RTT: time.Duration(d.counts.rtt.Load())}
}

// report takes what the browser says it got of a slot.
func (d *Desk) report(s *slot, blocks []rtcp.ReceptionReport, now time.Time) {
	_, ssrc, _, ok := s.bound(Opus)
	if s.kind != webrtc.RTPCodecTypeAudio || !ok || !s.busy(now) {
		return
	}
	for _, b := range blocks {
		if b.SSRC != ssrc {
			continue
		}
		if b.LastSenderReport != 0 {
			if rtt := ntp(now) - b.LastSenderReport - b.Delay; rtt < 10<<16 { // a minute is nonsense, and so is less than nothing
				d.counts.rtt.Store(int64(rtt) * int64(time.Second) >> 16)
			}
		}
		loss := float64(b.FractionLost) / 256
		d.counts.loss.Store(math.Float64bits(loss))
		if e, ok := d.ears.(LossEars); ok {
			d.telling.Lock()
			e.Loss(loss)
			d.telling.Unlock()
		}
	}
}

// ntp is the middle 32 bits of a time as reports have it.
func ntp(t time.Time) uint32 {
	const since1900 = 2208988800
	return uint32(uint64(t.Unix()+since1900)<<16 | uint64(t.Nanosecond())<<16/1e9)
}

// jitter is the mean deviation of the spacing of packets (RFC 3550, 6.4.1), in
// ticks of its clock.
type jitter struct {
	last float64
	any  bool
	mu   atomic.Uint64 // bits of the mean, in s
}

func (j *jitter) heard(ts, hz uint32, now time.Time) {
	arrived := float64(now.UnixMicro()) / 1e6
	transit := arrived - float64(ts)/float64(hz)
	if d := math.Abs(transit - j.last); j.any && d < 10 { // more: the clock wrapped, or began anew
		mean := math.Float64frombits(j.mu.Load())
		j.mu.Store(math.Float64bits(mean + (d-mean)/16))
	}
	j.last, j.any = transit, true
}

func (j *jitter) mean() time.Duration {
	return time.Duration(math.Float64frombits(j.mu.Load()) * float64(time.Second))
}
