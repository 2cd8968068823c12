package control

import (
	"context"
	"io"
	"time"

	"parley"
	"parley/internal/station"
)

// SocketName is the name of the socket in a station's data directory.
const SocketName = "parley.sock"

// Station is what the socket serves. *station.Station satisfies it. An officer
// whose ID is 0 is the operating administrator at the socket.
type Station interface {
	People
	Tokens
	Looking
	Reading
	Handling
	Writing
	Releasing
	Lines
	Proving
	Pairing
	Recovering
}

// People keeps the officers and their seats.
type People interface {
	Officers(ctx context.Context) ([]station.Officer, error)
	AddOfficer(ctx context.Context, by station.Officer, name string, offices []parley.Office) (station.Officer, error)
	RemoveOfficer(ctx context.Context, by station.Officer, id int64) error
	SeatLink(ctx context.Context, by station.Officer, officer int64, office parley.Office) (token string, err error)
	Audit(ctx context.Context, by station.Officer, limit int) ([]station.AuditRow, error)
}

// Tokens keeps what programs act with over the HTTP API.
type Tokens interface {
	AddToken(ctx context.Context, by station.Officer, officer int64, office parley.Office, name string, life time.Duration) (t station.Token, secret string, err error)
	Tokens(ctx context.Context, by station.Officer) ([]station.Token, error)
	RemoveToken(ctx context.Context, by station.Officer, id int64) error
}

// Looking shows what is there and changes nothing.
type Looking interface {
	Self() (code parley.PartyCode, name string)
	Lines(ctx context.Context) ([]station.Line, error)
	Line(ctx context.Context, line string) (station.Line, error)
	Board(ctx context.Context, o station.Officer, line string) (station.Board, error)
	Record(ctx context.Context, line string, f station.Filter) (station.Page, error)
	Alarms(ctx context.Context) ([]station.Alarm, error)
	Phones(ctx context.Context) ([]station.PhoneView, error)
}

// Reading opens what came. Open is audited and sends nothing; Acknowledge
// files the receipt "opened".
type Reading interface {
	Item(ctx context.Context, line, id string) (station.Item, error)
	Open(ctx context.Context, by station.Officer, line, id string) (station.Item, error)
	Acknowledge(ctx context.Context, by station.Officer, line, id string) error
}

// Writing keeps drafts, which are our side only.
type Writing interface {
	SaveDraft(ctx context.Context, by station.Officer, d station.Draft) (station.Draft, error)
	Drafts(ctx context.Context, o station.Officer) ([]station.Draft, error)
	Draft(ctx context.Context, o station.Officer, id int64) (station.Draft, error)
	Attach(ctx context.Context, by station.Officer, draft int64, name, mediaType string, r io.Reader) (station.Draft, error)
	Submit(ctx context.Context, by station.Officer, id int64) (station.Draft, error)
	Discard(ctx context.Context, by station.Officer, id int64) error
}

// Releasing puts a draft on the record, or gives it back.
type Releasing interface {
	Preview(ctx context.Context, o station.Officer, id int64) (station.Item, error)
	Return(ctx context.Context, by station.Officer, id int64, note string) (station.Draft, error)
	Release(ctx context.Context, by station.Officer, id, version int64, precedence string) (item string, err error)
}

// Lines tests, explains and cuts.
type Lines interface {
	Test(ctx context.Context, line string) (station.TestState, error)
	Why(ctx context.Context, line string) (station.Lamp, error)
	CutPath(ctx context.Context, by station.Officer, line, path string, cut bool) error
}

// Leaver is a station that can file the entry that ends our part in a line. One
// that is not answers Unsupported.
type Leaver interface {
	Leave(ctx context.Context, by station.Officer, line, reason string) error
}

// Proving makes files for third parties.
type Proving interface {
	Proof(ctx context.Context, by station.Officer, line, id string, headerOnly bool) ([]byte, error)
	SilenceProof(ctx context.Context, by station.Officer, line, id string) ([]byte, error)
	Cite(ctx context.Context, by station.Officer, line string) (string, error)
	CheckCitation(ctx context.Context, text string) (station.CitationView, error)
	Export(ctx context.Context, by station.Officer, line string, open bool, w io.Writer) (entries int, err error)
}

// Recovering lets a peer that lost everything read its own past again, and
// writes the two files that one needs. Both are in armour and not secret.
type Recovering interface {
	FoundingFile(ctx context.Context, line string) ([]byte, error)
	CertificateFile(ctx context.Context, line string) ([]byte, error)
	RecoveryWords(ctx context.Context, line string) ([]string, error)
	ConfirmRecovery(ctx context.Context, by station.Officer, line string, words []string) error
	SendWithheld(ctx context.Context, by station.Officer, line string) error
}

// exportLimit bounds one export over the socket: a record of ten million
// entries takes minutes, never a day.
const exportLimit = 24 * time.Hour
