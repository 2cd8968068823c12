package trunk_test

import (
	"testing"
	"time"

	"parley/internal/bearer/link"
)

// TestCutInTurn: a cable is cut for two seconds, and one second after it is mended the
// other is. What is acknowledged only when a cable is mended says nothing of a queue
// on it, so that voice goes on beside the connection and nothing is held back.
func TestCutInTurn(t *testing.T) {
	t.Parallel()
	const delay = 50 * time.Millisecond
	l := newLine(t, link.Options{Delay: delay}, link.Options{Delay: delay})
	sent := l.talk(2, 14*time.Second, func(i int) {
		at := time.Duration(i)*20*time.Millisecond - time.Second
		l.cables[0].Cut(at >= 0 && at%(6*time.Second) < 2*time.Second)
		l.cables[1].Cut(at >= 0 && at%(6*time.Second)/time.Second >= 3 && at%(6*time.Second)/time.Second < 5)
	})
	n, p50, p95 := l.came()
	t.Logf("%d of %d came, half within %v, 19 of 20 within %v, %d never left", n, sent, p50, p95, l.unsent())
	if n < sent {
		t.Errorf("%d of %d came", n, sent)
	}
}
