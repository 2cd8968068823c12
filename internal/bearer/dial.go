package bearer

import (
	"context"
	"time"
)

// attempts is how a dial spends its time. A transport asks ever more rarely
// while nobody answers; beginning anew keeps the silence after a path has come
// back near a second, and the long last attempt is for paths slow or lossy.
var attempts = [...]time.Duration{HandshakeLimit / 4, HandshakeLimit / 4, HandshakeLimit / 2}

// Insist calls dial with contexts that last as long as the attempts, until one
// does not end by its context, or ctx ends.
func Insist[C any](ctx context.Context, dial func(context.Context) (C, error)) (C, error) {
	var c C
	var err error
	for _, d := range attempts {
		actx, stop := context.WithTimeout(ctx, d)
		c, err = dial(actx)
		over := actx.Err() != nil
		stop()
		if err == nil || !over || ctx.Err() != nil {
			break
		}
	}
	return c, err
}
