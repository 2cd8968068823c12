package bearertest

import (
	"testing"
	"time"

	"parley/internal/bearer"
)

// Bench measures frames of 1 KiB one way, and a round trip.
func Bench(b *testing.B, k Kit) {
	b.Run("throughput", func(b *testing.B) {
		x, y := pair(b, k)
		f := frame(1, 1<<10)
		b.SetBytes(int64(len(f)))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range b.N {
				recv(b, y)
			}
		}()
		b.ResetTimer()
		for range b.N {
			for x.Send(bearer.Priority, f) != nil {
				time.Sleep(100 * time.Microsecond)
			}
		}
		<-done
	})
	b.Run("round trip", func(b *testing.B) {
		x, y := pair(b, k)
		f := frame(1, 1<<10)
		go func() {
			for range b.N {
				recv(b, y)
				y.Send(bearer.Flash, f)
			}
		}()
		b.ResetTimer()
		for range b.N {
			send(b, x, bearer.Flash, f)
			recv(b, x)
		}
	})
}
