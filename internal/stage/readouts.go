package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"parley"
	"parley/internal/control"
	"parley/internal/said/page"
	"parley/internal/station"
)

// embargoed is how long nobody publishes after the call of the story.
const embargoed = 20 * time.Second

// toldOf is the topic of the call that the readouts speak of.
const toldOf = "Energy"

// readout is what a side means to say of the call. Alder's has the words that both
// confirmed; in Birch's two words have become one.
func (s *Side) readout() []station.SaidItem {
	opening := []station.SaidText{{Language: "en", Text: "Prime Minister Anna Hart and Premier Shen Lan spoke today."}, {Language: "zh", Text: "安娜·哈特首相与沈岚总理今天通话。"}}
	energy := agreedWords
	if s.Code == "birch" {
		energy = []station.SaidText{{Language: "en", Text: strings.Replace(agreedWords[0].Text, "energy and infrastructure", "energy infrastructure", 1)}, {Language: "zh", Text: strings.Replace(agreedWords[1].Text, "能源和基础设施", "能源基础设施", 1)}}
	}
	return []station.SaidItem{{Texts: opening}, {Topic: toldOf, Texts: energy}}
}

// told waits until what is said of a contact is as it should be.
func (s *Side) told(ctx context.Context, contact, what string, is func(*station.Statements) bool) (v station.Statements, err error) {
	_, err = await(ctx, 20*time.Second, s.Name+" "+what, func() (bool, error) {
		if v, err = s.as(s.Envoy).Statements(ctx, s.demo.Line(), contact); err != nil {
			return false, err
		}
		return is(&v), nil
	})
	return v, err
}

// side is what a party has shown of its drafts.
func shownBy(v *station.Statements, code string) *station.SaidSide {
	for i := range v.Sides {
		if v.Sides[i].Party == code {
			return &v.Sides[i]
		}
	}
	return &station.SaidSide{}
}

// file has an officer file something that is said of a contact.
func (s *Side) file(ctx context.Context, p person, contact, act string, in control.ReadoutAct) (string, error) {
	in.Line, in.Contact = s.demo.Line(), contact
	id, err := s.as(p).FileOfReadout(ctx, act, in)
	if err != nil {
		return "", fmt.Errorf("%s, %s: %w", p.Name, act, err)
	}
	return id, nil
}

// drafted has the envoy write our readout, and a second officer review and approve
// it. It returns the version.
func (s *Side) drafted(ctx context.Context, contact string) (int64, error) {
	in := control.ReadoutAct{Line: s.demo.Line(), Contact: contact}
	v, err := s.as(s.Envoy).Statements(ctx, in.Line, contact)
	if err != nil {
		return 0, err
	}
	if v.Readout != nil {
		in.Version = v.Readout.Version
	}
	in.Items = s.readout()
	r, err := s.as(s.Envoy).KeepReadout(ctx, "edit", in)
	if err != nil {
		return 0, err
	}
	in.Version, in.Items = r.Version, nil
	for _, act := range []string{"review", "approve"} {
		if r, err = s.as(s.Second).KeepReadout(ctx, act, in); err != nil {
			return 0, fmt.Errorf("%s, %s: %w", s.Second.Name, act, err)
		}
	}
	return r.Version, nil
}

// exchanged has both sides agree to an embargo, draft their readouts, and show them
// at once: neither sees the other's first. What differs is found.
func (y *Story) exchanged(ctx context.Context) (string, error) {
	if y.planned == "" {
		return "", parley.Errorf(parley.Conflict, "no call was arranged").WithHint("play the steps before")
	}
	y.d.stageCall(true)
	defer y.d.stageCall(false)
	until, err := y.embargo(ctx)
	if err != nil {
		return "", err
	}
	early, err := y.bound(ctx, until)
	if err != nil {
		return "", err
	}
	found, err := y.compared(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("embargo until %s agreed by both; %s; %s", until.Format("1504:05Z"), early, found), nil
}

// embargo has Alder propose one, and Birch agree.
func (y *Story) embargo(ctx context.Context) (time.Time, error) {
	a, b := y.d.Alder, y.d.Birch
	until := time.Now().Add(embargoed).UTC().Truncate(time.Second)
	if _, err := a.file(ctx, a.Envoy, y.planned, "embargo", control.ReadoutAct{Until: until}); err != nil {
		return until, err
	}
	v, err := b.told(ctx, y.planned, "is asked for an embargo", func(v *station.Statements) bool { return len(v.Embargo.Open) == 1 && v.Embargo.Open[0].Asked })
	if err != nil {
		return until, err
	}
	if _, err := b.file(ctx, b.Envoy, y.planned, "judge-embargo", control.ReadoutAct{ID: v.Embargo.Open[0].ID, Step: "agree"}); err != nil {
		return until, err
	}
	for _, s := range y.d.Sides() {
		if _, err := s.told(ctx, y.planned, "holds to the embargo", func(v *station.Statements) bool { return v.Embargo.Until.Equal(until) }); err != nil {
			return until, err
		}
	}
	return until, nil
}

// bound has both sides draft and bind themselves. While Alder alone is bound,
// Birch sees that, and nothing of what it says; and Alder may not publish.
func (y *Story) bound(ctx context.Context, until time.Time) (string, error) {
	a, b := y.d.Alder, y.d.Birch
	ours, err := a.drafted(ctx, y.planned)
	if err != nil {
		return "", err
	}
	_, err = a.file(ctx, a.Envoy, y.planned, "publish", control.ReadoutAct{Publish: &station.PublishText{Version: ours}})
	if before := time.Now().Before(until); before && parley.KindOf(err) != parley.NotAllowed || err == nil {
		return "", parley.Errorf(parley.Internal, "publishing before the embargo ends was not refused: %v", err)
	}
	refused := err
	if _, err := a.file(ctx, a.Envoy, y.planned, "ready", control.ReadoutAct{Version: ours}); err != nil {
		return "", err
	}
	v, err := b.told(ctx, y.planned, "knows that Alder is bound", func(v *station.Statements) bool { return shownBy(v, "alder").State == "ready" })
	if err != nil {
		return "", err
	}
	if n := len(shownBy(&v, "alder").Drafts); n > 0 {
		return "", parley.Errorf(parley.NotAllowed, "Birch has %d drafts of Alder's before it is bound to its own", n)
	}
	theirs, err := b.drafted(ctx, y.planned)
	if err != nil {
		return "", err
	}
	began := time.Now()
	if _, err := b.file(ctx, b.Envoy, y.planned, "ready", control.ReadoutAct{Version: theirs}); err != nil {
		return "", err
	}
	for _, s := range y.d.Sides() {
		if _, err := s.told(ctx, y.planned, "has both drafts", func(v *station.Statements) bool {
			return len(shownBy(v, "alder").Drafts) == 1 && len(shownBy(v, "birch").Drafts) == 1
		}); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("publishing now is refused (%s); Alder bound first, and Birch saw nothing of its text; %s after Birch was bound too both had both drafts", refused, seconds(time.Since(began))), nil
}

// compared finds the difference on both sides.
func (y *Story) compared(ctx context.Context) (string, error) {
	shown := ""
	for _, s := range y.d.Sides() {
		c, err := s.as(s.Envoy).Compare(ctx, y.d.Line(), y.planned, "", "")
		if err != nil {
			return "", err
		}
		langs := map[string]bool{}
		for _, m := range c.Marks {
			if m.Kind == "reworded" && m.Topic == toldOf {
				langs[m.Language] = true
			}
			if m.Kind == "reworded" && m.Language == "en" && s.Code == "alder" && len(m.Ours) > 0 {
				shown = fmt.Sprintf("%s; lit: %q", m.Sentence, m.Ours[0].Words)
			}
		}
		if !langs["en"] || !langs["zh"] {
			return "", parley.Errorf(parley.Internal, "%s does not see that the confirmed wording was reworded: %+v", s.Name, c.Marks)
		}
	}
	return fmt.Sprintf("side by side: %q against %q: %s", "energy and infrastructure", "energy infrastructure", shown), nil
}

// together has both sides sign one text, publish it when the embargo has ended, and
// an outsider verify the pages in an empty directory. What Birch does its scripted
// officers do.
func (y *Story) together(ctx context.Context) (string, error) {
	if y.planned == "" {
		return "", parley.Errorf(parley.Conflict, "no call was arranged").WithHint("play the steps before")
	}
	signed, err := y.sign(ctx)
	if err != nil {
		return "", err
	}
	published, err := y.publish(ctx)
	if err != nil {
		return "", err
	}
	checked, err := y.outsider(ctx)
	if err != nil {
		return "", err
	}
	return strings.Join([]string{signed, published, checked}, "; "), nil
}

// joint returns the newest joint statement of a view.
func joint(v *station.Statements) *station.JointView {
	if len(v.Joints) == 0 {
		return &station.JointView{}
	}
	return &v.Joints[len(v.Joints)-1]
}

// sign has Alder propose a joint statement in the words that were confirmed. Birch's
// officers sign it by themselves, and each side reads the other's signature.
func (y *Story) sign(ctx context.Context) (string, error) {
	a := y.d.Alder
	began := time.Now()
	if _, err := a.file(ctx, a.Envoy, y.planned, "joint", control.ReadoutAct{Items: a.readout()}); err != nil {
		return "", err
	}
	for _, s := range y.d.Sides() {
		if _, err := s.told(ctx, y.planned, "knows that the joint statement stands", func(v *station.Statements) bool { return joint(v).State == "joint" }); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("a joint statement in the confirmed words signed by %s too, and each side has read the other's signature, in %s", y.d.Birch.Envoy.Name, seconds(time.Since(began))), nil
}

// publish waits for the end of the embargo; then Alder publishes, and Birch follows.
func (y *Story) publish(ctx context.Context) (string, error) {
	a := y.d.Alder
	var v station.Statements
	if _, err := await(ctx, 2*embargoed, "the embargo has ended", func() (ok bool, err error) {
		v, err = a.as(a.Envoy).Statements(ctx, y.d.Line(), y.planned)
		return err == nil && v.Embargo.Over && joint(&v).MayPublish, err
	}); err != nil {
		return "", err
	}
	if _, err := a.file(ctx, a.Envoy, y.planned, "publish", control.ReadoutAct{Publish: &station.PublishText{Joint: joint(&v).ID, Where: "https://alder.example/statements"}}); err != nil {
		return "", err
	}
	for _, s := range y.d.Sides() {
		if _, err := s.told(ctx, y.planned, "has both publications", func(v *station.Statements) bool {
			return len(v.Published) == 2 && v.Published[0].Early.IsZero() && v.Published[1].Early.IsZero() && !v.Published[0].Unsigned && !v.Published[1].Unsigned
		}); err != nil {
			return "", err
		}
	}
	return "published by both once the embargo had ended", nil
}

// publicFolder is where a side's station writes the pages of what it published.
func (s *Side) publicFolder() string { return filepath.Join(s.demo.dir, s.Code+".public") }

// outsider checks the pages of both sides with nothing but the program, the page
// and the fingerprint; and one in which a byte was turned.
func (y *Story) outsider(ctx context.Context) (string, error) {
	x, err := y.d.Alder.export(ctx, false)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(y.d.dir, "outsider-")
	if err != nil {
		return "", parley.Errorf(parley.Unavailable, "making an empty directory: %v", err)
	}
	defer os.RemoveAll(dir)
	pages, last := 0, []byte(nil)
	for _, s := range y.d.Sides() {
		files, err := s.pages(ctx)
		if err != nil {
			return "", err
		}
		for _, f := range files {
			if last, err = os.ReadFile(f); err != nil {
				return "", parley.Errorf(parley.Unavailable, "reading a page: %v", err)
			}
			said, code, err := y.judge(ctx, dir, x.report.Founding, last)
			if err != nil {
				return "", err
			}
			if code != 0 || !strings.Contains(said, "signed by alder and birch") {
				return "", parley.Errorf(parley.Internal, "the page %s ends verify with %d: %s", filepath.Base(f), code, said)
			}
			pages++
		}
	}
	at := bytes.Index(last, []byte("energy and infrastructure")) + len("energy ")
	if at < len("energy ") {
		return "", parley.Errorf(parley.Internal, "the page does not show the confirmed words")
	}
	last[at] ^= 1
	said, code, err := y.judge(ctx, dir, x.report.Founding, last)
	if err != nil {
		return "", err
	}
	if where := fmt.Sprintf("byte %d", at); code != 6 || !strings.Contains(said, where) {
		return "", parley.Errorf(parley.Internal, "with %s turned verify ends with %d: %s", where, code, said)
	}
	return fmt.Sprintf("%d pages of %d KB verified offline in an empty directory; byte %d of one turned: refused, with its place", pages, len(last)/1024, at), nil
}

// pages waits until the side's folder holds its pages in every language.
func (s *Side) pages(ctx context.Context) (files []string, err error) {
	_, err = await(ctx, 20*time.Second, s.Name+"'s folder holds its pages", func() (bool, error) {
		files, err = filepath.Glob(filepath.Join(s.publicFolder(), "*-"+s.Code+"-*.html"))
		return len(files) == len(page.Languages), err
	})
	return files, err
}

// judge runs parley verify on a page in a directory that holds nothing else.
func (y *Story) judge(ctx context.Context, dir, founding string, html []byte) (said string, code int, err error) {
	name := filepath.Join(dir, "statement.html")
	if err := os.WriteFile(name, html, 0o600); err != nil {
		return "", 0, parley.Errorf(parley.Unavailable, "writing a page: %v", err)
	}
	cmd := exec.CommandContext(ctx, y.d.opts.Program, "verify", "statement.html", "--founding", founding)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return string(out), ended.ExitCode(), nil
	}
	return string(out), 0, err
}
