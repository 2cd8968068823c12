package voice

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"parley"
	"parley/internal/station"
)

// Caller is somebody on a call. Its methods may be called from any goroutine.
type Caller struct {
	Name string

	page  string // his page: the address of his link
	http  *http.Client
	marks map[string]mark
	pc    *webrtc.PeerConnection
	track *webrtc.TrackLocalStaticRTP
	level uint8 // the number of the header extension that says how loud it is; 0: none
	up    chan struct{}
	over  chan struct{} // closed with the connection
	ended sync.Once
	sends sync.WaitGroup

	mu    sync.Mutex
	says  *saying
	heard map[string]*Heard
}

// saying is what a caller says just now.
type saying struct {
	speech *Speech
	at     int
	again  bool
	done   chan struct{}
}

// Heard is what a caller has heard of one speech since he last forgot.
type Heard struct {
	Slot    int
	Packets int // that came, of those that tell
	Told    int // of them, each once
	First   time.Time
	seen    map[int]bool
}

// desks dials every desk on this machine, whatever its name: not every machine
// knows that names under localhost are its own.
func desks() *http.Client {
	t := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}}
	return &http.Client{Transport: t, Timeout: 15 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Join joins a call by the address of a guest's link, and returns when he is
// connected. Close ends it.
func Join(ctx context.Context, name, link string) (_ *Caller, err error) {
	l, err := read()
	if err != nil {
		return nil, err
	}
	c := &Caller{Name: name, page: strings.TrimSuffix(link, "/"), http: desks(), marks: l.marks, up: make(chan struct{}), over: make(chan struct{}), heard: map[string]*Heard{}}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if err := c.open(); err != nil {
		return nil, parley.Errorf(parley.Unavailable, "opening the media of %s: %v", name, err)
	}
	offer, err := c.offer(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := c.post(ctx, "media", "application/sdp", []byte(offer))
	if err != nil {
		return nil, err
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(answer)}); err != nil {
		return nil, parley.Errorf(parley.Malformed, "what the desk answers %s: %v", name, err)
	}
	limit, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	select {
	case <-c.up:
	case <-c.over:
		return nil, parley.Errorf(parley.Unavailable, "%s was not connected: the desk ended it", name)
	case <-limit.Done():
		return nil, parley.Errorf(parley.Unavailable, "%s was not connected within 10 s", name)
	}
	c.level = agreed(c.pc.GetSenders()[0])
	c.sends.Go(c.run)
	return c, nil
}

// offer waits for the own addresses, and returns what the desk is offered.
func (c *Caller) offer(ctx context.Context) (string, error) {
	o, err := c.pc.CreateOffer(nil)
	if err != nil {
		return "", parley.Errorf(parley.Internal, "making an offer: %v", err)
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(o); err != nil {
		return "", parley.Errorf(parley.Internal, "making an offer: %v", err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	return c.pc.LocalDescription().SDP, nil
}

// post sends something to his page.
func (c *Caller) post(ctx context.Context, act, kind string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.page+"/"+act, bytes.NewReader(body))
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "the link of %s: %v", c.Name, err)
	}
	r.Header.Set("Content-Type", kind)
	return c.send(r)
}

func (c *Caller) send(r *http.Request) ([]byte, error) {
	a, err := c.http.Do(r)
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "the desk does not answer %s: %v", c.Name, err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(io.LimitReader(a.Body, 1<<20))
	switch {
	case err != nil:
		return nil, parley.Errorf(parley.Unavailable, "the answer of the desk to %s: %v", c.Name, err)
	case a.StatusCode == http.StatusNotFound:
		return nil, parley.Errorf(parley.NotFound, "the call of %s is over", c.Name)
	case a.StatusCode >= http.StatusBadRequest:
		return nil, parley.Errorf(parley.Conflict, "the desk answers %s with %s", c.Name, a.Status)
	}
	return b, nil
}

// Hear chooses a booth ("" is the floor) to hear.
func (c *Caller) Hear(ctx context.Context, tongue string) error { return c.do(ctx, "hear", tongue) }

// Booth takes the booth of a language.
func (c *Caller) Booth(ctx context.Context, tongue string) error { return c.do(ctx, "booth", tongue) }

// Turn takes the floor.
func (c *Caller) Turn(ctx context.Context) error { return c.do(ctx, "do", "turn") }

func (c *Caller) do(ctx context.Context, what, value string) error {
	_, err := c.post(ctx, "do", "application/x-www-form-urlencoded", []byte(url.Values{what: {value}}.Encode()))
	return err
}

var shown = regexp.MustCompile(`data-you="([^"]*)"`)

// You is his place on the call as his page shows it: what his slots carry, and how
// loud each is played.
func (c *Caller) You(ctx context.Context) (y station.CallYou, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.page, nil)
	if err != nil {
		return y, parley.Errorf(parley.Malformed, "the link of %s: %v", c.Name, err)
	}
	b, err := c.send(r)
	if err != nil {
		return y, err
	}
	m := shown.FindSubmatch(b)
	if m == nil {
		return y, parley.Errorf(parley.NotFound, "the page of %s shows no place on a call", c.Name)
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), &y); err != nil {
		return y, parley.Errorf(parley.Malformed, "the page of %s: %v", c.Name, err)
	}
	return y, nil
}

// Say says a speech once, in its own time.
func (c *Caller) Say(ctx context.Context, s *Speech) error {
	x := &saying{speech: s, done: make(chan struct{})}
	c.begin(x)
	select {
	case <-x.done:
		return nil
	case <-c.over:
		return parley.Errorf(parley.Unavailable, "%s was cut off in mid-sentence", c.Name)
	case <-ctx.Done():
		c.Hush()
		return ctx.Err()
	}
}

// Loop says a speech again and again, until he says something else.
func (c *Caller) Loop(s *Speech) { c.begin(&saying{speech: s, again: true, done: make(chan struct{})}) }

// Hush makes him silent.
func (c *Caller) Hush() { c.begin(nil) }

func (c *Caller) begin(x *saying) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.says != nil {
		close(c.says.done)
	}
	c.says = x
}

// silence is 20 ms of nothing, as Opus says it.
var silence = []byte{0xf8, 0xff, 0xfe}

// Levels under full scale, in decibels (RFC 6464): of who speaks, and of silence.
const (
	speaking = 20
	silent   = 127
)

// next is the packet that is due.
func (c *Caller) next() (payload []byte, level uint8) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.says
	if x == nil {
		return silence, silent
	}
	payload = x.speech.Packets[x.at]
	if x.at++; x.at == len(x.speech.Packets) {
		if x.at = 0; !x.again {
			c.says = nil
			close(x.done)
		}
	}
	return payload, speaking
}

// run sends one packet every 20 ms until the connection ends. What is late is not
// made up for: a microphone does not hurry either.
func (c *Caller) run() {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for n := uint16(1); ; n++ {
		select {
		case <-c.over:
			return
		case <-t.C:
		}
		payload, level := c.next()
		p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * Frame}, Payload: payload}
		if c.level != 0 {
			if err := p.SetExtension(c.level, []byte{level}); err != nil {
				c.shut()
				return
			}
		}
		if err := c.track.WriteRTP(p); err != nil {
			c.shut()
			return
		}
	}
}

// listen counts what comes in a slot.
func (c *Caller) listen(slot int, payload []byte) {
	m, ok := c.marks[string(payload)]
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.heard[m.speech.Name]
	if h == nil {
		h = &Heard{First: time.Now(), seen: map[int]bool{}}
		c.heard[m.speech.Name] = h
	}
	h.Packets++
	h.Slot = slot
	h.seen[m.at] = true
	h.Told = len(h.seen)
}

// Heard is what he has heard of each speech.
func (c *Caller) Heard() map[string]Heard {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]Heard{}
	for name, h := range c.heard {
		out[name] = *h
	}
	return out
}

// Forget begins the counting anew.
func (c *Caller) Forget() { c.mu.Lock(); clear(c.heard); c.mu.Unlock() }

// Over is closed when he is on the call no more.
func (c *Caller) Over() <-chan struct{} { return c.over }

func (c *Caller) shut() { c.ended.Do(func() { close(c.over) }) }

// Close leaves the call.
func (c *Caller) Close() {
	c.shut()
	c.sends.Wait()
	if c.pc != nil {
		c.pc.GracefulClose() // what it cannot close it does not hold any more
	}
	c.http.CloseIdleConnections()
}
