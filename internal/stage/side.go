package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"parley"
	"parley/internal/control"
	"parley/internal/key"
	"parley/internal/station"
)

// Side is one party: its people, its files, its station's process.
type Side struct {
	cast
	demo   *Demo
	other  *Side
	dir    string // data directory
	root   string // root key, kept apart from it
	old    string // an earlier copy of the data directory
	listen string
	desk   string // "": none
	client *control.Client

	mu       sync.Mutex
	proc     *process
	seatFrom int64 // audit rows up to this one do not count as sitting down
	asleep   bool  // the watch sleeps
	holding  map[int64]bool
	troupe   *troupe // on a call by the script; nil: nobody is
}

func newSide(d *Demo, c cast) *Side {
	dir := filepath.Join(d.dir, c.Code)
	return &Side{cast: c, demo: d, dir: dir, root: filepath.Join(d.dir, c.Code+".root"), old: filepath.Join(d.dir, c.Code+".old"),
		client: dial(dir), holding: map[int64]bool{}}
}

// as is the control socket in the hands of an officer.
func (s *Side) as(p person) *control.Client { return s.client.As(p.Name) }

// init makes the station's data; again with the root key that is there already.
func (s *Side) init(again bool) error {
	_, err := station.Init(station.InitOptions{Dir: s.dir, RootKeyPath: s.root, KeepRoot: again, Party: s.Code, Name: s.Name, Languages: []string{s.Lang},
		ListenQUIC: s.listen, ListenTLS: s.listen, AnnounceQUIC: s.demo.cables.addr(s, "QUIC"), AnnounceTLS: s.demo.cables.addr(s, "TLS"),
		Desk: s.desk, Administrator: s.Admin})
	if err != nil {
		return err
	}
	cfg, err := station.LoadConfig(s.dir)
	if err != nil {
		return err
	}
	cfg.Test, cfg.Settle, cfg.Flash, cfg.PublicFolder = TestInterval, SettleAfter, FlashObjective, s.publicFolder()
	cfg.KeepFree = 1 // the machine's disk may be nearly full, and the demo is small
	if err := os.MkdirAll(cfg.PublicFolder, 0o755); err != nil {
		return parley.Errorf(parley.Unavailable, "making the public folder of %s: %v", s.Name, err)
	}
	if s.desk != "" {
		cfg.DeskHost = s.Code + ".localhost"
	}
	if err := os.WriteFile(filepath.Join(s.dir, station.ConfigName), cfg.Text(), 0o600); err != nil {
		return parley.Errorf(parley.Unavailable, "writing the configuration of %s: %v", s.Name, err)
	}
	return nil
}

// start runs the station and waits until it answers on its socket.
func (s *Side) start(ctx context.Context) error {
	p, err := s.demo.keeper.run(s.demo.opts.Program, s.dir, filepath.Join(s.demo.dir, s.Code+".log"))
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.proc = p
	s.mu.Unlock()
	_, err = await(ctx, 20*time.Second, "the station of "+s.Name+" answers", func() (bool, error) {
		if p.ended() {
			return false, parley.Errorf(parley.Internal, "the station of %s ended: %s", s.Name, p.lastWords())
		}
		_, err := s.client.Self(ctx)
		return err == nil, err
	})
	return err
}

// halt stops the station in good order, if it runs.
func (s *Side) halt() {
	s.mu.Lock()
	p := s.proc
	s.proc = nil
	s.mu.Unlock()
	if p != nil {
		p.stop(8 * time.Second)
	}
}

// Running reports whether the station's process lives.
func (s *Side) Running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc != nil && !s.proc.ended()
}

// enlist opens the accounts of the cast.
func (s *Side) enlist(ctx context.Context) error {
	for _, p := range s.people() {
		if _, err := s.client.AddOfficer(ctx, p.Name, p.Offices); err != nil {
			return fmt.Errorf("adding %s at %s: %w", p.Name, s.Name, err)
		}
	}
	return nil
}

// rootKey opens the root key, as a person with the medium in hand does.
func (s *Side) rootKey() (key.Signer, error) { return station.LoadRootKey(s.root, nil) }

// Seat makes a link to the watch's seat.
func (s *Side) Seat(ctx context.Context) (string, error) {
	o, err := s.client.OfficerNamed(ctx, s.Watch.Name)
	if err != nil {
		return "", err
	}
	token, err := s.client.SeatLink(ctx, o.ID, parley.Watch)
	if err != nil {
		return "", err
	}
	return s.DeskURL() + "seat/" + token, nil
}

// DeskURL is where the desk is; "" without one.
func (s *Side) DeskURL() string {
	if s.desk == "" {
		return ""
	}
	return "http://" + s.Code + ".localhost" + s.desk[len("127.0.0.1"):] + "/"
}

// line is the line as this side's station shows it now.
func (s *Side) line(ctx context.Context) (station.Line, error) {
	return s.client.Line(ctx, s.demo.Line())
}

// item finds an own or their entry.
func (s *Side) item(ctx context.Context, id string) (station.Item, error) {
	return s.client.Item(ctx, s.demo.Line(), id)
}

// dispatches are the newest dispatches of the record, settled or not.
func (s *Side) dispatches(ctx context.Context) ([]station.Item, error) {
	p, err := s.client.Record(ctx, s.demo.Line(), station.Filter{Form: "dispatch", Limit: 60})
	return append(p.Settled, p.Unsettled...), err
}

// find returns the newest dispatch with the subject; NotFound when there is
// none.
func (s *Side) find(ctx context.Context, subject string) (station.Item, error) {
	all, err := s.dispatches(ctx)
	if err != nil {
		return station.Item{}, err
	}
	var found station.Item
	for _, i := range all {
		if i.Subject == subject && (found.ID == "" || i.Arrived.After(found.Arrived)) {
			found = i
		}
	}
	if found.ID == "" {
		return found, parley.Errorf(parley.NotFound, "%s has no dispatch %q", s.Name, subject)
	}
	return found, nil
}
