package station

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley"
	"parley/internal/call"
	"parley/internal/call/sip"
	"parley/internal/call/sip/siptest"
)

// withPhones lets a station serve phones: each is a line of its file, without the
// name of the line.
func (p *party) withPhones(line string, phones ...string) (at string) {
	p.t.Helper()
	at = fmt.Sprintf("127.0.0.1:%d", siptest.Port(p.t, 74))
	path := filepath.Join(p.dir, "phones")
	text := ""
	for _, l := range phones {
		f := strings.Fields(l)
		text += strings.Join(append(append(append([]string{}, f[:3]...), line[:8]), f[3:]...), " ") + "\n"
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.halt()
	p.config(func(c *Config) { c.ListenSIP, c.Phones = at, path })
	p.start()
	return at
}

// waitProved waits until voices can cross to another party by both paths.
func (p *party) waitProved(line string, to ...*party) {
	p.t.Helper()
	l, err := p.st.lineOf(line)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, o := range to {
		eventually(p.t, 15*time.Second, p.code+" has both paths", func() bool { return len(p.st.net.trunkPaths(l.id, parley.PartyCode(o.code))) == 2 })
	}
}

func (p *party) phone(o siptest.Options) *siptest.Phone {
	p.t.Helper()
	x := siptest.Start(p.t, o)
	eventually(p.t, 15*time.Second, o.Name+" registers", func() bool {
		ps, _ := p.st.phoneViews()
		for _, r := range ps {
			if r.Name == o.Name {
				return true
			}
		}
		return false
	})
	return x
}

func (p *party) isUp(phone string) bool {
	ps, _ := p.st.phoneViews()
	for _, r := range ps {
		if r.Name == phone {
			return r.Up
		}
	}
	return false
}

// Tones that have no harmonic, and no sound that G.711 makes of them, in common.
const (
	toneA = 1291.3
	toneB = 703.7
)

// hears fails unless a phone heard one tone for two seconds, and that at least 50 dB
// above the others but for where the machine was late.
func hears(t *testing.T, p *siptest.Phone, own float64, others ...float64) {
	t.Helper()
	const half = 4000
	var pcm []float64
	eventually(t, 5*time.Second, "what it heard is kept", func() bool { pcm = p.Heard(); return len(pcm) > 4*half })
	good, all, said := 0, 0, ""
	for ; len(pcm) >= half; pcm = pcm[half:] {
		a := siptest.Level(pcm[:half], own)
		if a < -20 {
			continue
		}
		said += fmt.Sprintf(" %.0f Hz %.1f dB", own, a)
		apart := 200.0
		for _, o := range others {
			b := siptest.Level(pcm[:half], o)
			said += fmt.Sprintf(", %.0f Hz %.1f dB", o, b)
			apart = min(apart, a-b)
		}
		said += ";"
		if all++; apart >= 50 {
			good++
		}
	}
	t.Logf("%s hears%s", p.Name, said)
	if good < 3 || good < all/2 {
		t.Errorf("%s does not hear it well: %d of %d half seconds", p.Name, good, all)
	}
}

// TestPhones: a phone at Alder is lifted, Birch's phone rings and is lifted, and each
// hears the other; who began it ends it.
func TestPhones(t *testing.T) {
	siptest.Have(t)
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	atA := a.withPhones(line, "red secret-of-red watch auto md5")
	atB := b.withPhones(line, "green secret-of-green watch md5", "blue secret-of-blue watch md5")
	a.waitProved(line, b)
	b.waitProved(line, a)
	red := a.phone(siptest.Options{Name: "red", Password: "secret-of-red", Server: atA, Tone: toneA})
	blue := b.phone(siptest.Options{Name: "blue", Password: "secret-of-blue", Server: atB, Tone: toneB})
	green := b.phone(siptest.Options{Name: "green", Password: "secret-of-green", Server: atB, Tone: toneB, Auto: true})
	began := time.Now()
	red.Dial("1")
	eventually(t, 15*time.Second, "it rings there", func() bool { ph := b.callPhase(line); return ph == call.Ringing || ph == call.Running })
	rang := time.Since(began)
	a.callIs(line, call.Running)
	eventually(t, 5*time.Second, "both are on the call", func() bool { return a.isUp("red") && b.isUp("green") })
	t.Logf("rang there after %v, ran after %v", rang.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	for _, x := range []struct {
		p     *party
		phone string
	}{{a, "red"}, {b, "green"}} {
		eventually(t, 10*time.Second, x.phone+" is let hear", func() bool {
			c, err := x.p.st.callOn(line)
			if err != nil {
				return false
			}
			c.mu.Lock()
			id := c.people["phone:"+x.phone]
			c.mu.Unlock()
			voices, _ := c.x.Seats(id)
			return len(voices) == 1
		})
	}
	t.Logf("both hear after %v", time.Since(began).Round(time.Millisecond))
	time.Sleep(4 * time.Second)
	if b.isUp("blue") || !strings.Contains(blue.Said(), "CANCEL sip:blue") {
		t.Errorf("the phone that was not lifted still rings, or never did:\n%s", blue.Said())
	}
	red.HangUp()
	a.callIs(line, call.Over)
	b.callIs(line, call.Over)
	eventually(t, 5*time.Second, "both are down", func() bool { return !a.isUp("red") && !b.isUp("green") })
	hears(t, red, toneB, toneA)
	hears(t, green, toneA, toneB)
	rows, err := a.st.Audit(ctx, Officer{}, 50)
	if err != nil {
		t.Fatal(err)
	}
	acts := map[string]bool{}
	for _, r := range rows {
		acts[r.Officer+": "+r.Act] = true
	}
	for _, want := range []string{"phone:red: call the other side", "phone:red: join a call", "phone:red: hang up"} {
		if !acts[want] {
			t.Errorf("the audit lacks %q: %v", want, acts)
		}
	}
}

// mouth is a leg that speaks packets over and over, and keeps what it hears by
// telephone.
type mouth struct {
	mu    sync.Mutex
	pcm   []float64
	bad   int // packets that are not 20 ms of PCMU
	kinds map[uint8]int
	at    CallSeat
}

func (m *mouth) Play(_ int, p *rtp.Packet) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kinds[p.PayloadType]++
	if p.PayloadType != 0 {
		return nil
	}
	if len(p.Payload) != 160 {
		m.bad++
	}
	for _, b := range p.Payload {
		m.pcm = append(m.pcm, float64(sip.Linear(b))/32768)
	}
	return nil
}

func (m *mouth) Show(int, *rtp.Packet) error { return nil }
func (m *mouth) AskPicture()                 {}
func (m *mouth) Close()                      {}

// heard is what was heard since the last time.
func (m *mouth) heard() []float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.pcm
	m.pcm = nil
	return out
}

// speaks puts somebody on the call who speaks packets of 20 ms over and over.
func (p *party) speaks(line string, by Officer, as CallPerson, kind uint8, step uint32, packets [][]byte) *mouth {
	p.t.Helper()
	at, err := p.st.JoinCall(context.Background(), by, line, as)
	if err != nil {
		p.t.Fatal(err)
	}
	c, err := p.st.callOn(line)
	if err != nil {
		p.t.Fatal(err)
	}
	m := &mouth{kinds: map[uint8]int{}, at: at}
	if err := c.x.Join(at.Person, m, false, false); err != nil {
		p.t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(20 * time.Millisecond)
		defer t.Stop()
		for n := uint32(0); ; n++ {
			select {
			case <-stop:
				return
			case <-t.C:
			}
			c.x.Voice(at.Person, m, &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: kind, SequenceNumber: uint16(n), Timestamp: n * step, SSRC: 9}, Payload: packets[n%uint32(len(packets))]}, 20)
		}
	}()
	p.t.Cleanup(func() { close(stop); <-done })
	return m
}

// TestPhoneChoosesABooth: a principal by telephone is put through; he hears the floor,
// by a key an interpreter's booth with the floor low underneath, and by another the
// floor again. A desk at the other side is sent his voice as he sent it.
func TestPhoneChoosesABooth(t *testing.T) {
	siptest.Have(t)
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	at := a.withPhones(line, "study secret-of-study principal md5")
	a.waitProved(line, b)
	b.waitProved(line, a)
	study := a.phone(siptest.Options{Name: "study", Password: "secret-of-study", Server: at, Tone: toneA})
	study.Dial("hotline")
	b.callIs(line, call.Ringing)
	time.Sleep(time.Second)
	if err := b.st.LiftCall(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Running)
	eventually(t, 5*time.Second, "the call begins", func() bool { _, err := b.st.callOn(line); return err == nil })
	const floorTone, boothTone = 704, 2018
	floor := b.speaks(line, b.envoy, CallPerson{Name: "President Birch", Role: "principal", Tongue: "zh"}, 0, 160, siptest.MuTone(floorTone, sip.PCMU))
	booth := b.speaks(line, b.chief, CallPerson{Name: "Li", Role: "interpreter", Tongue: "zh"}, 111, 960, siptest.OpusTone())
	var seat CallSeat
	eventually(t, 5*time.Second, "the phone is on the call", func() bool {
		c, err := a.st.callOn(line)
		if err != nil {
			return false
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		seat = CallSeat{line, c.people["phone:study"]}
		return seat.Person != 0
	})
	for _, p := range []*party{a, b} {
		if err := p.st.ActForSide(ctx, p.watch, line, SideAct{Do: "interpret", What: "simultaneous"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.st.ActOnCall(ctx, booth.at, CallAct{"booth", "en"}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		if err := p.st.ActForSide(ctx, p.watch, line, SideAct{Do: "ready"}); err != nil {
			t.Fatal(err)
		}
	}
	hearing := func(want string) {
		t.Helper()
		eventually(t, 5*time.Second, "the phone hears "+want, func() bool {
			r, err := a.st.CallRoom(ctx, seat)
			return err == nil && r.You != nil && r.You.Hears == want && len(r.You.Voices) > 0
		})
		time.Sleep(2500 * time.Millisecond)
	}
	hearing("")
	study.Press('1')
	hearing("en")
	study.Press('0')
	hearing("")
	r, err := b.st.CallRoom(ctx, floor.at)
	if err != nil {
		t.Fatal(err)
	}
	phones := 0
	for _, m := range r.Sides[1].People {
		if m.Phone && m.Device && m.Name == "study" {
			phones++
		}
	}
	if phones != 1 {
		t.Errorf("birch sees %+v", r.Sides[1].People)
	}
	pcm := floor.heard()
	study.HangUp()
	a.callIs(line, call.Over)

	// The desk's end: the phone's packets as they were.
	floor.mu.Lock()
	defer floor.mu.Unlock()
	if floor.bad > 0 || floor.kinds[0] < 200 {
		t.Errorf("the desk was sent %v, %d of them not 20 ms", floor.kinds, floor.bad)
	}
	last := pcm[len(pcm)-8000:]
	own, other := siptest.Level(last, toneA), max(siptest.Level(last, floorTone), siptest.Level(last, boothTone))
	t.Logf("the desk hears the phone at %.1f dB, others below %.1f dB, in %d packets", own, other, floor.kinds[0])
	if own-other < 50 {
		t.Errorf("the desk hears the phone at %.1f dB, others at %.1f dB", own, other)
	}

	// The phone's end, by half seconds: the floor, the booth over it, the floor.
	var heard []float64
	eventually(t, 5*time.Second, "what it heard is kept", func() bool { heard = study.Heard(); return len(heard) > 40000 })
	said, phases := "", ""
	for ; len(heard) >= 4000; heard = heard[4000:] {
		f, x, me, ring := siptest.Level(heard[:4000], floorTone), siptest.Level(heard[:4000], boothTone), siptest.Level(heard[:4000], toneA), siptest.Level(heard[:4000], 425)
		said += fmt.Sprintf(" %.0f/%.0f/%.0f/%.0f", f, x, me, ring)
		switch {
		case ring > -30:
			phases += "r"
		case f > -8 && f-x > 50 && f-me > 50:
			phases += "f"
		case x > -12 && f > -25 && f < -20 && x-me > 50:
			phases += "b"
		default:
			phases += "."
		}
	}
	t.Logf("floor/booth/itself/ringing tone by half seconds, dB:%s: %s", said, phases)
	if !regexp.MustCompile(`r.*f.*f.*b.*b.*f.*f`).MatchString(phases) || regexp.MustCompile(`b.*f.*b`).MatchString(phases) {
		t.Errorf("the phone heard %s: want ringing, floor, booth, floor", phases)
	}
	cs, err := a.st.CallList(ctx, line)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range cs[0].Ends {
		if e.By == "alder" && (len(e.Talk) != 1 || e.Talk[0].For < 3*time.Second) {
			t.Errorf("the phone's time of talking is %+v", e.Talk)
		}
	}
}

// TestPhoneRingsInVain: who hangs up while it rings has given up; who is declined, or
// finds the other side's call ended, is hung up; a phone whose role does not ring
// only joins.
func TestPhoneRingsInVain(t *testing.T) {
	siptest.Have(t)
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	at := a.withPhones(line, "red secret-of-red watch md5", "ear secret-of-ear listener auto md5")
	a.waitProved(line, b)
	b.waitProved(line, a)
	red := a.phone(siptest.Options{Name: "red", Password: "secret-of-red", Server: at, Tone: toneA})
	ear := a.phone(siptest.Options{Name: "ear", Password: "secret-of-ear", Server: at, Tone: toneB})

	ear.Dial("1")
	eventually(t, 5*time.Second, "a listener's phone is refused", func() bool { return strings.Contains(ear.Said(), "403 Forbidden") })
	red.Dial("1")
	eventually(t, 5*time.Second, "what is not the hotline is refused", func() bool { return strings.Contains(red.Said(), "404 Not Found") })
	if ph := b.callPhase(line); ph != "" {
		t.Fatalf("a call is %s", ph)
	}
	red.Dial("hotline")
	b.callIs(line, call.Ringing)
	time.Sleep(1100 * time.Millisecond)
	red.HangUp()
	b.callIs(line, call.GivenUp)
	a.callIs(line, call.GivenUp)

	red.Dial("hotline")
	eventually(t, 5*time.Second, "it is lifted", func() bool { return a.isUp("red") })
	red.HangUp() // at once
	eventually(t, 10*time.Second, "that call is given up too", func() bool {
		cs, err := b.st.CallList(ctx, line)
		return err == nil && len(cs) == 2 && cs[0].Phase == call.GivenUp
	})
	time.Sleep(1100 * time.Millisecond)

	red.Dial("hotline")
	b.callIs(line, call.Ringing)
	time.Sleep(1100 * time.Millisecond)
	if err := b.st.DeclineCall(ctx, b.watch, line, "", "not-now", ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Declined)
	eventually(t, 5*time.Second, "the phone is told", func() bool { return strings.Contains(red.Said(), "486 Busy Here") && !a.isUp("red") })

	red.Dial("hotline")
	b.callIs(line, call.Ringing)
	time.Sleep(1100 * time.Millisecond)
	if err := b.st.LiftCall(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Running)
	ear.Dial("1")
	eventually(t, 5*time.Second, "both phones are on the call", func() bool {
		c, err := a.st.callOn(line)
		return err == nil && len(c.x.View().State.Halves["alder"].People) == 2
	})
	red.HangUp()
	eventually(t, 5*time.Second, "one is left", func() bool {
		c, err := a.st.callOn(line)
		return err == nil && len(c.x.View().State.Halves["alder"].People) == 1
	})
	time.Sleep(time.Second)
	if ph := a.callPhase(line); ph != call.Running {
		t.Errorf("the call is %s although somebody of ours is on it", ph)
	}
	if err := b.st.HangUp(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Over)
	eventually(t, 5*time.Second, "the phone is hung up", func() bool { return !a.isUp("ear") && strings.Contains(ear.Said(), "BYE sip:ear") })
}

// TestPhoneWithAWrongPassword sounds once a minute, and says from where.
func TestPhoneWithAWrongPassword(t *testing.T) {
	siptest.Have(t)
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	at := a.withPhones(line, "red secret-of-red watch md5", "blue secret-of-blue watch md5")
	siptest.Start(t, siptest.Options{Name: "red", Password: "secret-of-bed", Server: at, Tone: toneA})
	siptest.Start(t, siptest.Options{Name: "blue", Password: "secret-of-clue", Server: at, Tone: toneA})
	alarms := func() (out []Alarm) {
		all, err := a.st.Alarms(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			if x.Code == "phone" {
				out = append(out, x)
			}
		}
		return out
	}
	eventually(t, 10*time.Second, "it sounds", func() bool { return len(alarms()) > 0 })
	eventually(t, 10*time.Second, "the other is counted", func() bool {
		a.st.phones.mu.Lock()
		defer a.st.phones.mu.Unlock()
		return a.st.phones.wrong > 0
	})
	got := alarms()
	if len(got) != 1 || got[0].Count != 1 || !strings.Contains(got[0].Text, "127.0.0.1") || !strings.Contains(got[0].Text, `"red"`) && !strings.Contains(got[0].Text, `"blue"`) {
		t.Errorf("the alarms are %+v", got)
	}
	if ps, bad := a.st.phoneViews(); len(ps) > 0 || bad != "" {
		t.Errorf("registered: %v %s", ps, bad)
	}
}

// TestPhonesFile: what is wrong with it is said by check, and no phone can be used,
// while the station runs on.
func TestPhonesFile(t *testing.T) {
	a := newParty(t, "alder")
	at := fmt.Sprintf("127.0.0.1:%d", siptest.Port(t, 74))
	path := filepath.Join(a.dir, "phones")
	const good = "red secret-of-red watch birch auto\n"
	for _, c := range []struct {
		listen, file, text string
		mode               os.FileMode
		want               string // of a finding that fails; "": none does
	}{
		{at, path, good, 0o600, ""},
		{at, "phones", good, 0o400, ""}, // in the data directory
		{at, path, good, 0o640, "others may read the passwords"},
		{at, path, good, 0o604, "others may read the passwords"},
		{at, path, "red short watch birch\n", 0o600, "a password has 8"},
		{at, path, "red secret-of-red king birch\n", 0o600, "no role of that name"},
		{at, path, good + good, 0o600, "a phone red already"},
		{at, path, "red secret-of-red watch\n", 0o600, "four words"},
		{at, path, "Red! secret-of-red watch birch\n", 0o600, "a phone's name is"},
		{at, path, "# none\n\n" + strings.Repeat("x", 10) + " secret-of-red watch birch loud\n", 0o600, "line 3"},
		{at, "", good, 0o600, "phones names no file"},
		{at, path + "x", good, 0o600, "no such file"},
		{"0.0.0.0:5060", path, good, 0o600, "phones cannot call"},
		{"here", path, good, 0o600, "phones cannot call"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		cfg, err := LoadConfig(a.dir)
		if err != nil {
			t.Fatal(err)
		}
		cfg.ListenSIP, cfg.Phones = c.listen, c.file
		k := &checks{cfg: cfg}
		k.telephones()
		failed := ""
		for _, f := range k.found {
			if strings.Contains(f.What+f.Hint, "secret-of") {
				t.Errorf("%q shows a password: %+v", c.text, f)
			}
			if f.Level == LevelFail {
				failed += f.What
			}
		}
		if c.want == "" && failed != "" || !strings.Contains(failed, c.want) {
			t.Errorf("%+v: check fails with %q", c, failed)
		}
		s := &Station{cfg: cfg, log: a.st.log, hub: newHub(), now: time.Now}
		s.openPhones()
		server, err := s.phones.get()
		if (err == nil) != (c.want == "") {
			t.Errorf("%+v: %v", c, err)
		}
		if server != nil {
			server.Close()
		}
		os.Chmod(path, 0o600)
	}
}

// TestPhoneAndAFlash: a call with precedence rings at the phone that is free, and the
// call that ran ends when that is lifted.
func TestPhoneAndAFlash(t *testing.T) {
	siptest.Have(t)
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	at := a.withPhones(line, "red secret-of-red watch auto md5", "blue secret-of-blue watch md5")
	a.waitProved(line, b)
	b.waitProved(line, a)
	red := a.phone(siptest.Options{Name: "red", Password: "secret-of-red", Server: at, Tone: toneA})
	red.Dial("1")
	first := b.callIs(line, call.Ringing)
	time.Sleep(1100 * time.Millisecond)
	if err := b.st.LiftCall(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Running)
	on := func(phone string) bool {
		c, err := a.st.callOn(line)
		if err != nil {
			return false
		}
		c.mu.Lock()
		id := c.people["phone:"+phone]
		c.mu.Unlock()
		p := c.x.View().State.Halves["alder"].Person(id)
		return p != nil && p.Phone && !p.Away
	}
	eventually(t, 5*time.Second, "red is on the call", func() bool { return on("red") })
	a.phone(siptest.Options{Name: "blue", Password: "secret-of-blue", Server: at, Tone: toneB, Auto: true})
	time.Sleep(1100 * time.Millisecond)
	if _, err := b.st.Ring(ctx, b.watch, line, RingText{Override: true, Text: "urgent"}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if t.Failed() {
			rows, _ := a.st.Audit(ctx, Officer{}, 20)
			cs, _ := a.st.CallList(ctx, line)
			t.Logf("%+v\n%+v", rows, cs)
		}
	}()
	eventually(t, 10*time.Second, "blue is on the new call", func() bool {
		c, err := a.st.callOn(line)
		return err == nil && c.ref.String() != first.ID && on("blue")
	})
	eventually(t, 5*time.Second, "red is hung up", func() bool { return !a.isUp("red") && strings.Contains(red.Said(), "BYE sip:red") })
	cs, err := a.st.CallList(ctx, line)
	if err != nil {
		t.Fatal(err)
	}
	if len(cs) != 2 || cs[0].Phase != call.Running || cs[1].Phase != call.Over {
		t.Errorf("the calls are %+v", cs)
	}
}
