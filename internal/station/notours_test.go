package station

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/said"
)

// TestContactOfOthers: on a line of three, a contact between the two others, and what is
// said of it, takes nothing away from the desk of the third; it cannot act on it.
func TestContactOfOthers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b, c := newParty(t, "alder"), newParty(t, "birch"), newParty(t, "cedar")
	id := pairAll(t, a, b, c)
	l, err := a.st.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	file := func(f form.Form, refs ...parley.Ref) uint64 {
		t.Helper()
		n, err := l.file(ctx, &form.Header{From: parley.Envoy, To: []parley.Address{{Party: "birch", Office: parley.Envoy}}, Language: "en", Series: form.TrafficSeries, Refs: refs}, f)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	at := uint64(time.Now().Add(48 * time.Hour).Unix())
	n := file(&contact.Request{Topics: []string{"Grain"}, Windows: []contact.Window{{Start: at, End: at + 3600}}})
	var ref parley.Ref
	eventually(t, 30*time.Second, "the request is handed out", func() bool {
		var ok bool
		ref, ok, err = handed(l.store, n)
		return err == nil && ok
	})
	file(&said.Ready{Commitment: [32]byte{1}}, ref)
	file(&said.Embargo{Until: at}, ref)
	eventually(t, 30*time.Second, "cedar has it all", func() bool {
		book, err := c.st.SaidBook(ctx, id)
		return err == nil && len(book.Contacts) == 1 && len(book.Contacts[0].Embargo.Terms) == 1
	})
	bd, err := c.st.Board(ctx, c.envoy, id)
	if err != nil {
		t.Errorf("the board: %v", err)
	}
	for _, x := range bd.DoNext {
		if x.Item == ref.String() && x.Act != "open" {
			t.Errorf("the board has cedar do %q", x.Act)
		}
	}
	if all, err := c.st.Contacts(ctx, id, time.Time{}); err != nil || len(all.Contacts) != 1 {
		t.Errorf("%d contacts, %v", len(all.Contacts), err)
	}
	v, err := c.st.Statements(ctx, c.envoy, id, ref.String())
	if err != nil || len(v.Sides) != 2 {
		t.Errorf("what is said: %+v, %v", v, err)
	}
	if _, err := c.st.ProposeEmbargo(ctx, c.envoy, id, ref.String(), time.Now().Add(time.Hour), "", ""); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("cedar proposes an embargo: %v", err)
	}
	if _, err := c.st.ShowReadout(ctx, c.envoy, id, ref.String(), 1); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("cedar shows a draft: %v", err)
	}
	ready := c.approve(id, ref.String(), "what we would say")
	if _, err := c.st.ReadyReadout(ctx, c.envoy, id, ref.String(), ready, false); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("cedar is ready: %v", err)
	}
	file(&call.Ring{Medium: contact.Voice})
	a.send(id, "cedar", "after the ring", "ROUTINE", "INFORMATION")
	c.waitFor(id, "after the ring")
	eventually(t, 20*time.Second, "it rings at birch", func() bool { return toLift(ctx, b, id) })
	if toLift(ctx, c, id) {
		t.Error("a call between others rings at cedar")
	}
}

// toLift reports whether a board has its watch lift a call.
func toLift(ctx context.Context, p *party, id string) bool {
	bd, err := p.st.Board(ctx, p.watch, id)
	return err == nil && slices.ContainsFunc(bd.DoNext, func(x Todo) bool { return x.Act == "lift-call" })
}

// TestAskedForEver: who asks for very much has it counted on the board, and takes no place
// of what else is to be done.
func TestAskedForEver(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	l, err := a.st.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	const asks = boardAsked + 20
	var wg sync.WaitGroup
	for i := range asks {
		wg.Go(func() {
			if _, err := l.file(ctx, &form.Header{From: parley.Envoy, To: []parley.Address{{Party: "birch", Office: parley.Envoy}}, Language: "en", Series: form.TrafficSeries},
				&contact.Ask{Topic: "Grain", Text: fmt.Sprint("why, and again ", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	newContact(t, a, b, id, "leader")
	eventually(t, 30*time.Second, "birch counts them", func() bool {
		bd, err := b.st.Board(ctx, b.envoy, id)
		if err != nil {
			t.Fatal(err)
		}
		n, contacts := 0, 0
		for _, x := range bd.DoNext {
			switch x.Act {
			case "answer-ask":
				n++
			case "answer-contact":
				contacts++
			}
		}
		return n == boardAsked && bd.More == asks-boardAsked && contacts == 1
	})
}
