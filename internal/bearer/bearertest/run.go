package bearertest

import "testing"

// Run asks k everything.
func Run(t *testing.T, k Kit) {
	tests := []struct {
		name string
		test func(*testing.T, Kit)
		when func(Kit) bool // what it is for; nil: every bearer
	}{
		{"frames arrive whole and in order", testOrder, nil},
		{"largest and empty frames", testSizes, nil},
		{"oversize and unknown class are not sent", testNotSent, nil},
		{"keys are the peers'", testKeys, nil},
		{"exporter", testExporter, nil},
		{"strange key at the dialer", testStrangerDialed, nil},
		{"strange key at the listener", testStrangerDials, nil},
		{"addresses", testAddresses, wired},
		{"port taken", testPortTaken, nil},
		{"close", testClose, nil},
		{"close is seen by the other side", testCloseSeen, nil},
		{"closing the listener", testCloseListener, nil},
		{"listening again", testListenAgain, nil},
		{"recv and its context", testRecvContext, nil},
		{"accept and its context", testAcceptContext, nil},
		{"a slow reader fills a queue, not the sender", testBackpressure, nil},
		{"control is never starved", testControlOwnQueue, nil},
		{"many goroutines", testConcurrency, nil},
		{"flash overtakes bulk", testOvertake, nil},
		{"flash overtakes on a slow path", testOvertakeSlow, wired},
		{"flash overtakes through a long queue", testOvertakeBloat, udp},
		{"loss and reordering", testLossy, wired},
		{"vanished peer", testVanished, wired},
		{"cut and put back", testCutBack, wired},
		{"dial through a cut that ends", testDialBack, wired},
		{"garbage instead of a handshake", testGarbage, wired},
		{"silent strangers", testSilent, tcp},
		{"giant length", testGiant, raw},
		{"cut in a frame", testCutFrame, raw},
		{"one key many times", testManyOfOne, nil},
		{"stats", testStats, nil},
		{"datagrams", testDatagrams, datagrams},
		{"datagrams nobody asks for", testDatagramsUnread, datagrams},
		{"datagrams and the end", testDatagramsEnd, datagrams},
		{"a flood of datagrams holds no flash up", testDatagramFlood, datagrams},
		{"a flood of bulk holds no datagrams up", testDatagramsBesideBulk, datagrams},
		{"flash and datagrams on a slow path", testDatagramsBesideFlash, datagrams},
		{"no datagrams", testNoDatagrams, func(k Kit) bool { return !k.Datagrams }},
	}
	for _, tt := range tests {
		if tt.when != nil && !tt.when(k) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			noLeak(t, func(t *testing.T) { tt.test(t, k) })
		})
	}
}

// What tests are for.
func wired(k Kit) bool     { return k.Network != "" }
func tcp(k Kit) bool       { return k.Network == "tcp" }
func udp(k Kit) bool       { return k.Network == "udp" }
func raw(k Kit) bool       { return k.Raw != nil }
func datagrams(k Kit) bool { return k.Datagrams }
