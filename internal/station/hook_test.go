package station

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/own"
)

func TestSplitCommand(t *testing.T) {
	for in, want := range map[string][]string{
		"":                                     nil,
		"  ":                                   nil,
		"ring":                                 {"ring"},
		"/bin/ring --night\t1":                 {"/bin/ring", "--night", "1"},
		`ring "two words" 'and "three" of' ""`: {"ring", "two words", `and "three" of`, ""},
		`ring a"b c"d $HOME | \x;`:             {"ring", "ab cd", "$HOME", "|", `\x;`},
	} {
		got, err := splitCommand(in)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{`ring "a`, `ring 'a"`, `"" x`} {
		if argv, err := splitCommand(in); parley.KindOf(err) != parley.Malformed || err == nil {
			t.Errorf("%q: %q, %v", in, argv, err)
		}
	}
	if got := meantForShell([]string{"ring", "a|b", "&&"}); got != "&&" {
		t.Errorf("%q", got)
	}
}

// newTestHook writes a script and returns the hook that runs it.
func newTestHook(t *testing.T, script string, change func(*Config)) (h *hook, dir string, told *[]string) {
	t.Helper()
	dir = t.TempDir()
	path := filepath.Join(dir, "ring me.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\ncd '"+dir+"'\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	c := Config{Party: "alder", Alarm: fmt.Sprintf(`"%s" '$(touch evil)'`, path)}
	if change != nil {
		change(&c)
	}
	told = new([]string)
	h, err := newHook(c, slog.New(slog.DiscardHandler), time.Now, func(why string) { *told = append(*told, why) })
	if err != nil {
		t.Fatal(err)
	}
	return h, dir, told
}

// What a peer wrote is read by the command and never part of it.
func TestHookReadsTheAlarm(t *testing.T) {
	h, dir, told := newTestHook(t, `cat > got; printf '%s\n' "$#" "$1" "$PARLEY_ALARM_CODE" > args`, nil)
	evil := "\"; touch evil; $(touch evil) `touch evil` \u202e\n{}"
	h.ring(own.Alarm{ID: 7, Peer: "birch", Code: "flash", Text: evil, Item: "9a:1", At: time.Unix(1_790_000_000, 0).UTC(), Count: 2})
	h.wg.Wait()
	b, err := os.ReadFile(filepath.Join(dir, "got"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(b), "\n") != 1 {
		t.Errorf("not one line: %q", b)
	}
	var got hookAlarm
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got.Station != "alder" || got.ID != 7 || got.Code != "flash" || got.Item != "9a:1" || got.Count != 2 || got.Repeat != 0 || !strings.Contains(got.Text, "touch evil") || strings.Contains(got.Text, "\u202e") {
		t.Errorf("%+v", got)
	}
	args, _ := os.ReadFile(filepath.Join(dir, "args"))
	if string(args) != "1\n$(touch evil)\nflash\n" {
		t.Errorf("arguments %q", args)
	}
	if _, err := os.Stat(filepath.Join(dir, "evil")); err == nil {
		t.Error("a part of the alarm was run")
	}
	if v := h.view(); v.Error != "" || v.Good.IsZero() || len(*told) != 0 {
		t.Errorf("%+v, told %q", v, *told)
	}
}

// A command that fails, hangs or is not there is told, once it does so and when
// it works again; one that hangs is stopped with all that it started.
func TestHookFails(t *testing.T) {
	h, dir, told := newTestHook(t, `if [ -e good ]; then exit 0; fi; echo no line to the telephone; exit 3`, nil)
	h.ring(own.Alarm{ID: 1, Code: "flash"})
	h.wg.Wait()
	if v := h.view(); v.Error != "exit status 3" || v.Failed.IsZero() {
		t.Errorf("%+v", v)
	}
	if err := os.WriteFile(filepath.Join(dir, "good"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.ring(own.Alarm{ID: 1, Code: "flash"})
	h.wg.Wait()
	if !slices.Equal(*told, []string{"exit status 3", ""}) || h.view().Error != "" {
		t.Errorf("told %q", *told)
	}

	h, dir, _ = newTestHook(t, `sleep 60 & echo $! > child; wait`, func(c *Config) { c.AlarmLimit = 300 * time.Millisecond })
	began := time.Now()
	h.ring(own.Alarm{ID: 1, Code: "flash"})
	h.wg.Wait()
	if took := time.Since(began); took > 5*time.Second || !strings.Contains(h.view().Error, "was stopped") {
		t.Errorf("after %v: %+v", took, h.view())
	}
	var pid int
	b, _ := os.ReadFile(filepath.Join(dir, "child"))
	if _, err := fmt.Sscan(string(b), &pid); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil || strings.Contains(string(b), ") Z ") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("what the command started is still there")
}

// A FLASH runs the command within 2 s of being stored, with no desk open; again
// and again until it is silenced, or, as configured, opened.
func TestHookRings(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	dir := t.TempDir()
	path := filepath.Join(dir, "ring")
	script := "#!/bin/sh\ncat >> '" + dir + "/rung'\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	id := pairAll(t, a, b)
	b.halt()
	b.config(func(c *Config) { c.Alarm, c.AlarmAgain, c.AlarmUntil = path, time.Second, AlarmUntilOpened })
	b.start()
	eventually(t, 30*time.Second, "birch is up again", func() bool { return b.line(id).Lamp.State == LampUp })
	rung := func(code string) (list []hookAlarm) {
		f, _ := os.ReadFile(filepath.Join(dir, "rung"))
		for _, line := range strings.Split(strings.TrimSpace(string(f)), "\n") {
			var h hookAlarm
			if json.Unmarshal([]byte(line), &h) == nil && h.Code == code {
				list = append(list, h)
			}
		}
		return list
	}
	a.send(id, "birch", "Aircraft near", "FLASH", "QUESTION")
	stored := time.Time{}
	eventually(t, 10*time.Second, "the FLASH is there", func() bool {
		bd, err := b.st.Board(t.Context(), b.watch, "")
		if err != nil || len(bd.Flash) != 1 {
			return false
		}
		stored = bd.Flash[0].Arrived
		return true
	})
	eventually(t, 3*time.Second, "the command ran", func() bool { return len(rung("flash")) > 0 })
	if took := time.Since(stored); took > 2*time.Second {
		t.Errorf("the command ran %v after it was stored", took)
	}
	if got := rung("flash")[0]; got.Peer != "alder" || !strings.Contains(got.Text, "Aircraft near") || got.Item == "" {
		t.Errorf("%+v", got)
	}
	eventually(t, 5*time.Second, "it ran again", func() bool { return len(rung("flash")) >= 2 })
	if err := b.st.Silence(t.Context(), b.watch, 0); err != nil {
		t.Fatal(err)
	}
	n := len(rung("flash"))
	eventually(t, 5*time.Second, "silencing did not end it", func() bool { return len(rung("flash")) >= n+2 })
	if _, err := b.st.Open(t.Context(), b.watch, id, rung("flash")[0].Item); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1200 * time.Millisecond) // one that was under way
	n = len(rung("flash"))
	time.Sleep(2500 * time.Millisecond)
	if got := len(rung("flash")); got != n {
		t.Errorf("it rang %d times more after it was opened", got-n)
	}

	// A call rings until it is answered, with nobody to silence or open anything.
	if _, err := a.st.Ring(t.Context(), a.watch, id, RingText{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 15*time.Second, "the call rang twice", func() bool { return len(rung("call")) >= 2 })
	if err := b.st.DeclineCall(t.Context(), b.watch, id, "", "not-now", ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "it is quiet", func() bool { return len(b.callSounds()) == 0 })
	time.Sleep(1200 * time.Millisecond) // one that was under way
	n = len(rung("call"))
	time.Sleep(2500 * time.Millisecond)
	if got := len(rung("call")); got != n {
		t.Errorf("it rang %d times more after it was declined", got-n)
	}
}

// A call is over in a minute: the usual time to ring again would be too long.
func TestHookRingsCallsAgain(t *testing.T) {
	for _, x := range []struct {
		again time.Duration
		code  string
		want  time.Duration
	}{{time.Minute, "flash", time.Minute}, {time.Minute, "call", callRingsAgain}, {time.Second, "call", time.Second}} {
		if got := (&hook{again: x.again}).againFor(x.code); got != x.want {
			t.Errorf("%s with %v: %v, want %v", x.code, x.again, got, x.want)
		}
	}
}
