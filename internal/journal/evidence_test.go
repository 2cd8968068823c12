package journal

import (
	"testing"

	"parley"
	"parley/internal/wire"
)

// forkedTree returns Alder's tree of n entries that differs from testTree's
// from entry at on.
func forkedTree(t *testing.T, n, at int) *Tree {
	t.Helper()
	tree := testTree(t, at)
	for i := at; i < n; i++ {
		tree.Append(LeafHash([]byte{'x', byte(i)}))
	}
	return tree
}

func signTree(t *testing.T, tree *Tree) wire.Head {
	t.Helper()
	head, err := Sign(testPair(t, "alder log"), Checkpoint{alderLog, tree.Size(), tree.Root()})
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func TestEvidence(t *testing.T) {
	v := testVerifier(t, testPair(t, "alder log").Public())
	for _, test := range []struct{ small, large, at int }{
		{5, 5, 0}, {1, 1, 0}, {1, 9, 0}, {4, 9, 3}, {5, 9, 4}, {8, 9, 0}, {8, 16, 7}, {7, 8, 6}, {3, 100, 2},
	} {
		held := testTree(t, test.large+3)
		lied := signTree(t, forkedTree(t, test.small, test.at))
		truth := signTree(t, testTree(t, test.large))
		for _, order := range [][2]wire.Head{{lied, truth}, {truth, lied}} {
			e, err := MakeEvidence(alderGen, order[0], order[1], held)
			if err != nil {
				t.Fatalf("%v: %v", test, err)
			}
			if err := VerifyEvidence(alderLog, v, e); err != nil {
				t.Errorf("%v: %v", test, err)
			}
			var again Evidence
			if err := wire.Decode(wire.Encode(e), &again); err != nil {
				t.Fatalf("%v: %v", test, err)
			}
			if err := VerifyEvidence(alderLog, v, &again); err != nil {
				t.Errorf("%v, read again: %v", test, err)
			}
		}
	}
}

func TestMakeEvidenceRefuses(t *testing.T) {
	small, large := signTree(t, testTree(t, 5)), signTree(t, testTree(t, 9))
	lied := signTree(t, forkedTree(t, 5, 2))
	for name, test := range map[string]struct {
		a, b wire.Head
		held *Tree
		want parley.Kind
	}{
		"one history":         {small, large, testTree(t, 9), parley.NotFound},
		"same twice":          {small, small, nil, parley.NotFound},
		"nothing held":        {lied, large, nil, parley.BadProof},
		"held too short":      {lied, large, testTree(t, 8), parley.BadProof},
		"held another":        {lied, large, forkedTree(t, 9, 2), parley.BadProof},
		"held is the smaller": {small, signTree(t, forkedTree(t, 9, 2)), testTree(t, 5), parley.BadProof},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := MakeEvidence(alderGen, test.a, test.b, test.held)
			wantKind(t, err, test.want)
		})
	}
}

func evidence(gen parley.GenerationID, first, second wire.Head, proof []Hash) Evidence {
	return Evidence{Gen: gen, First: first, Second: second, Proof: proof}
}

// TestVerifyEvidenceRefuses: nobody honest can be convicted.
func TestVerifyEvidenceRefuses(t *testing.T) {
	v := testVerifier(t, testPair(t, "alder log").Public())
	tree := testTree(t, 9)
	good, err := MakeEvidence(alderGen, signTree(t, forkedTree(t, 5, 2)), signTree(t, tree), tree)
	if err != nil {
		t.Fatal(err)
	}
	honest5, honest8, honest9 := signTree(t, testTree(t, 5)), signTree(t, testTree(t, 8)), signTree(t, tree)
	root5, _ := tree.RootAt(5)
	proof5, _ := tree.Consistency(5, 9)
	proof8, _ := tree.Consistency(8, 9)
	badML := good.First
	badML.ML = flip(badML.ML, 7)
	for name, test := range map[string]struct {
		e    Evidence
		want parley.Kind
	}{
		"another generation":     {evidence(birchGen, good.First, good.Second, good.Proof), parley.WrongParty},
		"one half forged":        {evidence(alderGen, badML, good.Second, good.Proof), parley.BadSignature},
		"one head unsigned":      {evidence(alderGen, wire.Head{Size: 5}, good.Second, good.Proof), parley.BadSignature},
		"no proof":               {evidence(alderGen, good.First, good.Second, nil), parley.BadProof},
		"proof cut":              {evidence(alderGen, good.First, good.Second, good.Proof[:len(good.Proof)-1]), parley.BadProof},
		"one history":            {evidence(alderGen, honest5, honest9, append([]Hash{root5}, proof5...)), parley.BadProof},
		"bare proof":             {evidence(alderGen, honest5, honest9, proof5), parley.BadProof},
		"invented prefix":        {evidence(alderGen, honest5, honest9, append([]Hash{{1}}, proof5...)), parley.BadProof},
		"invented prefix at 2^n": {evidence(alderGen, honest8, honest9, append([]Hash{{1}}, proof8...)), parley.BadProof},
		"same twice":             {evidence(alderGen, honest9, honest9, nil), parley.BadProof},
		"larger first":           {evidence(alderGen, good.Second, good.First, good.Proof), parley.BadProof},
	} {
		t.Run(name, func(t *testing.T) { wantKind(t, VerifyEvidence(alderLog, v, &test.e), test.want) })
	}
	wantKind(t, VerifyEvidence("not an origin", v, good), parley.Malformed)
	wantKind(t, VerifyEvidence(alderLog, testVerifier(t, testPair(t, "else").Public()), good), parley.BadSignature)
}
