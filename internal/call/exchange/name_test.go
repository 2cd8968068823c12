package exchange

import (
	"testing"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/call/trunk"
	"parley/internal/contact"
)

// TestHalfNamesItsCall: what an exchange sends names the call of its flow, and what
// names another is passed over.
func TestHalfNamesItsCall(t *testing.T) {
	exchangeOf := func(us, them parley.PartyCode, flow uint32, send func([]byte)) *Exchange {
		return New(Options{Us: us, Others: []parley.PartyCode{them}, Run: 1, Mode: contact.NotInterpreted, Flow: flow, Now: time.Now, Changed: func() {}, Through: func(time.Time) {},
			Paths: func(parley.PartyCode) []trunk.Path { return nil }, Send: func(_ parley.PartyCode, half []byte) { send(half) }})
	}
	x := exchangeOf("alder", "birch", 7, func([]byte) {})
	for _, flow := range []uint32{8, 7} {
		exchangeOf("birch", "alder", flow, func(half []byte) {
			if h, err := call.ParseHalf(half); err != nil {
				t.Error(err)
			} else if n, ok := h.Call(); !ok || n != uint64(flow) {
				t.Errorf("a half of call %d names %d", flow, n)
			}
			if err := x.HalfIn("birch", half); err != nil {
				t.Error(err)
			}
		}).step()
		if taken := x.View().State.Halves["birch"] != nil; taken != (flow == 7) {
			t.Errorf("call 7 has taken a half of call %d: %t", flow, taken)
		}
	}
}
