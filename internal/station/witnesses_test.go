package station

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/charter"
	"parley/internal/journal"
	"parley/internal/record"
)

// testWitness cosigns whatever it is shown, and counts. The real one is asked in
// the module interop.
type testWitness struct {
	name string
	priv ed25519.PrivateKey
	url  string
	stop func()

	mu     sync.Mutex
	asked  int
	mute   bool
	latest map[string]uint64
}

func newTestWitness(t *testing.T, name string) *testWitness {
	w := &testWitness{name: name, priv: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)), latest: map[string]uint64{}}
	s := httptest.NewServer(w)
	w.url, w.stop = s.URL, s.Close
	t.Cleanup(s.Close)
	return w
}

func (w *testWitness) vkey() c2sp.VKey {
	return c2sp.VKey{Name: w.name, Type: c2sp.TypeCosignedEd, Key: w.priv.Public().(ed25519.PublicKey)}
}

func (w *testWitness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	b, _ := io.ReadAll(r.Body)
	_, note, _ := bytes.Cut(b, []byte("\n\n"))
	n, err := c2sp.ParseNote(note)
	if err != nil || w.mute {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	c := n.Checkpoint
	if !bytes.HasPrefix(b, fmt.Appendf(nil, "old %d\n", w.latest[c.Origin])) {
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintf(rw, "%d\n", w.latest[c.Origin])
		return
	}
	w.latest[c.Origin] = c.Size
	at := uint64(time.Now().Unix())
	ed, _ := journal.CosignMessages(w.name, c, at)
	sig := binary.BigEndian.AppendUint32(nil, w.vkey().ID())
	sig = append(binary.BigEndian.AppendUint64(sig, at), ed25519.Sign(w.priv, ed)...)
	fmt.Fprintf(rw, "— %s %s\n", w.name, base64.StdEncoding.EncodeToString(sig))
}

// TestWitnessesAreAsked: at test times each witness of the annex is shown the
// logs of the line; what it signs is kept over restarts, shown, exported and
// proved; one that hangs takes nothing with it, and a missing quorum is a notice
// that stops nothing.
func TestWitnessesAreAsked(t *testing.T) {
	t.Parallel()
	good := newTestWitness(t, "witness.example/dove")
	hanging := make(chan struct{})
	bad := newTestWitness(t, "witness.example/rook")
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hanging:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(slow.Close)
	t.Cleanup(func() { close(hanging) })
	a, b := newParty(t, "alder"), newParty(t, "birch")
	for _, p := range []*party{a, b} {
		p.halt()
		p.config(func(c *Config) { c.Test = time.Second })
	}
	a.config(func(c *Config) { c.Witnesses, c.Quorum = good.name+"="+good.url+" "+bad.name+"="+slow.URL, 1 })
	a.start()
	b.start()
	annex := charter.DefaultAnnex()
	annex.Witnesses = []string{good.vkey().String(), bad.vkey().String(), "witness.example/none+00000000+AAAA"}
	line := pairWith(t, annex, a, b)
	id := a.send(line, "birch", "seen by a third party", "ROUTINE", "INFORMATION")
	b.waitFor(line, "seen by a third party")
	var it Item
	eventually(t, 20*time.Second, "the entry is witnessed", func() bool {
		i, _ := a.got(line, "seen by a third party")
		it, _ = a.st.Item(context.Background(), line, i.ID)
		return len(it.Witnessed) > 0
	})
	if x := it.Witnessed[0]; len(it.Witnessed) != 1 || x.By != good.name || time.Since(x.At).Abs() > time.Minute {
		t.Errorf("witnessed by %+v", it.Witnessed)
	}
	view := func() (v WitnessView) {
		for _, x := range a.line(line).Witnesses {
			if x.Name == good.name {
				v = x
			}
		}
		return v
	}
	eventually(t, 20*time.Second, "both logs are shown as witnessed", func() bool {
		v := view()
		return len(v.Logs) == 2 && v.Trouble == "" && len(a.line(line).Witnesses) == 2
	})
	if l := b.line(line); len(l.Witnesses) != 2 || l.Witnesses[0].Trouble == "" {
		t.Errorf("birch, which was told no address, shows %+v", l.Witnesses)
	}
	eventually(t, 20*time.Second, "birch says that the quorum is missing, and is up", func() bool {
		return noticed(b.line(line), "witness-missing") && b.line(line).Lamp.State == LampPartly
	})
	var file bytes.Buffer
	if _, err := a.st.Export(context.Background(), a.envoy, line, true, &file); err != nil {
		t.Fatal(err)
	}
	rep, err := record.Verify(bytes.NewReader(file.Bytes()), record.VerifyOptions{})
	if err != nil || rep.Cosignatures == 0 {
		t.Errorf("verified: %v, %d cosignatures", err, rep.Cosignatures)
	}
	proof, err := a.st.Proof(context.Background(), a.envoy, line, it.ID, false)
	if err != nil || !strings.Contains(string(proof), "— "+good.name+" ") {
		t.Errorf("the proof file does not carry the cosignature: %v", err)
	}
	_ = id
	// The quorum goes missing, and comes back.
	good.mu.Lock()
	good.mute = true
	good.mu.Unlock()
	w := a.st.lines[must(parley.ParseLineID(line))].witnesses
	w.mu.Lock()
	w.need, w.quorum = 2, 2 // as if both were asked for
	w.mu.Unlock()
	eventually(t, 20*time.Second, "alder says that the quorum is missing", func() bool { return noticed(a.line(line), "witness-missing") })
	b.send(line, "alder", "nothing is stopped", "FLASH", "INFORMATION")
	a.waitFor(line, "nothing is stopped")
	a.halt()
	a.start()
	if v := view(); len(v.Logs) != 2 {
		t.Errorf("after a restart: %+v", v)
	}
	a.halt()
	rp, err := Fsck(must(LoadConfig(a.dir)), nil)
	if err != nil || rp.Bad() != 0 || rp.Checked[0].Witnessed == 0 {
		t.Errorf("fsck: %v, %v", err, rp.Lines())
	}
}

func noticed(l Line, code string) bool {
	for _, n := range l.Notices {
		if n.Code == code {
			return true
		}
	}
	return false
}

func TestParseWitnesses(t *testing.T) {
	got, err := ParseWitnesses("  w.example/1=http://192.0.2.1:80/  v.example=https://v.example/x ")
	if err != nil || len(got) != 2 || got["w.example/1"] != "http://192.0.2.1:80" || got["v.example"] != "https://v.example/x" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, s := range []string{"http://192.0.2.1", "w=ftp://x", "w=", "=http://x", "w+1=http://x", "w=http://x w=http://y"} {
		if _, err := ParseWitnesses(s); parley.KindOf(err) != parley.Malformed || err == nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := parseConfig([]byte("party = alder\nwitnesses = nowhere\n"), "parley.conf"); parley.KindOf(err) != parley.Malformed || err == nil {
		t.Errorf("in a configuration: %v", err)
	}
	for _, x := range [][3]int{{0, 1, 1}, {0, 2, 2}, {0, 3, 2}, {1, 3, 1}, {9, 3, 3}} {
		if got := quorumOf(x[0], x[1]); got != x[2] {
			t.Errorf("quorum %d of %d: got %d, want %d", x[0], x[1], got, x[2])
		}
	}
}

// TestAnnexIsObeyed: sessions ping as often as the annex says, and times are
// doubted as early.
func TestAnnexIsObeyed(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	annex := charter.DefaultAnnex()
	annex.Times[charter.KeepAliveSeconds], annex.Quotas[charter.ClockAhead] = 1, 60
	line := pairWith(t, annex, a, b)
	l, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	if l.pingEvery() != time.Second || l.suspectAfter() != 5*time.Second || l.clockAhead() != time.Minute {
		t.Errorf("pings every %v, suspicion after %v, clocks doubted beyond %v", l.pingEvery(), l.suspectAfter(), l.clockAhead())
	}
	pings := func() (n uint64) {
		for _, s := range l.net.to(l.id, "birch") {
			s.mu.Lock()
			n = max(n, s.token)
			s.mu.Unlock()
		}
		return n
	}
	from, began := pings(), time.Now()
	time.Sleep(4 * time.Second)
	if got, most := pings()-from, uint64(time.Since(began).Seconds())+2; got < 3 || got > most {
		t.Errorf("%d pings in %v, want one a second", got, time.Since(began))
	}
}
