package station

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"parley"
	"parley/internal/form"
	"parley/internal/own"
)

// hook is the station's own alarm command: it rings where no desk is open. It
// is started as it stands in the configuration, without a shell, and reads the
// alarm as one line of JSON: nothing that a peer wrote comes to be a word of the
// command.
type hook struct {
	party     string
	argv      []string // empty: there is none
	limit     time.Duration
	again     time.Duration // between repeats; 0: none
	untilOpen bool          // silencing an item's alarm does not end its repeats
	log       *slog.Logger
	now       func() time.Time
	failed    func(why string) // tells the desks; "" that it rings again

	mu    sync.Mutex
	runs  int                 // now
	rung  map[int64]time.Time // alarm -> last time it was rung here
	count map[int64]int
	state Hook
	wg    sync.WaitGroup
}

// Bounds of the alarm command.
const (
	hookLimit  = 10 * time.Second // where the configuration names none
	hookAgain  = time.Minute      // likewise
	hookAtOnce = 16               // commands that run at the same time
	hookOutput = 500              // bytes of what it says, for the log
)

// hookAlarm is what the command reads.
type hookAlarm struct {
	Station string    `json:"station"`
	ID      int64     `json:"id"`
	Line    string    `json:"line"`
	Peer    string    `json:"peer,omitempty"`
	Code    string    `json:"code"`
	Text    string    `json:"text"`
	Item    string    `json:"item,omitempty"`
	At      time.Time `json:"at"`
	Count   int       `json:"count"`
	Repeat  int       `json:"repeat"` // 0 the first time
}

// newHook reads the configuration. The error is Malformed.
func newHook(c Config, log *slog.Logger, now func() time.Time, failed func(string)) (*hook, error) {
	argv, err := splitCommand(c.Alarm)
	if err != nil {
		return nil, err
	}
	h := &hook{party: c.Party, argv: argv, limit: c.AlarmLimit, again: c.AlarmAgain, untilOpen: c.AlarmUntil == AlarmUntilOpened, log: log, now: now, failed: failed,
		rung: map[int64]time.Time{}, count: map[int64]int{}}
	if h.limit == 0 {
		h.limit = hookLimit
	}
	if h.again == 0 {
		h.again = hookAgain
	}
	h.state = Hook{Configured: len(argv) > 0, Again: h.again, UntilOpen: h.untilOpen}
	return h, nil
}

// splitCommand splits a command at blanks, as written: quotes, single or double,
// keep blanks together, and no other character means anything. No words are no
// command.
func splitCommand(s string) (argv []string, err error) {
	var word strings.Builder
	in, quote := false, rune(0)
	for _, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, in = r, true
		case quote == 0 && unicode.IsSpace(r):
			if in {
				argv = append(argv, word.String())
			}
			word.Reset()
			in = false
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if quote != 0 {
		return nil, parley.Errorf(parley.Malformed, "the alarm command has a quote %c that does not end", quote)
	}
	if in {
		argv = append(argv, word.String())
	}
	if len(argv) > 0 && argv[0] == "" {
		return nil, parley.Errorf(parley.Malformed, "the alarm command begins with an empty word")
	}
	return argv, nil
}

// shellWords are what somebody writes who thinks that a shell reads it.
var shellWords = []string{"|", "||", "&", "&&", ";", ">", ">>", "<", "2>&1"}

// meantForShell names a word that only a shell would understand; "" if none.
func meantForShell(argv []string) string {
	for _, w := range argv {
		if slices.Contains(shellWords, w) || strings.Contains(w, "$(") || strings.HasPrefix(w, "$") || strings.Contains(w, "`") {
			return w
		}
	}
	return ""
}

// ring runs the command for an alarm, at once and without waiting for it.
func (h *hook) ring(a own.Alarm) {
	if len(h.argv) == 0 {
		return
	}
	h.mu.Lock()
	if h.runs >= hookAtOnce {
		h.mu.Unlock()
		h.done(fmt.Sprintf("%d alarm commands run already and do not end", hookAtOnce))
		return
	}
	h.runs++
	n := h.count[a.ID]
	if a.ID != 0 {
		h.rung[a.ID] = h.now()
		h.count[a.ID] = n + 1
	}
	h.state.Last = h.now().UTC()
	h.mu.Unlock()
	h.wg.Go(func() {
		why := h.run(hookAlarm{Station: h.party, ID: a.ID, Line: a.Line.String(), Peer: string(a.Peer), Code: a.Code, Text: form.Visible(a.Text), Item: a.Item, At: a.At, Count: max(a.Count, 1), Repeat: n})
		h.mu.Lock()
		h.runs--
		h.mu.Unlock()
		h.done(why)
	})
}

// run runs the command once, and returns why it failed, or "".
func (h *hook) run(a hookAlarm) string {
	in, err := json.Marshal(a)
	if err != nil {
		return err.Error()
	}
	ctx, stop := context.WithTimeout(context.Background(), h.limit)
	defer stop()
	cmd := exec.CommandContext(ctx, h.argv[0], h.argv[1:]...)
	cmd.Stdin = bytes.NewReader(append(in, '\n'))
	cmd.Env = append(os.Environ(), "PARLEY_ALARM_CODE="+a.Code)
	var out tail
	cmd.Stdout, cmd.Stderr = &out, &out
	wholeGroup(cmd)
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	switch {
	case err == nil:
		return ""
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("it did not end within %v and was stopped", h.limit)
	case errors.Is(err, exec.ErrWaitDelay):
		return "" // it ended well, and left something behind that holds its output
	}
	h.log.Error("the alarm command failed", "code", a.Code, "err", err, "output", out.String())
	return err.Error()
}

// done notes how a run ended, and tells the desks when that has changed.
func (h *hook) done(why string) {
	h.mu.Lock()
	was := h.state.Error
	if h.state.Error = why; why == "" {
		h.state.Good = h.now().UTC()
	} else {
		h.state.Failed = h.now().UTC()
	}
	h.mu.Unlock()
	if why != "" || was != "" {
		h.failed(why)
	}
}

// view is the state of the command, for desks.
func (h *hook) view() Hook {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

// tail keeps the first bytes that a command says.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p[:min(len(p), hookOutput-len(t.b))]...)
	return len(p), nil
}

func (t *tail) String() string { return string(t.b) }

// insists reports whether an alarm is rung again until somebody acts.
func insists(code string) bool {
	return own.Urgency(code) >= 2 || slices.Contains([]string{"overdue", "call-out", "line-down"}, code)
}

// about reports whether an alarm is about an entry that came and waits to be
// opened.
func about(a *own.Alarm) bool {
	return a.Item != "" && slices.Contains([]string{"flash", "immediate", "overdue", "call-out"}, a.Code)
}

// insistence is how long after it was raised an alarm is still rung again.
const insistence = 24 * time.Hour

// callRingsAgain is how soon a call is rung again, at most: it is over in a minute.
const callRingsAgain = 15 * time.Second

// againFor is how soon an alarm that insists is rung again.
func (h *hook) againFor(code string) time.Duration {
	if code == "call" {
		return min(h.again, callRingsAgain)
	}
	return h.again
}

// ringAgain rings what insists and has not been rung for long enough; after a
// start also what nobody has silenced yet.
func (s *Station) ringAgain() error {
	h := s.hook
	if len(h.argv) == 0 {
		return nil
	}
	as, err := s.own.Insisting(h.untilOpen, s.now().Add(-insistence))
	if err != nil {
		return err
	}
	live := map[int64]bool{}
	for i := range as {
		a := &as[i]
		if !insists(a.Code) || !a.Silenced.IsZero() && !about(a) {
			continue
		}
		live[a.ID] = true
		h.mu.Lock()
		last := h.rung[a.ID]
		h.mu.Unlock()
		if !last.IsZero() && s.now().Sub(last) < h.againFor(a.Code) {
			continue
		}
		if about(a) {
			opened, err := s.own.OpenedBy(a.Line, a.Item)
			if err != nil {
				return err
			}
			if len(opened) > 0 {
				continue
			}
		}
		h.ring(*a)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, at := range h.rung { // forget what is over
		if !live[id] && s.now().Sub(at) > h.again {
			delete(h.rung, id)
			delete(h.count, id)
		}
	}
	return nil
}

// ringer rings again, until ctx ends.
func (s *Station) ringer(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := s.ringAgain(); err != nil {
				s.log.Error("looking for alarms to ring again", "err", err)
			}
		}
	}
}

// hookCode is the alarm that the alarm command itself fails. It is shown and
// sounds at desks, and never runs the command.
const hookCode = "alarm-command"

// hookFailed shows at every desk that the alarm command fails, or that it rings
// again.
func (s *Station) hookFailed(why string) {
	var err error
	if why == "" {
		err = s.own.SilenceItem(parley.LineID{}, hookCode, "")
	} else {
		_, _, err = s.own.Raise(own.Alarm{Code: hookCode, Text: "The station's alarm command failed: " + why}, false)
	}
	if err != nil {
		s.log.Error("keeping how the alarm command ended", "err", err)
	}
	s.hub.emit("alarm", "", "")
}
