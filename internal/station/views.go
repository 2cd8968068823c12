package station

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"parley"
)

// A Party is one side of a line as its charter names it.
type Party struct {
	Code      parley.PartyCode `json:"code"`
	Name      string           `json:"name"`
	Languages []string         `json:"languages"`
	Promises  []parley.Rung    `json:"promises"` // receipt rungs this side promises
	Us        bool             `json:"us"`
	Out       string           `json:"out,omitempty"` // "left", "removed"
}

// Line is one line as a desk or a command shows it.
type Line struct {
	ID       parley.LineID   `json:"-"`
	Key      string          `json:"id"`   // ID in text
	Name     string          `json:"name"` // the other sides' names, "Birch" or "Birch, Cedar"
	Us       Party           `json:"us"`
	Them     []Party         `json:"them"`
	Offices  []parley.Office `json:"offices"`
	TwoHands map[string]bool `json:"two_hands"` // precedence word -> a second officer must release
	// Lone are the precedences at which an officer alone on watch may release what
	// else takes two hands; the record says so then.
	Lone     map[string]bool `json:"lone_watch,omitempty"`
	Instruct bool            `json:"instruction_allowed"`
	State    string          `json:"state"` // pairing, active, in doubt, left, removed, ended (they have left)
	Lamp     Lamp            `json:"lamp"`
	Paths    []Path          `json:"paths"`
	Exercise string          `json:"exercise,omitempty"`
	Logs     []Log           `json:"logs"`
	Tests    TestState       `json:"tests"`
	// Witnesses are those of the annex, by name.
	Witnesses []WitnessView `json:"witnesses,omitempty"`
	Notices   []Notice      `json:"notices"` // standing conditions: disputed history, not proved post-quantum, clock, quota, old keys
}

// LampState is the shape of a lamp. Nothing is ever Up on old news.
type LampState string

// The states of a lamp.
const (
	LampUp      LampState = "up"      // proved within the last keep-alive periods
	LampPartly  LampState = "partly"  // up, and something is not well: a path down, history disputed
	LampDown    LampState = "down"    // no path answers
	LampUnknown LampState = "unknown" // nothing measured yet, or not measured lately
)

// Verdict explains a lamp: the closed set of promise 7.
type Verdict string

// The verdicts.
const (
	VerdictUp         Verdict = "up"          // answered just now
	VerdictOurs       Verdict = "ours"        // fault on our side: we measured it
	VerdictCannotTell Verdict = "cannot-tell" // the path or their station: nobody can tell from here
	VerdictTheirs     Verdict = "theirs"      // they, or a witness, said so, signed
	VerdictNoHuman    Verdict = "no-human"    // line up, no human answer
)

// Lamp is the state of a line with the evidence for it.
type Lamp struct {
	State    LampState  `json:"state"`
	Verdict  Verdict    `json:"verdict"`
	Proved   time.Time  `json:"proved"`   // last time the other side proved to be there; zero if never
	Since    time.Time  `json:"since"`    // since when the state holds
	Sentence string     `json:"sentence"` // one sentence in English; desks render Verdict in their language
	Evidence []Evidence `json:"evidence"`
	Drill    *Drill     `json:"drill,omitempty"` // a single-path drill that is on
	Try      []string   `json:"try"`             // what to try, most promising first; codes like "check-cable" with an English sentence after ": "
}

// Evidence is one line under a verdict.
type Evidence struct {
	By   string    `json:"by"`   // "measured by us", "said by them", "said by a witness"
	Code string    `json:"code"` // stable code for translation, for example "path-timeout"
	Text string    `json:"text"` // English
	At   time.Time `json:"at"`
}

// Path is one bearer to one other station.
type Path struct {
	Name     string           `json:"name"` // "QUIC", "TLS"
	Peer     parley.PartyCode `json:"peer"`
	Address  string           `json:"address"`
	Up       bool             `json:"up"`
	Cut      bool             `json:"cut"`             // taken down by an officer here
	Rests    bool             `json:"rests,omitempty"` // kept down by a single-path drill that all agreed to
	RTT      time.Duration    `json:"rtt"`
	Heard    time.Time        `json:"heard"`
	Since    time.Time        `json:"since"`
	Why      string           `json:"why,omitempty"` // why it is down, as measured here
	Proved   bool             `json:"proved"`        // session proved with post-quantum secrets
	BytesIn  uint64           `json:"bytes_in"`
	BytesOut uint64           `json:"bytes_out"`
}

// Log is one generation of one party's log as held here.
type Log struct {
	Party    parley.PartyCode  `json:"party"`
	Gen      string            `json:"generation"`
	Size     uint64            `json:"size"`
	Root     string            `json:"root"`
	Current  bool              `json:"current"`
	Disputed bool              `json:"disputed"`
	Stored   map[string]uint64 `json:"stored"` // party -> size it has given a receipt for
	Created  time.Time         `json:"created"`
	Reason   string            `json:"reason"`
	// VKeys are the verifier keys (C2SP) that an operator is given so that a
	// witness or a monitor trusts this log: Ed25519, then ML-DSA-44. For logs in
	// force only.
	VKeys []string `json:"verifier_keys,omitempty"`
}

// WitnessView is a witness of a line, and what it has signed.
type WitnessView struct {
	Name    string         `json:"name"`              // of its key
	Address string         `json:"address,omitempty"` // where we ask it; "" when not configured here
	Asked   time.Time      `json:"asked"`             // last round
	Trouble string         `json:"trouble,omitempty"` // why it did not cosign then
	Logs    []WitnessedLog `json:"logs,omitempty"`    // newest cosignature over each log in force
	Ahead   []WitnessedLog `json:"ahead,omitempty"`   // it says it knows more of a log than we hold; not signed
}

// WitnessedLog is how much of a log a witness has seen.
type WitnessedLog struct {
	Party   parley.PartyCode `json:"party"`
	Size    uint64           `json:"size"`
	At      time.Time        `json:"at"` // as the witness says
	Arrived time.Time        `json:"arrived"`
}

// Witnessed says which witness saw an entry, at the latest when.
type Witnessed struct {
	By string    `json:"by"`
	At time.Time `json:"at"` // as the witness says
}

// TestState sums up the line tests.
type TestState struct {
	Last    time.Time     `json:"last"` // last answered test
	LastRTT time.Duration `json:"last_rtt"`
	Next    time.Time     `json:"next"`
	Missed  int           `json:"missed"`   // in a row
	Clock   time.Duration `json:"clock"`    // their clock less ours, best estimate
	HumanAt time.Time     `json:"human_at"` // last answer by a human: opened, check call
}

// Notice is a standing condition that needs no act at once.
type Notice struct {
	Code string    `json:"code"` // "withheld", "disputed-history", "classical-session", "clock", "quota", "disk-kept", "their-disk", "old-key", "unreadable", "violation", "witness-missing"
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// Step is one rung of a dispatch's ladder.
type Step struct {
	Rung     parley.Rung `json:"-"`
	Name     string      `json:"rung"`
	Promised bool        `json:"promised"`
	At       time.Time   `json:"at"`            // zero: not yet
	By       string      `json:"by,omitempty"`  // office or party that said so
	Ref      string      `json:"ref,omitempty"` // the entry that says so
}

// Attachment is a sealed file named by an entry.
type Attachment struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	Hash   string `json:"hash"`   // SHA-256 over the ciphertext, hex
	Held   bool   `json:"held"`   // whole and here
	Bytes  int64  `json:"bytes"`  // how much is here
	Theirs bool   `json:"theirs"` // the other side says it has it whole
}

// acting are the ends of names of files that may do something when they are
// opened: pages and pictures with script, programs, archives (which may unpack
// to far more than they are), documents with macros.
var acting = strings.Fields(`htm html xhtml mht mhtml svg svgz xml xsl js mjs vbs vbe wsf hta jar exe msi bat cmd com scr pif ps1 sh lnk url reg dll app apk deb rpm iso img
	zip gz tgz bz2 xz zst 7z rar tar cab arj lzh docm xlsm pptm dotm xltm xlam xll doc xls ppt rtf odt ods odp swf chm desktop`)

// Acts reports whether a file may act when it is opened, as its name or its type
// says. Nothing here opens one.
func (a Attachment) Acts() bool {
	name := strings.ToLower(strings.TrimRight(strings.ToValidUTF8(a.Name, ""), ". \u00a0"))
	end := name[strings.LastIndexByte(name, '.')+1:]
	kind := strings.ToLower(a.Type)
	return slices.Contains(acting, end) || strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }) ||
		strings.Contains(kind, "html") || strings.Contains(kind, "svg") || strings.Contains(kind, "xml") || strings.Contains(kind, "script") || strings.Contains(kind, "zip") || strings.Contains(kind, "executable") || strings.Contains(kind, "x-msdos")
}

// Item is one entry of the record, or one filed and not yet handed out.
type Item struct {
	ID             string            `json:"id"` // "generation:index", or "filed:NUMBER" before it has one
	Line           string            `json:"line"`
	Party          parley.PartyCode  `json:"party"`
	Ours           bool              `json:"ours"`
	Form           string            `json:"form"`
	Known          bool              `json:"known"`  // false: a form this station does not know, kept and shown as such
	Series         string            `json:"series"` // "traffic", "service", "" for unnumbered
	Serial         uint64            `json:"serial,omitempty"`
	From           parley.Address    `json:"-"`
	FromText       string            `json:"from"`
	To             []string          `json:"to"`
	Info           []string          `json:"info,omitempty"`
	Precedence     parley.Precedence `json:"-"`
	PrecedenceText string            `json:"precedence"`
	Marker         parley.Marker     `json:"-"`
	MarkerText     string            `json:"marker,omitempty"`
	Subject        string            `json:"subject,omitempty"`
	Text           string            `json:"text,omitempty"`
	Language       string            `json:"language,omitempty"`
	Legal          string            `json:"legal_reference,omitempty"`
	Releasability  string            `json:"releasability,omitempty"`
	Refs           []string          `json:"refs,omitempty"`
	Fields         []Field           `json:"fields,omitempty"` // everything else the form says, in its order
	Attachments    []Attachment      `json:"attachments,omitempty"`
	Exercise       string            `json:"exercise,omitempty"`
	Time           time.Time         `json:"time"` // header time: a claim
	DTG            string            `json:"dtg"`
	Arrived        time.Time         `json:"arrived"`               // on our clock; for ours, when filed
	ClockDoubt     bool              `json:"clock_doubt,omitempty"` // header time more than a day off
	Position       int64             `json:"position"`              // in record order from 1; 0 before it is placed
	Settled        bool              `json:"settled"`
	Unconfirmed    []string          `json:"unconfirmed,omitempty"` // parties whose confirmation of the order is missing
	Disputed       bool              `json:"disputed,omitempty"`    // history disputed, not on record
	Unreadable     bool              `json:"unreadable,omitempty"`
	Disregarded    string            `json:"disregarded,omitempty"`   // ID of the entry that says to disregard this one
	Ladder         []Step            `json:"ladder,omitempty"`        // dispatches and service messages only
	Objective      time.Time         `json:"objective"`               // when it is to be opened by
	Overdue        bool              `json:"overdue,omitempty"`       // objective passed, delivered, not opened
	NotDelivered   bool              `json:"not_delivered,omitempty"` // ours, and no receipt yet
	ReadBacks      []ReadBack        `json:"read_backs,omitempty"`    // of one entry alone, not in lists
	TakenBy        string            `json:"taken_by,omitempty"`
	TakenAt        time.Time         `json:"taken_at"`
	Drafter        string            `json:"drafter,omitempty"` // ours only: officers' names
	Releaser       string            `json:"releaser,omitempty"`
	Translations   []Translation     `json:"translations,omitempty"` // our side only
	Hash           string            `json:"hash,omitempty"`         // leaf hash, hex
	Lapsed         time.Time         `json:"lapsed,omitzero"`        // an incumbent's: since when the form of address has lapsed; zero: it holds
	Witnessed      []Witnessed       `json:"witnessed,omitempty"`    // first cosignature of each witness over it
	Arranged       *ContactSeat      `json:"arranged,omitempty"`     // in which office it arranges a contact; of one entry alone, not in lists
}

// Field is one further field of a form, ready for display as text.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Translation is a translation of an entry. It is our side only.
type Translation struct {
	ID       int64     `json:"id"`
	Language string    `json:"language"`
	Text     string    `json:"text"`
	Maker    string    `json:"maker"`
	Reviewer string    `json:"reviewer,omitempty"`
	State    string    `json:"state"` // "draft", "reviewed", "certified"
	Made     time.Time `json:"made"`

	Certifier string    `json:"certifier,omitempty"`
	Reviewed  time.Time `json:"reviewed"`
	Certified time.Time `json:"certified"`
	Disputes  []Dispute `json:"disputes,omitempty"`
}

// Dispute is a doubt about words of a translation, and how it ended.
type Dispute struct {
	ID      int64     `json:"id"`
	Words   string    `json:"words"`
	Note    string    `json:"note"`
	Officer string    `json:"officer"`
	At      time.Time `json:"at"`
	Settled string    `json:"settled,omitempty"` // how; "" while it is open
	Closer  string    `json:"closer,omitempty"`
}

// TestText is one of the approved texts of line tests.
type TestText struct {
	ID           string        `json:"id"` // "test:NUMBER"
	Text         string        `json:"text"`
	Used         bool          `json:"used"` // by our own tests
	Translations []Translation `json:"translations,omitempty"`
}

// FlashShare is how much of what a party sends is FLASH, in the month that is
// running (UTC), exercises left out.
type FlashShare struct {
	Party parley.PartyCode `json:"party"`
	Flash int              `json:"flash"`
	All   int              `json:"all"`
}

// Template is what a draft may begin from: our side only.
type Template struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Maker string `json:"maker"`
	Draft Draft  `json:"draft"` // no number, version or state
}

// Draft is a dispatch or service message being written. It is our side only
// until it is released.
type Draft struct {
	ID            int64        `json:"id"`
	Line          string       `json:"line"`
	Form          string       `json:"form"` // "dispatch", "service" or "incumbent"
	From          string       `json:"from"` // office
	To            []string     `json:"to"`   // "party/office"
	Info          []string     `json:"info,omitempty"`
	Precedence    string       `json:"precedence"`
	Marker        string       `json:"marker"`
	Subject       string       `json:"subject"`
	Text          string       `json:"text"`
	Language      string       `json:"language"`
	Legal         string       `json:"legal_reference,omitempty"`
	Releasability string       `json:"releasability,omitempty"`
	Refs          []string     `json:"refs,omitempty"`
	Attachments   []Attachment `json:"attachments,omitempty"`
	Reason        string       `json:"reason,omitempty"` // one line, for FLASH
	Exercise      string       `json:"exercise,omitempty"`
	State         string       `json:"state"`          // "draft", "submitted", "returned", "released"
	Note          string       `json:"note,omitempty"` // why it was returned
	Page          string       `json:"page,omitempty"` // names what began it: a save that is sent again makes no second draft
	Drafter       string       `json:"drafter"`
	DrafterID     int64        `json:"drafter_id"`
	Began         time.Time    `json:"began"`
	Saved         time.Time    `json:"saved"`
	Version       int64        `json:"version"`         // rises with every save; a save or release names the version it saw
	Entry         string       `json:"entry,omitempty"` // once released
	// Incumbent is what a draft of the form "incumbent" says; else nil.
	Incumbent *IncumbentText `json:"incumbent,omitempty"`
}

// Officer is a person with an account at this station.
type Officer struct {
	ID      int64           `json:"id"`
	Name    string          `json:"name"`
	Offices []parley.Office `json:"offices"`
	Active  bool            `json:"active"`
}

// Holds reports whether the officer holds the office.
func (o Officer) Holds(office parley.Office) bool {
	for _, h := range o.Offices {
		if h == office {
			return true
		}
	}
	return false
}

// Board is the watch board of one line (or of all, merged).
type Board struct {
	Now         time.Time `json:"now"`
	WaitingUs   []Item    `json:"waiting_for_us"`   // theirs, not opened or not answered where an answer is asked, most urgent first
	WaitingThem []Item    `json:"waiting_for_them"` // ours, released, a promised rung still missing
	Since       []Item    `json:"since_hand_over"`  // in order of arrival
	DoNext      []Todo    `json:"do_next"`
	More        int       `json:"more_to_do,omitempty"` // that other sides ask for, beyond what is listed
	Flash       []Item    `json:"flash"`                // theirs, FLASH, not opened: pinned on every page
	Drafts      []Draft   `json:"drafts"`               // waiting for release
	HandOver    time.Time `json:"hand_over"`
	Last        time.Time `json:"last_dispatch"` // last dispatch on the record either way; zero if none
	Alarms      []Alarm   `json:"alarms"`        // not yet silenced

	OnWatch  OnWatch      `json:"on_watch"`
	Waiting  HandOver     `json:"hand_over_waiting"` // written, and not taken over yet; ID 0 if none
	Gaps     []Gap        `json:"gaps"`              // in the watch list, ahead
	CallOut  []Escalation `json:"call_out"`          // objectives that have passed, and who is told
	Promises []Promise    `json:"promised_contacts"`
	Next     []Upcoming   `json:"next"` // what has its time, the soonest first
	Hook     Hook         `json:"alarm_command"`
}

// Todo is one thing an officer should do next.
type Todo struct {
	Act  string    `json:"act"`  // "open", "acknowledge", "translate", "review", "inform", "release", "answer", "check-call", "make-check-call", "ping" (text: offices that are due), "call-out", "take-over", "test-sound", "confirm-words", "answer-contact", "answer-ask", "agree-exercise", "enter-contact", "answer-embargo", "show-draft", "sign-joint", "open-joint", "lift-call", "join-call", "confirm-wording"
	Item string    `json:"item"` // item or draft id
	Line string    `json:"line,omitempty"`
	Text string    `json:"text"`
	Due  time.Time `json:"due"`

	Exercise string `json:"exercise,omitempty"`
}

// Alarm is something a person must notice. One sounds per peer and minute.
type Alarm struct {
	ID       int64     `json:"id"`
	Line     string    `json:"line"`
	Peer     string    `json:"peer,omitempty"` // whose doing; "" ours. One peer sounds once a minute, the rest is counted
	Code     string    `json:"code"`           // "flash", "immediate", "overdue", "line-down", "line-up", "fork", "doubt", "withheld", "violation", "quota", "unreadable", "clock", "disk", "test-missed", "recovery"
	Text     string    `json:"text"`
	Item     string    `json:"item,omitempty"`
	At       time.Time `json:"at"`
	Count    int       `json:"count"`
	Silenced bool      `json:"silenced"`
}

// Event tells a desk that something changed. It carries no content: the desk
// asks again with its own rights.
type Event struct {
	Seq  int64     `json:"seq"`
	Kind string    `json:"kind"` // "item", "lamp", "alarm", "draft", "path", "line", "test"
	Line string    `json:"line,omitempty"`
	Item string    `json:"item,omitempty"`
	At   time.Time `json:"at"`
}

// Filter selects items of a record.
type Filter struct {
	Form       string
	Party      parley.PartyCode
	Office     parley.Office
	Precedence parley.Precedence // at least this
	Query      string            // words of what an entry says or of our translations of it; a serial; a date-time group
	Since      time.Time         // header time, as the writer says, from this moment on; zero: any
	Until      time.Time         // and up to this moment; zero: any
	Plain      bool              // leave out tests, seen, keys and other technical forms
	After      int64             // record position; 0 from the start
	Before     int64             // record position; 0 without end. Newest first when After is 0
	Limit      int               // 0 means 50; at most 500
}

// Page is one page of a record: settled items, and apart those whose order is
// not confirmed yet.
type Page struct {
	Settled   []Item `json:"settled"`
	Unsettled []Item `json:"unsettled"` // below the rule
	Total     int64  `json:"total"`     // of settled ones that fit; -1 where words are looked for, which are not counted
	// Unsearched is how many settled entries were not looked through for the
	// words, because the index of them is still being made.
	Unsearched int64 `json:"unsearched,omitempty"`
}

// AuditRow is one line of the station's own audit: who did or read what.
type AuditRow struct {
	ID      int64     `json:"id"`
	At      time.Time `json:"at"`
	Officer string    `json:"officer"`
	Act     string    `json:"act"`
	Object  string    `json:"object"`
	Detail  string    `json:"detail,omitempty"`
}

// PairingView shows how far a pairing has come.
type PairingView struct {
	Line        string   `json:"line"`
	Stage       string   `json:"stage"` // "invited", "accepted", "revealed", "words", "confirmed", "burnt"
	Parties     []string `json:"parties"`
	Waiting     []string `json:"waiting"` // parties whose commitment or reveal is missing
	Words       []string `json:"words,omitempty"`
	Digits      string   `json:"digits,omitempty"`
	Fingerprint string   `json:"fingerprint,omitempty"`
	Next        string   `json:"next"`           // what to do now, in one English sentence
	File        []byte   `json:"file,omitempty"` // the pairing file to hand over now
}
