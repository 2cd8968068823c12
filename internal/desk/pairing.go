package desk

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/contact"
	"parley/internal/key"
	"parley/internal/station"
)

const maxPairingFile = 512 << 10

// pairingPage is the ceremony: invitations under way, and the forms of its
// steps.
type pairingPage struct {
	Pairings []station.PairingView
	Problem  *problem
	Typed    map[string]string
	Root     bool // the desk can take a root key
}

// Leveled reports whether who arranges contacts was typed.
func (p pairingPage) Leveled() bool {
	for _, l := range levelCodes {
		if p.Typed["level-"+l] != "" {
			return true
		}
	}
	return false
}

func (d *desk) pairing(w http.ResponseWriter, r *http.Request, s *seat) error {
	list, err := d.st.Pairings(r.Context())
	if err != nil {
		return err
	}
	d.render(w, r, s, "pairing", pairingPage{Pairings: list, Root: d.cfg.OpenRoot != nil})
	return nil
}

func (d *desk) actOnPairing(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := parseBody(r); err != nil {
		return err
	}
	var err error
	act := r.PathValue("act")
	switch act {
	case "invite":
		err = d.invite(r, s)
	case "step":
		err = d.pairingStep(r, s)
	case "confirm":
		err = d.confirmWords(r, s)
	default:
		return errHidden
	}
	if err == nil {
		said := "pairing_" + act
		if act == "confirm" && r.PostForm.Get("equal") != "yes" {
			said = "pairing_burnt"
		}
		return done(w, r, "/station/pairing", said)
	}
	list, lost := d.st.Pairings(r.Context())
	if lost != nil {
		return lost
	}
	p := pairingPage{Pairings: list, Problem: problemOf(err), Typed: map[string]string{}, Root: d.cfg.OpenRoot != nil}
	for k := range r.PostForm {
		if k != "passphrase" {
			p.Typed[k] = r.PostForm.Get(k)
		}
	}
	d.renderStatus(w, r, s, p.Problem.Status, "pairing", "title.pairing", p)
	return nil
}

// invite makes the charter of a line of two from the form and files the
// invitation.
func (d *desk) invite(r *http.Request, s *seat) error {
	code, err := parley.ParsePartyCode(strings.TrimSpace(r.PostForm.Get("code")))
	if err != nil {
		return err
	}
	us := charter.Party{Code: d.party, Name: d.name, Languages: tags(r.PostForm.Get("our_languages"))}
	them := charter.Party{Code: code, Name: field(r, "name"), Languages: tags(r.PostForm.Get("languages"))}
	ch := charter.DefaultCharter(us, them)
	for p := parley.Routine; p <= parley.Flash; p++ {
		ch.Release[p] = charter.OneOfficer
		if contains(r.PostForm["two_hands"], p.String()) {
			ch.Release[p] = charter.TwoOfficers
		}
	}
	var rungs []parley.Rung
	for rung := parley.Opened; rung <= parley.Answered; rung++ {
		if contains(r.PostForm["promise"], rung.String()) {
			rungs = append(rungs, rung)
		}
	}
	ch.Rungs = map[parley.PartyCode][]parley.Rung{us.Code: rungs, them.Code: rungs}
	ch.Instruct = r.PostForm.Get("instruct") != ""
	if v := r.PostForm.Get("interval"); v != "" {
		n, err := number(v)
		if err != nil || n > 24*60 {
			return parley.Errorf(parley.BadForm, "the test interval %q is not a number of minutes up to %d", v, 24*60)
		}
		ch.TestInterval = time.Duration(n) * time.Minute
	}
	levels, err := contact.ParseLevels(levelsTyped(r.PostForm))
	if err == nil {
		ch.Unknown = levels.Write(nil)
		err = levels.Check(ch.HasOffice)
	}
	if err == nil {
		err = ch.Validate()
	}
	if err != nil {
		return fmt.Errorf("the charter does not stand: %w", err)
	}
	_, err = d.st.Invite(r.Context(), s.officer, ch, charter.DefaultAnnex())
	return err
}

// tags reads language tags apart by commas or spaces.
func tags(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '،' || r == '，' })
}

// pairingStep takes the other side's file, uploaded or pasted.
func (d *desk) pairingStep(r *http.Request, s *seat) error {
	b, err := uploaded(r, "file")
	if err != nil {
		return err
	}
	if len(b) == 0 {
		b = []byte(r.PostForm.Get("paste"))
	}
	if len(b) == 0 {
		return parley.Errorf(parley.Malformed, "there is no pairing file").WithHint("choose the file the other side handed over, or paste its text")
	}
	_, err = d.st.PairingStep(r.Context(), s.officer, b)
	return err
}

// uploaded is the content of a small file of the form; empty when none was
// chosen.
func uploaded(r *http.Request, name string) ([]byte, error) {
	f, _, err := r.FormFile(name)
	if err != nil {
		return nil, nil // none was chosen
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPairingFile+1))
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "the file cannot be read")
	}
	if len(b) > maxPairingFile {
		return nil, parley.Errorf(parley.Oversize, "the file is larger than %d KiB", maxPairingFile>>10)
	}
	return b, nil
}

// confirmWords records how the words were compared and what came of it. Words
// that differ burn the invitation, with no key and no second thought.
func (d *desk) confirmWords(r *http.Request, s *seat) error {
	equal := r.PostForm.Get("equal")
	if equal != "yes" && equal != "no" {
		return parley.Errorf(parley.BadForm, "it is not said whether the words are equal")
	}
	how := field(r, "how")
	if how == "" {
		return parley.Errorf(parley.BadForm, "it is not said how the words were compared").WithHint("for example: in person, or two channels: telephone, and letter by courier")
	}
	var root key.Signer
	if equal == "yes" && d.cfg.OpenRoot != nil {
		b, err := uploaded(r, "root")
		if err != nil {
			return err
		}
		if len(b) > 0 {
			if root, err = d.cfg.OpenRoot(b, []byte(r.PostForm.Get("passphrase"))); err != nil {
				return fmt.Errorf("opening the root key: %w", err)
			}
		}
	}
	_, err := d.st.ConfirmWords(r.Context(), s.officer, r.PostForm.Get("line"), equal == "yes", how, root)
	return err
}

// pairingFile hands out the file to give to the other side now.
func (d *desk) pairingFile(w http.ResponseWriter, r *http.Request, _ *seat) error {
	list, err := d.st.Pairings(r.Context())
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.Line == r.PathValue("line") && len(p.File) > 0 {
			sendFile(w, fmt.Sprintf("%s-%s-%s.pairing", d.party, p.Line[:min(8, len(p.Line))], p.Stage), "application/octet-stream")
			_, _ = w.Write(p.File)
			return nil
		}
	}
	return errHidden
}
