package call

import (
	"bytes"
	"math"
	"slices"
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func half() *Half {
	return &Half{Party: "birch", Run: 1, Number: 3, Clock: 1000, Mode: contact.Simultaneous, Ready: true, Turn: Turn{Number: 1, Person: 1, At: 5},
		People: []Person{{ID: 1, Name: "Wu", Role: contact.Interpreter, Tongue: "zh", Place: Floor, Booth: "en", OnAir: true, Voice: 7, Picture: 8, Since: 2},
			{ID: 2, Name: "Zhao", Role: contact.Principal, Tongue: "zh", Place: Floor, Voice: 9, Since: 3}},
		Signals: []Signal{{Number: 2, Kind: Slower, Person: 1}}, Talk: []Talk{{Tongue: "zh", Millis: 9}}, Seen: []Seen{{Party: "alder", Run: 1, Half: 4}}}
}

// TestHostileHalves: what no honest station sends is refused, whole.
func TestHostileHalves(t *testing.T) {
	if _, err := ParseHalf(half().Encode()); err != nil {
		t.Fatalf("an honest half is refused: %v", err)
	}
	person := func(f func(p *Person)) func(*Half) { return func(h *Half) { f(&h.People[1]) } }
	for name, f := range map[string]func(*Half){
		"no party":                      func(h *Half) { h.Party = "" },
		"a party that is none":          func(h *Half) { h.Party = "Birch!" },
		"65 people":                     func(h *Half) { h.People = make([]Person, MaxPeople+1) },
		"17 signals":                    func(h *Half) { h.Signals = make([]Signal, MaxSignals+1) },
		"17 languages":                  func(h *Half) { h.Talk = make([]Talk, MaxTalk+1) },
		"17 sides seen":                 func(h *Half) { h.Seen = make([]Seen, MaxSeen+1) },
		"one side seen twice":           func(h *Half) { h.Seen = append(h.Seen, h.Seen[0]) },
		"a way of interpreting":         func(h *Half) { h.Mode = 3 },
		"a reason of two lines":         func(h *Half) { h.Hold = "a\nb" },
		"a reason that turns the line":  func(h *Half) { h.Hold = "a\u202eb" },
		"run overflows":                 func(h *Half) { h.Run = math.MaxUint64 },
		"number overflows":              func(h *Half) { h.Number = maxClock + 1 },
		"clock overflows":               func(h *Half) { h.Clock = math.MaxInt64 + 1 },
		"moment overflows":              func(h *Half) { h.Moment = math.MaxUint64 },
		"turn overflows":                func(h *Half) { h.Turn.Number = math.MaxUint64 },
		"turn of a giant person":        func(h *Half) { h.Turn.Person = math.MaxUint64 },
		"turn in a giant year":          func(h *Half) { h.Turn.At = math.MaxUint64 },
		"seen overflows":                func(h *Half) { h.Seen[0].Half = math.MaxUint64 },
		"sent overflows":                func(h *Half) { h.Seen[0].Sent = math.MaxUint64 },
		"held overflows":                func(h *Half) { h.Seen[0].Held = math.MaxUint64 },
		"talk overflows":                func(h *Half) { h.Talk[0].Millis = math.MaxUint64 },
		"a signal overflows":            func(h *Half) { h.Signals[0].Number = math.MaxUint64 },
		"a language that is none":       func(h *Half) { h.Talk[0].Tongue = "zz zz" },
		"person 0":                      person(func(p *Person) { p.ID = 0 }),
		"a giant person":                person(func(p *Person) { p.ID = maxClock + 1 }),
		"one person twice":              person(func(p *Person) { p.ID = 1 }),
		"one voice twice":               person(func(p *Person) { p.Voice = 7 }),
		"a voice that is a picture":     person(func(p *Person) { p.Voice = 8 }),
		"a picture that is a voice":     person(func(p *Person) { p.Picture = 7 }),
		"a voice and picture in one":    person(func(p *Person) { p.Picture = p.Voice }),
		"a voice of 33 bits":            person(func(p *Person) { p.Voice = 1 << 32 }),
		"a picture of 33 bits":          person(func(p *Person) { p.Picture = 1 << 32 }),
		"a fifth place":                 person(func(p *Person) { p.Place = Watch + 1 }),
		"a sixth role":                  person(func(p *Person) { p.Role = contact.Listener + 1 }),
		"since a half to come":          person(func(p *Person) { p.Since = 4 }),
		"no name":                       person(func(p *Person) { p.Name = "" }),
		"a name that turns the line":    person(func(p *Person) { p.Name = "\u202eoahZ" }),
		"a name of 101":                 person(func(p *Person) { p.Name = string(bytes.Repeat([]byte("a"), maxName+1)) }),
		"a tongue that is none":         person(func(p *Person) { p.Tongue = "x y" }),
		"a principal on the air":        person(func(p *Person) { p.Booth, p.OnAir = "ar", true }),
		"on the air in no booth":        func(h *Half) { h.People[0].Booth = "" },
		"two on the air in one booth":   person(func(p *Person) { p.Role, p.Booth, p.OnAir = contact.Interpreter, "en", true }),
		"a booth's language that is no": func(h *Half) { h.People[0].Booth = "e n" },
	} {
		h := half()
		f(h)
		if got, err := ParseHalf(h.Encode()); err == nil || got != nil {
			t.Errorf("%s: taken", name)
		}
	}
	big := half()
	big.Talk = nil
	for i := range MaxPeople - 2 {
		big.People = append(big.People, Person{ID: uint64(10 + i), Name: string(bytes.Repeat([]byte("汉"), maxName)), Title: string(bytes.Repeat([]byte("汉"), maxName)), Role: contact.Listener})
	}
	if _, err := ParseHalf(big.Encode()); parley.KindOf(err) != parley.Oversize {
		t.Errorf("a half of %d bytes: %v", len(big.Encode()), err)
	}
	// Counts that promise more than there is.
	for _, b := range [][]byte{{}, {0x8f}, {0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x9a, 0xff, 0xff, 0xff, 0xff}, {0x80}, {0xa0}, {0xf6}} {
		if h, err := ParseHalf(b); err == nil || h != nil {
			t.Errorf("% x is half a call", b)
		}
	}
	whole := half().Encode()
	giant := bytes.Replace(whole, []byte{0x82, 0x8e}, []byte{0x9b, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x8e}, 1) // the list of people
	if bytes.Equal(giant, whole) {
		t.Fatal("the list of people is not found")
	}
	for _, b := range [][]byte{giant, whole[:len(whole)-1], append(slices.Clone(whole), 0)} {
		if _, err := ParseHalf(b); err == nil {
			t.Errorf("% x is half a call", b)
		}
	}
}

// lone is a room of alder with one principal in it.
func lone(t *testing.T, others ...parley.PartyCode) (*Room, uint64) {
	t.Helper()
	r := NewRoom("alder", others, 1, contact.NotInterpreted)
	id, err := r.Enter(Person{Name: "Ada", Role: contact.Principal, Tongue: "en"})
	if err != nil {
		t.Fatal(err)
	}
	return r, id
}

// TestReplays: old halves and old runs change nothing, and neither do those of
// another party.
func TestReplays(t *testing.T) {
	r, _ := lone(t, "birch", "cedar")
	at := func(run, number, clock uint64) *Half {
		return &Half{Party: "birch", Run: run, Number: number, Clock: clock}
	}
	for i, c := range []struct {
		h    *Half
		want bool
	}{{at(2, 5, 100), true}, {at(2, 5, 100), false}, {at(2, 5, 99), false}, {at(2, 4, 300), false}, {at(1, 900, 900), false}, {at(2, 5, 101), true}, {at(2, 6, 50), true}, {at(3, 1, 1), true}, {at(2, 7, 900), false}} {
		if got, err := r.Take("birch", c.h, noon); err != nil || got != c.want {
			t.Errorf("%d: taken %v, %v", i, got, err)
		}
	}
	for _, c := range []struct{ from, says parley.PartyCode }{{"birch", "cedar"}, {"birch", "alder"}, {"cedar", "birch"}} {
		h := at(9, 9, 9)
		h.Party = string(c.says)
		if _, err := r.Take(c.from, h, noon); parley.KindOf(err) != parley.WrongParty {
			t.Errorf("%s says what is %s's: %v", c.from, c.says, err)
		}
	}
	if changed, _ := r.Take("alder", &Half{Party: "alder", Run: 9, Number: 9}, noon); changed {
		t.Error("another party says our own half")
	}
	if h := r.State().Halves["birch"]; h.Run != 3 || h.Number != 1 || r.State().Halves["alder"].Run != 1 {
		t.Errorf("the state is %+v", h)
	}
}

// TestALieAboutOurHalf: who says that he took in what we never said does not make
// our people hear before they are announced.
func TestALieAboutOurHalf(t *testing.T) {
	r, id := lone(t, "birch")
	speaker := Person{ID: 1, Name: "Wu", Place: Watch, Voice: 4}
	for i, half := range []uint64{maxClock, 1000, 2, r.own.Number} {
		h := &Half{Party: "birch", Run: 1, Number: uint64(i + 1), People: []Person{speaker}, Seen: []Seen{{Party: "alder", Run: 1, Half: half}}}
		if _, err := r.Take("birch", h, noon); err != nil {
			t.Fatal(err)
		}
		s := r.State()
		s.Halves["alder"].Person(id).Place = Watch
		if got := s.Hears(Who{"alder", id}, Who{"birch", 1}, ""); (got == Full) != (half == r.own.Number) {
			t.Errorf("took in %d of %d: heard %d", half, r.own.Number, got)
		}
	}
	for _, run := range []uint64{0, 2} { // of an old start, or of one to come
		h := &Half{Party: "birch", Run: 2 + run, Number: 1, People: []Person{speaker}, Seen: []Seen{{Party: "alder", Run: run, Half: r.own.Number}}}
		if _, err := r.Take("birch", h, noon); err != nil {
			t.Fatal(err)
		}
		s := r.State()
		s.Halves["alder"].Person(id).Place = Watch
		if got := s.Hears(Who{"alder", id}, Who{"birch", 1}, ""); got != Nothing {
			t.Errorf("of run %d: heard %d", run, got)
		}
	}
}

// TestAnInterpreterGoesInMidSentence: his partner in the booth is on the air from
// one half to the next, whether he left or lost his desk.
func TestAnInterpreterGoesInMidSentence(t *testing.T) {
	for _, how := range []string{"leaves", "is cut off"} {
		r := NewRoom("alder", []parley.PartyCode{"birch"}, 1, contact.Simultaneous)
		var ids []uint64
		for i, name := range []string{"Li", "Wang"} {
			id, err := r.Enter(Person{Name: name, Role: contact.Interpreter, Place: Floor})
			if err == nil {
				err = r.Wire(id, uint64(10+i), 0, false, false)
			}
			if err == nil {
				err = r.TakeBooth(id, "en")
			}
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		on := func(id uint64) bool { p := r.State().Halves["alder"].Person(id); return p != nil && p.OnAir }
		if !on(ids[0]) || on(ids[1]) {
			t.Fatal("the first who sits down is on the air")
		}
		before := r.State().Halves["alder"].Number
		err := r.Leave(ids[0])
		if how != "leaves" {
			r = NewRoom("alder", []parley.PartyCode{"birch"}, 1, contact.Simultaneous)
			for i, name := range []string{"Li", "Wang"} {
				id, _ := r.Enter(Person{Name: name, Role: contact.Interpreter, Place: Floor})
				r.Wire(id, uint64(10+i), 0, false, false)
				r.TakeBooth(id, "en")
			}
			before = r.State().Halves["alder"].Number
			err = r.Wire(ids[0], 10, 0, false, true)
		}
		if err != nil || !on(ids[1]) || on(ids[0]) || r.State().Halves["alder"].Number != before+1 {
			t.Errorf("he %s: %v, the partner is on the air: %v", how, err, on(ids[1]))
		}
	}
}

// TestRingsWithoutEnd: who rings very often at one moment keeps nobody who reads the
// calls busy for long, and still meets a ring of the other side.
func TestRingsWithoutEnd(t *testing.T) {
	const rings = 60_000
	es := make([]Entry, 0, rings+1)
	for i := range rings {
		es = append(es, Entry{Ref: parley.Ref{Gen: parley.GenerationID{2}, Index: uint64(i)}, Party: "birch", To: []parley.PartyCode{"alder"}, Time: noon, Form: &Ring{}})
	}
	es = append(es, Entry{Ref: parley.Ref{Gen: parley.GenerationID{1}}, Party: "alder", To: []parley.PartyCode{"birch"}, Time: noon, Form: &Ring{}})
	began := time.Now()
	cs := Fold(es)
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("%d rings took %v", rings, d)
	}
	met := 0
	for _, c := range cs {
		met += len(c.Crossed)
	}
	if len(cs) != rings+1 || met != 1 {
		t.Errorf("%d calls, %d met", len(cs), met)
	}
}
