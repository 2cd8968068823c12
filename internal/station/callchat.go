package station

import (
	"context"
	"slices"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/wire"
)

// Bounds of the chat between interpreters (spec/calls.md, Frames).
const (
	maxChatText  = 500 // characters
	maxChatName  = 100
	maxChatLines = 100 // kept while the call runs
	chatRate     = 10  // lines that a path takes in a second
)

// A CallChat is a line of the chat between the interpreters of all sides. It is off
// the record: no signature, and gone with the call.
type CallChat struct {
	Party  parley.PartyCode `json:"party"`
	At     time.Time        `json:"at"` // when it came here
	Name   string           `json:"name"`
	Text   string           `json:"text"`
	Number uint64           `json:"-"` // of its writer's station
}

// chatLine is what crosses.
type chatLine struct {
	_      struct{} `cbor:",toarray"`
	Number uint64   // its writer's clock in milliseconds: a line that comes twice has one number
	Name   string
	Text   string
	Call   uint64 // its number (call.Number): a line that is late is none of the next call
}

// namelessLine is one of a station that does not say of which call.
type namelessLine struct {
	_      struct{} `cbor:",toarray"`
	Number uint64
	Name   string
	Text   string
}

func (c *chatLine) check() error {
	if err := form.CheckLine("the name", c.Name, maxChatName); err != nil {
		return err
	}
	return form.CheckLine("the text", c.Text, maxChatText)
}

// parseChat reads a line of the chat; named is false where it does not say of which
// call it is. Errors are Malformed and BadForm.
func parseChat(b []byte) (c chatLine, named bool, err error) {
	named = len(b) == 0 || b[0] != 0x83
	if named {
		err = wire.Decode(b, &c)
	} else {
		var old namelessLine
		err = wire.Decode(b, &old)
		c = chatLine{Number: old.Number, Name: old.Name, Text: old.Text}
	}
	if err == nil {
		err = c.check()
	}
	return c, named, err
}

// SayInChat says something to the interpreters of all sides, and to nobody else.
// Who holds at is taken to be him.
func (s *Station) SayInChat(_ context.Context, at CallSeat, text string) error {
	c, err := s.callOn(at.Line)
	if err != nil {
		return err
	}
	p := c.x.View().State.Halves[c.line.us].Person(at.Person)
	if p == nil || p.Role != contact.Interpreter {
		return parley.Errorf(parley.NotAllowed, "the chat is between interpreters").WithHint("become interpreter first")
	}
	now := s.now()
	l := chatLine{Number: uint64(now.UnixMilli()), Name: p.Name, Text: text, Call: uint64(call.Number(c.ref))}
	if err := l.check(); err != nil {
		return err
	}
	c.chatted(CallChat{c.line.us, now.UTC(), l.Name, l.Text, l.Number})
	b := wire.Encode(&callFrame{Type: frameChat, Body: wire.Encode(&l)})
	for _, o := range c.x.Others() { // not whoever else is of the line
		for _, path := range s.net.provedTo(c.line.id, o) {
			path.conn.Send(bearer.Immediate, b)
		}
	}
	return nil
}

// chatIn takes in a line of another side.
func (s *Station) chatIn(l *liveLine, from parley.PartyCode, b []byte) {
	c, err := s.liveCall(l)
	if err != nil || !slices.Contains(c.x.Others(), from) {
		return
	}
	line, named, err := parseChat(b)
	if err != nil {
		l.log.Debug("a line of a chat is none", "peer", from, "err", err)
		return
	}
	if named && line.Call != uint64(call.Number(c.ref)) {
		return // late, or ahead of what our side holds of the record
	}
	c.chatted(CallChat{from, s.now().UTC(), line.Name, line.Text, line.Number})
}

// chatted keeps a line, once.
func (c *liveCall) chatted(l CallChat) {
	c.mu.Lock()
	known := slices.ContainsFunc(c.chat, func(o CallChat) bool { return o.Party == l.Party && o.Number == l.Number && o.Text == l.Text })
	if !known {
		c.chat = append(c.chat, l)
		c.chat = c.chat[max(0, len(c.chat)-maxChatLines):]
	}
	c.mu.Unlock()
	if !known {
		c.line.emit("call", c.line.id.String(), c.ref.String())
	}
}
