package station

import (
	"context"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
)

// TestDocumentsAreOnTheRecord: a document of a contact's file names an attachment
// of a dispatch, the same at both sides; what is no such attachment is refused.
func TestDocumentsAreOnTheRecord(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	d, err := a.st.SaveDraft(ctx, a.envoy, Draft{Line: id, To: []string{"birch/envoy"}, Subject: "Chart", Text: "The chart is attached.", Precedence: "PRIORITY", Marker: "INFORMATION"})
	if err != nil {
		t.Fatal(err)
	}
	if d, err = a.st.Attach(ctx, a.envoy, d.ID, "chart.pdf", "application/pdf", strings.NewReader("a chart")); err != nil {
		t.Fatal(err)
	}
	if d, err = a.st.Submit(ctx, a.envoy, d.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.Release(ctx, a.chief, d.ID, d.Version, "PRIORITY"); err != nil {
		t.Fatal(err)
	}
	it := b.waitFor(id, "Chart")
	if _, err := a.st.AskContact(ctx, a.envoy, id, leaderCall(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	c := b.stands(id, contact.Asked)
	for _, x := range []struct {
		what, kind, entry, file string
		want                    parley.Kind
	}{{"no such file", "document", it.ID, "map.pdf", parley.NotFound}, {"no file", "document", it.ID, "", parley.BadForm}, {"not a dispatch", "document", c.ID, "chart.pdf", parley.NotFound}, {"the agenda", "agenda", it.ID, "chart.pdf", parley.BadForm}} {
		if _, err := b.st.AddPoint(ctx, b.envoy, id, c.ID, PointText{Kind: x.kind, Text: "Chart", Entry: x.entry, File: x.file}, ""); err == nil || parley.KindOf(err) != x.want {
			t.Errorf("%s: %v", x.what, err)
		}
	}
	if _, err := b.st.AddPoint(ctx, b.envoy, id, c.ID, PointText{Kind: "document", Text: "The chart to speak by", Entry: it.ID, File: "chart.pdf"}, ""); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		var got *PointDocument
		eventually(t, 30*time.Second, string(p.code)+" has the document in the file", func() bool {
			x, err := p.st.Contact(ctx, p.envoy, id, c.ID)
			if err != nil || len(x.Points) != 1 || x.Points[0].Document == nil {
				return false
			}
			got = x.Points[0].Document
			return got.Held && len(x.Documents) == 1 && x.Documents[0].File == "chart.pdf"
		})
		if got.Entry != it.ID || got.Party != "alder" || got.File != "chart.pdf" || got.Size != int64(len("a chart")) || got.Serial != it.Serial {
			t.Errorf("%s shows %+v", p.code, got)
		}
	}
}
