package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
	"golang.org/x/net/websocket"

	"parley/internal/bearer/link"
)

// Galene is the peer of a call: a server of its own in Go, over the same Pion. All
// go to one server there; it has no second station and no trunk. GALENE names the
// program: its module is not to be had everywhere, its source is.

// galene is a server that runs.
type galene struct {
	cmd  *exec.Cmd
	http string // its address
	udp  string // where it takes media
}

func startGalene(program, dir string) (*galene, error) {
	home, err := os.MkdirTemp(dir, "galene-")
	if err != nil {
		return nil, err
	}
	for _, d := range []string{"data", "groups", "static", "recordings"} {
		if err := os.Mkdir(filepath.Join(home, d), 0o700); err != nil {
			return nil, err
		}
	}
	group := `{"wildcard-user": {"password": {"type": "wildcard"}, "permissions": "present"}, "codecs": ["opus"]}`
	if err := os.WriteFile(filepath.Join(home, "groups", "bench.json"), []byte(group), 0o600); err != nil {
		return nil, err
	}
	g := &galene{}
	if g.http, err = freePort("tcp"); err != nil {
		return nil, err
	}
	if g.udp, err = freePort("udp"); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(g.udp)
	g.cmd = exec.Command(program, "-http", g.http, "-insecure", "-turn", "", "-udp-range", port)
	g.cmd.Dir = home
	log, err := os.Create(filepath.Join(home, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	g.cmd.Stdout, g.cmd.Stderr = log, log
	if err := g.cmd.Start(); err != nil {
		return nil, err
	}
	if err := eventually(10*time.Second, func() bool {
		c, err := net.Dial("tcp", g.http)
		if err == nil {
			c.Close()
		}
		return err == nil
	}); err != nil {
		g.close()
		b, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w: %s", err, b)
	}
	return g, nil
}

func (g *galene) close() {
	g.cmd.Process.Kill()
	g.cmd.Wait()
}

// cpu is what the server has used.
func (g *galene) cpu() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0, errors.New("this system does not tell what a process has used")
	}
	user, err := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * time.Second / 100, errors.Join(err, err2)
}

// galeneMessage is what Galene's clients and server tell each other.
type galeneMessage struct {
	Type      string                   `json:"type"`
	Version   []string                 `json:"version,omitempty"`
	Kind      string                   `json:"kind,omitempty"`
	ID        string                   `json:"id,omitempty"`
	Source    string                   `json:"source,omitempty"`
	Username  string                   `json:"username,omitempty"`
	Password  string                   `json:"password,omitempty"`
	Group     string                   `json:"group,omitempty"`
	Label     string                   `json:"label,omitempty"`
	SDP       string                   `json:"sdp,omitempty"`
	Candidate *webrtc.ICECandidateInit `json:"candidate,omitempty"`
	Request   map[string][]string      `json:"request,omitempty"`
	Value     any                      `json:"value,omitempty"`
}

// galeneDesk is a desk that is a client of Galene: it sends over one connection, and
// hears everybody else over one each.
type galeneDesk struct {
	*desk
	ws     *websocket.Conn
	micID  string     // of what it sends; none is used twice
	cable  *link.Link // of its media; nil: none
	port   string     // of the server's media
	joined chan error
	wg     sync.WaitGroup

	// Of read.
	subs  map[string]*webrtc.PeerConnection    // by the id of what is heard
	early map[string][]webrtc.ICECandidateInit // addresses that came before the description they belong to
}

// galeneVia is over which cables a client reaches the server; nil: over none.
type galeneVia struct{ tcp, udp *link.Link }

// join has somebody join and speak; it returns when his microphone is connected.
func (g *galene) join(letter byte, via galeneVia) (*galeneDesk, error) {
	d, err := newDesk(letter, 1)
	if err != nil {
		return nil, err
	}
	at := g.http
	if via.tcp != nil {
		at = via.tcp.Addr()
	}
	c := &galeneDesk{desk: d, micID: fmt.Sprintf("%c-%d", letter, time.Now().UnixNano()), cable: via.udp, joined: make(chan error, 1), subs: map[string]*webrtc.PeerConnection{}, early: map[string][]webrtc.ICECandidateInit{}}
	_, c.port, _ = net.SplitHostPort(g.udp)
	if c.ws, err = websocket.Dial("ws://"+at+"/ws", "", "http://"+at); err != nil {
		d.close()
		return nil, err
	}
	name := c.micID // as a client, too
	c.send(galeneMessage{Type: "handshake", Version: []string{"2"}, ID: name})
	c.send(galeneMessage{Type: "join", Kind: "join", Group: "bench", Username: name})
	c.wg.Go(c.read)
	select {
	case err = <-c.joined:
	case <-time.After(10 * time.Second):
		err = errors.New("Galene lets nobody in within 10 s")
	}
	if err == nil {
		c.send(galeneMessage{Type: "request", Request: map[string][]string{"": {"audio"}}})
		var sdp string
		if sdp, err = d.offer(); err == nil {
			c.send(galeneMessage{Type: "offer", ID: c.micID, Label: "camera", Source: name, Username: name, SDP: c.far(sdp)})
			select {
			case <-d.up:
			case <-time.After(10 * time.Second):
				err = fmt.Errorf("desk %c is not connected to Galene within 10 s", letter)
			}
		}
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *galeneDesk) send(m galeneMessage) { websocket.JSON.Send(c.ws, m) }

func (c *galeneDesk) read() {
	for {
		var raw []byte
		if websocket.Message.Receive(c.ws, &raw) != nil {
			return
		}
		var m galeneMessage
		if json.Unmarshal(raw, &m) != nil {
			continue // fields of no use here have other types
		}
		if err := c.take(&m); err != nil {
			fmt.Fprintf(os.Stderr, "bench: Galene's %s: %v\n", m.Type, err)
		}
	}
}

func (c *galeneDesk) take(m *galeneMessage) error {
	switch m.Type {
	case "ping":
		c.send(galeneMessage{Type: "pong"})
	case "joined":
		var err error
		if m.Kind == "fail" {
			err = fmt.Errorf("Galene does not let us in: %v", m.Value)
		}
		select {
		case c.joined <- err:
		default:
		}
	case "answer":
		return c.describe(c.pc, m.ID, webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: c.near(m.SDP)})
	case "offer":
		return c.hears(m)
	case "ice":
		if m.Candidate == nil {
			return nil
		}
		m.Candidate.Candidate = c.near(m.Candidate.Candidate)
		pc := c.subs[m.ID]
		if m.ID == c.micID {
			pc = c.pc
		}
		if pc == nil || pc.RemoteDescription() == nil {
			c.early[m.ID] = append(c.early[m.ID], *m.Candidate)
			return nil
		}
		return pc.AddICECandidate(*m.Candidate)
	}
	return nil
}

// describe takes a description of the server's, and what came before it.
func (c *galeneDesk) describe(pc *webrtc.PeerConnection, id string, d webrtc.SessionDescription) error {
	err := pc.SetRemoteDescription(d)
	for _, x := range c.early[id] {
		err = errors.Join(err, pc.AddICECandidate(x))
	}
	delete(c.early, id)
	return err
}

// far is a description of ours without addresses where there is a cable: the server
// would find a way around it.
func (c *galeneDesk) far(sdp string) string {
	if c.cable == nil {
		return sdp
	}
	var b strings.Builder
	for l := range strings.Lines(sdp) {
		if !strings.HasPrefix(l, "a=candidate") {
			b.WriteString(l)
		}
	}
	return b.String()
}

// near has the media go by the cable.
func (c *galeneDesk) near(sdp string) string {
	if c.cable == nil {
		return sdp
	}
	_, port, _ := net.SplitHostPort(c.cable.Addr())
	return strings.ReplaceAll(sdp, " "+c.port+" typ host", " "+port+" typ host")
}

// hears takes what somebody else sends.
func (c *galeneDesk) hears(m *galeneMessage) error {
	pc := c.subs[m.ID]
	if pc == nil {
		far, err := newDesk(c.letter, 0)
		if err != nil {
			return err
		}
		pc = far.pc
		pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { c.listen(t) })
		c.subs[m.ID] = pc
	}
	if err := c.describe(pc, m.ID, webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: c.near(m.SDP)}); err != nil {
		return err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	done := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return err
	}
	<-done
	c.send(galeneMessage{Type: "answer", ID: m.ID, SDP: c.far(pc.LocalDescription().SDP)})
	return nil
}

func (c *galeneDesk) close() {
	c.ws.Close()
	c.wg.Wait()
	c.desk.close()
	for _, pc := range c.subs {
		pc.Close()
	}
}

// galeneMeasures are what can be compared: joining to first audio, delay, cost.
func galeneMeasures(b *bench, r *report) error {
	program := os.Getenv("GALENE")
	if program == "" {
		r.note("Galene: not measured, GALENE names no program (bench/README.md says how one is built)")
		return nil
	}
	g, err := startGalene(program, b.dir)
	if err != nil {
		return fmt.Errorf("starting Galene: %w", err)
	}
	defer g.close()
	for _, f := range []func(*bench, *report) error{g.firstAudio, g.delay, g.forwarding} {
		if err := f(b, r); err != nil {
			return fmt.Errorf("Galene: %w", err)
		}
	}
	beside := func(name string, ours, theirs float64) {
		r.Judged = append(r.Judged, judged{Name: name, Figure: num(ours), Floor: num(theirs), Ratio: num(ours / theirs), Target: ">= 1 of Galene", Met: ours >= theirs})
	}
	for _, f := range r.forwarded {
		beside("packets heard a second and core, "+f.name, f.ours, f.galene)
	}
	for _, f := range r.forwarded {
		beside("moves a second and core, "+f.name, f.ourMoves, f.galeneMoves)
	}
	r.note("moves: packets received or sent by a server. In Galene one that is heard by n is moved 1 + n times; over two stations and two paths 1 + 4 + n times (docs/decisions/0015-forwarding.md)")
	return nil
}

// firstAudio measures from joining a group in which somebody speaks, at a round trip
// of 100 ms from the server, until he is heard.
func (g *galene) firstAudio(b *bench, r *report) error {
	tcp, err := link.New("tcp", "127.0.0.1:0", g.http, link.Options{Delay: 50 * time.Millisecond})
	if err != nil {
		return err
	}
	defer tcp.Close()
	at, err := outside(g.udp)
	if err != nil {
		return err
	}
	udp, err := link.New("udp", "0.0.0.0:0", at, link.Options{Delay: 50 * time.Millisecond})
	if err != nil {
		return err
	}
	defer udp.Close()
	a, err := g.join('A', galeneVia{})
	if err != nil {
		return err
	}
	defer a.close()
	a.speaks(packetEvery, nil)
	var took []time.Duration
	for range b.size(8, 3) {
		began := time.Now()
		x, err := g.join('B', galeneVia{tcp, udp})
		if err != nil {
			return err
		}
		at, err := x.waitFor('A', 10*time.Second)
		x.close()
		if err != nil {
			return err
		}
		took = append(took, at.Sub(began))
		time.Sleep(200 * time.Millisecond)
	}
	r.spread("Galene: join to first audio, RTT 100 ms", took)
	return nil
}

// outside is a port at an address of this machine that is not the loopback's, where
// Galene takes nothing.
func outside(at string) (string, error) {
	_, port, err := net.SplitHostPort(at)
	if err != nil {
		return "", err
	}
	list, err := net.InterfaceAddrs()
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return net.JoinHostPort(n.IP.String(), port), nil
		}
	}
	return "", errors.Join(err, errors.New("this machine has no address but the loopback's, at which Galene takes no media"))
}

// delay takes how long packets are under way through it, on loopback.
func (g *galene) delay(b *bench, r *report) error {
	a, err := g.join('A', galeneVia{})
	if err != nil {
		return err
	}
	defer a.close()
	a.speaks(packetEvery, nil)
	x, err := g.join('B', galeneVia{})
	if err != nil {
		return err
	}
	defer x.close()
	if _, err := x.waitFor('A', 10*time.Second); err != nil {
		return err
	}
	time.Sleep(time.Second)
	x.forget(true)
	time.Sleep(time.Duration(b.size(1000, 250)) * packetEvery)
	h := x.of('A')
	r.spread("Galene: desk to desk, on loopback", h.times())
	return nil
}

// forwarding adds the rows of the same calls as ours.
func (g *galene) forwarding(b *bench, r *report) error {
	lasts := 10 * time.Second
	if b.quick {
		lasts = 3 * time.Second
	}
	t := table{What: "Galene: processor time of its one process; a packet counts for each desk that it comes to", Columns: []string{"desks", "said a second", "heard a second", "% of a core", "% a desk", "us a packet", "a second and core", "moves a second and core"}}
	for _, x := range []struct {
		name  string
		desks int
		every time.Duration
	}{
		{"two desks, 50 a second each", 2, packetEvery},
		{"two desks, 100 a second each", 2, packetEvery / 2},
		{"eight desks, all speak, 50 a second each", 8, packetEvery},
		{"eight desks, all speak, 100 a second each", 8, packetEvery / 2},
	} {
		err := g.forwards(&t, r, x.name, x.desks, x.every, lasts)
		for tries := 0; err != nil && tries < 2; tries++ { // of many who join at once, one is now and then not told of another
			err = g.forwards(&t, r, x.name, x.desks, x.every, lasts)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
	}
	r.More = append(r.More, t)
	return nil
}

func (g *galene) forwards(t *table, r *report, name string, n int, every, lasts time.Duration) error {
	var all []*galeneDesk
	defer func() {
		for _, d := range all {
			d.close()
		}
	}()
	for i := range n {
		d, err := g.join("ABCDEFGH"[i], galeneVia{})
		if err != nil {
			return err
		}
		all = append(all, d)
		d.speaks(every, nil)
	}
	for i, d := range all {
		for k := range all {
			if k != i {
				if _, err := d.waitFor("ABCDEFGH"[k], 10*time.Second); err != nil {
					return err
				}
			}
		}
	}
	time.Sleep(2 * time.Second)
	sum := func() (said, heard int64) {
		for _, d := range all {
			said, heard = said+int64(d.said.Load()), heard+d.total.Load()
		}
		return said, heard
	}
	said, heard := sum()
	before, err := g.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	time.Sleep(lasts)
	took := time.Since(began)
	after, err := g.cpu()
	if err != nil {
		return err
	}
	s, h := sum()
	said, heard = s-said, h-heard
	cpu := max(after-before, time.Second/100)
	per, moves := float64(heard)/cpu.Seconds(), float64(said+heard)/cpu.Seconds()
	t.add(name, count(n), num(float64(said)/took.Seconds()), num(float64(heard)/took.Seconds()), num(share(cpu, took)), num(share(cpu, took)/float64(n)), num(float64(cpu.Microseconds())/float64(max(heard, 1))), num(per), num(moves))
	for i := range r.forwarded {
		if f := &r.forwarded[i]; f.name == name {
			f.galene, f.galeneMoves = per, moves
		}
	}
	return nil
}
