package station

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/form"
	"parley/internal/key"
	"parley/internal/keyfile"
	"parley/internal/line"
	"parley/internal/store"
)

// tlsKeys is our TLS key, and the one to come while it is being made known. A
// rotation is: the new key is durable; an annex entry on every line tells it;
// once every other party's station has that entry, the new key is used, and the
// paths are taken up again one after the other. The others hold both keys good
// until then (spec/charter.md, Amendment, 10).
type tlsKeys struct {
	mu   sync.Mutex
	now  bearer.Identity
	next *bearer.Identity
	seed [32]byte // of next
}

func openTLSKeys(cfg Config, storage *key.Storage, seed [32]byte) (*tlsKeys, error) {
	t := &tlsKeys{}
	var err error
	if t.now, err = bearer.NewIdentity(seed); err != nil {
		return nil, err
	}
	switch next, err := openTLSFile(cfg, storage, nextTLSFile); {
	case parley.KindOf(err) == parley.NotFound && err != nil:
		return t, nil
	case err != nil:
		return nil, err
	case next == seed: // it was taken just before a stop
		return t, removeNext(cfg)
	default:
		return t, t.begin(next)
	}
}

func removeNext(cfg Config) error {
	if err := os.Remove(cfg.path(nextTLSFile)); err != nil && !os.IsNotExist(err) {
		return diskError("removing", cfg.path(nextTLSFile), err)
	}
	return nil
}

func (t *tlsKeys) begin(seed [32]byte) error {
	id, err := bearer.NewIdentity(seed)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next, t.seed = &id, seed
	return nil
}

func (t *tlsKeys) latest() bearer.Identity {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

func (t *tlsKeys) hash() [32]byte { return bearer.KeyHash(t.latest()) }

// coming returns the key to come; ok is false when there is none.
func (t *tlsKeys) coming() (hash, seed [32]byte, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == nil {
		return hash, seed, false
	}
	return bearer.KeyHash(*t.next), t.seed, true
}

func (t *tlsKeys) take() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now, t.next = *t.next, nil
	clear(t.seed[:])
}

// TLSView says which TLS key our side shows, and how far a change of it is.
type TLSView struct {
	Key     string    `json:"key"`            // SHA-256 of its SubjectPublicKeyInfo, hex
	Next    string    `json:"next,omitempty"` // the one to come
	Waiting []TLSWait `json:"waiting"`        // who has not stored the entry that tells it
}

// TLSWait is one party on one line that a rotation waits for.
type TLSWait struct {
	Line  string `json:"line"`
	Name  string `json:"name"`
	Party string `json:"party"`
}

// TLS returns which TLS key our side shows.
func (s *Station) TLS(context.Context) (TLSView, error) {
	v := TLSView{Key: fmt.Sprintf("%x", s.tls.hash()), Waiting: []TLSWait{}}
	next, _, ok := s.tls.coming()
	if !ok {
		return v, nil
	}
	v.Next = fmt.Sprintf("%x", next)
	for _, l := range s.liveLines() {
		w, err := l.lacking(next)
		if err != nil {
			return v, err
		}
		for _, p := range w {
			v.Waiting = append(v.Waiting, TLSWait{l.id.String(), l.name(), string(p)})
		}
	}
	return v, nil
}

func (s *Station) liveLines() []*liveLine {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ls []*liveLine
	for _, l := range s.lines {
		ls = append(ls, l)
	}
	slices.SortFunc(ls, func(a, b *liveLine) int { return slices.Compare(a.id[:], b.id[:]) })
	return ls
}

// RotateTLS begins to change our TLS key on every line. It goes on by itself,
// through stops, until every other party knows the new key. Conflict while one
// is under way; Unavailable while a pairing is, for that has shown the old one.
func (s *Station) RotateTLS(ctx context.Context, by Officer) (TLSView, error) {
	if err := seatFor(by, "change the TLS key", parley.Administrator); err != nil {
		return TLSView{}, err
	}
	if _, _, ok := s.tls.coming(); ok {
		return TLSView{}, parley.Errorf(parley.Conflict, "the TLS key is being changed already").WithHint("see whom it waits for: parley tls")
	}
	if open, err := s.pairingsOpen(); err != nil || open != "" {
		if err == nil {
			err = parley.Errorf(parley.Unavailable, "pairing %s is open, and has shown our TLS key", open).WithHint("confirm it first, or burn it")
		}
		return TLSView{}, err
	}
	var seed [32]byte
	if _, err := cryptoRand.Read(seed[:]); err != nil {
		return TLSView{}, err
	}
	if err := keyfile.Write(s.cfg.path(nextTLSFile), tlsKind, s.storage.Seal(tlsSeal, seed[:]), nil); err != nil {
		return TLSView{}, err
	}
	if err := s.tls.begin(seed); err != nil {
		return TLSView{}, err
	}
	if err := s.audit(by, "change TLS key", "station", ""); err != nil {
		return TLSView{}, err
	}
	if err := s.tellNext(ctx); err != nil {
		return TLSView{}, err
	}
	return s.TLS(ctx)
}

// pairingsOpen returns a pairing that is neither confirmed nor burnt.
func (s *Station) pairingsOpen() (string, error) {
	all, err := s.Pairings(context.Background())
	for _, p := range all {
		if p.Stage != "confirmed" && p.Stage != "burnt" {
			return p.Line, nil
		}
	}
	return "", err
}

// tellNext files the entry that tells the key to come, on every line that goes
// on and has none.
func (s *Station) tellNext(ctx context.Context) error {
	next, _, ok := s.tls.coming()
	if !ok {
		return nil
	}
	for _, l := range s.liveLines() {
		if l.ended() != "" {
			continue
		}
		if _, told, err := l.told(next); err != nil || told {
			if err != nil {
				return err
			}
			continue
		}
		if _, err := l.fileForm(ctx, &form.Header{From: l.stationOffice(), To: l.everyWatch()}, &form.Annex{TLS: &next}); err != nil {
			return err
		}
	}
	return nil
}

// told finds our annex entry that tells a TLS key: its place in our log in
// force, zero while it waits in the outbox. An entry in an earlier generation
// of ours tells nothing any more.
func (l *liveLine) told(k [32]byte) (ref parley.Ref, ok bool, err error) {
	rows, _, err := l.store.Rows(store.Filter{Forms: []string{"annex"}, Party: l.us, Order: store.ByArrival, Newest: true, Limit: 100})
	if err != nil {
		return ref, false, err
	}
	filed, err := l.store.FiledItems(500)
	if err != nil {
		return ref, false, err
	}
	own := l.runner.Status().Own
	for _, r := range append(filed, rows...) {
		if r.Form != "annex" || !r.Waiting() && r.Gen != own {
			continue
		}
		v, err := l.view(r)
		if err != nil {
			return ref, false, err
		}
		if f, is := v.form.(*form.Annex); is && f.TLS != nil && *f.TLS == k {
			if r.Waiting() {
				return ref, true, nil
			}
			return r.Ref(), true, nil
		}
	}
	return ref, false, nil
}

// lacking lists the parties on the line that have not stored the entry that
// tells k.
func (l *liveLine) lacking(k [32]byte) ([]parley.PartyCode, error) {
	if l.ended() != "" {
		return nil, nil
	}
	ref, ok, err := l.told(k)
	if err != nil {
		return nil, err
	}
	var out []parley.PartyCode
	for _, p := range l.others() {
		has := false
		for _, g := range l.runner.Status().Logs {
			has = has || ok && g.Gen == ref.Gen && ref.Gen != parley.GenerationID{} && g.Stored[p] > ref.Index
		}
		if !has {
			out = append(out, p)
		}
	}
	return out, nil
}

// rotateTLS carries a change of the TLS key on to its end.
func (s *Station) rotateTLS(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if _, _, ok := s.tls.coming(); !ok {
			continue
		}
		if err := s.rotateStep(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("changing the TLS key", "err", err)
		}
	}
}

func (s *Station) rotateStep(ctx context.Context) error {
	if err := s.tellNext(ctx); err != nil {
		return err
	}
	v, err := s.TLS(ctx)
	if err != nil || len(v.Waiting) > 0 {
		return err
	}
	if open, err := s.pairingsOpen(); err != nil || open != "" {
		return err // it has shown the old key: the new line begins with that
	}
	_, seed, _ := s.tls.coming()
	if err := keyfile.Write(s.cfg.path(tlsFile), tlsKind, s.storage.Seal(tlsSeal, seed[:]), nil); err != nil {
		return err
	}
	s.tls.take()
	if err := removeNext(s.cfg); err != nil {
		return err
	}
	if err := s.audit(Officer{}, "TLS key changed", "station", v.Next); err != nil {
		return err
	}
	self := s.tls.hash()
	for _, l := range s.liveLines() {
		if err := l.runner.do(ctx, request{ask: func(e *line.Engine) { e.SetTLS(self); l.runner.cfg.TLS = self }}); err != nil {
			return err
		}
	}
	s.net.renew(ctx)
	return nil
}

// renew takes every path up anew, one after the other: the next is closed only
// when the one before stands again, or does not come back within some seconds.
func (n *network) renew(ctx context.Context) {
	n.mu.Lock()
	var all []*session
	for _, s := range n.sessions {
		all = append(all, s)
	}
	n.mu.Unlock()
	for _, s := range all {
		s.conn.Close(parley.Errorf(parley.Unavailable, "our TLS key has changed: the path is taken up anew"))
		for range 20 {
			sleep(ctx, 250*time.Millisecond)
			if o := n.find(s.line.id, s.peer, s.name); o != nil && o != s {
				break
			}
		}
	}
}
