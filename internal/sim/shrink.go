package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Shrunk is what became of a plan that breaks a promise.
type Shrunk struct {
	From *Result // of the plan as it was
	To   *Result // of the shortest that still breaks the same promise, with its story
	Runs int
}

// Shrink looks for a plan that a person can read: of the acts of p, it keeps
// those without which the same promise is kept, on the fewest parties and
// cables, in the least time. It is as repeatable as a run, unless more, which it
// asks before each, ends it early: then it returns what it has so far. It returns
// nil when p breaks nothing.
func Shrink(p *Plan, more func() bool) *Shrunk {
	s := &shrinker{more: more, best: Run(p, Options{})}
	if s.best.Broken == nil {
		return nil
	}
	from := s.best
	s.untilItBroke()
	for s.kinds(); ; {
		before := s.done
		s.acts()
		s.parties()
		s.cables()
		s.durations()
		s.times()
		if s.done == before {
			break
		}
	}
	return &Shrunk{From: from, To: Run(s.best.Plan, Options{Story: true}), Runs: s.runs}
}

type shrinker struct {
	more func() bool
	best *Result
	runs int
	done int // how often it got shorter
}

// try runs a plan, and keeps it where the same promise breaks.
func (s *shrinker) try(p *Plan) bool {
	if old := s.best.Plan; !s.more() || p.Hours == old.Hours && p.Parties == old.Parties && p.Cables == old.Cables && slices.Equal(p.Acts, old.Acts) {
		return false
	}
	s.runs++
	r := Run(p, Options{})
	if r.Broken == nil || r.Broken.Promise != s.best.Broken.Promise {
		return false
	}
	s.best = r
	s.done++
	return true
}

// with returns the best plan so far, changed.
func (s *shrinker) with(change func(p *Plan)) *Plan {
	p := *s.best.Plan
	p.Acts = slices.Clone(p.Acts)
	change(&p)
	return &p
}

// untilItBroke ends the plan where the promise broke.
func (s *shrinker) untilItBroke() {
	at := s.best.Broken.At + time.Millisecond
	if at.Hours() >= s.best.Plan.Hours {
		return
	}
	s.try(s.with(func(p *Plan) {
		p.Hours = at.Hours()
		p.Acts = slices.DeleteFunc(p.Acts, func(a Act) bool { return a.At > at })
	}))
}

// kinds drops all acts of one kind at a time: most of them have nothing to do
// with it.
func (s *shrinker) kinds() {
	for k := range kinds {
		of := func(a Act) bool { return a.Kind == k }
		if slices.ContainsFunc(s.best.Plan.Acts, of) {
			s.try(s.with(func(p *Plan) { p.Acts = slices.DeleteFunc(p.Acts, of) }))
		}
	}
}

// acts drops runs of acts: halves, quarters, and in the end single ones.
func (s *shrinker) acts() {
	for n := len(s.best.Plan.Acts); n > 0; n /= 2 {
		for i := 0; i < len(s.best.Plan.Acts); {
			to := min(i+n, len(s.best.Plan.Acts))
			if !s.try(s.with(func(p *Plan) { p.Acts = slices.Delete(p.Acts, i, to) })) {
				i = to
			}
		}
	}
}

// parties leaves one party out at a time, and what is done to it.
func (s *shrinker) parties() {
	for n := s.best.Plan.Parties - 1; n >= 0 && s.best.Plan.Parties > 2; n-- {
		s.try(s.with(func(p *Plan) { p.without(n) }))
	}
}

// without takes the n-th party out of a plan.
func (p *Plan) without(n int) {
	p.Parties--
	p.Acts = slices.DeleteFunc(p.Acts, func(a Act) bool { return a.A == n || a.Kind.between() && a.B == n })
	for i := range p.Acts {
		a := &p.Acts[i]
		if a.A > n {
			a.A--
		}
		if a.B > n {
			a.B--
		}
	}
}

func (s *shrinker) cables() {
	if s.best.Plan.Cables > 1 {
		s.try(s.with(func(p *Plan) {
			p.Cables = 1
			for i := range p.Acts {
				p.Acts[i].Path = 0
			}
		}))
	}
}

// durations makes each act as short, small and plain as it can be.
func (s *shrinker) durations() {
	for i := 0; i < len(s.best.Plan.Acts); i++ {
		act := func() *Act { return &s.best.Plan.Acts[i] }
		for _, change := range []func(a *Act){
			func(a *Act) { a.For = 0 },
			func(a *Act) { a.For = a.For / 10 },
			func(a *Act) { a.For = a.For / 2 },
			func(a *Act) { a.For = a.For.Round(time.Minute) },
			func(a *Act) { a.For = a.For.Round(time.Second) },
			func(a *Act) {
				if a.Kind == Say || a.Kind == Attach {
					a.N, a.X = min(a.N, 1), 0
				}
			},
			func(a *Act) {
				if a.Kind == Say || a.Kind == Attach {
					a.N /= 2
				}
			},
		} {
			for range 8 {
				a := *act()
				change(&a)
				if a == *act() || !s.try(s.with(func(p *Plan) { p.Acts[i] = a })) {
					break
				}
			}
		}
	}
}

// shortEnough are hours that nobody wants shorter.
const shortEnough = 0.05

// times lets the acts follow one another sooner, and the plan end sooner.
func (s *shrinker) times() {
	end := func(hours float64) *Plan { return s.with(func(p *Plan) { p.Hours = hours }) }
	acts := s.best.Plan.Acts
	if len(acts) == 0 {
		for s.best.Plan.Hours > shortEnough && s.try(end(s.best.Plan.Hours/2)) {
		}
		return
	}
	last := acts[len(acts)-1]
	for _, d := range []time.Duration{last.At + time.Minute, last.At + last.For + time.Minute} {
		if d.Hours() < s.best.Plan.Hours && s.try(end(d.Hours())) {
			break
		}
	}
	for s.best.Plan.Hours > shortEnough && s.try(s.with(func(p *Plan) { p.slower(0.5) })) {
	}
	for i := range s.best.Plan.Acts { // the gap before each
		from := time.Duration(0)
		if i > 0 {
			from = s.best.Plan.Acts[i-1].At
		}
		gap := s.best.Plan.Acts[i].At - from
		for _, less := range []time.Duration{time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, gap / 2} {
			if less < gap-time.Second && s.try(s.with(func(p *Plan) { p.sooner(i, gap-less) })) {
				break
			}
		}
	}
	s.try(s.with(func(p *Plan) {
		for i := range p.Acts {
			p.Acts[i].At = max(time.Second, p.Acts[i].At.Round(time.Second))
		}
	}))
}

// slower multiplies every time of a plan by f.
func (p *Plan) slower(f float64) {
	p.Hours *= f
	for i := range p.Acts {
		a := &p.Acts[i]
		a.At, a.For = time.Duration(float64(a.At)*f), time.Duration(float64(a.For)*f)
	}
}

// sooner lets all from the i-th act on happen d sooner.
func (p *Plan) sooner(i int, d time.Duration) {
	for j := i; j < len(p.Acts); j++ {
		p.Acts[j].At -= d
	}
	p.Hours -= d.Hours()
}

// told are the events of a short story: what was done, and what anybody noticed.
var told = map[string]bool{"act": true, "lost": true, "generation": true, "recover": true, "words": true, "alarm": true, "cut off": true, "refusal": true,
	"calm": true, "rules": true, "broken": true}

// shortest is how many lines of a story are told at the most.
const shortest = 40

// Text tells the shrunk plan and its story.
func (s *Shrunk) Text() string {
	var b strings.Builder
	p, r := s.To.Plan, s.To
	fmt.Fprintf(&b, "Shrunk in %d runs: from %d acts over %.1f hours on %d stations to %d acts over %.2f hours on %d.\n\n",
		s.Runs, len(s.From.Plan.Acts), s.From.Plan.Hours, s.From.Plan.Parties, len(p.Acts), p.Hours, p.Parties)
	fmt.Fprintf(&b, "A line of %s, %d cable between each two. What is done to it:\n", names(p.Parties), p.Cables)
	for _, a := range p.Acts {
		fmt.Fprintf(&b, "%14s  %s.\n", Clock(a.At), a)
	}
	if len(p.Acts) == 0 {
		fmt.Fprintf(&b, "%14s  nothing but what stations do by themselves.\n", "")
	}
	fmt.Fprintf(&b, "\nWhat comes of it:\n")
	var lines []string
	seen := map[string]bool{}
	for _, e := range r.Story {
		if text := strings.TrimSpace(e.Text); told[e.What] && !seen[text] { // what is said again and again is told once
			seen[text] = true
			lines = append(lines, fmt.Sprintf("%14s  %s", Clock(e.At), text))
		}
	}
	if n := len(lines) - shortest; n > 0 {
		fmt.Fprintf(&b, "%14s  (%d lines before these are left out: -do story tells all)\n", "", n)
		lines = lines[n:]
	}
	b.WriteString(strings.Join(lines, "\n") + "\n")
	return b.String()
}

func names(n int) string {
	var out []string
	for _, c := range codes[:n] {
		out = append(out, string(c))
	}
	return strings.Join(out[:n-1], ", ") + " and " + out[n-1]
}
