package line_test

import (
	"slices"
	"testing"
	"time"

	"parley"
	"parley/internal/journal"
	"parley/internal/line"
)

// TestCertificateAfterItsSuccessor: a party opens two generations while nobody
// hears it, and the later one is heard first. The other is taken all the same,
// and nobody is blamed.
func TestCertificateAfterItsSuccessor(t *testing.T) {
	for _, codes := range [][]parley.PartyCode{{alder, birch}, {alder, birch, "cedar"}} {
		w := newWorld(t, codes...)
		w.connectAll()
		w.run(3 * time.Second)
		a, b := w.nodes[alder], w.nodes[birch]
		a.dispatch(parley.Routine, "first")
		w.run(3 * time.Second)
		for _, c := range codes[1:] {
			w.disconnect(alder, c)
		}
		a.step(line.Doubt{Reason: journal.ReasonRestored, Why: "mark"})
		between := a.log(alder).Gen
		w.run(3 * time.Second)
		a.step(line.Doubt{Reason: journal.ReasonDoubt, Why: "a lock was picked", Superseded: true})
		a.step(line.OpenGeneration{Root: a.root, Reason: journal.ReasonDoubt})
		w.run(3 * time.Second)
		w.connectAll()
		w.run(10 * time.Second)
		a.filed = a.e.LastFiled()
		a.dispatch(parley.Routine, "second")
		w.run(30 * time.Second)
		w.wantSame()
		if !slices.ContainsFunc(b.e.Status().Logs, func(l line.LogStatus) bool { return l.Gen == between && !l.Current }) {
			t.Errorf("of %d parties: birch never learned of the generation between", len(codes))
		}
		if got := b.subjects(alder); !slices.Equal(got, []string{"first", "second"}) {
			t.Errorf("birch reads %v", got)
		}
	}
}

// TestOlderGeneration: a lost station whose clock is behind opens a generation
// that is older than one it has forgotten. It learns of that, writes no more,
// and its root key opens one that is the newest for all.
func TestOlderGeneration(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	a.dispatch(parley.Routine, "first")
	w.run(3 * time.Second)
	a.step(line.Doubt{Reason: journal.ReasonRestored, Why: "mark"})
	w.run(5 * time.Second)
	newer := a.log(alder)
	a.down()
	a.fresh()
	now := w.now
	w.now = now.Add(-time.Hour)
	a.load()
	a.step(line.OpenGeneration{Root: a.root, Reason: journal.ReasonLost})
	older := a.log(alder)
	if !older.Created.Before(newer.Created) {
		t.Fatalf("the new generation is of %s, the old one of %s", older.Created, newer.Created)
	}
	w.now = now
	w.connect(alder, birch)
	w.run(10 * time.Second)
	if a.e.Status().Doubt == "" {
		t.Fatal("alder goes on with a generation that is not its newest")
	}
	if b.log(alder).Gen != newer.Gen {
		t.Error("birch went back to an older generation")
	}
	a.step(line.OpenGeneration{Root: a.root, Reason: journal.ReasonRestored})
	w.run(10 * time.Second)
	b.step(line.GiveKeys{Gen: a.log(alder).Gen})
	w.run(10 * time.Second)
	a.filed = a.e.LastFiled()
	a.dispatch(parley.Routine, "second")
	w.run(30 * time.Second)
	w.wantSame()
	if a.log(alder).Gen != b.log(alder).Gen {
		t.Error("the two take another generation for the newest")
	}
	if got := b.subjects(alder); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("birch reads %v", got)
	}
}

// TestUnknownSigner: a certificate that nobody can judge yet is left aside
// without blame, and taken when the one that signed it has come.
func TestUnknownSigner(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	w.disconnect(alder, birch)
	a.step(line.Doubt{Reason: journal.ReasonDoubt, Why: "one"})
	one := a.log(alder)
	w.run(3 * time.Second)
	a.step(line.Doubt{Reason: journal.ReasonDoubt, Why: "two"})
	two := a.log(alder)
	if one.Gen == two.Gen {
		t.Fatal("no second generation")
	}
	b.step(line.Handed{Certificate: two.Cert})
	if got := b.log(alder); got.Gen == two.Gen {
		t.Fatal("birch took a certificate whose signer it does not know")
	}
	b.step(line.Handed{Certificate: one.Cert})
	if got := b.log(alder); got.Gen != one.Gen {
		t.Fatalf("birch did not take the first: %s", got.Gen)
	}
	w.connect(alder, birch)
	w.run(10 * time.Second)
	w.wantSame()
	if b.log(alder).Gen != two.Gen {
		t.Error("birch did not take the second")
	}
}
