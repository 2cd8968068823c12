package bearer

import (
	"crypto/tls"
	"fmt"

	"parley"
)

// Names on the wire (spec/sessions.md, 1 and 4).
const (
	ALPN          = "parley/1"
	exporterLabel = "EXPORTER-parley-v1"
)

// ConfigOf returns the configuration for o: each handshake shows the identity of
// its moment.
func ConfigOf(o Options) *tls.Config {
	c := Config(o.Identity, o.Allow)
	if o.Latest == nil {
		return c
	}
	c.Certificates = nil
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return latest(o), nil }
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return latest(o), nil }
	return c
}

func latest(o Options) *tls.Certificate {
	c := o.Latest().Certificate
	return &c
}

// Config returns the one TLS configuration of Parley, for both directions:
// 1.3 only, X25519MLKEM768 only, both sides show a key, no tickets, no early
// data, and a peer is whoever allow knows by the hash of its key. It does not
// limit time; callers do, with HandshakeLimit.
func Config(id Identity, allow func(keyHash [32]byte) bool) *tls.Config {
	return &tls.Config{
		Certificates:                []tls.Certificate{id.Certificate},
		MinVersion:                  tls.VersionTLS13,
		MaxVersion:                  tls.VersionTLS13,
		CurvePreferences:            []tls.CurveID{tls.X25519MLKEM768},
		NextProtos:                  []string{ALPN},
		ClientAuth:                  tls.RequireAnyClientCert,
		InsecureSkipVerify:          true, // names and dates are not looked at; VerifyConnection pins the key
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true,
		VerifyConnection:            func(cs tls.ConnectionState) error { return verify(cs, allow) },
	}
}

// verify is the whole of trust in a session: crypto/tls has proved that the
// peer holds the key, and allow knows the key.
func verify(cs tls.ConnectionState, allow func([32]byte) bool) error {
	if cs.Version != tls.VersionTLS13 || cs.CurveID != tls.X25519MLKEM768 || cs.DidResume {
		return parley.Errorf(parley.Unsupported, "the other side offers another TLS than parley's")
	}
	if cs.NegotiatedProtocol != ALPN {
		return parley.Errorf(parley.Unsupported, "the other side does not speak %s", ALPN)
	}
	key, err := PeerKeyHash(cs)
	if err != nil {
		return err
	}
	if !allow(key) {
		return parley.Errorf(parley.UnknownKey, "key %x is not of any line", key[:8]).
			WithHint("if their key has changed, their annex entry has not reached us yet")
	}
	return nil
}

// ExporterOf returns the session's 32 bytes of spec/sessions.md, 4.
func ExporterOf(cs tls.ConnectionState) ([32]byte, error) {
	var out [32]byte
	b, err := cs.ExportKeyingMaterial(exporterLabel, nil, len(out))
	if err != nil {
		return out, fmt.Errorf("exporting session bytes: %w", err)
	}
	copy(out[:], b)
	return out, nil
}
