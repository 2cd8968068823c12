package api

import (
	"context"
	"io"
	"time"

	"parley"
	"parley/internal/station"
)

// Station is what the API needs of the station it belongs to.
type Station interface {
	Keeper
	Watching
	Reading
	Answering
	Writing
	Releasing
	Proving
}

// Keeper knows tokens and what was answered.
type Keeper interface {
	UseToken(ctx context.Context, secret string) (id int64, by station.Officer, err error)
	BeginRequest(ctx context.Context, token int64, key string, sum [32]byte) (id int64, before *station.Answer, err error)
	EndRequest(ctx context.Context, id int64, a *station.Answer) error
	Officers(ctx context.Context) ([]station.Officer, error)
	Audit(ctx context.Context, limit int) ([]station.AuditRow, error)
	Self() (code parley.PartyCode, name string)
}

// Watching is what a watch looks at.
type Watching interface {
	Lines(ctx context.Context) ([]station.Line, error)
	Line(ctx context.Context, line string) (station.Line, error)
	Directory(ctx context.Context, line string) (station.Directory, error)
	Modes(ctx context.Context, line string) ([]station.Mode, error)
	Charter(ctx context.Context, line string) (station.CharterView, error)
	Board(ctx context.Context, o station.Officer, line string) (station.Board, error)
	Alarms(ctx context.Context) ([]station.Alarm, error)
	Subscribe() (<-chan station.Event, func())
	HandOver(ctx context.Context, by station.Officer, note string) error
}

// Reading reads the record.
type Reading interface {
	Record(ctx context.Context, line string, f station.Filter) (station.Page, error)
	Item(ctx context.Context, line, id string) (station.Item, error)
	Open(ctx context.Context, by station.Officer, line, id string) (station.Item, error)
	Attachment(ctx context.Context, by station.Officer, line, id string, n int) (name, mediaType string, body io.ReadCloser, err error)
	Test(ctx context.Context, line string) (station.TestState, error)
	Why(ctx context.Context, line string) (station.Lamp, error)
}

// Answering is the acts on an entry that came.
type Answering interface {
	Silence(ctx context.Context, by station.Officer, alarm int64) error
	Take(ctx context.Context, by station.Officer, line, id string) error
	Acknowledge(ctx context.Context, by station.Officer, line, id string) error
	Translate(ctx context.Context, by station.Officer, line, id, language, text string) (station.Translation, error)
	Review(ctx context.Context, by station.Officer, line, id string, translation int64) error
	Certify(ctx context.Context, by station.Officer, line, id string, translation int64) error
	Informed(ctx context.Context, by station.Officer, line, id string, at time.Time) error
}

// Writing is drafts, our side only.
type Writing interface {
	SaveDraft(ctx context.Context, by station.Officer, d station.Draft) (station.Draft, error)
	Drafts(ctx context.Context, o station.Officer) ([]station.Draft, error)
	Draft(ctx context.Context, o station.Officer, id int64) (station.Draft, error)
	Attach(ctx context.Context, by station.Officer, draft int64, name, mediaType string, r io.Reader) (station.Draft, error)
	Discard(ctx context.Context, by station.Officer, id int64) error
	Preview(ctx context.Context, o station.Officer, id int64) (station.Item, error)
}

// Releasing files entries.
type Releasing interface {
	Submit(ctx context.Context, by station.Officer, id int64) (station.Draft, error)
	Return(ctx context.Context, by station.Officer, id int64, note string) (station.Draft, error)
	Release(ctx context.Context, by station.Officer, id, version int64, precedence string) (item string, err error)
	Query(ctx context.Context, by station.Officer, line, id, text string) error
	Tracer(ctx context.Context, by station.Officer, line, id, text string) error
	Disregard(ctx context.Context, by station.Officer, line, id, reason string) error
	CheckCall(ctx context.Context, by station.Officer, line, id string) (string, error)
}

// Proving hands out what proves the record to others.
type Proving interface {
	Proof(ctx context.Context, by station.Officer, line, id string, headerOnly bool) ([]byte, error)
	SilenceProof(ctx context.Context, by station.Officer, line, id string) ([]byte, error)
	Export(ctx context.Context, by station.Officer, line string, open bool, w io.Writer) (entries int, err error)
}

var _ Station = (*station.Station)(nil)
