package rtc

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
)

// farLoss is what share of a microphone's packets is lost beyond this station. A
// browser adds what lets a listener mend losses (Opus FEC) only as far as reports
// tell it of any, and those of the station end here.
type farLoss struct {
	interceptor.NoOp
	share atomic.Uint64 // bits of a float64
	until atomic.Int64  // Unix nanoseconds, after which it is not known any more
	voice *atomic.Uint32

	last  uint32 // highest number reported of the voice; of pion's one writer of reports
	began bool
	added float64 // packets that were reported as lost and were not lost to us
}

// stale is how long a share is believed.
const stale = 30 * time.Second

// FarLoss says what share of this desk's voice, 0 to 1, is lost on its way to its
// listeners beyond this station, so that the browser protects it. It holds for 30 s.
func (d *Desk) FarLoss(share float64) {
	if share < 0 || share > 1 || math.IsNaN(share) {
		return
	}
	d.far.share.Store(math.Float64bits(share))
	d.far.until.Store(time.Now().Add(stale).UnixNano())
}

// NewInterceptor makes it a factory of itself: there is one for each connection.
func (f *farLoss) NewInterceptor(string) (interceptor.Interceptor, error) { return f, nil }

// BindRTCPWriter sees each report on its way out.
func (f *farLoss) BindRTCPWriter(w interceptor.RTCPWriter) interceptor.RTCPWriter {
	return interceptor.RTCPWriterFunc(func(list []rtcp.Packet, a interceptor.Attributes) (int, error) {
		for _, p := range list {
			if r, ok := p.(*rtcp.ReceiverReport); ok {
				for i := range r.Reports {
					f.add(&r.Reports[i], time.Now())
				}
			}
		}
		return w.Write(list, a)
	})
}

// add puts the loss beyond on top of ours.
func (f *farLoss) add(r *rtcp.ReceptionReport, now time.Time) {
	if v := f.voice.Load(); v == 0 || r.SSRC != v {
		return
	}
	passed := r.LastSequenceNumber - f.last
	f.last = r.LastSequenceNumber
	share := math.Float64frombits(f.share.Load())
	if !f.began || passed > 1<<16 || now.UnixNano() > f.until.Load() {
		share = 0
	}
	f.began = true
	near := float64(r.FractionLost) / 256
	f.added += share * (1 - near) * float64(passed)
	r.FractionLost = uint8(min(255, 256*(near+share*(1-near))))
	r.TotalLost = min(1<<23-1, r.TotalLost+uint32(f.added))
}
