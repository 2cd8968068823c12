package station

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/call"
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
	toneC = 2017.9
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
	if good < 4 || good < all/2 {
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
	b.callIs(line, call.Ringing)
	rang := time.Since(began)
	a.callIs(line, call.Running)
	eventually(t, 5*time.Second, "both are on the call", func() bool { return a.isUp("red") && b.isUp("green") })
	t.Logf("rang there after %v, ran after %v", rang.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
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
	rows, err := a.st.Audit(ctx, 50)
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
