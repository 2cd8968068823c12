package own

import (
	"testing"

	"parley"
)

// Three marks by three officers, and words that are disputed in between.
func TestThreeMarks(t *testing.T) {
	f := newFixture(t)
	a, b, c := f.officer(t, "Ada Marsh", parley.Translator), f.officer(t, "Ben Holt", parley.Translator), f.officer(t, "Cal Reed", parley.Translator)
	tr, err := f.AddTranslation(Translation{Line: line1, Item: "05:6", Language: "en", Text: "We agree to meet.", Maker: a.ID, Certifier: c.ID})
	ok(t, err)
	_, err = f.CertifyTranslation(tr.ID, c.ID)
	refused(t, err, parley.NotAllowed) // not checked
	_, err = f.ReviewTranslation(tr.ID, b.ID)
	ok(t, err)
	for _, o := range []int64{a.ID, b.ID} {
		_, err = f.CertifyTranslation(tr.ID, o)
		refused(t, err, parley.NotAllowed)
	}
	_, err = f.AddDispute(Dispute{Translation: 99, Officer: b.ID})
	refused(t, err, parley.NotFound)
	d, err := f.AddDispute(Dispute{Translation: tr.ID, Officer: b.ID, DisputeText: DisputeText{Words: "agree", Note: "rather: are ready", Settled: "x"}})
	ok(t, err)
	_, err = f.CertifyTranslation(tr.ID, c.ID)
	refused(t, err, parley.NotAllowed) // disputed
	f.reopen(t)
	ds, err := f.Disputes(tr.ID)
	ok(t, err)
	if len(ds) != 1 || ds[0] != d || ds[0].Settled != "" || ds[0].Words != "agree" {
		t.Errorf("%+v", ds)
	}
	d, err = f.SettleDispute(d.ID, c.ID, "it stands: both readings are meant")
	ok(t, err)
	_, err = f.SettleDispute(d.ID, c.ID, "again")
	refused(t, err, parley.Conflict)
	_, err = f.SettleDispute(99, c.ID, "again")
	refused(t, err, parley.NotFound)
	done, err := f.CertifyTranslation(tr.ID, c.ID)
	ok(t, err)
	_, err = f.CertifyTranslation(tr.ID, c.ID)
	refused(t, err, parley.Conflict)
	_, err = f.CertifyTranslation(99, c.ID)
	refused(t, err, parley.NotFound)
	f.reopen(t)
	if got, err := f.Translation(tr.ID); err != nil || got != done || got.Certifier != c.ID || got.Certified != f.now {
		t.Errorf("%+v, %v", got, err)
	}
	if ds, err := f.Disputes(tr.ID); err != nil || len(ds) != 1 || ds[0] != d {
		t.Errorf("%+v, %v", ds, err)
	}
	if m, err := f.Translated(line1); err != nil || len(m) != 1 || !m["05:6"] {
		t.Errorf("%v, %v", m, err)
	}
	_, err = f.Translation(99)
	refused(t, err, parley.NotFound)
}

func TestTemplates(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Envoy)
	tp, err := f.AddTemplate(Template{Line: line1, Officer: a.ID, Name: "Cable work", Text: DraftText{Form: "dispatch", Subject: "Cable work", Text: "From [time]", To: []string{"birch/watch"},
		Refs: []string{"05:6"}, Note: "no", Reason: "no", Attachments: []Attachment{{Name: "x"}}}})
	ok(t, err)
	f.reopen(t)
	list, err := f.Templates(line1)
	ok(t, err)
	if len(list) != 1 || list[0].Name != "Cable work" || list[0].Text.Text != "From [time]" || len(list[0].Text.Refs)+len(list[0].Text.Attachments)+len(list[0].Text.Note)+len(list[0].Text.Reason) != 0 {
		t.Errorf("%+v", list)
	}
	if list, err := f.Templates(parley.LineID{9}); err != nil || len(list) != 0 {
		t.Errorf("another line's: %+v, %v", list, err)
	}
	if got, err := f.Template(tp.ID); err != nil || got.Name != tp.Name || !got.Made.Equal(f.now) {
		t.Errorf("%+v, %v", got, err)
	}
	ok(t, f.RemoveTemplate(tp.ID))
	refused(t, f.RemoveTemplate(tp.ID), parley.NotFound)
	_, err = f.Template(tp.ID)
	refused(t, err, parley.NotFound)
}
