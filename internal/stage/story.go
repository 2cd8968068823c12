package stage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// Step is one step of the written story. Do makes it happen and returns what
// was measured; an error says what was seen instead.
type Step struct {
	Name string
	Do   func(context.Context) (shown string, err error)
}

// Result is a step that was played.
type Result struct {
	Step  string `json:"step"`
	OK    bool   `json:"ok"`
	Shown string `json:"shown"`
}

// Play does one step.
func (st Step) Play(ctx context.Context) Result {
	shown, err := st.Do(ctx)
	if err != nil {
		return Result{st.Name, false, err.Error()}
	}
	return Result{st.Name, true, shown}
}

// Story is the written part of the story with what it remembers from step to
// step.
type Story struct {
	d       *Demo
	pairing *Pairing
	asked   string // our question, as an item
	filed   time.Time
	waits   string // what was filed with every path cut
	held    int64  // a draft that waits for a visitor
	planned string // the call that was arranged, as a contact
}

// NewStory begins the story.
func NewStory(d *Demo) *Story { return &Story{d: d} }

// SetUp are the steps that make a line: 1 to 5.
func (y *Story) SetUp() []Step {
	return []Step{
		{"1 keys made on each side", y.keys},
		{"2 words compared", y.words},
		{"3 charter signed by both", y.charter},
		{"4 test both ways", y.tests},
		{"5 line up on two paths", y.ready},
	}
}

// Written are the steps on a line that is up: 6 to 19.
func (y *Story) Written() []Step {
	return []Step{
		{"6 FLASH question, released by two hands", y.ask},
		{"7 the ladder", y.ladder},
		{"8 answer in Chinese", y.answered},
		{"9 a call arranged", y.arrange},
		{"10 the call", y.call},
		{"11 readouts exchanged and compared", y.exchanged},
		{"12 a joint statement, published", y.together},
		{"13 one path cut", y.oneCut},
		{"14 every path cut", y.allCut},
		{"15 paths back", y.mended},
		{"16 an old backup restored", y.oldBackup},
		{"17 a lost station recovered", y.lost},
		{"18 both records verified", y.verified},
		{"19 one flipped byte", y.flipped},
	}
}

func (y *Story) keys(ctx context.Context) (string, error) {
	if err := y.d.Start(ctx); err != nil {
		return "", err
	}
	var prints []string
	for _, s := range y.d.Sides() {
		k, err := s.rootKey()
		if err != nil {
			return "", err
		}
		prints = append(prints, fmt.Sprintf("%s %s, process %d", s.Name, k.Public().Fingerprint()[:9], s.proc.cmd.Process.Pid))
	}
	if prints[0] == prints[1] {
		return "", parley.Errorf(parley.Internal, "both sides have one root key")
	}
	return "root keys " + strings.Join(prints, "; "), nil
}

func (y *Story) words(ctx context.Context) (string, error) {
	p, err := y.d.Exchange(ctx)
	if err != nil {
		return "", err
	}
	if !p.Equal() {
		return "", parley.Errorf(parley.NotAllowed, "the words are not equal: %v at Alder, %v at Birch", p.Words[0], p.Words[1])
	}
	y.pairing = p
	return "equal: " + strings.Join(p.Words[0], " "), nil
}

func (y *Story) charter(ctx context.Context) (string, error) {
	if err := y.d.Confirm(ctx, y.pairing); err != nil {
		return "", err
	}
	took, err := await(ctx, 30*time.Second, "both assents are in both records", func() (bool, error) {
		for _, s := range y.d.Sides() {
			p, err := s.client.Record(ctx, y.d.Line(), station.Filter{Form: "assent"})
			if err != nil {
				return false, err
			}
			by := map[parley.PartyCode]bool{}
			for _, i := range append(p.Settled, p.Unsettled...) {
				by[i.Party] = by[i.Party] || !strings.HasPrefix(i.ID, "filed:")
			}
			if !by["alder"] || !by["birch"] {
				return false, nil
			}
		}
		return true, nil
	})
	return "assents of Alder and Birch in both records after " + seconds(took), err
}

func (y *Story) tests(ctx context.Context) (string, error) {
	var said []string
	for _, s := range y.d.Sides() {
		t, err := s.client.Test(ctx, y.d.Line())
		if err != nil {
			return "", fmt.Errorf("testing from %s: %w", s.Name, err)
		}
		said = append(said, fmt.Sprintf("%s to %s and back %s", s.Name, s.other.Name, seconds(t.LastRTT)))
	}
	return strings.Join(said, "; "), nil
}

// ready is up, and sets Birch's data of now aside: the old backup of later.
func (y *Story) ready(ctx context.Context) (string, error) {
	shown, err := y.up(ctx)
	if err != nil {
		return "", err
	}
	return shown, y.d.Birch.keepCopy()
}

// up waits until both lamps are up with every path.
func (y *Story) up(ctx context.Context) (string, error) {
	var rtt []string
	_, err := await(ctx, 30*time.Second, "both lamps are up on two paths", func() (bool, error) {
		rtt = nil
		for _, s := range y.d.Sides() {
			l, err := s.line(ctx)
			if err != nil || l.Lamp.State != station.LampUp {
				return false, err
			}
			for _, p := range l.Paths {
				if !p.Up || p.RTT == 0 {
					return false, nil
				}
				rtt = append(rtt, fmt.Sprintf("%s %s", p.Name, seconds(p.RTT)))
			}
		}
		return len(rtt) == 2*len(Paths), nil
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("UP on %d paths at both: Alder %s; Birch %s", len(Paths), strings.Join(rtt[:2], ", "), strings.Join(rtt[2:], ", ")), nil
}

// ask drafts the question, shows that its drafter cannot release it, and waits
// for the second officer.
func (y *Story) ask(ctx context.Context) (string, error) {
	a := y.d.Alder
	d, err := y.prepared(ctx)
	if err != nil {
		return "", err
	}
	if d.State != "released" { // a visitor may have done it
		_, err = a.as(a.Envoy).Release(ctx, d.ID, d.Version, "FLASH")
		if parley.KindOf(err) != parley.NotAllowed {
			return "", parley.Errorf(parley.Internal, "its drafter's release was not refused: %v", err)
		}
	}
	refused := err
	a.hold(d.ID, false)
	y.filed = time.Now()
	var done station.Item
	_, err = await(ctx, 20*time.Second, "a second officer has released it", func() (bool, error) {
		if done, err = a.find(ctx, question.Subject); err != nil {
			return false, err
		}
		return done.Releaser != "" && !strings.HasPrefix(done.ID, "filed:"), nil
	})
	if err != nil {
		return "", err
	}
	y.asked = done.ID
	if refused == nil {
		return fmt.Sprintf("drafted by %s, released by %s as %s Nr %04d", done.Drafter, done.Releaser, done.PrecedenceText, done.Serial), nil
	}
	return fmt.Sprintf("refused to %s (%s); released by %s as %s Nr %04d", done.Drafter, refused, done.Releaser, done.PrecedenceText, done.Serial), nil
}

// prepared is the question as a draft that was submitted: the one that waits
// for a visitor, unless he gave it back, or a new one.
func (y *Story) prepared(ctx context.Context) (station.Draft, error) {
	a := y.d.Alder
	if id := y.held; id != 0 {
		y.held = 0
		d, err := a.as(a.Envoy).Draft(ctx, id)
		if err == nil && (d.State == "submitted" || d.State == "released") {
			return d, nil
		}
		if err != nil && parley.KindOf(err) != parley.NotFound {
			return d, err
		}
	}
	d, err := a.Draft(ctx, question)
	if err != nil {
		return d, err
	}
	a.hold(d.ID, true)
	return a.as(a.Envoy).Submit(ctx, d.ID)
}

// Prefill leaves the question for a visitor at Alder's desk to release.
func (y *Story) Prefill(ctx context.Context) error {
	d, err := y.prepared(ctx)
	if err == nil {
		y.held = d.ID
	}
	return err
}

// ladder waits until Alder sees every promised rung with its time.
func (y *Story) ladder(ctx context.Context) (string, error) {
	var i station.Item
	_, err := await(ctx, FlashObjective, "every promised rung stands on Alder's ladder", func() (ok bool, err error) {
		i, err = y.d.Alder.item(ctx, y.asked)
		return err == nil && climbed(i), err
	})
	if err != nil {
		return "", fmt.Errorf("%w; the ladder: %s", err, Ladder(i))
	}
	theirs, err := y.d.Birch.item(ctx, y.asked)
	if err != nil {
		return "", err
	}
	if !translated(theirs) {
		return "", parley.Errorf(parley.Internal, "Birch has no reviewed translation")
	}
	t := theirs.Translations[len(theirs.Translations)-1]
	return fmt.Sprintf("%s; translated by %s, checked by %s", Ladder(i), t.Maker, t.Reviewer), nil
}

// climbed reports whether every promised rung has its time.
func climbed(i station.Item) bool {
	for _, s := range i.Ladder {
		if s.Promised && s.At.IsZero() {
			return false
		}
	}
	return len(i.Ladder) > 0
}

// Ladder writes the rungs that have been climbed, with the time each took from
// the first.
func Ladder(i station.Item) string {
	var out []string
	for _, s := range i.Ladder {
		if s.At.IsZero() {
			continue
		}
		at := s.At.UTC().Format("1504:05Z")
		if s.At.Second() == 0 && s.Rung > parley.Stored {
			at = s.At.UTC().Format("1504Z") // people's rungs are to the minute
		}
		out = append(out, s.Name+" "+at)
	}
	return strings.Join(out, " > ")
}

func (y *Story) answered(ctx context.Context) (string, error) {
	a := y.d.Alder
	var i station.Item
	took, err := await(ctx, 60*time.Second, "the answer is here, opened and translated", func() (ok bool, err error) {
		if i, err = a.find(ctx, answer.Subject); err != nil {
			return false, err
		}
		return translated(i), nil
	})
	if err != nil {
		return "", err
	}
	theirs, err := y.d.Birch.find(ctx, answer.Subject)
	if err != nil {
		return "", err
	}
	if i.Language != "zh" || len(i.Refs) != 1 || i.Refs[0] != y.asked || theirs.Drafter == theirs.Releaser || i.Text != answer.Text {
		return "", parley.Errorf(parley.Internal, "language %s, answers %v, drafted by %s, released by %s", i.Language, i.Refs, theirs.Drafter, theirs.Releaser)
	}
	q, err := a.item(ctx, y.asked)
	if err != nil {
		return "", err
	}
	if q.Ladder[len(q.Ladder)-1].At.IsZero() {
		return "", errors.New("the question's ladder does not show the answer")
	}
	t := i.Translations[len(i.Translations)-1]
	return fmt.Sprintf("%s Nr %04d in Chinese by %s, released by %s, %s after; translation on our side by %s, checked by %s: %q",
		i.PrecedenceText, i.Serial, theirs.Drafter, theirs.Releaser, seconds(took), t.Maker, t.Reviewer, firstLine(t.Text)), nil
}

func firstLine(t string) string { l, _, _ := strings.Cut(t, "\n"); return l }
