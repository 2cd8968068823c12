package desk

import (
	"context"
	"io"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/key"
	"parley/internal/station"
)

// Station is what the desk needs of the station it belongs to. Errors are
// *parley.Error; NotFound hides what the officer may not see.
type Station interface {
	Seats
	Passkeys
	Sessions
	Returning
	Roster
	Watchkeeping
	WatchListing
	CallingOut
	Keeping
	Records
	Reading
	Asking
	Drafting
	Releasing
	Marking
	Preparing
	Testing
	Bearers
	Offices
	Modes
	Contacting
	TopicKeeping
	StatementKeeping
	Saying
	Feeding
	Calling
	Attending
	Challenging
	Glossing
	Wording
	Remembering
	Pairing
	Recovery
}

// Seats opens and ends sessions.
type Seats interface {
	TakeSeat(ctx context.Context, token string) (session string, o station.Officer, office parley.Office, err error)
	Session(ctx context.Context, session string) (station.Seat, error)
	EndSession(ctx context.Context, session string) error
	BindSession(ctx context.Context, session string, browser []byte) error
	NoteStrangeBrowser(ctx context.Context, whose station.Officer, detail string) error
}

// Passkeys are an officer's ways in.
type Passkeys interface {
	PasskeyHandle(ctx context.Context, officer int64) ([]byte, error)
	PasskeyOwner(ctx context.Context, handle []byte) (station.Officer, error)
	Passkeys(ctx context.Context, officer int64) ([]station.Passkey, error)
	AddPasskey(ctx context.Context, by station.Officer, p station.Passkey) error
	RemovePasskey(ctx context.Context, by station.Officer, id int64) error
}

// Sessions begins, locks, moves and ends what an officer has open.
type Sessions interface {
	SignIn(ctx context.Context, by station.Officer, p station.Passkey, office parley.Office) (session string, err error)
	LockDesk(ctx context.Context, by station.Officer, session string) error
	UnlockDesk(ctx context.Context, by station.Officer, session string, p station.Passkey) error
	ChangeOffice(ctx context.Context, by station.Officer, session string, office parley.Office) error
	EndSessions(ctx context.Context, by station.Officer) error
}

// Returning gives an officer who lost every passkey access again, by two hands.
type Returning interface {
	AskReturn(ctx context.Context, by station.Officer, officer int64) error
	Returns(ctx context.Context) ([]station.Return, error)
	GrantReturn(ctx context.Context, by station.Officer, officer int64) (token string, err error)
}

// Roster is the people of this station and what they did.
type Roster interface {
	Officers(ctx context.Context) ([]station.Officer, error)
	AddOfficer(ctx context.Context, by station.Officer, name string, offices []parley.Office) (station.Officer, error)
	RemoveOfficer(ctx context.Context, by station.Officer, id int64) error
	SeatLink(ctx context.Context, by station.Officer, officer int64, office parley.Office) (token string, err error)
	Audit(ctx context.Context, by station.Officer, limit int) ([]station.AuditRow, error)
}

// Watchkeeping is what a watch looks at.
type Watchkeeping interface {
	Self() (code parley.PartyCode, name string)
	Lines(ctx context.Context) ([]station.Line, error)
	Line(ctx context.Context, line string) (station.Line, error)
	Board(ctx context.Context, o station.Officer, line string) (station.Board, error)
	Alarms(ctx context.Context) ([]station.Alarm, error)
	Subscribe() (<-chan station.Event, func())
}

// WatchListing is who has the watch when, and how it goes from one to the next.
type WatchListing interface {
	HandOver(ctx context.Context, by station.Officer, note string) error
	HandOvers(ctx context.Context, limit int) ([]station.HandOver, error)
	TakeOver(ctx context.Context, by station.Officer, id int64, acknowledged []int64, why string) error
	WatchList(ctx context.Context, days int) (station.WatchList, error)
	AddShift(ctx context.Context, by station.Officer, officer int64, begins, ends time.Time, languages []string) error
	RemoveShift(ctx context.Context, by station.Officer, id int64) error
	AddPromise(ctx context.Context, by station.Officer, line string, due time.Time, text string) error
	ClosePromise(ctx context.Context, by station.Officer, id int64) error
	SoundTested(ctx context.Context, by station.Officer) error
}

// CallingOut is who is told when an objective passes.
type CallingOut interface {
	CallOuts(ctx context.Context) ([]station.Callout, error)
	AddCallOut(ctx context.Context, by station.Officer, office parley.Office, name, how string, wait time.Duration) error
	RemoveCallOut(ctx context.Context, by station.Officer, id int64) error
	RaiseCallOut(ctx context.Context, by station.Officer, id int64) error
	CalledOut(ctx context.Context, by station.Officer, line, id string, callout int64, reached bool, note string) error
}

// Keeping is how the station itself stands.
type Keeping interface {
	Condition(ctx context.Context) (station.Condition, error)
	CheckCalls(ctx context.Context, line string, days int) (station.CheckCalls, error)
}

// Records reads the record and hands out what proves it.
type Records interface {
	Record(ctx context.Context, line string, f station.Filter) (station.Page, error)
	Item(ctx context.Context, line, id string) (station.Item, error)
	Attachment(ctx context.Context, by station.Officer, line, id string, n int) (name, mediaType string, body io.ReadCloser, err error)
	Proof(ctx context.Context, by station.Officer, line, id string, headerOnly bool) ([]byte, error)
	SilenceProof(ctx context.Context, by station.Officer, line, id string) ([]byte, error)
	Export(ctx context.Context, by station.Officer, line string, open bool, w io.Writer) (entries int, err error)
	NoteExport(ctx context.Context, by station.Officer, line, what string) error
}

// Reading is the acts on an entry that came.
type Reading interface {
	Open(ctx context.Context, by station.Officer, line, id string) (station.Item, error)
	Acknowledge(ctx context.Context, by station.Officer, line, id string) error
	Silence(ctx context.Context, by station.Officer, alarm int64) error
	Take(ctx context.Context, by station.Officer, line, id string) error
	TakeFrom(ctx context.Context, by station.Officer, line, id, from string) error
	GiveBack(ctx context.Context, by station.Officer, line, id string) error
	Translate(ctx context.Context, by station.Officer, line, id, language, text string) (station.Translation, error)
	Review(ctx context.Context, by station.Officer, line, id string, translation int64) error
}

// Asking is the acts that file something about an entry.
type Asking interface {
	Informed(ctx context.Context, by station.Officer, line, id string, at time.Time) error
	Query(ctx context.Context, by station.Officer, line, id, text string) error
	Tracer(ctx context.Context, by station.Officer, line, id, text string) error
	Disregard(ctx context.Context, by station.Officer, line, id, reason string) error
	AskReadBack(ctx context.Context, by station.Officer, line, id string) error
	GiveReadBack(ctx context.Context, by station.Officer, line, id, text string) error
	FindReadBack(ctx context.Context, by station.Officer, line, id string, right bool, text string) error
	CheckCall(ctx context.Context, by station.Officer, line, id string) (string, error)
}

// Drafting is writing, our side only.
type Drafting interface {
	SaveDraft(ctx context.Context, by station.Officer, d station.Draft) (station.Draft, error)
	Drafts(ctx context.Context, o station.Officer) ([]station.Draft, error)
	Draft(ctx context.Context, o station.Officer, id int64) (station.Draft, error)
	Attach(ctx context.Context, by station.Officer, draft int64, name, mediaType string, r io.Reader) (station.Draft, error)
	Discard(ctx context.Context, by station.Officer, id int64) error
	Preview(ctx context.Context, o station.Officer, id int64) (station.Item, error)
}

// Releasing turns a draft into an entry, by a second hand where the charter
// says so.
type Releasing interface {
	Submit(ctx context.Context, by station.Officer, id int64) (station.Draft, error)
	Return(ctx context.Context, by station.Officer, id int64, note string) (station.Draft, error)
	Release(ctx context.Context, by station.Officer, id, version int64, precedence string) (item string, err error)
}

// Marking is what is said about a translation beside its text.
type Marking interface {
	ThreeMarks(ctx context.Context) (bool, error)
	SetThreeMarks(ctx context.Context, by station.Officer, three bool) error
	Certify(ctx context.Context, by station.Officer, line, id string, translation int64) error
	DisputeWords(ctx context.Context, by station.Officer, line, id string, translation int64, words, note string) (station.Dispute, error)
	SettleDispute(ctx context.Context, by station.Officer, line, id string, translation, dispute int64, how string) error
}

// Preparing is what a draft begins from, and what is said of a FLASH.
type Preparing interface {
	FlashShares(ctx context.Context, line string) ([]station.FlashShare, error)
	Templates(ctx context.Context, line string) ([]station.Template, error)
	KeepTemplate(ctx context.Context, by station.Officer, draft int64, title string) (station.Template, error)
	RemoveTemplate(ctx context.Context, by station.Officer, id int64) error
}

// Testing is the approved texts of line tests.
type Testing interface {
	TestTexts(ctx context.Context, line string) ([]station.TestText, error)
	UseTestTexts(ctx context.Context, by station.Officer, ids []string) error
	TranslateTest(ctx context.Context, by station.Officer, line, id, language, text string) (station.Translation, error)
}

// Bearers measures and cuts the paths of a line.
type Bearers interface {
	Test(ctx context.Context, line string) (station.TestState, error)
	Why(ctx context.Context, line string) (station.Lamp, error)
	CutPath(ctx context.Context, by station.Officer, line, path string, cut bool) error
}

// Pairing makes a line.
type Pairing interface {
	Invite(ctx context.Context, by station.Officer, ch charter.Charter, an charter.Annex) (station.PairingView, error)
	Pairings(ctx context.Context) ([]station.PairingView, error)
	PairingStep(ctx context.Context, by station.Officer, file []byte) (station.PairingView, error)
	ConfirmWords(ctx context.Context, by station.Officer, line string, equal bool, how string, rootKey key.Signer) (station.Line, error)
}

// Recovery gives a party that lost everything its past back.
type Recovery interface {
	RecoveryWords(ctx context.Context, line string) ([]string, error)
	ConfirmRecovery(ctx context.Context, by station.Officer, line string, words []string) error
}

var _ Station = (*station.Station)(nil)
