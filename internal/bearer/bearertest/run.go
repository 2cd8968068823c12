package bearertest

import "testing"

// Run asks k everything.
func Run(t *testing.T, k Kit) {
	tests := []struct {
		name string
		test func(*testing.T, Kit)
	}{
		{"frames arrive whole and in order", testOrder},
		{"largest and empty frames", testSizes},
		{"oversize and unknown class are not sent", testNotSent},
		{"keys are the peers'", testKeys},
		{"exporter", testExporter},
		{"strange key at the dialer", testStrangerDialed},
		{"strange key at the listener", testStrangerDials},
		{"addresses", testAddresses},
		{"port taken", testPortTaken},
		{"close", testClose},
		{"close is seen by the other side", testCloseSeen},
		{"closing the listener", testCloseListener},
		{"listening again", testListenAgain},
		{"recv and its context", testRecvContext},
		{"accept and its context", testAcceptContext},
		{"a slow reader fills a queue, not the sender", testBackpressure},
		{"control is never starved", testControlOwnQueue},
		{"many goroutines", testConcurrency},
		{"flash overtakes bulk", testOvertake},
		{"flash overtakes on a slow path", testOvertakeSlow},
		{"flash overtakes through a long queue", testOvertakeBloat},
		{"loss and reordering", testLossy},
		{"vanished peer", testVanished},
		{"cut and put back", testCutBack},
		{"dial through a cut that ends", testDialBack},
		{"garbage instead of a handshake", testGarbage},
		{"silent strangers", testSilent},
		{"giant length", testGiant},
		{"cut in a frame", testCutFrame},
		{"one key many times", testManyOfOne},
		{"stats", testStats},
		{"datagrams", testDatagrams},
		{"datagrams nobody asks for", testDatagramsUnread},
		{"datagrams and the end", testDatagramsEnd},
		{"a flood of datagrams holds no flash up", testDatagramFlood},
		{"a flood of bulk holds no datagrams up", testDatagramsBesideBulk},
		{"flash and datagrams on a slow path", testDatagramsBesideFlash},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noLeak(t, func(t *testing.T) { tt.test(t, k) })
		})
	}
}
