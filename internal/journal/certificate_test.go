package journal

import (
	"bytes"
	"strings"
	"testing"

	"parley"
	"parley/internal/key"
	"parley/internal/wire"
	"parley/internal/wire/wiretest"
)

var testFounding = Hash{7, 7, 7}

func testBody(t testing.TB) CertificateBody {
	t.Helper()
	return CertificateBody{
		Line: testLine, Party: "alder", Gen: alderGen,
		Log: testPair(t, "alder log").Public(), Receipt: testPair(t, "alder receipt").Public(),
		Receiving: ReceivingPublic{5}, Founding: testFounding, Time: 1_700_000_000, TLS: Hash{1},
	}
}

// laterBody returns the body of the generation after testBody's.
func laterBody(t testing.TB) CertificateBody {
	b := testBody(t)
	b.Gen, b.Reason = parley.GenerationID{2}, ReasonRestored
	b.Earlier = []Earlier{{Gen: alderGen, Size: 3, Root: Hash{9}}, {Gen: parley.GenerationID{8}, Root: EmptyRoot}}
	return b
}

func TestCertificate(t *testing.T) {
	root, log := testPair(t, "alder root"), testPair(t, "alder log")
	founding, err := SignCertificate(root, ByRoot, parley.GenerationID{}, testBody(t))
	if err != nil {
		t.Fatal(err)
	}
	later, err := SignCertificate(log, ByLog, alderGen, laterBody(t))
	if err != nil {
		t.Fatal(err)
	}
	pub := log.Public()
	for name, b := range map[string][]byte{"founding": founding, "later": later} {
		t.Run(name, func(t *testing.T) {
			c, err := ParseCertificate(b)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(c.Bytes(), b) {
				t.Error("read and written, it differs")
			}
			if err := c.Verify(root.Public(), &pub); err != nil {
				t.Error(err)
			}
			if err := c.Check(testLine, "alder", testFounding); err != nil {
				t.Error(err)
			}
		})
	}
	c, _ := ParseCertificate(later)
	if c.Holder() != c.Origin()+"/held" || !strings.HasSuffix(c.Origin(), "/alder/0200000000000000") {
		t.Errorf("got origin %s, holder %s", c.Origin(), c.Holder())
	}
	if len(c.Earlier) != 2 || c.Earlier[0].Size != 3 || c.Signer != alderGen {
		t.Errorf("got %+v", c.Earlier)
	}
}

func TestCertificateVerifyRefuses(t *testing.T) {
	root, log, other := testPair(t, "alder root"), testPair(t, "alder log"), testPair(t, "other")
	sign := func(s key.Signer, by uint64, body CertificateBody) *Certificate {
		t.Helper()
		b, err := SignCertificate(s, by, alderGen, body)
		if err != nil {
			t.Fatal(err)
		}
		c, err := ParseCertificate(b)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	logPub := log.Public()
	c := sign(root, ByRoot, testBody(t))
	wantKind(t, c.Verify(other.Public(), &logPub), parley.BadSignature)
	wantKind(t, sign(log, ByLog, laterBody(t)).Verify(root.Public(), nil), parley.UnknownKey)
	wantKind(t, sign(root, ByLog, laterBody(t)).Verify(root.Public(), &logPub), parley.BadSignature)
	wantKind(t, sign(log, ByRoot, laterBody(t)).Verify(root.Public(), &logPub), parley.BadSignature)
	c.Signature.ML[5] ^= 1
	wantKind(t, c.Verify(root.Public(), &logPub), parley.BadSignature)

	c = sign(root, ByRoot, testBody(t))
	wantKind(t, c.Check(parley.LineID{}, "alder", testFounding), parley.WrongLine)
	wantKind(t, c.Check(testLine, "alder", Hash{}), parley.WrongLine)
	wantKind(t, c.Check(testLine, "birch", testFounding), parley.WrongParty)
}

func TestCertificateRules(t *testing.T) {
	s := testPair(t, "alder root")
	for _, test := range []struct {
		name   string
		by     uint64
		signer parley.GenerationID
		do     func(b *CertificateBody)
	}{
		{"party of nine", ByRoot, alderGen, func(b *CertificateBody) { b.Party = "alderalde" }},
		{"party in capitals", ByRoot, alderGen, func(b *CertificateBody) { b.Party = "Alder" }},
		{"unknown reason", ByRoot, alderGen, func(b *CertificateBody) { b.Reason = 5 }},
		{"unknown signer kind", 2, alderGen, func(*CertificateBody) {}},
		{"founding with earlier", ByRoot, alderGen, func(b *CertificateBody) { b.Reason = ReasonFounding }},
		{"later without earlier", ByRoot, alderGen, func(b *CertificateBody) { b.Earlier = nil }},
		{"earlier twice", ByRoot, alderGen, func(b *CertificateBody) { b.Earlier = append(b.Earlier, b.Earlier[0]) }},
		{"earlier itself", ByRoot, alderGen, func(b *CertificateBody) { b.Earlier[0].Gen = b.Gen }},
		{"empty with a root", ByRoot, alderGen, func(b *CertificateBody) { b.Earlier[1].Root = Hash{1} }},
		{"signed by itself", ByLog, parley.GenerationID{2}, func(*CertificateBody) {}},
		{"signed by one not named", ByLog, parley.GenerationID{77}, func(*CertificateBody) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := laterBody(t)
			test.do(&body)
			_, err := SignCertificate(s, test.by, test.signer, body)
			wantKind(t, err, parley.Malformed)
			w := certificateWire{Body: wire.Encode(&body), By: test.by}
			if test.by != ByRoot {
				w.Signer = test.signer[:]
			}
			_, err = ParseCertificate(wire.Encode(&w))
			wantKind(t, err, parley.Malformed)
		})
	}
}

func TestParseCertificateRefuses(t *testing.T) {
	body := testBody(t)
	good := wire.Encode(&body)
	type short struct {
		_         struct{} `cbor:",toarray"`
		Body      []byte
		By        uint64
		Signer    []byte
		Signature [2][]byte
	}
	halves := [2][]byte{make([]byte, 64), make([]byte, 2420)}
	missing := map[uint64]any{}
	for k, v := range map[uint64]any{1: body.Line[:], 2: "alder", 3: body.Gen[:]} {
		missing[k] = v
	}
	for name, b := range map[string][]byte{
		"nothing":          nil,
		"not an array":     good,
		"key missing":      wire.Encode(&short{Body: wire.Encode(missing), Signature: halves}),
		"unknown key":      wire.Encode(&short{Body: append([]byte{good[0] + 1}, append(good[1:len(good):len(good)], 12, 0)...), Signature: halves}),
		"ml short":         wire.Encode(&short{Body: good, Signature: [2][]byte{halves[0], halves[1][1:]}}),
		"ed empty":         wire.Encode(&short{Body: good, Signature: [2][]byte{{}, halves[1]}}),
		"root with signer": wire.Encode(&short{Body: good, Signer: alderGen[:], Signature: halves}),
		"log without":      wire.Encode(&short{Body: good, By: 1, Signature: halves}),
		"signer of nine":   wire.Encode(&short{Body: good, By: 1, Signer: make([]byte, 9), Signature: halves}),
		"body empty":       wire.Encode(&short{Signature: halves}),
		"body with tail":   wire.Encode(&short{Body: append(good[:len(good):len(good)], 0), Signature: halves}),
		"body cut":         wire.Encode(&short{Body: good[:len(good)-1], Signature: halves}),
		"tail":             append(wire.Encode(&short{Body: good, Signature: halves}), 0),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseCertificate(b)
			wantKind(t, err, parley.Malformed)
		})
	}
	if _, err := ParseCertificate(wire.Encode(&short{Body: good, Signature: halves})); err != nil {
		t.Fatalf("the unaltered one: %v", err)
	}
}

func FuzzParseCertificate(f *testing.F) {
	b, err := SignCertificate(testPair(f, "alder root"), ByRoot, parley.GenerationID{}, testBody(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	if b, err = SignCertificate(testPair(f, "alder log"), ByLog, alderGen, laterBody(f)); err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	wiretest.Seed(f, "certificate", "certificate")
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCertificate(b)
		if err != nil {
			if parley.KindOf(err) != parley.Malformed {
				t.Fatalf("got %s (%v), want malformed", parley.KindOf(err), err)
			}
			return
		}
		if !bytes.Equal(c.Bytes(), b) {
			t.Fatal("read and written, it differs")
		}
	})
}
