package bearer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"parley"
)

func identity(t *testing.T, n byte) Identity {
	t.Helper()
	id, err := NewIdentity([32]byte{n})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestIdentity(t *testing.T) {
	a, again, b := identity(t, 1), identity(t, 1), identity(t, 2)
	if !bytes.Equal(a.Certificate.Certificate[0], again.Certificate.Certificate[0]) {
		t.Error("one seed makes two certificates")
	}
	if KeyHash(a) == KeyHash(b) || KeyHash(a) == [32]byte{} {
		t.Error("two seeds make one key")
	}
	if KeyHash(Identity{}) != [32]byte{} {
		t.Error("the zero identity has a key")
	}
	spki, err := x509.MarshalPKIXPublicKey(a.Certificate.PrivateKey.(ed25519.PrivateKey).Public())
	if err != nil {
		t.Fatal(err)
	}
	if KeyHash(a) != sha256.Sum256(spki) {
		t.Error("the hash is not of the SubjectPublicKeyInfo")
	}
	if l := a.Certificate.Leaf; l.NotAfter.Year() != 9999 || time.Since(l.NotBefore) < 0 {
		t.Errorf("the certificate holds from %v to %v", l.NotBefore, l.NotAfter)
	}
}

// shake makes a handshake in memory and returns both sides' errors. A TLS 1.3
// server decides after the client is done.
func shake(t *testing.T, client, server *tls.Config) (cs tls.ConnectionState, cerr, serr error) {
	t.Helper()
	x, y := net.Pipe()
	defer x.Close()
	defer y.Close()
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	s := tls.Server(y, server)
	done := make(chan error, 1)
	go func() {
		err := s.HandshakeContext(ctx)
		y.Close()
		done <- err
	}()
	c := tls.Client(x, client)
	cerr = c.HandshakeContext(ctx)
	cs = c.ConnectionState()
	if cerr != nil {
		x.Close()
	} else {
		go c.Read(make([]byte, 1)) // the server's alert; a pipe holds nothing
	}
	return cs, cerr, <-done
}

func anyone([32]byte) bool { return true }

func TestConfig(t *testing.T) {
	a, b := identity(t, 1), identity(t, 2)
	only := func(id Identity) func([32]byte) bool { return func(k [32]byte) bool { return k == KeyHash(id) } }
	good := func() (*tls.Config, *tls.Config) { return Config(a, only(b)), Config(b, only(a)) }
	c, s := good()
	cs, cerr, serr := shake(t, c, s)
	if cerr != nil || serr != nil || cs.Version != tls.VersionTLS13 || cs.CurveID != tls.X25519MLKEM768 || cs.NegotiatedProtocol != ALPN {
		t.Fatalf("two friends: %v, %v, %+v", cerr, serr, cs)
	}
	tests := []struct {
		name   string
		change func(c, s *tls.Config)
	}{
		{"client does not know the server", func(c, s *tls.Config) { *c = *Config(a, only(a)) }},
		{"server does not know the client", func(c, s *tls.Config) { *s = *Config(b, only(b)) }},
		{"nobody allowed", func(c, s *tls.Config) { *s = *Config(b, Options{}.Filled().Allow) }},
		{"client without a certificate", func(c, s *tls.Config) { c.Certificates = nil }},
		{"TLS 1.2 client", func(c, s *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }},
		{"TLS 1.2 server", func(c, s *tls.Config) { s.MinVersion, s.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }},
		{"classical client", func(c, s *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256} }},
		{"classical server", func(c, s *tls.Config) { s.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256} }},
		{"client of another protocol", func(c, s *tls.Config) { c.NextProtos = []string{"h2"} }},
		{"client of no protocol", func(c, s *tls.Config) { c.NextProtos = nil }},
		{"server of no protocol", func(c, s *tls.Config) { s.NextProtos = nil }},
		{"copied certificate without its key", func(c, s *tls.Config) {
			c.Certificates = []tls.Certificate{{Certificate: a.Certificate.Certificate, PrivateKey: identity(t, 9).Certificate.PrivateKey}}
		}},
	}
	for _, tt := range tests {
		c, s := good()
		tt.change(c, s)
		if _, cerr, serr := shake(t, c, s); serr == nil && cerr == nil {
			t.Errorf("%s: taken", tt.name)
		}
	}
}

// TestOtherKeyTypesByHash: what is pinned is a hash, whatever the key; nothing
// else of the certificate counts.
func TestOtherKeyTypesByHash(t *testing.T) {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old := &x509.Certificate{SerialNumber: big.NewInt(9), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)}
	der, err := x509.CreateCertificate(rand.Reader, old, old, priv.Public(), priv)
	if err != nil {
		t.Fatal(err)
	}
	c := Config(Identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: priv}}, anyone)
	spki, _ := x509.MarshalPKIXPublicKey(priv.Public())
	want := sha256.Sum256(spki)
	if _, cerr, serr := shake(t, c, Config(identity(t, 2), func(k [32]byte) bool { return k == want })); cerr != nil || serr != nil {
		t.Errorf("a pinned key in an expired certificate: %v, %v", cerr, serr)
	}
}

func TestVerifyResumed(t *testing.T) {
	cs := tls.ConnectionState{Version: tls.VersionTLS13, CurveID: tls.X25519MLKEM768, NegotiatedProtocol: ALPN, DidResume: true,
		PeerCertificates: []*x509.Certificate{identity(t, 1).Certificate.Leaf}}
	if err := verify(cs, anyone); parley.KindOf(err) != parley.Unsupported {
		t.Errorf("a resumed session: %v, want unsupported", err)
	}
	cs.DidResume, cs.PeerCertificates = false, nil
	if err := verify(cs, anyone); parley.KindOf(err) != parley.UnknownKey {
		t.Errorf("no certificate: %v, want unknown-key", err)
	}
}
