package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"parley"
)

// A Plan is everything that happens to a world from outside: how large it is,
// for how long it runs, and what is done to it when. It is made from a seed;
// taking acts out of it leaves the rest as it was.
type Plan struct {
	Seed    uint64
	Parties int
	Cables  int // between each two stations
	Hours   float64
	SQLite  bool `json:",omitempty"` // the stations keep the real store, on simulated disks
	Acts    []Act
}

// Kind is what an act does.
type Kind uint8

// The acts. The comment says what A, B, N, X and For mean where they mean something.
const (
	Say      Kind = iota // A files a dispatch; N: length of its text; X: precedence
	React                // A's officers open, translate, inform or answer what came last; N chooses
	Noise                // cable A-B: X of frames lost, repeated, late, by the bits of N, for For
	Slowness             // cable A-B carries N bytes a second, for For
	Delay                // cable A-B takes N ms and as much again at random, for For
	Cut                  // cable A-B carries nothing, in the directions of N's bits, for For
	Dark                 // A's cables all carry nothing, for For
	Crash                // A loses power at the persist point N; it stays down for For
	Full                 // A's disk is full, for For
	Sluggish             // A's disk takes N ms for each commit, for For
	Lie                  // A's disk says that it synced, and did not, until it loses power after For
	Flip                 // a byte of A's disk flips; it is found at the next start, which is now
	Jump                 // A's clock jumps by For
	Drift                // A's clock runs X too fast
	Backup               // A makes a backup
	Restore              // A is restored from its last backup
	Image                // an image is taken of A's disk
	PutBack              // A's last image is put back
	Lose                 // A loses everything but its root key and the founding
	Rollback             // A's last image is put back, high-water mark and all, which nobody may do; the cables to B are cut for For
	Attach               // A files a dispatch with an attachment of N bytes
	Amend                // A's officers propose an amendment; N: its bits are below
	Assent               // A's officers assent to what is proposed; N: its bits are below
	Remove               // A's officers propose a charter without B
	Leave                // A leaves the line
	Arrange              // A's envoy does something about a contact; N chooses
	Tell                 // A's envoy does something about what is said of a contact; N chooses
	Phone                // A rings, or says something of a call; N chooses
	Join                 // somebody new is to join: A invites it and all of the old line to found a new one
	Cite                 // A says once more on the new line which line it goes on from; N's first bit: falsely
	Disclose             // A, of both lines, gives the newcomer a proof file of an entry of the old line; N chooses
	kinds
)

var kindNames = [kinds]string{"say", "react", "noise", "slow link", "delay", "cut", "dark", "crash", "disk full", "slow disk", "lying disk",
	"bit flip", "clock jump", "clock drift", "backup", "restore", "image", "put back", "lost station", "rollback", "attachment", "amendment", "assent", "removal", "leave", "contact", "statement", "call", "join", "citation", "disclosure"}

// String returns the name of the kind.
func (k Kind) String() string { return kindNames[k] }

// Fault reports whether the kind is something that goes wrong.
func (k Kind) Fault() bool {
	switch k {
	case Say, React, Backup, Image, Attach, Amend, Assent, Remove, Leave, Arrange, Tell, Phone, Join, Cite, Disclose:
		return false
	}
	return true
}

// between reports whether B means a station.
func (k Kind) between() bool {
	return k == Noise || k == Slowness || k == Delay || k == Cut || k == Rollback || k == Remove
}

// Bits of Noise's N.
const (
	noiseLoss = 1 << iota
	noiseRepeat
	noiseReorder
	noiseCorrupt
)

// Act is one thing done to a world at a time.
type Act struct {
	At   time.Duration
	Kind Kind
	A, B int // stations, by place
	Path int // cable between them
	N    int
	X    float64
	For  time.Duration
	Line int // 0: the old line; 1: the new one, where A and B may be the newcomer, whose place is after all others
}

// mostParties are how many a line of a plan may have, before somebody joins.
const mostParties = 5

var codes = []parley.PartyCode{"alder", "birch", "cedar", "dogwood", "elm", "fir"}

// String tells the act in a sentence.
func (a Act) String() string {
	if a.Line > 0 {
		a.Line = 0
		return a.String() + ", on the new line"
	}
	who, whom := codes[a.A], codes[a.B]
	d := round(a.For)
	switch a.Kind {
	case Say:
		return fmt.Sprintf("%s files a dispatch, %s", who, parley.Precedence(a.X))
	case Attach:
		return fmt.Sprintf("%s files a dispatch with an attachment of %d bytes", who, a.N)
	case React:
		return fmt.Sprintf("%s's officers look at what came", who)
	case Amend:
		return fmt.Sprintf("%s's officers propose an amendment of the %s%s", who, kindWords[a.N&ofAnnex], carelessly(a.N))
	case Assent:
		return fmt.Sprintf("%s's officers assent to what is proposed%s", who, carelessly(a.N))
	case Remove:
		return fmt.Sprintf("%s's officers propose a charter without %s", who, whom)
	case Leave:
		return fmt.Sprintf("%s leaves the line", who)
	case Arrange:
		return fmt.Sprintf("%s's envoy does something about a contact", who)
	case Tell:
		return fmt.Sprintf("%s's envoy does something about what is said of a contact", who)
	case Phone:
		return fmt.Sprintf("%s rings, or says something of a call", who)
	case Join:
		return fmt.Sprintf("somebody is to join: %s invites to found a new line", who)
	case Cite:
		return fmt.Sprintf("%s cites the old line%s", who, [...]string{"", " falsely"}[a.N&1])
	case Disclose:
		return fmt.Sprintf("%s gives the newcomer a proof file of an old entry", who)
	case Noise:
		return fmt.Sprintf("cable %d %s-%s: %s of %.0f %% of frames, for %s", a.Path, who, whom, noiseNames(a.N), 100*a.X, d)
	case Slowness:
		return fmt.Sprintf("cable %d %s-%s carries %d bytes a second, for %s", a.Path, who, whom, a.N, d)
	case Delay:
		return fmt.Sprintf("cable %d %s-%s takes %d to %d ms, for %s", a.Path, who, whom, a.N, 2*a.N, d)
	case Cut:
		return fmt.Sprintf("cable %d %s-%s is cut %s, for %s", a.Path, who, whom, [...]string{"", "one way", "the other way", "both ways"}[a.N], d)
	case Dark:
		return fmt.Sprintf("%s is cut off from everybody, for %s", who, d)
	case Crash:
		return fmt.Sprintf("%s loses power %s, and is down for %s", who, crashPoint(a.N), d)
	case Full:
		return fmt.Sprintf("%s's disk is full, for %s", who, d)
	case Sluggish:
		return fmt.Sprintf("%s's disk takes %d ms for a commit, for %s", who, a.N, d)
	case Lie:
		return fmt.Sprintf("%s's disk keeps nothing for %s, and says that it does; then power fails", who, d)
	case Flip:
		return fmt.Sprintf("a byte of %s's disk flips, and is found at a start", who)
	case Jump:
		return fmt.Sprintf("%s's clock jumps by %s", who, d)
	case Drift:
		return fmt.Sprintf("%s's clock runs %+.2f %% fast", who, 100*a.X)
	case Backup:
		return fmt.Sprintf("%s makes a backup", who)
	case Restore:
		return fmt.Sprintf("%s is restored from its last backup", who)
	case Image:
		return fmt.Sprintf("an image is taken of %s's disk", who)
	case PutBack:
		return fmt.Sprintf("the last image of %s's disk is put back", who)
	case Lose:
		return fmt.Sprintf("%s loses everything but its root key", who)
	case Rollback:
		return fmt.Sprintf("the last image of %s's disk is put back, high-water mark and all, and %s cannot be reached for %s", who, whom, d)
	}
	return "?"
}

func carelessly(n int) string {
	if n&reckless != 0 {
		return ", whatever they assented to before"
	}
	return ""
}

func noiseNames(n int) string {
	out := ""
	for i, s := range []string{"loss", "repetition", "reordering", "corruption"} {
		if n&(1<<i) != 0 {
			if out != "" {
				out += ", "
			}
			out += s
		}
	}
	return out
}

func round(d time.Duration) time.Duration {
	if d >= time.Hour || d <= -time.Hour {
		return d.Round(time.Minute)
	}
	return d.Round(time.Millisecond)
}

// stream returns the random numbers that belong to one thing of a seed.
func stream(seed uint64, what string) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, c := range []byte(what) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(seed, h))
}

// ForkPlan makes the plan of a seed in which one station forks its log: its store
// and its high-water mark were both put back, which no operator may do.
func ForkPlan(seed uint64) *Plan {
	p := NewPlan(seed)
	p.Parties = max(3, p.Parties)
	g := &generator{Rand: stream(seed, "fork"), p: p, length: time.Duration(p.Hours * float64(time.Hour))}
	at := time.Duration((0.3 + 0.4*g.Float64()) * float64(g.length))
	g.fork(g.who(), at, g.span(time.Minute, at/2))
	p.sort()
	return p
}

func (p *Plan) sort() {
	slices.SortStableFunc(p.Acts, func(a, b Act) int { return int(a.At - b.At) })
}

// NewPlan makes the plan of a seed.
func NewPlan(seed uint64) *Plan {
	r := stream(seed, "plan")
	p := &Plan{Seed: seed, Cables: 1 + r.IntN(2)}
	p.Parties = []int{2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 5}[r.IntN(12)]
	weeks := r.IntN(8) == 0
	if weeks {
		p.Hours = 24 * float64(10+r.IntN(30))
	} else {
		p.Hours = 4 + 20*r.Float64()
	}
	g := &generator{Rand: r, p: p, length: time.Duration(p.Hours * float64(time.Hour))}
	g.traffic()
	g.links(weeks)
	if g.IntN(4) > 0 {
		g.crashes()
	}
	if g.IntN(3) > 0 {
		g.disks()
	}
	if g.IntN(3) == 0 {
		g.clocks()
	}
	if g.IntN(3) == 0 {
		g.losses()
	}
	if g.Rand = stream(seed, "charter"); g.IntN(2) == 0 {
		g.amendments()
	}
	if g.Rand = stream(seed, "attachments"); g.IntN(4) == 0 {
		g.attachments()
	}
	p.sort()
	return p
}

// generator draws the acts of a plan.
type generator struct {
	*rand.Rand
	p      *Plan
	length time.Duration
}

func (g *generator) add(a Act) {
	if a.At == 0 {
		a.At = time.Duration(g.Float64() * float64(g.length))
	}
	g.p.Acts = append(g.p.Acts, a)
}

func (g *generator) who() int { return g.IntN(g.p.Parties) }

func (g *generator) pair() (a, b int) {
	a = g.who()
	return a, (a + 1 + g.IntN(g.p.Parties-1)) % g.p.Parties
}

// span draws a time between lo and hi, short ones as often as long ones.
func (g *generator) span(lo, hi time.Duration) time.Duration {
	f := g.Float64()
	return lo + time.Duration(f*f*f*float64(hi-lo))
}

func (g *generator) traffic() {
	for range 10 + g.IntN(60) {
		g.add(Act{Kind: Say, A: g.who(), N: 1 << g.IntN(12), X: float64([]int{0, 0, 0, 0, 1, 1, 2, 3}[g.IntN(8)])})
	}
	for range g.IntN(3) { // a burst
		at, who := time.Duration(g.Float64()*float64(g.length)), g.who()
		for range 5 + g.IntN(40) {
			at += g.span(time.Millisecond, time.Second)
			g.add(Act{At: at, Kind: Say, A: who, N: 1 << g.IntN(8), X: float64(g.IntN(4))})
		}
	}
	for range g.IntN(40) {
		g.add(Act{Kind: React, A: g.who(), N: g.IntN(5)})
	}
}

func (g *generator) links(weeks bool) {
	for range g.IntN(6) {
		a, b := g.pair()
		g.add(Act{Kind: Noise, A: a, B: b, Path: g.IntN(g.p.Cables), N: 1 + g.IntN(15), X: 0.05 + 0.4*g.Float64(), For: g.span(time.Second, 2*time.Hour)})
	}
	for range g.IntN(3) {
		a, b := g.pair()
		g.add(Act{Kind: Slowness, A: a, B: b, Path: g.IntN(g.p.Cables), N: 300 + g.IntN(20000), For: g.span(time.Second, time.Hour)})
	}
	for range g.IntN(3) {
		a, b := g.pair()
		g.add(Act{Kind: Delay, A: a, B: b, Path: g.IntN(g.p.Cables), N: 10 + g.IntN(3000), For: g.span(time.Second, time.Hour)})
	}
	for range g.IntN(12) {
		a, b := g.pair()
		g.add(Act{Kind: Cut, A: a, B: b, Path: g.IntN(g.p.Cables), N: 1 + g.IntN(3), For: g.span(time.Second, 3*time.Hour)})
	}
	for range g.IntN(3) {
		g.add(Act{Kind: Dark, A: g.who(), For: g.span(time.Second, g.length/4)})
	}
	if weeks {
		g.add(Act{At: g.length / 10, Kind: Dark, A: g.who(), For: time.Duration(float64(g.length) * (0.3 + 0.6*g.Float64()))})
	}
}

func (g *generator) crashes() {
	for range 1 + g.IntN(12) {
		g.add(Act{Kind: Crash, A: g.who(), N: g.IntN(int(crashPoints)), For: g.span(time.Second, time.Hour)})
	}
}

func (g *generator) disks() {
	for range g.IntN(3) {
		g.add(Act{Kind: Full, A: g.who(), For: g.span(time.Second, time.Hour)})
	}
	for range g.IntN(3) {
		g.add(Act{Kind: Sluggish, A: g.who(), N: 50 + g.IntN(5000), For: g.span(time.Second, time.Hour)})
	}
}

func (g *generator) clocks() {
	for range 1 + g.IntN(3) {
		d := time.Duration((g.Float64() - 0.5) * float64(10*time.Minute))
		if g.IntN(4) == 0 {
			d = time.Duration((g.Float64() - 0.5) * float64(60*time.Hour))
		}
		g.add(Act{Kind: Jump, A: g.who(), For: d})
	}
	for range g.IntN(3) {
		g.add(Act{Kind: Drift, A: g.who(), X: (g.Float64() - 0.5) / 100})
	}
}

func (g *generator) losses() {
	for range 1 + g.IntN(2) {
		who := g.who()
		at := time.Duration((0.1 + 0.8*g.Float64()) * float64(g.length))
		back := g.span(time.Second, at/2)
		switch g.IntN(5) {
		case 0:
			g.add(Act{At: at - back, Kind: Backup, A: who})
			g.add(Act{At: at, Kind: Restore, A: who})
		case 1:
			g.add(Act{At: at - back, Kind: Image, A: who})
			g.add(Act{At: at, Kind: PutBack, A: who})
		case 2:
			g.add(Act{At: at, Kind: Lose, A: who})
		case 3:
			g.add(Act{At: at, Kind: Lie, A: who, For: g.span(time.Second, time.Hour)})
		case 4:
			g.add(Act{At: at - back, Kind: Backup, A: who})
			g.add(Act{At: at, Kind: Flip, A: who})
		}
	}
}

// amendments lets officers propose, at the same time too, assent, remove and leave.
func (g *generator) amendments() {
	for range 1 + g.IntN(3) {
		at := time.Duration((0.05 + 0.85*g.Float64()) * float64(g.length))
		n := g.IntN(4) &^ (reckless * g.IntN(2))
		g.add(Act{At: at, Kind: Amend, A: g.who(), N: n})
		if g.IntN(2) == 0 { // a rival
			g.add(Act{At: at + g.span(time.Second, time.Hour), Kind: Amend, A: g.who(), N: n ^ reckless*g.IntN(2)})
		}
		g.assents(at)
	}
	if g.p.Parties > 2 && g.IntN(2) == 0 {
		at := time.Duration((0.05 + 0.85*g.Float64()) * float64(g.length))
		a, b := g.pair()
		g.add(Act{At: at, Kind: Remove, A: a, B: b})
		g.assents(at)
	}
	if g.IntN(4) < g.p.Parties-1 {
		g.add(Act{At: time.Duration((0.2 + 0.75*g.Float64()) * float64(g.length)), Kind: Leave, A: g.who()})
	}
}

// attachments lets officers attach files, and lets something go wrong while one
// is carried.
func (g *generator) attachments() {
	for range 1 + g.IntN(6) {
		at, who := time.Duration((0.01+0.9*g.Float64())*float64(g.length)), g.who()
		g.add(Act{At: at, Kind: Attach, A: who, N: 1<<(8+g.IntN(10)) + g.IntN(256)})
		b := (who + 1 + g.IntN(g.p.Parties-1)) % g.p.Parties
		switch g.IntN(4) {
		case 0:
			g.add(Act{At: at - g.span(0, time.Minute), Kind: Noise, A: who, B: b, N: noiseLoss | noiseReorder | noiseCorrupt, X: 0.6, For: 10 * time.Minute})
		case 1:
			g.add(Act{At: at - time.Second, Kind: Slowness, A: who, B: b, N: 1000 + g.IntN(5000), For: time.Hour})
			g.add(Act{At: at + g.span(time.Second, time.Minute), Kind: Cut, A: who, B: b, N: 3, For: g.span(time.Minute, time.Hour)})
		case 2:
			g.add(Act{At: at - time.Second, Kind: Slowness, A: who, B: b, N: 10000 + g.IntN(20000), For: time.Hour})
			g.add(Act{At: at + g.span(time.Second, time.Minute), Kind: Crash, A: b, N: int(pointIdle), For: g.span(time.Second, time.Hour)})
		}
	}
}

// joins lets somebody join: a new line is founded with the newcomer, people write on
// both, entries of the old are disclosed, and machines that keep both lines, or are
// about to, lose power and what they have. The place of the newcomer is after all
// others.
func (g *generator) joins() {
	at := time.Duration((0.05 + 0.45*g.Float64()) * float64(g.length))
	later := func() time.Duration { return at + time.Duration(g.Float64()*float64(g.length-at)) }
	anybody := func() int { return g.IntN(g.p.Parties + 1) }
	g.add(Act{At: at, Kind: Join, A: g.who()})
	for range 8 + g.IntN(30) {
		g.add(Act{At: later(), Kind: Say, A: anybody(), N: 1 << g.IntN(11), X: float64([]int{0, 0, 0, 1, 2, 3}[g.IntN(6)]), Line: 1})
	}
	for range g.IntN(12) {
		g.add(Act{At: later(), Kind: React, A: anybody(), N: g.IntN(5), Line: 1})
	}
	if g.IntN(4) == 0 {
		g.add(Act{At: later(), Kind: Attach, A: anybody(), N: 1<<(8+g.IntN(9)) + g.IntN(256), Line: 1})
	}
	for range 2 + g.IntN(5) {
		g.add(Act{At: later(), Kind: Disclose, A: g.who(), N: g.IntN(1 << 20)})
	}
	for range g.IntN(3) {
		g.add(Act{At: later(), Kind: Cite, A: g.who(), N: g.IntN(2), Line: 1})
	}
	for range g.IntN(4) { // to the newcomer too
		a, b := g.who(), g.p.Parties
		g.add(Act{At: later(), Kind: []Kind{Noise, Cut, Cut, Dark}[g.IntN(4)], A: b, B: a, Path: g.IntN(g.p.Cables), N: 1 + g.IntN(3), X: 0.05 + 0.4*g.Float64(), For: g.span(time.Second, 2*time.Hour), Line: 1})
	}
	for range g.IntN(5) { // while it is founded, too
		t := at + g.span(time.Second, confirmsWithin)
		if g.IntN(2) == 0 {
			t = later()
		}
		g.add(Act{At: t, Kind: Crash, A: g.who(), N: g.IntN(int(crashPoints)), For: g.span(time.Second, time.Hour)})
		g.add(Act{At: later(), Kind: Crash, A: g.p.Parties, N: g.IntN(int(crashPoints)), For: g.span(time.Second, time.Hour), Line: 1})
	}
	if g.IntN(2) == 0 {
		g.joinLosses(at, later())
	}
	if g.IntN(3) == 0 {
		g.add(Act{At: later(), Kind: Amend, A: anybody(), N: g.IntN(2), Line: 1})
		for i := range g.p.Parties + 1 {
			g.add(Act{At: later(), Kind: Assent, A: i, Line: 1})
		}
	}
	if g.IntN(4) == 0 { // the old line is left, by one or by all
		for i := range 1 + g.IntN(g.p.Parties) {
			g.add(Act{At: later(), Kind: Leave, A: i})
		}
	}
}

// joinLosses lets a machine lose what it has, and get back what it had before it kept
// the new line, or while that was founded, or after.
func (g *generator) joinLosses(joined, at time.Duration) {
	who, on := g.who(), 0
	if g.IntN(4) == 0 {
		who, on = g.p.Parties, 1
	}
	before := joined + time.Duration((g.Float64()-0.5)*float64(min(joined, 2*confirmsWithin)))
	switch g.IntN(5) {
	case 0:
		g.add(Act{At: before, Kind: Backup, A: who, Line: on})
		g.add(Act{At: at, Kind: Restore, A: who, Line: on})
	case 1:
		g.add(Act{At: before, Kind: Image, A: who, Line: on})
		g.add(Act{At: at, Kind: PutBack, A: who, Line: on})
	case 2:
		g.add(Act{At: at, Kind: Lose, A: who, Line: on})
	case 3:
		g.add(Act{At: before, Kind: Lie, A: who, For: g.span(time.Second, confirmsWithin), Line: on})
	case 4:
		g.add(Act{At: joined + g.span(time.Second, confirmsWithin), Kind: Lose, A: who, Line: on})
	}
}

func (g *generator) assents(after time.Duration) {
	for i := range 2 * g.p.Parties {
		n := 0
		if g.IntN(6) == 0 {
			n = reckless | g.IntN(64)
		}
		g.add(Act{At: after + g.span(time.Second, g.length/4), Kind: Assent, A: i % g.p.Parties, N: n})
	}
}

// fork lets a station forget what one other party has heard of it and the rest
// has not, and speak to the rest first: nothing but the proof of the fork, when
// all meet again, can tell.
func (g *generator) fork(who int, at, back time.Duration) {
	heard := (who + 1) % g.p.Parties
	g.add(Act{At: at - back, Kind: Image, A: who})
	for i := range g.p.Parties {
		if i != who && i != heard {
			g.add(Act{At: at - back + time.Second, Kind: Dark, A: i, For: back + 2*time.Minute})
		}
	}
	g.add(Act{At: at - back/2, Kind: Say, A: who, N: 100})
	g.add(Act{At: at, Kind: Rollback, A: who, B: heard, For: g.span(time.Hour, 3*time.Hour)})
	g.add(Act{At: at, Kind: Dark, A: heard, For: time.Hour})
	g.add(Act{At: at + 10*time.Minute, Kind: Say, A: who, N: 100})
}
