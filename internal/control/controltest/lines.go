package controltest

import (
	"context"
	"strings"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/key"
	"parley/internal/station"
)

func (f *Fake) find(line string) (station.Line, error) {
	l := f.line
	if line == "birch" || line == "Birch" || line != "" && strings.HasPrefix(l.Key, line) {
		l.Lamp = f.lamp()
		return l, nil
	}
	return station.Line{}, parley.Errorf(parley.NotFound, "no line is called %q", line).WithHint("see them all: parley line list")
}

func (f *Fake) up() bool {
	for _, p := range f.line.Paths {
		if p.Up {
			return true
		}
	}
	return false
}

func (f *Fake) lamp() station.Lamp {
	if f.up() {
		return station.Lamp{State: station.LampUp, Verdict: station.VerdictUp, Proved: Now.Add(-2 * time.Second), Since: Now.Add(-time.Hour),
			Sentence: "Birch answered just now.",
			Evidence: []station.Evidence{{By: "measured by us", Code: "ping", Text: "QUIC answered in 31 ms", At: Now}}}
	}
	return station.Lamp{State: station.LampDown, Verdict: station.VerdictOurs, Proved: Now.Add(-time.Minute), Since: Now,
		Sentence: "Every path was taken down by an officer here.",
		Evidence: []station.Evidence{{By: "measured by us", Code: "cut-here", Text: "QUIC and TLS are cut", At: Now}},
		Try:      []string{"restore-path: put the paths up again: parley line restore birch"}}
}

// Lines is the one line to Birch.
func (f *Fake) Lines(context.Context) ([]station.Line, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l, _ := f.find("birch")
	return []station.Line{l}, f.fail("Lines")
}

// Line finds it.
func (f *Fake) Line(_ context.Context, line string) (station.Line, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.find(line)
}

// Test is Unavailable when every path is cut.
func (f *Fake) Test(_ context.Context, line string) (station.TestState, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.find(line); err != nil {
		return station.TestState{}, err
	}
	if !f.up() {
		return station.TestState{}, parley.Errorf(parley.Unavailable, "testing the line to Birch: no answer within 15 s").
			WithHint("ask why: parley why birch")
	}
	t := f.line.Tests
	t.Last = Now
	return t, nil
}

// Why is the lamp.
func (f *Fake) Why(_ context.Context, line string) (station.Lamp, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l, err := f.find(line)
	return l.Lamp, err
}

// CutPath takes paths down and up.
func (f *Fake) CutPath(_ context.Context, by station.Officer, line, path string, cut bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.find(line); err != nil {
		return err
	}
	found := false
	for i := range f.line.Paths {
		if p := &f.line.Paths[i]; path == "" || p.Name == path {
			p.Cut, p.Up, found = cut, !cut, true
		}
	}
	if !found {
		return parley.Errorf(parley.NotFound, "the line to Birch has no path %q", path).WithHint("its paths are QUIC and TLS")
	}
	f.note(by, "cut-path", path)
	return nil
}

// Leave ends the line.
func (f *Fake) Leave(_ context.Context, by station.Officer, line, reason string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.admin(by, "leaving the line"); err != nil {
		return err
	}
	f.line.State = "left"
	f.note(by, "leave", line+" "+reason)
	return nil
}

// Words are the words of every fake pairing.
var Words = []string{"orbit", "candle", "fossil", "river", "amber"}

// Invite keeps no charter; the line id is fixed.
func (f *Fake) Invite(_ context.Context, by station.Officer, ch charter.Charter, _ charter.Annex) (station.PairingView, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.admin(by, "inviting"); err != nil {
		return station.PairingView{}, err
	}
	p := station.PairingView{Line: "c0da0000000000000000000000000001", Stage: "invited", Next: "Hand the file to the others.", File: []byte("invitation\n")}
	for _, x := range ch.Parties {
		if x.Code != "alder" {
			p.Parties = append(p.Parties, x.Name)
		}
	}
	p.Waiting = p.Parties
	f.setPair(p)
	return p, nil
}

// Pairings lists them.
func (f *Fake) Pairings(context.Context) ([]station.PairingView, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]station.PairingView(nil), f.pairs...), nil
}

// PairingStep reads "accept LINE" or "reveal LINE" as a file.
func (f *Fake) PairingStep(_ context.Context, _ station.Officer, file []byte) (station.PairingView, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	step, line, _ := strings.Cut(strings.TrimSpace(string(file)), " ")
	p := station.PairingView{Line: line, Parties: []string{"Alder", "Cedar"}, File: []byte("file after " + step)}
	switch step {
	case "accept":
		p.Stage, p.Waiting, p.Next = "accepted", []string{"Cedar"}, "Hand the file back to Cedar."
	case "reveal":
		p.Stage, p.Words, p.Digits, p.Fingerprint = "words", Words, "01234567890123456", strings.TrimSpace(strings.Repeat("abcd ", 16))
		p.Next = "Compare the words with Cedar."
	default:
		return p, parley.Errorf(parley.Malformed, "this is not a pairing file")
	}
	f.setPair(p)
	return p, nil
}

func (f *Fake) setPair(p station.PairingView) {
	for i := range f.pairs {
		if f.pairs[i].Line == p.Line {
			f.pairs[i] = p
			return
		}
	}
	f.pairs = append(f.pairs, p)
}

// ConfirmWords has the root key sign something that looks like a certificate,
// or burns the pairing.
func (f *Fake) ConfirmWords(_ context.Context, by station.Officer, line string, equal bool, how string, root key.Signer) (station.Line, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.pairs {
		if p.Line != line {
			continue
		}
		if p.Stage != "words" {
			return station.Line{}, parley.Errorf(parley.Conflict, "pairing %s: it is %s", line, p.Stage)
		}
		if !equal {
			p.Stage, p.Next = "burnt", "Start again with a new invitation."
			f.setPair(p)
			f.note(by, "pairing-burnt", line)
			return station.Line{}, nil
		}
		if err := checkRoot(root); err != nil {
			return station.Line{}, err
		}
		p.Stage = "confirmed"
		f.setPair(p)
		f.note(by, "pairing-confirmed", line+" "+how)
		return station.Line{Key: line, Name: "Cedar", State: "active", Us: f.line.Us}, f.fail("ConfirmWords")
	}
	return station.Line{}, parley.Errorf(parley.NotFound, "no pairing is called %q", line)
}

func checkRoot(root key.Signer) error {
	v, err := key.NewVerifier(root.Public())
	if err != nil {
		return err
	}
	sig, err := key.SignDocument(root, "certificate", []byte("cert"))
	if err != nil {
		return err
	}
	return v.VerifyDocument("certificate", []byte("cert"), &sig)
}

// FoundingFile is not a real one.
func (f *Fake) FoundingFile(_ context.Context, line string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.find(line)
	return []byte("founding\n"), err
}

// CertificateFile has none to give.
func (f *Fake) CertificateFile(context.Context, string) ([]byte, error) {
	return nil, parley.Errorf(parley.NotFound, "our log on this line is the one it was founded with").WithHint("nothing needs to be handed over")
}

// RecoveryWords are Words.
func (f *Fake) RecoveryWords(_ context.Context, line string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.find(line)
	return Words, err
}

// SendWithheld has nothing to send.
func (f *Fake) SendWithheld(_ context.Context, by station.Officer, line string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.find(line); err != nil {
		return err
	}
	return parley.Errorf(parley.NotFound, "nothing waits on this line since a restore")
}

// ConfirmRecovery compares.
func (f *Fake) ConfirmRecovery(_ context.Context, by station.Officer, line string, words []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.Join(words, " ") != strings.Join(Words, " ") {
		return parley.Errorf(parley.NotAllowed, "the words are not equal: nothing is sent, and these words can no longer be confirmed")
	}
	f.note(by, "recovery-confirmed", line)
	return nil
}
