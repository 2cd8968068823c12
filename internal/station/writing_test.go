package station

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
)

// pairLone founds a line whose charter lets an officer alone on watch release
// FLASH, and promises the rung "translated".
func pairLone(t *testing.T, a, b *party) string {
	t.Helper()
	ctx := context.Background()
	ch := charter.DefaultCharter(charter.Party{Code: "alder", Name: "Alder", Languages: []string{"en"}}, charter.Party{Code: "birch", Name: "Birch", Languages: []string{"zh"}})
	ch.Release[parley.Flash] = charter.LoneWatch
	for _, p := range ch.Parties {
		ch.Rungs[p.Code] = []parley.Rung{parley.Opened, parley.Translated}
	}
	v, err := a.st.Invite(ctx, Officer{}, ch, charter.DefaultAnnex())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, p := range []*party{b, a} {
			if v, err = p.st.PairingStep(ctx, Officer{}, v.File); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, p := range []*party{a, b} {
		if _, err := p.st.ConfirmWords(ctx, Officer{}, v.Line, true, "in person", p.root); err != nil {
			t.Fatal(err)
		}
	}
	a.waitUp(v.Line)
	b.waitUp(v.Line)
	return v.Line
}

func fails(t *testing.T, what string, err error, k parley.Kind) {
	t.Helper()
	if err == nil || parley.KindOf(err) != k {
		t.Errorf("%s: %v, want %v", what, err, k)
	}
}

// TestWritingAndTranslating: what is previewed is what is signed, alone on watch
// too; the share of FLASH is the same on both sides; templates; three marks on a
// translation by three officers, disputed words, test texts; and nothing of all
// that leaves our side or lies in the clear.
func TestWritingAndTranslating(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairLone(t, a, b)
	if l := a.line(id); !l.Lone["FLASH"] || l.Lone["IMMEDIATE"] || !l.TwoHands["FLASH"] {
		t.Errorf("lone %v, two hands %v", l.Lone, l.TwoHands)
	}
	draft := func(by Officer, subject, precedence string) Draft {
		t.Helper()
		d := Draft{Line: id, From: "watch", To: []string{"birch/watch"}, Subject: subject, Text: "A shoal.\n\nA second paragraph.", Precedence: precedence, Marker: "INFORMATION", Language: "en"}
		if precedence == "FLASH" {
			d.Reason = "armed aircraft are near"
		}
		d, err := a.st.SaveDraft(ctx, by, d)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	var twice [3]Draft
	for i, by := range []Officer{a.watch, a.watch, a.envoy} { // the answer to the first was lost
		var err error
		if twice[i], err = a.st.SaveDraft(ctx, by, Draft{Line: id, Subject: fmt.Sprint("typed ", i), Page: "page of a browser"}); err != nil {
			t.Fatal(err)
		}
	}
	if twice[0].ID != twice[1].ID || twice[1].Subject != "typed 1" || twice[2].ID == twice[0].ID {
		t.Errorf("a save that was sent again: %+v", twice)
	}
	d := draft(a.watch, "Night FLASH", "FLASH")
	_, err := a.st.Release(ctx, a.watch, d.ID, d.Version, "ROUTINE")
	fails(t, "another precedence than was shown", err, parley.BadForm)
	shown, err := a.st.Preview(ctx, a.watch, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(fmt.Sprint(shown.Fields), LoneWatchRemark) {
		t.Errorf("the preview for a lone officer does not show what will be said of it: %+v", shown.Fields)
	}
	if _, err := a.st.Release(ctx, a.watch, d.ID, d.Version, "FLASH"); err != nil {
		t.Fatal(err)
	}
	got := b.waitFor(id, "Night FLASH")
	opened, err := b.st.Open(ctx, b.watch, id, got.ID)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(opened.Fields, opened.Subject, opened.Text, opened.To) != fmt.Sprint(shown.Fields, shown.Subject, shown.Text, shown.To) {
		t.Errorf("birch has %+v %q, the preview was %+v %q", opened.Fields, opened.Text, shown.Fields, shown.Text)
	}
	// The envoy holds no watch: he is never alone on it.
	d = draft(a.envoy, "Envoy FLASH", "FLASH")
	_, err = a.st.Release(ctx, a.envoy, d.ID, d.Version, "FLASH")
	fails(t, "own FLASH of an envoy", err, parley.NotAllowed)
	// A second officer releases without the remark, and is shown none.
	if d, err = a.st.Submit(ctx, a.envoy, d.ID); err != nil {
		t.Fatal(err)
	}
	if shown, err = a.st.Preview(ctx, a.watch, d.ID); err != nil || strings.Contains(fmt.Sprint(shown.Fields), LoneWatchRemark) {
		t.Errorf("for a second hand: %+v, %v", shown.Fields, err)
	}
	if _, err := a.st.Release(ctx, a.watch, d.ID, d.Version, "FLASH"); err != nil {
		t.Fatal(err)
	}
	a.send(id, "birch", "Calm", "ROUTINE", "INFORMATION")
	b.waitFor(id, "Calm")
	b.waitFor(id, "Envoy FLASH")
	for _, p := range []*party{a, b} {
		eventually(t, time.Minute, p.code+" counts 2 FLASH of 3", func() bool {
			shares, err := p.st.FlashShares(ctx, id)
			if err != nil || len(shares) != 2 || shares[0].Party != parley.PartyCode(p.code) {
				t.Fatalf("%+v, %v", shares, err)
			}
			for _, s := range shares {
				if s.Party == "alder" && (s.Flash != 2 || s.All != 3) || s.Party == "birch" && s.All != 0 {
					return false
				}
			}
			return true
		})
	}
	templatesOf(t, a, id, draft(a.envoy, "Cable work on [date]", "ROUTINE"))
	threeMarks(t, b, id, got.ID)
	testTexts(t, b, id)
	b.halt()
	nothingInClear(t, b.dir, "shoal", "浅滩", "rather a reef", "懒狗")
}

func templatesOf(t *testing.T, a *party, id string, d Draft) {
	t.Helper()
	ctx := context.Background()
	_, err := a.st.KeepTemplate(ctx, a.watch, d.ID, "Cable")
	fails(t, "a template of another's draft", err, parley.NotFound)
	_, err = a.st.KeepTemplate(ctx, a.envoy, d.ID, "")
	fails(t, "a template without a name", err, parley.BadForm)
	_, err = a.st.KeepTemplate(ctx, Officer{}, d.ID, "Cable")
	fails(t, "a template of nobody", err, parley.NotAllowed)
	tp, err := a.st.KeepTemplate(ctx, a.envoy, d.ID, "Cable")
	if err != nil {
		t.Fatal(err)
	}
	list, err := a.st.Templates(ctx, id)
	if err != nil || len(list) != 1 || list[0].Draft.Subject != d.Subject || list[0].Draft.ID != 0 || list[0].Maker != a.envoy.Name {
		t.Errorf("%+v, %v", list, err)
	}
	fails(t, "removed by another", a.st.RemoveTemplate(ctx, a.watch, tp.ID), parley.NotAllowed)
	if err := a.st.RemoveTemplate(ctx, a.envoy, tp.ID); err != nil {
		t.Error(err)
	}
	fails(t, "removed twice", a.st.RemoveTemplate(ctx, a.envoy, tp.ID), parley.NotFound)
}

func threeMarks(t *testing.T, b *party, id, item string) {
	t.Helper()
	ctx := context.Background()
	chief, err := b.st.AddOfficer(ctx, Officer{}, "Wu Chief", []parley.Office{parley.Translator})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := b.st.AddOfficer(ctx, Officer{}, "Admin Stone", []parley.Office{parley.Administrator})
	if err != nil {
		t.Fatal(err)
	}
	fails(t, "marks set by a translator", b.st.SetThreeMarks(ctx, chief, true), parley.NotAllowed)
	if err := b.st.SetThreeMarks(ctx, admin, true); err != nil {
		t.Fatal(err)
	}
	tr, err := b.st.Translate(ctx, b.watch, id, item, "zh", "一处浅滩。\n\n第二段。")
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.st.Translate(ctx, b.watch, id, item, "zh", "一处浅滩。\n\n第二段。")
	fails(t, "the same sent twice", err, parley.Conflict)
	fails(t, "certified before it is checked", b.st.Certify(ctx, chief, id, item, tr.ID), parley.NotAllowed)
	fails(t, "checked as another entry's", b.st.Review(ctx, b.chief, id, strings.Split(item, ":")[0]+":0", tr.ID), parley.NotFound)
	if err := b.st.Review(ctx, b.chief, id, item, tr.ID); err != nil {
		t.Fatal(err)
	}
	if !b.step(id, item, parley.Translated).At.IsZero() {
		t.Error("two marks of three, and the receipt is sent")
	}
	_, err = b.st.DisputeWords(ctx, chief, id, item, tr.ID, "暗礁", "rather a reef")
	fails(t, "words that do not stand there", err, parley.BadForm)
	_, err = b.st.DisputeWords(ctx, chief, id, item, tr.ID, "浅滩", "")
	fails(t, "no note", err, parley.BadForm)
	dis, err := b.st.DisputeWords(ctx, chief, id, item, tr.ID, "浅滩", "rather a reef")
	if err != nil {
		t.Fatal(err)
	}
	fails(t, "certified while disputed", b.st.Certify(ctx, chief, id, item, tr.ID), parley.NotAllowed)
	fails(t, "settled as another's", b.st.SettleDispute(ctx, chief, id, item, tr.ID, dis.ID+9, "x"), parley.NotFound)
	if err := b.st.SettleDispute(ctx, b.chief, id, item, tr.ID, dis.ID, "shoal stands: the chart says so"); err != nil {
		t.Fatal(err)
	}
	fails(t, "certified by its reviewer", b.st.Certify(ctx, b.chief, id, item, tr.ID), parley.NotAllowed)
	fails(t, "certified by the watch", b.st.Certify(ctx, b.watch, id, item, tr.ID), parley.NotAllowed)
	if err := b.st.Certify(ctx, chief, id, item, tr.ID); err != nil {
		t.Fatal(err)
	}
	if !b.step(id, item, parley.Translated).At.IsZero() {
		t.Error("the receipt translated before the entry is acknowledged")
	}
	if err := b.st.Acknowledge(ctx, b.watch, id, item); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "the receipt translated", func() bool { return !b.step(id, item, parley.Translated).At.IsZero() })
	it, err := b.st.Item(ctx, id, item)
	if err != nil || len(it.Translations) != 1 {
		t.Fatalf("%+v, %v", it.Translations, err)
	}
	x := it.Translations[0]
	if x.State != "certified" || x.Maker != b.watch.Name || x.Reviewer != b.chief.Name || x.Certifier != chief.Name || len(x.Disputes) != 1 || x.Disputes[0].Closer != b.chief.Name {
		t.Errorf("%+v", x)
	}
	var out bytes.Buffer
	if _, err := b.st.Export(ctx, admin, id, true, &out); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out.Bytes(), []byte("浅滩")) {
		t.Error("an export holds our translation")
	}
}

func TestActs(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		want       bool
	}{{"map.pdf", "application/pdf", false}, {"海图.png", "image/png", false}, {"a.html", "text/plain", true}, {"A.HTML.", "text/plain", true}, {"bomb.zip", "application/octet-stream", true}, {"plan.docm", "", true},
		{"x", "text/html", true}, {"fdp.\u202eexe", "", true}, {"notes", "text/plain", false}, {"x.svg", "image/svg+xml", true}} {
		if got := (Attachment{Name: c.name, Type: c.kind}).Acts(); got != c.want {
			t.Errorf("%q %q: %v", c.name, c.kind, got)
		}
	}
}

func testTexts(t *testing.T, b *party, id string) {
	t.Helper()
	ctx := context.Background()
	var admin, other Officer
	all, err := b.st.Officers(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		if o.Holds(parley.Administrator) {
			admin = o
		} else if o.Holds(parley.Translator) {
			other = o
		}
	}
	fails(t, "texts chosen by a translator", b.st.UseTestTexts(ctx, other, []string{"test:2"}), parley.NotAllowed)
	fails(t, "no text", b.st.UseTestTexts(ctx, admin, nil), parley.BadForm)
	fails(t, "a text that is not approved", b.st.UseTestTexts(ctx, admin, []string{"test:99"}), parley.NotFound)
	if err := b.st.UseTestTexts(ctx, admin, []string{"test:6", "test:2", "test:2"}); err != nil {
		t.Fatal(err)
	}
	if x, y, z := b.st.nextText(0), b.st.nextText(2), b.st.nextText(6); x != 2 || y != 6 || z != 2 {
		t.Errorf("the tests go on with %d, %d, %d", x, y, z)
	}
	_, err = b.st.TranslateTest(ctx, b.watch, id, "test:99", "zh", "无")
	fails(t, "no such text", err, parley.NotFound)
	tr, err := b.st.TranslateTest(ctx, b.watch, id, "test:0", "zh", "敏捷的棕色狐狸跳过懒狗。")
	if err != nil {
		t.Fatal(err)
	}
	fails(t, "checked as another text's", b.st.Review(ctx, b.chief, id, "test:1", tr.ID), parley.NotFound)
	if err := b.st.Review(ctx, b.chief, id, "test:0", tr.ID); err != nil {
		t.Fatal(err)
	}
	list, err := b.st.TestTexts(ctx, id)
	if err != nil || len(list) != len(form.TestTexts()) || list[0].Used || !list[2].Used || len(list[0].Translations) != 1 || list[0].Translations[0].State != "reviewed" {
		t.Errorf("%+v, %v", list, err)
	}
}
