package station

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parley"
	"parley/internal/form"
	"parley/internal/own"
)

// Keys of what an administrator decides about our own side.
const (
	settingMarks = "translation marks" // "3": maker, reviewer, certifier; else two
	settingTexts = "test texts"        // numbers of the test texts in use, joined by blanks
)

// ThreeMarks reports whether a translation of ours takes three officers: one
// makes, one checks, one certifies. Without it two are enough.
func (s *Station) ThreeMarks(context.Context) (bool, error) {
	v, _, err := s.own.Setting(settingMarks)
	return string(v) == "3", err
}

// SetThreeMarks sets it. What was checked before stays checked.
func (s *Station) SetThreeMarks(_ context.Context, by Officer, three bool) error {
	if err := seatFor(by, "say how translations are checked", parley.Administrator); err != nil {
		return err
	}
	v := map[bool][]byte{true: []byte("3"), false: nil}[three]
	if err := s.own.SetSetting(settingMarks, v); err != nil {
		return err
	}
	return s.audit(by, "translation marks", "station", map[bool]string{true: "three", false: "two"}[three])
}

// Certify sets the third mark on a translation, by an officer who neither made
// nor checked it, and files the receipt "translated" where our side promises
// that rung.
func (s *Station) Certify(ctx context.Context, by Officer, name, id string, translation int64) error {
	if err := person(by, "certify a translation"); err != nil {
		return err
	}
	if err := seatFor(by, "certify a translation", parley.Translator, parley.Envoy); err != nil {
		return err
	}
	l, ref, err := s.translated(name, id, translation)
	if err != nil {
		return err
	}
	t, err := s.own.CertifyTranslation(translation, by.ID)
	if err != nil {
		return err
	}
	if err := s.audit(by, "certify", id, t.Language); err != nil {
		return err
	}
	s.hub.emit("item", l.id.String(), id)
	return s.sayTranslated(ctx, l, by, ref, &t)
}

// translated finds the item that a translation is of; another's is NotFound.
// ref is zero for a test text.
func (s *Station) translated(name, id string, translation int64) (l *liveLine, ref parley.Ref, err error) {
	t, err := s.own.Translation(translation)
	if err != nil {
		return nil, ref, err
	}
	if l, err = s.lineOf(name); err != nil {
		return nil, ref, err
	}
	if isTestText(id) {
		if t.Item != id || t.Line != l.id {
			err = parley.Errorf(parley.NotFound, "no translation %d of %s", translation, id)
		}
		return l, ref, err
	}
	l, it, ref, err := s.about(name, id)
	if err == nil && (t.Item != it.ID || t.Line != l.id) {
		err = parley.Errorf(parley.NotFound, "no translation %d of %s", translation, id)
	}
	return l, ref, err
}

// sayTranslated files the receipt, once, when a translation has all the marks
// that our side wants.
func (s *Station) sayTranslated(ctx context.Context, l *liveLine, by Officer, ref parley.Ref, t *own.Translation) error {
	three, err := s.ThreeMarks(ctx)
	if err != nil || three && t.Certifier == 0 || isTestText(t.Item) {
		return err
	}
	if !(formContext{l}).Receipted(ref, "opened") { // it follows that receipt, see translatedBefore
		return nil
	}
	it, err := s.itemOf(l, t.Item, false)
	if err != nil || !l.charter().Promises(l.us, parley.Translated) || it.Ours || (formContext{l}).Receipted(ref, "translated") {
		return err
	}
	return s.fileAs(ctx, l, by, &it, &form.Translated{Wording: parley.ReceiptWording, Time: form.Minute(s.now()), Language: t.Language}, "translated")
}

// translatedBefore files the receipt for a translation that had its marks before
// the entry was acknowledged.
func (s *Station) translatedBefore(ctx context.Context, l *liveLine, by Officer, ref parley.Ref) error {
	ts, err := s.own.Translations(l.id, ref.String())
	if err != nil {
		return err
	}
	for i := range ts {
		if ts[i].Reviewer != 0 {
			if err := s.sayTranslated(ctx, l, by, ref, &ts[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	maxDisputed = 500   // bytes of words
	maxDispute  = 2_000 // bytes of a note
)

// DisputeWords marks words of a translation as disputed, with a note: on our
// side only. They must stand in it.
func (s *Station) DisputeWords(_ context.Context, by Officer, name, id string, translation int64, words, note string) (Dispute, error) {
	if err := person(by, "dispute words of a translation"); err != nil {
		return Dispute{}, err
	}
	l, _, err := s.translated(name, id, translation)
	if err != nil {
		return Dispute{}, err
	}
	words = strings.Join(strings.Fields(words), " ")
	if err := form.CheckText("the disputed words", words, maxDisputed); err != nil {
		return Dispute{}, err
	}
	if err := form.CheckText("the note on disputed words", note, maxDispute); err != nil {
		return Dispute{}, err
	}
	t, err := s.own.Translation(translation)
	if err != nil {
		return Dispute{}, err
	}
	if !strings.Contains(strings.Join(strings.Fields(t.Text), " "), words) {
		return Dispute{}, parley.Errorf(parley.BadForm, "these words do not stand in the translation").WithHint("copy them from it as they stand")
	}
	d, err := s.own.AddDispute(own.Dispute{Translation: translation, Officer: by.ID, DisputeText: own.DisputeText{Words: words, Note: note}})
	if err != nil {
		return Dispute{}, err
	}
	if err := s.audit(by, "dispute words", id, words); err != nil {
		return Dispute{}, err
	}
	s.hub.emit("item", l.id.String(), id)
	return s.disputeView(d)
}

// SettleDispute says how a dispute about words ended.
func (s *Station) SettleDispute(_ context.Context, by Officer, name, id string, translation, dispute int64, how string) error {
	if err := person(by, "settle disputed words"); err != nil {
		return err
	}
	if err := seatFor(by, "settle disputed words", parley.Translator, parley.Interpreter, parley.Envoy); err != nil {
		return err
	}
	l, _, err := s.translated(name, id, translation)
	if err != nil {
		return err
	}
	if err := form.CheckText("how it was settled", how, maxDispute); err != nil {
		return err
	}
	ds, err := s.own.Disputes(translation)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(ds, func(d own.Dispute) bool { return d.ID == dispute }) {
		return parley.Errorf(parley.NotFound, "no dispute %d of translation %d", dispute, translation)
	}
	if _, err := s.own.SettleDispute(dispute, by.ID, how); err != nil {
		return err
	}
	s.hub.emit("item", l.id.String(), id)
	return s.audit(by, "settle dispute", id, how)
}

func (s *Station) disputeView(d own.Dispute) (Dispute, error) {
	v := Dispute{ID: d.ID, Words: d.Words, Note: d.Note, At: d.At, Settled: d.Settled}
	var err error
	if v.Officer, err = s.officerName(d.Officer); err == nil && d.Closer != 0 {
		v.Closer, err = s.officerName(d.Closer)
	}
	return v, err
}

// A test text is translated as an item of its own, "test:NUMBER" on its line.
const testPrefix = "test:"

func isTestText(id string) bool { return strings.HasPrefix(id, testPrefix) }

// testText returns the number of a test text. The error is NotFound.
func testText(id string) (int, error) {
	for n := range form.TestTexts() {
		if id == testPrefix+fmt.Sprint(n) {
			return n, nil
		}
	}
	return 0, parley.Errorf(parley.NotFound, "no test text %q", id)
}

// TestTexts returns the approved texts that a line test may carry, whether our
// tests use each, and our translations.
func (s *Station) TestTexts(_ context.Context, name string) ([]TestText, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	used, err := s.usedTexts()
	if err != nil {
		return nil, err
	}
	var out []TestText
	for n, text := range form.TestTexts() {
		v := TestText{ID: testPrefix + fmt.Sprint(n), Text: text, Used: slices.Contains(used, n)}
		ts, err := s.own.Translations(l.id, v.ID)
		if err != nil {
			return nil, err
		}
		for _, t := range ts {
			tv, err := s.translationView(t)
			if err != nil {
				return nil, err
			}
			v.Translations = append(v.Translations, tv)
		}
		out = append(out, v)
	}
	return out, nil
}

// usedTexts are the numbers of the texts that our tests use: all of them, where
// nobody chose.
func (s *Station) usedTexts() (out []int, err error) {
	v, ok, err := s.own.Setting(settingTexts)
	if err != nil {
		return nil, err
	}
	chosen := strings.Fields(string(v))
	for n := range form.TestTexts() {
		if !ok || slices.Contains(chosen, fmt.Sprint(n)) {
			out = append(out, n)
		}
	}
	return out, nil
}

// UseTestTexts sets which of the approved texts our tests use; at least one.
// The list itself is part of the protocol: both sides have the same.
func (s *Station) UseTestTexts(_ context.Context, by Officer, ids []string) error {
	if err := seatFor(by, "choose test texts", parley.Administrator); err != nil {
		return err
	}
	var chosen []string
	for _, id := range ids {
		n, err := testText(id)
		if err != nil {
			return err
		}
		chosen = append(chosen, fmt.Sprint(n))
	}
	if len(chosen) == 0 {
		return parley.Errorf(parley.BadForm, "a line test carries a text, and none is chosen").WithHint("leave at least one in use")
	}
	slices.Sort(chosen)
	list := strings.Join(slices.Compact(chosen), " ")
	if err := s.own.SetSetting(settingTexts, []byte(list)); err != nil {
		return err
	}
	return s.audit(by, "test texts", "station", list)
}

// TranslateTest keeps a translation of a test text, as Translate does of an
// entry.
func (s *Station) TranslateTest(_ context.Context, by Officer, name, id, language, text string) (Translation, error) {
	if err := mayTranslate(by); err != nil {
		return Translation{}, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return Translation{}, err
	}
	if _, err := testText(id); err != nil {
		return Translation{}, err
	}
	return s.keepTranslation(l, by, id, language, text)
}

// keepTranslation checks and keeps a translation, as a draft.
func (s *Station) keepTranslation(l *liveLine, by Officer, id, language, text string) (Translation, error) {
	if err := form.CheckLanguage("the language of the translation", language); err != nil {
		return Translation{}, err
	}
	if err := form.CheckText("the translation", text, 1<<16); err != nil {
		return Translation{}, err
	}
	old, err := s.own.Translations(l.id, id)
	if err != nil {
		return Translation{}, err
	}
	for _, o := range old { // a form that was sent twice
		if o.Maker == by.ID && o.Language == language && o.Text == text {
			return Translation{}, parley.Errorf(parley.Conflict, "this translation is kept already")
		}
	}
	t, err := s.own.AddTranslation(own.Translation{Line: l.id, Item: id, Language: language, Text: text, Maker: by.ID})
	if err != nil {
		return Translation{}, err
	}
	if err := s.audit(by, "translate", id, language); err != nil {
		return Translation{}, err
	}
	if !isTestText(id) {
		l.indexMore(id, text)
	}
	s.hub.emit("item", l.id.String(), id)
	return s.translationView(t)
}

// nextText is the number of the text that the next test of ours carries.
func (s *Station) nextText(last uint64) uint64 {
	used, err := s.usedTexts()
	if err != nil || len(used) == 0 {
		return (last + 1) % uint64(len(form.TestTexts()))
	}
	for _, n := range used {
		if uint64(n) > last {
			return uint64(n)
		}
	}
	return uint64(used[0])
}
