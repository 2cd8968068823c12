package call

import (
	"fmt"
	"testing"

	"parley"
	"parley/internal/contact"
)

// A scene is one source, one listener, and what stands around them.
type scene struct {
	same              bool // of one side
	place, where      Place
	role, does        contact.Role
	booth             string // the source's; "zh!" is on the air in it
	tongue            string // the source's
	muted, voiceless  bool
	hold, held        bool // the source's side consults; the listener's does
	through, throughs bool // the source's side is put through; the listener's is
	told              bool // the source's station has taken in a half with the listener
	third             int  // no third side; one that has taken it in; one that has not; one that has not, and was waited for long enough
	staffed           int  // the booth of zh besides the source: nobody; on the air; on the air and muted
	choice            string
}

// naive says what is heard, as a person would say it who knows none of the code:
// by rooms.
func (c scene) naive() Sound {
	room := func(party string, p Place, through, hold bool) string {
		switch {
		case p == Watch:
			return "watch"
		case p == Aside:
			return "side room of " + party
		case p == Lobby || !through:
			return "lobby of " + party
		case hold:
			return "side room of " + party
		}
		return "floor"
	}
	mine, his := "a", "b"
	if c.same {
		his = mine
	}
	from, to := room(his, c.place, c.through, c.hold), room(mine, c.where, c.throughs, c.held)
	if from != to || c.muted || c.voiceless {
		return Nothing
	}
	if !c.same && (!c.told || c.third == 2) {
		return Nothing
	}
	if from != "floor" {
		return Full
	}
	if c.role == contact.NoteTaker || c.role == contact.Listener {
		return Nothing
	}
	if c.booth != "" {
		if c.booth == c.choice+"!" {
			return Full
		}
		return Nothing
	}
	interpreted := c.choice == "zh" && c.staffed == 1
	if interpreted && c.tongue != c.choice {
		return Low
	}
	return Full
}

// seen says what is seen: whoever could be heard at all if he were not muted, had a
// voice, and sat in no booth.
func (c scene) seen() bool {
	c.muted, c.voiceless, c.booth, c.choice = false, false, "", ""
	return c.naive() != Nothing
}

// state builds the scene: the listener is 1 of alder, the source 2 of alder or of
// birch, and who staffs the booth 3 of alder's side, or of the third's.
func (c scene) state() (s *State, listener, source Who) {
	alder := &Half{Party: "alder", Run: 5, Number: 9, Through: c.throughs}
	birch := &Half{Party: "birch", Run: 6, Number: 4, Through: c.through}
	if c.held {
		alder.Hold = "consulting"
	}
	if c.hold {
		birch.Hold = "consulting"
	}
	alder.People = []Person{{ID: 1, Name: "L", Role: c.does, Place: c.where, Since: 7}}
	p := Person{ID: 2, Name: "S", Role: c.role, Tongue: c.tongue, Place: c.place, Muted: c.muted, Voice: 20, Picture: 21}
	if c.voiceless {
		p.Voice = 0
	}
	if n := len(c.booth); n > 0 {
		p.Booth, p.OnAir = c.booth, c.booth[n-1] == '!'
		if p.OnAir {
			p.Booth = c.booth[:n-1]
		}
	}
	source = Who{"birch", 2}
	if c.same {
		source.Party = "alder"
		alder.People = append(alder.People, p)
	} else {
		birch.People = append(birch.People, p)
	}
	seen := []Seen{{Party: "alder", Run: 5, Half: 6}}
	if c.told {
		seen[0].Half = 7
	}
	birch.Seen = seen
	s = &State{Us: "alder", Halves: map[parley.PartyCode]*Half{"alder": alder, "birch": birch}}
	cedar := &Half{Party: "cedar", Run: 2, Number: 3, Through: true, Seen: []Seen{{Party: "alder", Run: 5, Half: 6}}}
	if c.third == 1 {
		cedar.Seen[0].Half = 7
	}
	if c.third == 3 {
		s.Waited = map[uint64]bool{1: true}
	}
	if c.third > 0 {
		s.Halves["cedar"] = cedar
	}
	if c.staffed > 0 {
		staff := Person{ID: 3, Name: "B", Role: contact.Interpreter, Place: Floor, Booth: "zh", OnAir: true, Voice: 30, Muted: c.staffed == 2}
		cedar.People, s.Halves["cedar"] = []Person{staff}, cedar
	}
	return s, Who{"alder", 1}, source
}

// TestWhoHearsWhat holds the rule to its naive statement in every scene.
func TestWhoHearsWhat(t *testing.T) {
	n, heard := 0, map[Sound]int{}
	try := func(c scene) {
		if c.third == 0 && c.staffed > 0 { // who staffs it is of the third side, which has taken the listener in
			return
		}
		if c.same && (c.hold != c.held || c.through != c.throughs) {
			return
		}
		s, l, p := c.state()
		got, want := s.Hears(l, p, c.choice), c.naive()
		if sees := s.Sees(l, p); sees != c.seen() || s.Sees(l, l) {
			t.Fatalf("%+v: seen %v", c, sees)
		}
		if n, heard[got] = n+1, heard[got]+1; got != want {
			t.Fatalf("%+v: heard %d, want %d", c, got, want)
		}
	}
	places := []Place{Lobby, Floor, Aside, Watch}
	for i := range 1 << 7 {
		bit := func(k int) bool { return i>>k&1 == 1 }
		for _, place := range places {
			for _, where := range places {
				for role := contact.Principal; role <= contact.Listener; role++ {
					booths := []string{""}
					if role == contact.Interpreter {
						booths = []string{"", "zh", "zh!", "en", "en!"}
					}
					for _, booth := range booths {
						for k := range 2 * 2 * 2 * 4 * 3 {
							c := scene{same: bit(0), muted: bit(1), hold: bit(2), held: bit(3), through: bit(4), throughs: bit(5), told: bit(6), place: place, where: where, role: role, booth: booth,
								does: contact.Role(k % 5), tongue: []string{"en", "zh"}[k&1], choice: []string{"", "zh"}[k>>1&1], voiceless: k>>2&1 == 1, third: k >> 3 & 3, staffed: k / 32}
							try(c)
						}
					}
				}
			}
		}
	}
	if n < 500_000 || heard[Low] == 0 || heard[Full] == 0 {
		t.Errorf("%d scenes, %v: the search is broken", n, heard)
	}
	t.Logf("%d scenes, %v", n, heard)
}

// TestSentencesOfHearing are the sentences that people rely on.
func TestSentencesOfHearing(t *testing.T) {
	on := scene{place: Floor, where: Floor, role: contact.Principal, tongue: "en", through: true, throughs: true, told: true}
	with := func(f func(*scene)) scene { c := on; f(&c); return c }
	for name, c := range map[string]struct {
		scene
		want Sound
	}{
		"their principal on the floor is heard":                  {on, Full},
		"their side room is unheard outside":                     {with(func(c *scene) { c.place = Aside }), Nothing},
		"and nobody of ours in our side room hears them":         {with(func(c *scene) { c.place, c.where = Aside, Aside }), Nothing},
		"our side room hears itself":                             {with(func(c *scene) { c.same, c.place, c.where = true, Aside, Aside }), Full},
		"who stays on the floor does not hear our own side room": {with(func(c *scene) { c.same, c.place = true, Aside }), Nothing},
		"a side on hold is not heard":                            {with(func(c *scene) { c.hold = true }), Nothing},
		"a side on hold does not hear":                           {with(func(c *scene) { c.held = true }), Nothing},
		"two sides on hold do not hear each other":               {with(func(c *scene) { c.hold, c.held = true, true }), Nothing},
		"a side on hold hears itself":                            {with(func(c *scene) { c.same, c.hold, c.held = true, true, true }), Full},
		"each lobby hears itself":                                {with(func(c *scene) { c.same, c.through, c.throughs = true, false, false }), Full},
		"and not the other lobby":                                {with(func(c *scene) { c.through, c.throughs = false, false }), Nothing},
		"who is through hears nobody who is not yet":             {with(func(c *scene) { c.through = false }), Nothing},
		"the interpreter in a booth is not on the floor":         {with(func(c *scene) { c.role, c.booth = contact.Interpreter, "zh!" }), Nothing},
		"who chose the booth hears him":                          {with(func(c *scene) { c.role, c.booth, c.choice = contact.Interpreter, "zh!", "zh" }), Full},
		"and the floor low underneath":                           {with(func(c *scene) { c.choice, c.third, c.staffed = "zh", 1, 1 }), Low},
		"who speaks the chosen language is in full":              {with(func(c *scene) { c.choice, c.third, c.staffed, c.tongue = "zh", 1, 1, "zh" }), Full},
		"the floor is in full where the booth is muted":          {with(func(c *scene) { c.choice, c.third, c.staffed = "zh", 1, 2 }), Full},
		"who is off the air in a booth is heard by nobody":       {with(func(c *scene) { c.role, c.booth, c.choice = contact.Interpreter, "zh", "zh" }), Nothing},
		"a consecutive interpreter is on the floor":              {with(func(c *scene) { c.role = contact.Interpreter }), Full},
		"a note-taker is never heard on the floor":               {with(func(c *scene) { c.role = contact.NoteTaker }), Nothing},
		"not by his own side either":                             {with(func(c *scene) { c.role, c.same = contact.NoteTaker, true }), Nothing},
		"a listener is never heard on the floor":                 {with(func(c *scene) { c.role = contact.Listener }), Nothing},
		"the muted are not heard":                                {with(func(c *scene) { c.muted = true }), Nothing},
		"nobody hears them before their station has him":         {with(func(c *scene) { c.told = false }), Nothing},
		"nor before the third station has":                       {with(func(c *scene) { c.third = 2 }), Nothing},
		"his own side he hears at once":                          {with(func(c *scene) { c.told, c.same = false, true }), Full},
		"nothing of the watch's end is on the floor":             {with(func(c *scene) { c.place = Watch }), Nothing},
		"and the watch does not hear the floor":                  {with(func(c *scene) { c.where = Watch }), Nothing},
		"watch hears watch":                                      {with(func(c *scene) { c.place, c.where, c.role = Watch, Watch, contact.Listener }), Full},
		"watch hears watch before anybody is through":            {with(func(c *scene) { c.place, c.where, c.through, c.throughs = Watch, Watch, false, false }), Full},
		"not a watch that is not announced":                      {with(func(c *scene) { c.place, c.where, c.told = Watch, Watch, false }), Nothing},
	} {
		s, l, p := c.state()
		if got := s.Hears(l, p, c.choice); got != c.want || c.naive() != c.want {
			t.Errorf("%s: heard %d, naively %d, want %d", name, got, c.naive(), c.want)
		}
		if s.Hears(l, l, c.choice) != Nothing || s.Hears(p, p, c.choice) != Nothing {
			t.Errorf("%s: somebody hears himself", name)
		}
	}
}

// TestWhoIsSeen: pictures are no voices. The muted are seen, and so is whoever is
// off the air; who shows none is not, nor who is somewhere else.
func TestWhoIsSeen(t *testing.T) {
	on := scene{place: Floor, where: Floor, role: contact.Principal, tongue: "en", through: true, throughs: true, told: true}
	for name, c := range map[string]struct {
		change  func(*scene)
		sees    bool
		crosses bool // his station lets it out
	}{
		"their principal":            {func(*scene) {}, true, true},
		"muted":                      {func(c *scene) { c.muted = true }, true, true},
		"off the air in a booth":     {func(c *scene) { c.role, c.booth = contact.Interpreter, "zh" }, true, true},
		"in a booth nobody chose":    {func(c *scene) { c.role, c.booth = contact.Interpreter, "zh!" }, true, true},
		"a listener":                 {func(c *scene) { c.role = contact.Listener }, false, false},
		"in their side room":         {func(c *scene) { c.place = Aside }, false, false},
		"their side is on hold":      {func(c *scene) { c.hold = true }, false, false},
		"not yet put through":        {func(c *scene) { c.through = false }, false, false},
		"by who is not announced":    {func(c *scene) { c.told = false }, false, true},
		"by who is at the watch end": {func(c *scene) { c.where = Watch }, false, true},
	} {
		x := on
		c.change(&x)
		s, l, p := x.state()
		if got := s.Sees(l, p); got != c.sees {
			t.Errorf("%s: seen %v", name, got)
		}
		s.Us = p.Party
		if got := s.Shows(p.ID); got != c.crosses {
			t.Errorf("%s: leaves %v", name, got)
		}
		s.Halves[p.Party].Person(p.ID).Picture = 0
		if s.Sees(l, p) {
			t.Errorf("%s: seen, and shows nothing", name)
		}
	}
}

// TestABoothWithoutAVoiceIsNotStaffed: it would lower the floor and say nothing.
func TestABoothWithoutAVoiceIsNotStaffed(t *testing.T) {
	for _, change := range []func(*Person){func(p *Person) { p.Voice = 0 }, func(p *Person) { p.Away = true }, func(p *Person) { p.OnAir = false }, func(p *Person) { p.Place = Aside }} {
		c := scene{place: Floor, where: Floor, role: contact.Principal, tongue: "en", through: true, throughs: true, told: true, third: 1, staffed: 1, choice: "zh"}
		s, l, p := c.state()
		if s.Hears(l, p, "zh") != Low || !s.Staffed("zh") {
			t.Fatal("a staffed booth does not lower the floor")
		}
		change(&s.Halves["cedar"].People[0])
		if s.Hears(l, p, "zh") != Full || s.Staffed("zh") {
			t.Errorf("%+v lowers the floor", s.Halves["cedar"].People[0])
		}
	}
}

// TestWhatLeavesOurStation: a voice that nobody elsewhere may hear does not leave.
func TestWhatLeavesOurStation(t *testing.T) {
	for i, c := range []struct {
		p             Person
		through, hold bool
		want          bool
	}{
		{p: Person{Role: contact.Principal, Place: Floor}, through: true, want: true},
		{p: Person{Role: contact.Principal, Place: Floor}},
		{p: Person{Role: contact.Principal, Place: Floor}, through: true, hold: true},
		{p: Person{Role: contact.Principal, Place: Aside}, through: true},
		{p: Person{Role: contact.Principal, Place: Floor, Muted: true}, through: true},
		{p: Person{Role: contact.NoteTaker, Place: Floor}, through: true},
		{p: Person{Role: contact.Listener, Place: Watch}, want: true},
		{p: Person{Role: contact.Listener, Place: Watch, Muted: true}},
		{p: Person{Role: contact.Interpreter, Place: Floor, Booth: "zh", OnAir: true}, through: true, want: true},
		{p: Person{Role: contact.Interpreter, Place: Floor, Booth: "zh"}, through: true},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			c.p.ID, c.p.Voice = 1, 2
			h := &Half{Party: "alder", People: []Person{c.p}, Through: c.through}
			if c.hold {
				h.Hold = "consulting"
			}
			if got := (&State{Us: "alder", Halves: map[parley.PartyCode]*Half{"alder": h}}).Crosses(1); got != c.want {
				t.Errorf("%+v leaves: %v", c.p, got)
			}
		})
	}
}
