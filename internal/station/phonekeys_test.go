package station

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/call/sip"
	"parley/internal/call/sip/siptest"
	"parley/internal/charter"
	"parley/internal/contact"
)

// twoTongues gives the sides of a line English and Chinese.
func twoTongues(c *charter.Charter) {
	c.Parties[0].Languages, c.Parties[1].Languages = []string{"en"}, []string{"zh"}
}

// TestPhoneKeys: what each key does on a call, and how it is answered; and who is
// shown to both sides as too narrow for it.
func TestPhoneKeys(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairRuled(t, twoTongues, a, b)
	a.waitUp(line)
	b.waitUp(line)
	var wu CallSeat
	pa, _ := putThrough(t, line, a, b, func() {
		wu = a.joins(line, a.chief, 'I', CallPerson{Name: "Wu", Role: "interpreter", Tongue: "zh"}).seat
	})
	c, err := a.st.callOn(line)
	if err != nil {
		t.Fatal(err)
	}
	at, err := c.join("phone:booth", CallPerson{Name: "booth", Role: "interpreter", Tongue: "en"})
	if err == nil {
		err = c.x.Join(at.Person, newEarpiece(), true, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	k, now := &phoneKeys{c: c, id: at.Person}, time.Now()
	me := func() call.Person { return *c.x.View().State.Halves["alder"].Person(at.Person) }
	names := map[string]sip.Sound{"done": sip.Done, "taken": sip.Taken, "waiting": sip.Waiting, "left": sip.Left, "muted": sip.Muted, "unmuted": sip.Unmuted, "refused": sip.Refused}
	press := func(keys, want string) {
		t.Helper()
		var said sip.Sound
		for i := range len(keys) {
			now = now.Add(300 * time.Millisecond)
			said = k.press(keys[i], now)
		}
		got := "nothing"
		for n, s := range names {
			if len(said) > 0 && &said[0] == &s[0] {
				got = n
			}
		}
		if got != want {
			t.Errorf("%q is answered by %s, want %s: he is %+v", keys, got, want, me())
		}
	}
	hears := func(want string) {
		t.Helper()
		if got := c.x.View().Choice[at.Person]; got != want {
			t.Errorf("he hears %q, want %q", got, want)
		}
	}
	press("2", "done")
	hears("zh")
	press("0", "done")
	hears("")
	press("3", "refused") // there are two languages
	press("A", "refused")
	press("*", "nothing")
	now = now.Add(starFor + time.Second)
	press("1", "done") // the star is forgotten
	hears("en")
	press("0", "done")
	press("**", "done")
	if g := c.x.View().State.Halves["alder"].Signals; len(g) != 1 || g[0].Kind != call.SayAgain || g[0].Person != at.Person {
		t.Errorf("asked: %+v", g)
	}
	press("#", "muted")
	if !me().Muted {
		t.Error("he is not muted")
	}
	press("#", "unmuted")
	press("*#", "refused")
	press("*2", "taken")
	if p := me(); p.Booth != "zh" || !p.OnAir {
		t.Errorf("after *2 he is %+v", p)
	}
	for _, p := range []*party{a, b} {
		eventually(t, 5*time.Second, p.code+" is shown who interprets by telephone", func() bool {
			r, err := p.st.CallRoom(ctx, CallSeat{Line: line})
			return err == nil && len(r.Narrow) == 1 && r.Narrow[0] == CallNarrow{"alder", "booth", true} && strings.Join(r.Keys, " ") == "en zh"
		})
		for _, x := range func() []CallSide { r, _ := p.st.CallRoom(ctx, CallSeat{Line: line}); return r.Sides }() {
			for _, m := range x.People {
				if m.Name == "booth" && (m.Booth != "zh" || !m.OnAir || !m.Phone) {
					t.Errorf("%s shows %+v", p.code, m)
				}
			}
		}
	}
	press("*0", "left")
	if err := a.st.ActOnCall(ctx, wu, CallAct{"booth", "zh"}); err != nil {
		t.Fatal(err)
	}
	press("*2", "waiting")
	press("*2", "taken")
	if p := me(); !p.OnAir || c.x.View().State.Halves["alder"].Person(wu.Person).OnAir {
		t.Errorf("after a second *2 he is %+v", p)
	}
	press("*3", "refused")
	if err := a.st.ActForSide(ctx, a.watch, line, SideAct{Do: "interpret", What: "consecutive"}); err != nil {
		t.Fatal(err)
	}
	press("*2", "refused") // there is no booth any more
	if r, err := a.st.CallRoom(ctx, CallSeat{Line: line}); err != nil || len(r.Narrow) != 0 {
		t.Errorf("consecutive, and too narrow: %+v, %v", r.Narrow, err)
	}
	before := c.x.View().State.Halves["alder"].Number
	for range 1000 { // a telephone that is none
		k.press('#', now)
	}
	if n := c.x.View().State.Halves["alder"].Number - before; n == 0 || n > 10 {
		t.Errorf("a thousand keys at once changed our half %d times", n)
	}
	now = now.Add(10 * time.Second)
	if err := c.x.Leave(at.Person); err != nil {
		t.Fatal(err)
	}
	press("#", "refused") // he is gone
	besideInterpreters(t, a, b, line, wu, pa.seat)
}

// besideInterpreters: what our side passed stands beside our interpreter, and beside
// nobody else, here or there.
func besideInterpreters(t *testing.T, a, b *party, line string, interpreter, principal CallSeat) {
	t.Helper()
	ctx := context.Background()
	they := b.joins(line, b.chief, 'T', CallPerson{Name: "Li", Role: "interpreter", Tongue: "en"}).seat
	wantKind(t, "a term in one language", a.st.AddTerm(ctx, a.watch, line, []SaidText{{"en", "barge"}}, ""), parley.BadForm, "2 languages at least")
	wantKind(t, "nobody adds a term", a.st.AddTerm(ctx, Officer{}, line, nil, ""), parley.NotAllowed, "no name was given")
	wantKind(t, "the watch checks it", a.st.CheckTerm(ctx, a.watch, line, 1), parley.NotAllowed, "office of interpreter")
	err := a.st.AddTerm(ctx, a.watch, line, []SaidText{{"zh", "驳船"}, {"en", "barge"}}, "flat")
	if err == nil {
		err = a.st.PassScript(ctx, a.envoy, line, "First the corridor.\nThen the barges.")
	}
	if err != nil {
		t.Fatal(err)
	}
	room := func(p *party, at CallSeat) CallRoom {
		t.Helper()
		r, err := p.st.CallRoom(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := room(a, interpreter); len(r.Terms) != 1 || r.Terms[0].Words[0] != (SaidText{"en", "barge"}) || r.Terms[0].By != a.watch.Name || len(r.Script) != 1 || r.Script[0].By != a.envoy.Name || !strings.Contains(r.Script[0].Text, "barges") || r.Beside != "" {
		t.Errorf("beside our interpreter stand %+v and %+v, %q", r.Terms, r.Script, r.Beside)
	}
	for what, r := range map[string]CallRoom{"our principal": room(a, principal), "who has not joined": room(a, CallSeat{Line: line}), "their interpreter": room(b, they)} {
		if len(r.Terms)+len(r.Script) > 0 {
			t.Errorf("beside %s stand %+v and %+v", what, r.Terms, r.Script)
		}
	}
	rows, err := a.st.Audit(ctx, Officer{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	acts := ""
	for _, r := range rows {
		acts += r.Officer + " " + r.Act + "\n"
		if strings.Contains(r.Detail, "corridor") {
			t.Errorf("the audit tells the script: %+v", r)
		}
	}
	for _, want := range []string{a.watch.Name + " add to the glossary", a.envoy.Name + " pass a script"} {
		if !strings.Contains(acts, want) {
			t.Errorf("the audit lacks %q:\n%s", want, acts)
		}
	}
}

// TestNarrow: of each side who interprets by telephone where it does so
// simultaneously, and who speaks by telephone where anybody does.
func TestNarrow(t *testing.T) {
	t.Parallel()
	person := func(id uint64, name string, role contact.Role, place call.Place) call.Person {
		return call.Person{ID: id, Name: name, Role: role, Place: place, Phone: true, Voice: id, Since: 1}
	}
	a := &call.Half{Party: "alder", People: []call.Person{person(1, "P", contact.Principal, call.Floor), person(2, "I", contact.Interpreter, call.Floor), person(3, "N", contact.Listener, call.Floor), person(4, "W", contact.Principal, call.Watch)}}
	b := &call.Half{Party: "birch", People: []call.Person{person(1, "Q", contact.Principal, call.Floor)}}
	s := &call.State{Us: "alder", Halves: map[parley.PartyCode]*call.Half{"alder": a, "birch": b}}
	for _, c := range []struct {
		a, b contact.Interpreting
		want string
	}{{0, 0, "[]"}, {1, 1, "[]"}, {2, 2, "[{alder I true} {alder P false} {birch Q false}]"}, {1, 2, "[{alder P false} {birch Q false}]"}, {2, 0, "[{alder I true} {alder P false} {birch Q false}]"}} {
		a.Mode, b.Mode = c.a, c.b
		if got := fmt.Sprint(narrow(s)); got != c.want {
			t.Errorf("modes %d and %d: %s, want %s", c.a, c.b, got, c.want)
		}
	}
	a.People[0].Away = true
	if got := fmt.Sprint(narrow(s)); got != "[{alder I true} {birch Q false}]" {
		t.Errorf("who is away is shown: %s", got)
	}
}

// recordedCall is a call that both sides record; at is where a phone of a registers.
func recordedCall(t *testing.T) (a, b *party, line, at string) {
	t.Helper()
	siptest.Have(t)
	ctx := context.Background()
	a, b = newParty(t, "alder"), newParty(t, "birch")
	line = pairRuled(t, recorded, a, b)
	at = a.withPhones(line, "study secret-of-study principal md5")
	a.st.phones.remind = 2 * time.Second
	a.waitProved(line, b)
	b.waitProved(line, a)
	if _, err := a.st.Ring(ctx, a.watch, line, RingText{Recording: "each-its-own"}); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Ringing)
	if err := b.st.LiftCall(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Running)
	b.callIs(line, call.Running)
	for _, p := range []*party{a, b} {
		eventually(t, 5*time.Second, "the call begins", func() bool { _, err := p.st.callOn(line); return err == nil })
	}
	return a, b, line, at
}

// ourMember is somebody of ours on a call, by his name; none where he is not on it.
func (c *liveCall) ourMember(name string) (out call.Person) {
	for _, p := range c.x.View().State.Halves[c.line.us].People {
		if p.Name == name {
			out = p
		}
	}
	return out
}

// TestPhoneOnHoldIsToldOfARecording when it hears again, from the beginning; until then
// it is not put on the call.
func TestPhoneOnHoldIsToldOfARecording(t *testing.T) {
	a, _, line, at := recordedCall(t)
	study := a.phone(siptest.Options{Name: "study", Password: "secret-of-study", Server: at, Tone: toneA})
	study.Dial("hotline")
	c, err := a.st.callOn(line)
	if err != nil {
		t.Fatal(err)
	}
	member := func() call.Person { return c.ourMember("study") }
	eventually(t, 5*time.Second, "the phone is in the roster", func() bool { return member().ID != 0 })
	time.Sleep(time.Second)
	study.Do("hold", "")
	told := sip.Recorded("en").Lasts()
	time.Sleep(told + 2*time.Second)
	if member().Voice != 0 {
		t.Fatal("a phone on hold is on a call that is recorded, of which it was not told")
	}
	study.Do("resume", "")
	began := time.Now()
	eventually(t, 15*time.Second, "the phone is put on the call", func() bool { return member().Voice != 0 })
	if d := time.Since(began); d < told {
		t.Errorf("it is on the call %v after it hears again; what it is told lasts %v", d, told)
	}
	study.HangUp()
}

// TestPhoneIsToldOfARecording: a telephone that comes to a call that is recorded hears
// that first, by a tone and a voice, and nothing else; until then it is heard by nobody
// and nothing of it is kept; and it is reminded while the call lasts.
func TestPhoneIsToldOfARecording(t *testing.T) {
	ctx := context.Background()
	a, b, line, at := recordedCall(t)
	aide := a.speaks(line, a.envoy, CallPerson{Name: "Aide", Role: "delegate", Tongue: "en"}, 0, 160, siptest.MuTone(704, sip.PCMU))
	far := b.speaks(line, b.envoy, CallPerson{Name: "President Birch", Role: "principal", Tongue: "en"}, 0, 160, siptest.MuTone(440, sip.PCMU))
	for _, p := range []*party{a, b} {
		if err := p.st.ActForSide(ctx, p.watch, line, SideAct{Do: "ready"}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 10*time.Second, "they are put through", func() bool {
		r, err := a.st.CallRoom(ctx, CallSeat{Line: line})
		return err == nil && !r.Through.IsZero()
	})
	if err := a.st.ActOnCall(ctx, aide.at, CallAct{"mute", ""}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	far.heard()
	study := a.phone(siptest.Options{Name: "study", Password: "secret-of-study", Server: at, Tone: toneA})
	study.Dial("hotline")
	c, err := a.st.callOn(line)
	if err != nil {
		t.Fatal(err)
	}
	member := func() call.Person { return c.ourMember("study") }
	eventually(t, 5*time.Second, "the phone is in the roster", func() bool { return member().ID != 0 })
	lifted := time.Now()
	eventually(t, 15*time.Second, "the phone is put on the call", func() bool { return member().Voice != 0 })
	joined := time.Now()
	if told := sip.Recorded("en").Lasts(); joined.Sub(lifted) < told || told < 2*time.Second {
		t.Errorf("the phone is on the call after %v; what it is told lasts %v", joined.Sub(lifted), told)
	}
	if n := len(far.heard()); n > 8000 { // nobody else speaks; what came since it was put on may be there already
		t.Errorf("the other side heard %d samples before the phone was told", n)
	}
	time.Sleep(5 * time.Second)
	if l := siptest.Level(last(far.heard(), 4000), toneA); l < -15 {
		t.Errorf("the phone is heard at %.0f dB afterwards", l)
	}
	study.HangUp()
	time.Sleep(500 * time.Millisecond)
	if err := b.st.HangUp(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Over)

	// What it heard, by tenths of a second: the tone, a voice, the tone, then the call.
	var heard []float64
	eventually(t, 5*time.Second, "what it heard is kept", func() bool { heard = study.Heard(); return len(heard) > 50_000 })
	said := ""
	for pcm := heard; len(pcm) >= 800; pcm = pcm[800:] {
		tone, floor := siptest.Level(pcm[:800], 1400), max(siptest.Level(pcm[:800], 704), siptest.Level(pcm[:800], 440))
		switch {
		case tone > -22 && floor > -50:
			said += "T" // over the call
		case tone > -22:
			said += "t"
		case floor > -15:
			said += "c"
		case loudest(pcm[:800]) > 0.02:
			said += "v"
		default:
			said += "."
		}
	}
	t.Logf("by tenths of a second: %s", said)
	if !regexp.MustCompile(`^[.v]{0,4}[tT]{3,}[^c]*v{6,}[^c]*[tT]{3,}.*c{5,}`).MatchString(said) {
		t.Errorf("it heard %q: want the tone, a voice, the tone, and then the call", said)
	}
	later := said[max(strings.Index(said, "ccccc"), 0):]
	if n := len(regexp.MustCompile(`[tT]{3,}`).FindAllString(later, -1)); n < 2 || n > 3 {
		t.Errorf("it was reminded %d times in 5 s, one every 2 s", n)
	}

	// What both stations kept of it begins when it was told.
	archivist, err := a.st.AddOfficer(ctx, Officer{}, "Ms Ivarsen", []parley.Office{parley.Archivist})
	if err != nil {
		t.Fatal(err)
	}
	var x Call
	eventually(t, 20*time.Second, "the recordings are on the record", func() bool {
		cs, err := a.st.CallList(ctx, line)
		if err == nil && len(cs) > 0 {
			x = cs[0]
		}
		return len(x.Tapings) == 2
	})
	found := 0
	for _, tp := range x.Tapings {
		for _, v := range tp.Voices {
			if v.Name != "study" {
				continue
			}
			found++
			if !tp.Ours {
				continue
			}
			wav := played(t, a, archivist, line, x.ID, v.File)
			if fmt.Sprintf("%x", sha256.Sum256(wav)) != v.Sum || !bytes.HasPrefix(wav, []byte("RIFF")) {
				t.Errorf("the voice of the phone is no whole WAVE file")
			}
			begins := firstSound(wav)
			if at := tp.Span.Start.Add(begins); at.Before(joined.Add(-1500 * time.Millisecond)) { // the record counts whole seconds
				t.Errorf("something of the phone was kept from %v on; it was told at %v", at, joined)
			}
		}
	}
	if found != 2 {
		t.Errorf("the phone stands in %d recordings: %+v", found, x.Tapings)
	}
}

// last are the last n samples, or all.
func last(pcm []float64, n int) []float64 { return pcm[max(0, len(pcm)-n):] }

func loudest(pcm []float64) (peak float64) {
	for _, v := range pcm {
		peak = max(peak, v, -v)
	}
	return peak
}

// firstSound is when a WAVE file of mu-law is first no silence.
func firstSound(wav []byte) time.Duration {
	i := bytes.Index(wav, []byte("data"))
	n := int(binary.LittleEndian.Uint32(wav[i+4:]))
	for j, x := range wav[i+8:][:n] {
		if v := sip.Linear(x); v > 200 || v < -200 {
			return time.Duration(j) * time.Second / 8000
		}
	}
	return -1
}
