package station

import (
	"sync/atomic"

	"github.com/pion/rtp"

	"parley/internal/call/exchange"
	"parley/internal/call/rtc"
)

type exchangeView = exchange.View

// ears take what the desk of somebody on a call sends.
type ears struct {
	c    *liveCall
	id   uint64
	desk atomic.Pointer[rtc.Desk]
	gone atomic.Bool
}

func (e *ears) Voice(p *rtp.Packet, level uint8) {
	if d := e.desk.Load(); d != nil {
		e.c.x.Voice(e.id, d, p, level)
	}
}

func (e *ears) Picture(p *rtp.Packet) {
	if d := e.desk.Load(); d != nil {
		e.c.x.Picture(e.id, d, p)
	}
}

func (e *ears) PictureAsked(slot int) { e.c.x.PictureAsked(e.id, slot) }

func (e *ears) Gone(error) {
	e.gone.Store(true)
	if d := e.desk.Load(); d != nil {
		e.c.x.Gone(e.id, d)
	}
}
