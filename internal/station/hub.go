package station

import (
	"crypto/rand"
	"strings"
	"sync"
	"time"
)

var cryptoRand = rand.Reader

// hub tells desks that something changed. What a slow one misses it can ask
// for: events carry no content.
type hub struct {
	mu   sync.Mutex
	seq  int64
	subs map[chan Event]bool
	gone bool
}

const hubBuffer = 256

func newHub() *hub { return &hub{subs: map[chan Event]bool{}} }

func (h *hub) emit(kind, line, item string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seq++
	e := Event{Seq: h.seq, Kind: kind, Line: line, Item: item, At: time.Now().UTC()}
	for c := range h.subs {
		for {
			select {
			case c <- e:
			default:
				select { // full: the oldest goes
				case <-c:
				default:
				}
				continue
			}
			break
		}
	}
}

// Subscribe returns a stream of events and the function that ends it. The
// channel is closed when the station stops.
func (s *Station) Subscribe() (<-chan Event, func()) {
	h := s.hub
	c := make(chan Event, hubBuffer)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone {
		close(c)
		return c, func() {}
	}
	h.subs[c] = true
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.subs[c] {
			delete(h.subs, c)
			close(c)
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gone = true
	for c := range h.subs {
		close(c)
	}
	clear(h.subs)
}

// calls reports whether a person may mean this line by name.
func (l *liveLine) calls(name string) bool {
	if len(name) >= 4 && strings.HasPrefix(l.id.String(), strings.ToLower(name)) {
		return true
	}
	for _, r := range l.founding.Reveals {
		if r.Party != l.us && (strings.EqualFold(string(r.Party), name) || strings.EqualFold(r.Name, name)) {
			return true
		}
	}
	return strings.EqualFold(l.name(), name)
}

// name is the other sides' names.
func (l *liveLine) name() string {
	var ns []string
	on := l.others()
	if len(on) == 0 || !l.rules().In(l.us) {
		on = l.peers()
	}
	for _, p := range on {
		c, ok := l.charter().Party(p)
		if !ok {
			c, _ = l.founding.Charter.Party(p)
		}
		ns = append(ns, c.Name)
	}
	return strings.Join(ns, ", ")
}
