package desk

import (
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"parley"
	"parley/internal/crowd"
	"parley/internal/key"
	"parley/internal/said/compare"
)

// Config is what a desk is made of. Station is required; the rest has
// defaults.
type Config struct {
	Station Station
	Log     *slog.Logger     // nil: nothing is logged
	Clock   func() time.Time // nil: time.Now

	// Here is the zone of our side's local time; nil: that of the machine.
	Here *time.Location
	// Zones gives the local time of other parties, where it is known.
	Zones map[parley.PartyCode]*time.Location

	// OpenRoot opens an uploaded root key file, for the one signature that
	// confirms a pairing. nil: the desk takes no root key, and hands none on.
	OpenRoot func(file, pass []byte) (key.Signer, error)

	// Origin is how browsers reach the desk, "https://desk.example:7101"; a
	// passkey is tied to its host. "" or a bare number: no passkeys.
	Origin string
	// RequirePasskey lets a session that began by a seat link do nothing but add
	// a passkey.
	RequirePasskey bool
	// BindSessions lets a session work in no browser but the one that began it. Where
	// Origin is no secure context browsers make no keys: there it does nothing.
	BindSessions bool
}

// desk serves one station.
type desk struct {
	cfg     Config
	st      Station
	log     *slog.Logger
	now     func() time.Time
	party   parley.PartyCode
	name    string
	books   map[string]*locale
	names   names
	unbound bool              // sessions should be bound to their browsers, and cannot
	pages   map[string]*pages // by language
	assets  *assets
	lamps   lampCache
	keys    *keyring // nil: this desk has none
	cookies cookieNames
	passes  passes

	foreign, failing, refused seldom // of what strangers do

	kept compare.Kept // what statements were found to say differently
}

// New returns the desk of a station. It starts no goroutine that outlives a
// request. It panics when the origin is none, or the files built into the program are
// broken, which its tests exclude.
func New(cfg Config) http.Handler {
	d := &desk{cfg: cfg, st: cfg.Station, log: cfg.Log, now: cfg.Clock}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.cfg.Here == nil {
		d.cfg.Here = time.Local
	}
	d.cfg.BindSessions = cfg.BindSessions && secureContext(cfg.Origin)
	d.unbound = cfg.BindSessions && !d.cfg.BindSessions
	d.party, d.name = cfg.Station.Self()
	d.cookies = cookieNamesOf(d.party)
	if err := d.load(); err != nil {
		panic(fmt.Sprintf("desk: beginning: %v", err))
	}
	return d.guard(d.routes())
}

func (d *desk) load() (err error) {
	if d.assets, err = loadAssets(); err != nil {
		return err
	}
	books, err := loadLocales()
	if err != nil {
		return err
	}
	d.books = map[string]*locale{}
	for lang, book := range books { // its own, with the names of its parties
		own := *book
		own.names = &d.names
		d.books[lang] = &own
	}
	if d.keys, err = newKeyring(d.cfg.Origin, d.name, d.now); err != nil {
		return err
	}
	d.pages = map[string]*pages{}
	for lang, book := range d.books {
		d.pages[lang] = &pages{funcs: d.funcs(book), made: map[string]*template.Template{}}
	}
	return nil
}

// MaxConns is how many connections the port of a desk has, of officers, programs and
// strangers: a crowd.Listener holds them to it.
const MaxConns = 1024

// Server returns an HTTP server for a desk with limits that suit it: heads of
// 32 KiB within 5 s, idle connections for 2 min. Bodies and answers have their
// own limits in the desk. It is served on a crowd.Listener.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ConnContext: crowd.Context}
	if log != nil {
		s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	}
	return s
}
