package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"parley"
	"parley/internal/crowd"
	"parley/internal/desk"
	"parley/internal/key"
	"parley/internal/keyfile"
	"parley/internal/station"
	"parley/internal/wire/wiretest"
)

// commandPaths lists every command, the root first.
func commandPaths(t *testing.T) [][]string {
	t.Helper()
	var c cli
	p, err := kong.New(&c, kong.Name("parley"), groups)
	if err != nil {
		t.Fatal(err)
	}
	list := [][]string{{}}
	var walk func(n *kong.Node, path []string)
	walk = func(n *kong.Node, path []string) {
		for _, ch := range n.Children {
			if ch.Type == kong.CommandNode {
				at := append(append([]string{}, path...), ch.Name)
				list = append(list, at)
				walk(ch, at)
			}
		}
	}
	walk(p.Model.Node, nil)
	return list
}

func TestEveryCommandHasExamples(t *testing.T) {
	for _, args := range commandPaths(t) {
		if len(args) == 0 {
			continue
		}
		var out bytes.Buffer
		run(t.Context(), append(args, "--help"), streams{strings.NewReader(""), &out, &out}, fakeBackend())
		if !strings.Contains(out.String(), "Examples:") && !strings.Contains(out.String(), "Commands:") {
			t.Errorf("parley %s --help shows no example", strings.Join(args, " "))
		}
	}
}

// TestArgumentsAreUTF8 asks that no name or subject becomes another on its way
// through the parser.
func TestArgumentsAreUTF8(t *testing.T) {
	for _, args := range [][]string{{"officer", "add", "A\xff\xfeB", "--office", "watch"}, {"--as=\x80", "line"}, {"send", "-s", "\xc3\x28"}} {
		var out, errs bytes.Buffer
		code := run(t.Context(), args, streams{strings.NewReader(""), &out, &errs}, fakeBackend())
		if code != exitUsage || !strings.Contains(errs.String(), "is not UTF-8") || !utf8.ValidString(errs.String()) {
			t.Errorf("%q: exit code %d, %s", args, code, errs.String())
		}
	}
}

// TestDemoPorts asks for a port with room for the desks before anything is made.
func TestDemoPorts(t *testing.T) {
	for _, port := range []string{"0", "65534", "99999"} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"demo", "--port", port}, streams{strings.NewReader(""), &out, &errs}, fakeBackend()); code != exitUsage || !strings.Contains(errs.String(), port+" is not a port") {
			t.Errorf("port %s: exit code %d, %s", port, code, errs.String())
		}
	}
}

func TestNoSecretInFlags(t *testing.T) {
	var c cli
	p, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			for _, word := range []string{"passphrase", "password", "secret", "token", "share"} {
				if strings.Contains(f.Name, word) && !strings.HasSuffix(f.Name, "-file") {
					t.Errorf("flag --%s of %s takes a secret itself, not the path of one", f.Name, n.Path())
				}
			}
		}
		for _, ch := range n.Children {
			walk(ch)
		}
	}
	walk(p.Model.Node)
}

func TestExitCodes(t *testing.T) {
	want := map[parley.Kind]int{
		parley.Internal: 1, parley.Corrupt: 1,
		parley.Unavailable: 3, parley.Quota: 3, parley.DiskFull: 3,
		parley.NotAllowed: 4, parley.Conflict: 4, parley.NotFound: 5,
	}
	for k := parley.Internal; k <= parley.DiskFull; k++ {
		w, ok := want[k]
		if !ok {
			w = exitBadInput
		}
		var errs bytes.Buffer
		if got := report(&errs, fmt.Errorf("doing: %w", parley.Errorf(k, "it failed").WithHint("try again"))); got != w {
			t.Errorf("%v: exit code %d, want %d", k, got, w)
		}
		if got := errs.String(); got != "parley: doing: it failed\nhint: try again\n" {
			t.Errorf("%v: printed %q", k, got)
		}
	}
	if got := report(new(bytes.Buffer), errors.New("plain")); got != exitFailed {
		t.Errorf("an error without kind: exit code %d", got)
	}
}

func TestErrorsAreSafeToPrint(t *testing.T) {
	var errs bytes.Buffer
	report(&errs, parley.Errorf(parley.BadForm, "subject \x1b]0;owned\x07 \u202egnp.exe"))
	if s := errs.String(); strings.ContainsAny(s, "\x1b\x07\u202e") {
		t.Errorf("printed %q", s)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[2J", "a\u202eb", "\x9b31m", "线路", "\xff\xfe", "a\r\nb", "\u2066x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range clean(s) {
			if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
				t.Errorf("%q: %U is left in %q", s, r, clean(s))
			}
		}
		if strings.ContainsAny(oneLine(s), "\n\r\t") {
			t.Errorf("%q is not one line", oneLine(s))
		}
	})
}

func TestSameWords(t *testing.T) {
	words := []string{"orbit", "candle", "fossil", "river", "amber"}
	for _, tt := range []struct {
		heard string
		want  bool
	}{
		{"orbit candle fossil river amber", true},
		{" Orbit, CANDLE - fossil\nriver; amber.\n", true},
		{"1 orbit 2 candle 3 fossil 4 river 5 amber", true},
		{"", false},
		{"orbit candle fossil river", false},
		{"orbit candle fossil river amber amber", false},
		{"candle orbit fossil river amber", false},
		{"orbit candle fossil river ambler", false},
		{"orbitcandlefossilriveramber", false},
		{"yes", false},
	} {
		if got := sameWords(tt.heard, words); got != tt.want {
			t.Errorf("%q: got %v", tt.heard, got)
		}
	}
	if sameWords("", nil) {
		t.Error("no words at all are equal")
	}
}

func TestSameDigits(t *testing.T) {
	for _, tt := range []struct {
		heard, digits string
		want          bool
	}{
		{"0123 4567 8901 2345 6", "01234567890123456", true},
		{"01234567890123456\n", "01234567890123456", true},
		{"1234567890123456", "01234567890123456", false},
		{"01234567890123457", "01234567890123456", false},
		{"0123456789012345six", "01234567890123456", false},
		{"", "", false},
		{"", "01234567890123456", false},
	} {
		if got := sameDigits(tt.heard, tt.digits); got != tt.want {
			t.Errorf("%q: got %v", tt.heard, got)
		}
	}
}

func FuzzSpoken(f *testing.F) {
	f.Add("orbit, candle 3 fossil")
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range spoken(s) {
			if w == "" || strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }) {
				t.Errorf("%q has the word %q", s, w)
			}
		}
	})
}

func FuzzFoundingHash(f *testing.F) {
	f.Add(strings.Repeat("abcd ", 16))
	f.Add("ab:cd")
	f.Fuzz(func(t *testing.T, s string) {
		if b, err := foundingHash(s); err == nil && b != nil && len(b) != 32 {
			t.Errorf("%q: %d bytes", s, len(b))
		}
	})
}

func FuzzPartyOf(f *testing.F) {
	for _, s := range []string{"birch,Birch,zh", "b,,", ",,", "birch,Birch,zh,en", "BIRCH,x,y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := partyOf(s)
		if err == nil {
			if _, err := parley.ParsePartyCode(string(p.Code)); err != nil || len(p.Languages) == 0 {
				t.Errorf("%q: %+v", s, p)
			}
		}
	})
}

// FuzzParseRootKey hands the desk's root key reader any file. It refuses
// with a hint, and what it takes is a key that signs.
func FuzzParseRootKey(f *testing.F) {
	path := filepath.Join(f.TempDir(), "root.key")
	if err := keyfile.Write(path, "root key", make([]byte, 64), nil); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "")
	f.Add(good[:len(good)-3], "x")
	f.Add(bytes.Repeat([]byte("a"), 70_000), "")
	f.Add([]byte("parley secret 1\nkind: root key\nprotection: scrypt 2 AAAAAAAAAAAAAAAAAAAAAA==\n\nAAAA\n"), "x")
	f.Fuzz(func(t *testing.T, file []byte, pass string) {
		if bytes.Contains(file, []byte("scrypt 1")) {
			return // a dear cost, rightly taken, is not for fuzzing
		}
		k, err := parseRootKey(file, []byte(pass))
		if err != nil {
			if parley.KindOf(err) == parley.Internal || parley.HintOf(err) == "" {
				t.Errorf("%v", err)
			}
			return
		}
		if k.Public().IsZero() {
			t.Errorf("%q is taken for a key", file)
		}
	})
}

// FuzzVerifyFile shows whatever a file makes of verify: the report is printed,
// never with what would move a terminal.
func FuzzVerifyFile(f *testing.F) {
	for _, part := range []string{"record", "proof", "silence"} {
		for _, in := range wiretest.Inputs(f, part, "file") {
			f.Add(wiretest.Vectors(f, in[0]))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := verifyFile(bytes.NewReader(b), verifyOptions{})
		if err != nil {
			if parley.KindOf(err) == parley.Internal {
				t.Errorf("%v", err)
			}
			return
		}
		for _, l := range r.Lines() {
			if s := clean(l); strings.ContainsAny(s, "\x1b\x07\b") || !utf8.ValidString(s) {
				t.Errorf("%q", s)
			}
		}
	})
}

func TestReadSecret(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		path string
		want parley.Kind
	}{
		{write("open", "pass\n", 0o644), parley.NotAllowed},
		{write("group", "pass\n", 0o640), parley.NotAllowed},
		{write("empty", "\n", 0o600), parley.Malformed},
		{write("huge", strings.Repeat("x", maxSmallFile+1), 0o600), parley.Oversize},
		{filepath.Join(dir, "absent"), parley.NotFound},
	} {
		if _, err := readSecret(tt.path); parley.KindOf(err) != tt.want || err == nil {
			t.Errorf("%s: got %v, want %v", tt.path, err, tt.want)
		}
	}
	b, err := readSecret(write("good", "two words \r\n", 0o600))
	if err != nil || string(b) != "two words " {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestOutputNeverReplaces(t *testing.T) {
	dir := t.TempDir()
	s := newSession(t.Context(), streams{strings.NewReader(""), new(bytes.Buffer), new(bytes.Buffer)}, backend{}, &globals{})
	path := filepath.Join(dir, "out")
	o, err := s.create(path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(o, "mine")
	if err := os.WriteFile(path, []byte("theirs"), 0o600); err != nil { // somebody came in between
		t.Fatal(err)
	}
	if err := o.commit(); parley.KindOf(err) != parley.Conflict {
		t.Errorf("committing over another file: %v", err)
	}
	o.discard()
	if b, _ := os.ReadFile(path); string(b) != "theirs" {
		t.Errorf("the file now holds %q", b)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

func TestNotify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	if err := notify("READY=1"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	n, err := l.Read(b)
	if err != nil || string(b[:n]) != "READY=1" {
		t.Errorf("got %q, %v", b[:n], err)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	if err := notify("READY=1"); err == nil {
		t.Error("a socket nobody serves: no error")
	}
	t.Setenv("NOTIFY_SOCKET", "")
	if err := notify("READY=1"); err != nil {
		t.Errorf("without systemd: %v", err)
	}
}

func TestSpans(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 12, 0, 0, time.UTC)
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{31 * time.Millisecond, "31 ms"}, {12 * time.Second, "12 s"}, {119 * time.Second, "119 s"}, {9 * time.Minute, "9 min"},
		{3 * time.Hour, "3 h"}, {150 * time.Minute, "2 h 30 min"}, {72 * time.Hour, "3 days"},
	} {
		if got := span(tt.d); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.d, got, tt.want)
		}
	}
	i := station.Item{Objective: now.Add(-14 * time.Minute)}
	if got := due(now, i); got != "late 14 min" {
		t.Errorf("due: %q", got)
	}
	i.Ladder = []station.Step{{Name: "opened", At: now}}
	if got := due(now, i); got != "opened" {
		t.Errorf("due once opened: %q", got)
	}
	if lampWord("sometimes") != "UNKNOWN" || lampWord("") != "UNKNOWN" {
		t.Error("an unknown lamp state shows as something else")
	}
}

func TestBar(t *testing.T) {
	p := &progress{what: "verifying"}
	if got := p.bar(50, 100); !strings.Contains(got, " 50 %") || strings.Count(got, "#") != 15 {
		t.Errorf("got %q", got)
	}
	for _, tt := range [][2]int64{{-1, 10}, {20, 10}, {0, 0}, {5, -1}} {
		if got := p.bar(tt[0], tt[1]); strings.Contains(got, "-") {
			t.Errorf("%v: got %q", tt, got)
		}
	}
	var buf bytes.Buffer
	s := newSession(context.Background(), streams{nil, &buf, &buf}, backend{}, &globals{})
	q := s.progress("x")
	q.set(1, 2)
	q.end()
	if buf.Len() > 0 {
		t.Errorf("drawn where no terminal is: %q", &buf)
	}
}

func TestParseRootKey(t *testing.T) {
	k, err := key.NewPair(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "root")
	if err := keyfile.Write(path, "root key", k.Seed(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseRootKey(b, []byte("pass"))
	if err != nil || got.Public() != k.Public() {
		t.Fatalf("got %v, %v", got, err)
	}
	for _, tt := range []struct {
		name string
		file []byte
		pass string
	}{{"wrong passphrase", b, "other"}, {"no passphrase", b, ""}, {"empty", nil, ""}, {"junk", []byte("junk"), "pass"}, {"cut", b[:len(b)/2], "pass"}} {
		if _, err := parseRootKey(tt.file, []byte(tt.pass)); err == nil || parley.HintOf(err) == "" {
			t.Errorf("%s: got error %v", tt.name, err)
		}
	}
}

func TestDeskStaysHome(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", ":0", "192.0.2.1:0", "nonsense"} {
		if l, err := listenDesk(served{desk: addr}); parley.KindOf(err) != parley.NotAllowed {
			t.Errorf("a desk on %s without a certificate: %v, %v", addr, l, err)
		}
	}
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0", "localhost:0"} {
		if l, err := listenDesk(served{desk: addr}); err == nil {
			l.Close()
		} else if parley.KindOf(err) != parley.Unavailable { // a machine without IPv6
			t.Errorf("a desk on %s: %v", addr, err)
		}
	}
	l, err := listenDesk(served{desk: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := listenDesk(served{desk: l.Addr().String()}); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("a port that is taken: %v", err)
	}
}

// TestDeskIsNotCrowdedOut: whoever reaches the port of a desk and opens connections
// without end uses up no more of them than the desk has, and keeps nobody out.
func TestDeskIsNotCrowdedOut(t *testing.T) {
	at := served{desk: "127.0.0.1:0"}
	l, err := listenDesk(at)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- serveDesk(ctx, desk.Server(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "desk") }), nil), l, at)
	}()
	silent := 0
	for range desk.MaxConns + 100 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		silent++
	}
	officer := http.Client{Timeout: 5 * time.Second}
	r, err := officer.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatalf("beside %d silent connections an officer is kept out: %v", silent, err)
	}
	r.Body.Close()
	if n := l.(*crowd.Listener).Open(); n > desk.MaxConns {
		t.Errorf("%d connections are open, want at most %d", n, desk.MaxConns)
	}
	officer.CloseIdleConnections()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestDispatchCannotBeImitated prints a text that imitates our bars: each of its
// lines stands behind a bar of its own, and nothing hidden is in it.
func TestDispatchCannotBeImitated(t *testing.T) {
	var b bytes.Buffer
	bad := "END OF NR 0099\nOUR SIDE ONLY: translation (en) by Lt Ruiz, reviewed by Ada\nLADDER\x1b[2J\u202e\u2028\u200bhidden\U000e0041"
	dispatch(&b, station.Item{Serial: 40, Subject: bad, Text: bad, FromText: "birch/envoy", Attachments: []station.Attachment{{Name: bad + ".html", Type: "text/html", Held: true}},
		Translations: []station.Translation{{Language: "en", Maker: bad, Text: bad, Disputes: []station.Dispute{{Words: bad, Note: bad, Officer: bad}}}}})
	out := b.String()
	for _, want := range []string{"| END OF NR 0099\n| OUR SIDE ONLY", "\nEND OF NR 0040\n", "MAY ACT WHEN OPENED", "DRAFT, NOT REVIEWED", "DISPUTED WORDS"} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q in %q", want, out)
		}
	}
	for _, l := range strings.Split(out, "\n") {
		if l == "END OF NR 0099" || l == "LADDER" || strings.HasPrefix(l, "OUR SIDE ONLY: translation (en) by Lt Ruiz") {
			t.Errorf("passes for ours: %q", l)
		}
	}
	if strings.ContainsAny(out, "\x1b\u202e\u2028\u200b\U000e0041") {
		t.Errorf("hides something: %q", out)
	}
}
