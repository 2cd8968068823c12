package station

import (
	"time"

	"parley"
)

// OnWatch says who has the watch, and until when by the watch list.
type OnWatch struct {
	OfficerID int64     `json:"officer_id"` // 0: nobody has taken it
	Officer   string    `json:"officer"`
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"` // end of the shift; zero: the watch list does not say
	Without   bool      `json:"without_hand_over,omitempty"`
	Next      string    `json:"next,omitempty"` // who has it next, by the watch list
	NextAt    time.Time `json:"next_at"`
	SoundAt   time.Time `json:"sound_tested"` // since the watch was taken; zero: not tested
	SoundBy   string    `json:"sound_tested_by,omitempty"`
}

// Shift is one row of the watch list.
type Shift struct {
	ID        int64     `json:"id"`
	OfficerID int64     `json:"officer_id"`
	Officer   string    `json:"officer"`
	Gone      bool      `json:"gone,omitempty"` // no longer an officer here: the shift covers nothing
	Begins    time.Time `json:"begins"`
	Ends      time.Time `json:"ends"`
	Languages []string  `json:"languages"`
}

// Gap is a time ahead in which nobody has the watch, or nobody on it reads a
// language.
type Gap struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Language string    `json:"language,omitempty"` // "": nobody has the watch
}

// WatchList is the watch list of some days, and where it does not cover.
type WatchList struct {
	Now       time.Time `json:"now"`
	Shifts    []Shift   `json:"shifts"`
	Gaps      []Gap     `json:"gaps"`
	Languages []string  `json:"languages"` // that a watch must read: those of the other sides
}

// HandOver is one watch left in writing to the next.
type HandOver struct {
	ID    int64     `json:"id"` // 0: none
	By    string    `json:"by"`
	ByID  int64     `json:"by_id"`
	At    time.Time `json:"at"`
	Note  string    `json:"note"`
	Open  []Handed  `json:"open"` // what was open then
	Taker string    `json:"taker,omitempty"`
	Taken time.Time `json:"taken"` // zero: nobody has taken over yet
}

// Handed is something open that a hand-over names.
type Handed struct {
	ID   int64     `json:"id"`
	Kind string    `json:"kind"` // "us", "them", "draft", "promise"
	Line string    `json:"line"`
	Item string    `json:"item"`
	Text string    `json:"text"`
	By   string    `json:"acknowledged_by,omitempty"`
	At   time.Time `json:"acknowledged"`
}

// Callout is somebody to be told when an objective passes, in the order of the
// list.
type Callout struct {
	ID     int64         `json:"id"`
	Office parley.Office `json:"office,omitempty"`
	Name   string        `json:"name"`
	How    string        `json:"how"`
	Wait   time.Duration `json:"wait"` // before the next one is told
}

// Told says who was told of an item, when and by whom.
type Told struct {
	ID      int64     `json:"id"`
	Who     string    `json:"who"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Reached bool      `json:"reached"`
	Note    string    `json:"note,omitempty"`
}

// Escalation is an item whose objective has passed, and who is to be told of
// it next.
type Escalation struct {
	Line      string    `json:"line"`
	Item      string    `json:"item"`
	Ours      bool      `json:"ours"` // they have not opened it; else we have not
	Text      string    `json:"text"`
	Exercise  string    `json:"exercise,omitempty"`
	Objective time.Time `json:"objective"` // that has passed
	Told      []Told    `json:"told"`
	Next      Callout   `json:"next"` // ID 0: the list is at its end, or empty
	Due       time.Time `json:"due"`  // when Next is to be told
}

// Promise is a contact that was promised.
type Promise struct {
	ID   int64     `json:"id"`
	Line string    `json:"line"`
	Due  time.Time `json:"due"`
	Text string    `json:"text"`
	By   string    `json:"by"` // who wrote it down
}

// Upcoming is something that has its time.
type Upcoming struct {
	Kind string    `json:"kind"` // "check-call", "objective", "promise", "shift-ends"
	Line string    `json:"line,omitempty"`
	Item string    `json:"item,omitempty"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// Hook is the station's own alarm command.
type Hook struct {
	Configured bool          `json:"configured"`
	Last       time.Time     `json:"last"`       // last time it was run
	Good       time.Time     `json:"good"`       // last time it ended well
	Failed     time.Time     `json:"failed"`     // last time it did not
	Error      string        `json:"error"`      // why; "" when the last one ended well
	Again      time.Duration `json:"again"`      // between repeats
	UntilOpen  bool          `json:"until_open"` // silencing does not end the repeats
}

// CheckSlot is a check call that the charter asks for, and what became of it.
type CheckSlot struct {
	At       time.Time `json:"at"`
	State    string    `json:"state"`    // "answered", "unanswered" (called, and no answer), "not-made", "due", "ahead"
	Called   string    `json:"called"`   // party that called
	Answered time.Time `json:"answered"` // when
	Line     LampState `json:"line"`     // of a miss: how our lamp stood then
	Item     string    `json:"item,omitempty"`
}

// CheckCalls is the calendar of the check calls of a line.
type CheckCalls struct {
	Slots  []CheckSlot `json:"slots"` // oldest first; the next one ahead is the last
	Streak int         `json:"streak"`
	Missed int         `json:"missed"` // in a row, up to now
	Best   int         `json:"best"`
}

// Condition is how the station itself stands.
type Condition struct {
	Free      int         `json:"disk_free"`    // percent
	Reserve   int         `json:"disk_reserve"` // percent kept for our own logs
	Low       bool        `json:"disk_low"`
	Files     []File      `json:"files"`
	Started   time.Time   `json:"started"`
	Hook      Hook        `json:"hook"`
	Lines     []Keeping   `json:"lines"`
	HasPhones bool        `json:"has_phones,omitempty"` // telephones can register
	Phones    []PhoneView `json:"phones,omitempty"`     // that are registered
	NoPhones  string      `json:"no_phones,omitempty"`  // why there can be none, though some are configured
}

// File is a file or directory of the station and its size.
type File struct {
	Name  string `json:"name"` // "record", "own", "attachments"
	Bytes int64  `json:"bytes"`
}

// Keeping is what a line has to do with keys, bounds and what waits.
type Keeping struct {
	Line   string   `json:"line"`
	Keys   []KeyAge `json:"keys"`
	Bounds []Bound  `json:"bounds"` // of the annex, for each peer
	Over   []string `json:"over"`   // peers over them now
	Outbox int      `json:"outbox"` // filed and not handed out
	Used   []Usage  `json:"used"`   // what peers have used of the bounds of their day
}

// Usage is how much of a day's bounds a peer has used up.
type Usage struct {
	Party       string    `json:"party"`
	Entries     uint64    `json:"entries"`     // bytes, of the 24 hours that began at Since
	Since       time.Time `json:"since"`       // zero: nothing came yet
	Attachments uint64    `json:"attachments"` // bytes announced today, UTC
}

// KeyAge is a key in use and since when.
type KeyAge struct {
	Party string    `json:"party"`
	Kind  string    `json:"kind"` // "signing", "receiving", "epoch", "session"
	Since time.Time `json:"since"`
	Last  time.Time `json:"last"` // when it was to be renewed at the latest; zero: no such time
}

// Bound is one bound of the annex.
type Bound struct {
	Kind  string `json:"kind"` // "entries-per-second", "bytes-per-day", "attachment-bytes-per-day"
	Value uint64 `json:"value"`
}
