package api

import (
	"context"
	"io"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/station"
)

// Station is what the API needs of the station it belongs to.
type Station interface {
	Keeper
	Watching
	Keeping
	Agreeing
	Amending
	Arranging
	Feeding
	Calling
	Attending
	Taping
	Glossing
	Wording
	Remembering
	Stating
	Reading
	Answering
	Understanding
	Writing
	Preparing
	Releasing
	Proving
}

// Keeper knows tokens and what was answered.
type Keeper interface {
	UseToken(ctx context.Context, secret string) (id int64, by station.Officer, err error)
	BeginRequest(ctx context.Context, token int64, key string, sum [32]byte) (id int64, before *station.Answer, err error)
	EndRequest(ctx context.Context, id int64, a *station.Answer) error
	Officers(ctx context.Context) ([]station.Officer, error)
	Audit(ctx context.Context, by station.Officer, limit int) ([]station.AuditRow, error)
	Self() (code parley.PartyCode, name string)
}

// Watching is what a watch looks at.
type Watching interface {
	Lines(ctx context.Context) ([]station.Line, error)
	Line(ctx context.Context, line string) (station.Line, error)
	Board(ctx context.Context, o station.Officer, line string) (station.Board, error)
	Alarms(ctx context.Context) ([]station.Alarm, error)
	Subscribe() (<-chan station.Event, func())
}

// Taping plays and deletes what our station recorded of calls.
type Taping interface {
	PlayRecording(ctx context.Context, by station.Officer, line, id string, file uint64, to func(v station.CallVoice, suffix string) io.Writer) error
	DeleteRecording(ctx context.Context, by station.Officer, line, id string, file uint64) error
}

// Arranging is how contacts are asked for, answered, planned and entered.
type Arranging interface {
	Contacts(ctx context.Context, line string, asOf time.Time) (station.ContactBook, error)
	Contact(ctx context.Context, by station.Officer, line, id string) (station.Contact, error)
	AskContact(ctx context.Context, by station.Officer, line string, in station.ContactTerms) (string, error)
	OfferTerms(ctx context.Context, by station.Officer, line, id string, in station.ContactTerms) (string, error)
	ReplyContact(ctx context.Context, by station.Officer, line, id string, in station.ContactReply) (string, error)
	CallOffContact(ctx context.Context, by station.Officer, line, id, reason, text string, next time.Time) (string, error)
	AddPoint(ctx context.Context, by station.Officer, line, id string, in station.PointText, before string) (string, error)
	JudgePoint(ctx context.Context, by station.Officer, line, id, point, step, text string) (string, error)
	EnterContacts(ctx context.Context, by station.Officer, line, id string, rows []contact.Row) ([]string, error)
	JudgeContacts(ctx context.Context, by station.Officer, line, id, step string, which []int, text string) (string, error)
	Topics(ctx context.Context, line string) ([]station.Topic, error)
	Topic(ctx context.Context, by station.Officer, line, name string) (station.Topic, error)
	TopicHistory(ctx context.Context, by station.Officer, line, topic string) ([]station.PublicStatement, error)
	TakeStance(ctx context.Context, by station.Officer, line, topic, stand, position, release string) (string, error)
	PutAsk(ctx context.Context, by station.Officer, line string, in station.AskText) (string, error)
	AnswerAsk(ctx context.Context, by station.Officer, line, id, outcome, text string) (string, error)
}

// Calling rings, answers, and ends calls.
type Calling interface {
	CallList(ctx context.Context, line string) ([]station.Call, error)
	Call(ctx context.Context, line, id string) (station.Call, error)
	Ring(ctx context.Context, by station.Officer, line string, in station.RingText) (item string, err error)
	LiftCall(ctx context.Context, by station.Officer, line, id string) error
	DeclineCall(ctx context.Context, by station.Officer, line, id, reason, text string) error
	HangUp(ctx context.Context, by station.Officer, line, id string) error
}

// Attending is being on a call that runs.
type Attending interface {
	CallRoom(ctx context.Context, at station.CallSeat) (station.CallRoom, error)
	JoinCall(ctx context.Context, by station.Officer, line string, as station.CallPerson) (station.CallSeat, error)
	SeatOf(ctx context.Context, by station.Officer, line string) (station.CallSeat, error)
	InviteGuest(ctx context.Context, by station.Officer, line string, as station.CallPerson) (secret string, err error)
	ConnectCall(ctx context.Context, at station.CallSeat, offer string) (answer string, err error)
	ActOnCall(ctx context.Context, at station.CallSeat, a station.CallAct) error
	ActForSide(ctx context.Context, by station.Officer, line string, a station.SideAct) error
	PassNote(ctx context.Context, by station.Officer, line, text string) error
}

// Wording is what is written down of a call, by both sides.
type Wording interface {
	WriteWording(ctx context.Context, by station.Officer, line, id string, texts []station.SaidText, before string) (item string, err error)
	JudgeWording(ctx context.Context, by station.Officer, line, id, step, text string) error
	DisputeRendering(ctx context.Context, by station.Officer, line, id, tongue, heard, meant string) (item string, err error)
}

// Remembering is notes of contacts and calls, and the memcons made of them: our
// side only.
type Remembering interface {
	TakeNote(ctx context.Context, by station.Officer, line, id, text string) error
	MemNotes(ctx context.Context, by station.Officer, line, id string) ([]station.MemNote, error)
	GiveNotes(ctx context.Context, by station.Officer, line, id string, to int64) error
	Memcons(ctx context.Context, by station.Officer, line, id string) ([]station.Memcon, error)
	OpenMemcon(ctx context.Context, by station.Officer, id, which string, printed bool) (station.Memcon, error)
	BeginMemcon(ctx context.Context, by station.Officer, line, id string, in station.MemconText) (station.Memcon, error)
	SaveMemcon(ctx context.Context, by station.Officer, id string, rev int64, in station.MemconText) (station.Memcon, error)
	SubmitMemcon(ctx context.Context, by station.Officer, id string, rev, reviewer int64) (station.Memcon, error)
	ReturnMemcon(ctx context.Context, by station.Officer, id string, rev int64, note string) error
	ReviewMemcon(ctx context.Context, by station.Officer, id string, rev int64) (station.Memcon, error)
	DiscardMemcon(ctx context.Context, by station.Officer, id string, rev int64) error
	ShareMemcon(ctx context.Context, by station.Officer, id string, officer int64, office parley.Office, writes bool) error
	UnshareMemcon(ctx context.Context, by station.Officer, id string, officer int64, office parley.Office) error
	HandMemcon(ctx context.Context, by station.Officer, id string, rev, to int64) error
	InheritMemcons(ctx context.Context, by station.Officer, from, to int64) (int64, error)
}

// Stating is what is said of a contact afterwards.
type Stating interface {
	Statements(ctx context.Context, by station.Officer, line, contact string) (station.Statements, error)
	Readout(ctx context.Context, by station.Officer, line, contact string, version int64) (station.Readout, error)
	SaveReadout(ctx context.Context, by station.Officer, line, contact string, version int64, items []station.SaidItem) (station.Readout, error)
	ReviewReadout(ctx context.Context, by station.Officer, line, contact string, version int64) (station.Readout, error)
	ApproveReadout(ctx context.Context, by station.Officer, line, contact string, version int64) (station.Readout, error)
	ReturnReadout(ctx context.Context, by station.Officer, line, contact string, version int64, note string) (station.Readout, error)
	QuotesIn(ctx context.Context, by station.Officer, line, contact string, version int64) ([]station.SaidQuote, error)
	ProposeEmbargo(ctx context.Context, by station.Officer, line, contact string, until time.Time, text, before string) (string, error)
	JudgeEmbargo(ctx context.Context, by station.Officer, line, contact, id, step, text string) (string, error)
	ReadyReadout(ctx context.Context, by station.Officer, line, contact string, version int64, manual bool, named ...station.NamedQuote) (string, error)
	ShowReadout(ctx context.Context, by station.Officer, line, contact string, version int64, named ...station.NamedQuote) (string, error)
	CompareDrafts(ctx context.Context, by station.Officer, line, contact, ours, theirs string) (station.Comparison, error)
	RemarkOnDraft(ctx context.Context, by station.Officer, line, contact, draft string, item int, text string, named ...station.NamedQuote) (string, error)
	ProposeJoint(ctx context.Context, by station.Officer, line, contact string, items []station.SaidItem, text, before string, named ...station.NamedQuote) (string, error)
	JudgeJoint(ctx context.Context, by station.Officer, line, contact, id, step, text string) (string, error)
	OpenJoint(ctx context.Context, by station.Officer, line, contact, id string) error
	Publish(ctx context.Context, by station.Officer, line, contact string, in station.PublishText) (string, error)
	PublicPage(ctx context.Context, by station.Officer, line, item, lang string) (name string, html []byte, err error)
	WritePages(ctx context.Context, by station.Officer, line, item string) ([]string, error)
}

// Feeding is the addresses at which calendar programs read without a session.
type Feeding interface {
	AddFeed(ctx context.Context, by station.Officer, name string) (f station.Feed, secret string, err error)
	Feeds(ctx context.Context, by station.Officer) ([]station.Feed, error)
	RemoveFeed(ctx context.Context, by station.Officer, id int64) error
}

// Keeping is how a watch is kept.
type Keeping interface {
	HandOver(ctx context.Context, by station.Officer, note string) error
	HandOvers(ctx context.Context, limit int) ([]station.HandOver, error)
	TakeOver(ctx context.Context, by station.Officer, handover int64, acknowledged []int64, why string) error
	WatchList(ctx context.Context, days int) (station.WatchList, error)
	AddShift(ctx context.Context, by station.Officer, officer int64, begins, ends time.Time, languages []string) error
	RemoveShift(ctx context.Context, by station.Officer, shift int64) error
	CallOuts(ctx context.Context) ([]station.Callout, error)
	AddCallOut(ctx context.Context, by station.Officer, office parley.Office, name, how string, wait time.Duration) error
	RemoveCallOut(ctx context.Context, by station.Officer, callout int64) error
	RaiseCallOut(ctx context.Context, by station.Officer, callout int64) error
	CalledOut(ctx context.Context, by station.Officer, line, id string, callout int64, reached bool, note string) error
	AddPromise(ctx context.Context, by station.Officer, line string, due time.Time, text string) error
	ClosePromise(ctx context.Context, by station.Officer, promise int64) error
}

// Agreeing is the modes that all agree to, and who holds which office.
type Agreeing interface {
	Modes(ctx context.Context, line string) ([]station.Mode, error)
	BeginMode(ctx context.Context, by station.Officer, line, title, path string, until time.Time) (item string, err error)
	Exercise(ctx context.Context, by station.Officer, line, phase, about, title string, until time.Time) (item string, err error)
	Directory(ctx context.Context, line string) (station.Directory, error)
	Ping(ctx context.Context, by station.Officer, line string, to parley.Address) (item string, err error)
	Brief(ctx context.Context, by station.Officer, line string) (station.Brief, error)
}

// Amending changes what rules a line, and leaves it.
type Amending interface {
	Charter(ctx context.Context, line string) (station.CharterView, error)
	Weigh(ctx context.Context, by station.Officer, line string, p station.Proposal) (station.DocumentView, error)
	Propose(ctx context.Context, by station.Officer, line string, p station.Proposal) (station.DocumentView, error)
	Assent(ctx context.Context, by station.Officer, line, hash string) (station.DocumentView, error)
	Leave(ctx context.Context, by station.Officer, line, reason string) error
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
	TakeFrom(ctx context.Context, by station.Officer, line, id, from string) error
	GiveBack(ctx context.Context, by station.Officer, line, id string) error
	Acknowledge(ctx context.Context, by station.Officer, line, id string) error
	Informed(ctx context.Context, by station.Officer, line, id string, at time.Time) error
}

// Understanding is translations, and what is read back.
type Understanding interface {
	Translate(ctx context.Context, by station.Officer, line, id, language, text string) (station.Translation, error)
	Review(ctx context.Context, by station.Officer, line, id string, translation int64) error
	Certify(ctx context.Context, by station.Officer, line, id string, translation int64) error
	DisputeWords(ctx context.Context, by station.Officer, line, id string, translation int64, words, note string) (station.Dispute, error)
	SettleDispute(ctx context.Context, by station.Officer, line, id string, translation, dispute int64, how string) error
	TestTexts(ctx context.Context, line string) ([]station.TestText, error)
	TranslateTest(ctx context.Context, by station.Officer, line, id, language, text string) (station.Translation, error)
	UseTestTexts(ctx context.Context, by station.Officer, ids []string) error
	SetThreeMarks(ctx context.Context, by station.Officer, three bool) error
	AskReadBack(ctx context.Context, by station.Officer, line, id string) error
	GiveReadBack(ctx context.Context, by station.Officer, line, id, text string) error
	FindReadBack(ctx context.Context, by station.Officer, line, id string, right bool, text string) error
}

// Preparing is what a draft may begin from.
type Preparing interface {
	Templates(ctx context.Context, line string) ([]station.Template, error)
	KeepTemplate(ctx context.Context, by station.Officer, draft int64, title string) (station.Template, error)
	UseTemplate(ctx context.Context, by station.Officer, line string, template int64) (station.Draft, error)
	RemoveTemplate(ctx context.Context, by station.Officer, template int64) error
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
