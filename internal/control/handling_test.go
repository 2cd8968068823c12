package control_test

import (
	"testing"
	"time"

	"parley"
	"parley/internal/control/controltest"
)

const flashItem = "00000000000000b1:41"

func TestHandling(t *testing.T) {
	ctx := t.Context()
	c, _ := start(t, controltest.New())
	ruiz, hale := c.As("Lt Ruiz"), c.As("Amb Hale")
	tr, err := ruiz.Translate(ctx, "birch", flashItem, "en", "Is it yours?")
	if err != nil || tr.ID == 0 || tr.State != "draft" || tr.Text != "Is it yours?" {
		t.Fatalf("translating: %+v, %v", tr, err)
	}
	wantKind(t, ruiz.Review(ctx, "birch", flashItem, tr.ID), parley.NotAllowed)
	if err := hale.Review(ctx, "birch", flashItem, tr.ID); err != nil {
		t.Fatal(err)
	}
	i, err := c.Open(ctx, "birch", flashItem)
	if err != nil || len(i.Translations) != 1 || i.Translations[0].State != "reviewed" {
		t.Errorf("after the review: %+v, %v", i.Translations, err)
	}
	if err := hale.Informed(ctx, "birch", flashItem, controltest.Now); err != nil {
		t.Error(err)
	}
	if id, err := hale.CheckCall(ctx, "birch", ""); err != nil || id == "" {
		t.Errorf("check call: %q, %v", id, err)
	}
	if err := ruiz.Silence(ctx, 0); err != nil {
		t.Error(err)
	}
}

func TestHandlingRefuses(t *testing.T) {
	ctx := t.Context()
	c, _ := start(t, controltest.New())
	ruiz := c.As("Lt Ruiz")
	wantKind(t, ruiz.Silence(ctx, 7), parley.NotFound)
	_, err := ruiz.Translate(ctx, "birch", "00000000000000b1:9", "en", "x")
	wantKind(t, err, parley.NotFound)
	wantKind(t, ruiz.Review(ctx, "birch", flashItem, 3), parley.NotFound)
	wantKind(t, ruiz.Informed(ctx, "birch", flashItem, controltest.Now.Add(time.Hour)), parley.BadForm)
	_, err = ruiz.CheckCall(ctx, "nowhere", "")
	wantKind(t, err, parley.NotFound)
	_, err = c.As("Nobody").CheckCall(ctx, "birch", "")
	wantKind(t, err, parley.NotFound)
}
