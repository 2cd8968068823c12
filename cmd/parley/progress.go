package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progress draws a bar for long work. Where the stream is not a terminal it
// draws nothing at all.
type progress struct {
	w     io.Writer // nil: draw nothing
	what  string
	drawn time.Time
}

func (s *session) progress(what string) *progress {
	p := &progress{what: what}
	if terminal(s.err) {
		p.w = s.err
	}
	return p
}

// set shows done of total; total 0 means that the end is not known. It draws
// at most ten times a second.
func (p *progress) set(done, total int64) {
	if p.w == nil || time.Since(p.drawn) < 100*time.Millisecond {
		return
	}
	p.drawn = time.Now()
	fmt.Fprint(p.w, p.bar(done, total))
}

// bar is one drawing, over the last one.
func (p *progress) bar(done, total int64) string {
	if total <= 0 {
		return fmt.Sprintf("\r\x1b[K%s  %d", p.what, done)
	}
	const width = 30
	done = min(max(done, 0), total)
	n := int(done * width / total)
	return fmt.Sprintf("\r\x1b[K%s  [%s%s] %3d %%", p.what, strings.Repeat("#", n), strings.Repeat(".", width-n), done*100/total)
}

// end wipes the bar.
func (p *progress) end() {
	if p.w != nil && !p.drawn.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// counting is a writer that shows how many bytes have gone through it.
type counting struct {
	w io.Writer
	p *progress
	n int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	c.p.set(c.n, 0)
	return n, err
}
