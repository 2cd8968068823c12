package control

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"parley"
	"parley/internal/key"
	"parley/internal/station"
)

// certificateLabel is how every message begins that a root key signs at
// pairing (spec/conventions.md, document signature; spec/log.md). The command
// signs nothing else.
var certificateLabel = []byte("parley/v1 certificate\x00")

// serveConfirm is the station's end of the exchange.
func serveConfirm(st Station) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		by, err := officerOf(r.Context(), st, r.Header)
		if err != nil {
			refuse(w, err)
			return
		}
		rc := http.NewResponseController(w)
		if err := rc.EnableFullDuplex(); err != nil {
			refuse(w, parley.Errorf(parley.Internal, "opening an exchange: %v", err))
			return
		}
		in := json.NewDecoder(r.Body)
		var open confirmation
		if err := in.Decode(&open); err != nil {
			refuse(w, parley.Errorf(parley.Malformed, "reading the confirmation: %v", err))
			return
		}
		x := &remoteSigner{in: in, out: json.NewEncoder(w), flush: rc.Flush}
		var signer key.Signer
		if open.Equal {
			if err := x.public(open); err != nil {
				refuse(w, err)
				return
			}
			signer = x
		}
		line, err := st.ConfirmWords(r.Context(), by, open.Line, open.Equal, open.How, signer)
		if err != nil {
			x.send(fromStation{Error: encodeError(err)})
			return
		}
		x.send(fromStation{Line: &line})
	}
}

// remoteSigner is a root key at the other end of the exchange.
type remoteSigner struct {
	mu    sync.Mutex // one question at a time
	pub   key.Public
	in    *json.Decoder
	out   *json.Encoder
	flush func() error
}

func (x *remoteSigner) public(c confirmation) error {
	if len(c.Ed) != len(x.pub.Ed) || len(c.ML) != len(x.pub.ML) {
		return parley.Errorf(parley.Malformed, "root key: its public half has the wrong length")
	}
	copy(x.pub.Ed[:], c.Ed)
	copy(x.pub.ML[:], c.ML)
	return nil
}

func (x *remoteSigner) send(m fromStation) error {
	if err := x.out.Encode(m); err != nil {
		return err
	}
	return x.flush()
}

// ask sends one message to be signed and waits for the signature.
func (x *remoteSigner) ask(half string, msg []byte) ([]byte, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.send(fromStation{Half: half, Msg: msg}); err != nil {
		return nil, parley.Errorf(parley.Unavailable, "asking for the root key's signature: %v", err)
	}
	var s signature
	if err := x.in.Decode(&s); err != nil {
		return nil, parley.Errorf(parley.Unavailable, "waiting for the root key's signature: %v", err)
	}
	if s.Error != nil {
		return nil, decodeError(s.Error)
	}
	return s.Sig, nil
}

// Public returns the public half the command gave.
func (x *remoteSigner) Public() key.Public { return x.pub }

// SignEd asks the command for the Ed25519 half.
func (x *remoteSigner) SignEd(msg []byte) (sig [key.EdSignatureSize]byte, err error) {
	b, err := x.ask("ed", msg)
	if err == nil && copy(sig[:], b) != len(sig) {
		err = parley.Errorf(parley.BadSignature, "the root key's signature has %d bytes", len(b))
	}
	return sig, err
}

// SignML asks the command for the ML-DSA half.
func (x *remoteSigner) SignML(msg []byte) ([]byte, error) { return x.ask("ml", msg) }

// ConfirmWords tells the station whether the words were equal and how they were
// compared. Equal makes the line, signing its certificate with rootKey here, in
// the caller's process; not equal burns the invitation and needs no key.
func (c *Client) ConfirmWords(ctx context.Context, line string, equal bool, how string, rootKey key.Signer) (station.Line, error) {
	open := confirmation{Line: line, Equal: equal, How: how}
	if equal {
		pub := rootKey.Public()
		open.Ed, open.ML = pub.Ed[:], pub.ML[:]
	}
	body, w := io.Pipe()
	defer w.Close()
	out := json.NewEncoder(w)
	opened := make(chan error, 1)
	go func() { opened <- out.Encode(open) }()
	res, err := c.post(ctx, "pair.confirm", nil, body)
	if err != nil {
		body.Close() // lets the opening go that nobody read
	}
	if e := <-opened; err == nil && e != nil {
		err = parley.Errorf(parley.Unavailable, "confirming: %v", e)
	}
	if err != nil {
		return station.Line{}, err
	}
	defer res.Body.Close()
	in := json.NewDecoder(res.Body)
	for {
		var m fromStation
		if err := in.Decode(&m); err != nil {
			return station.Line{}, parley.Errorf(parley.Unavailable, "confirming: the station fell silent: %v", err).
				WithHint("see how far it came: parley line list")
		}
		switch {
		case m.Error != nil:
			return station.Line{}, decodeError(m.Error)
		case m.Line != nil:
			reviveLine(m.Line)
			return *m.Line, nil
		}
		if err := out.Encode(sign(rootKey, m)); err != nil {
			return station.Line{}, parley.Errorf(parley.Unavailable, "confirming: handing over a signature: %v", err)
		}
	}
}

// sign answers one request, or says why not.
func sign(k key.Signer, m fromStation) signature {
	sig, err := signHalf(k, m)
	if err != nil {
		return signature{Error: encodeError(err)}
	}
	return signature{Sig: sig}
}

func signHalf(k key.Signer, m fromStation) ([]byte, error) {
	if k == nil || !bytes.HasPrefix(m.Msg, certificateLabel) {
		return nil, parley.Errorf(parley.NotAllowed, "the root key signs certificates only, and the station asked for something else")
	}
	switch m.Half {
	case "ed":
		sig, err := k.SignEd(m.Msg)
		return sig[:], err
	case "ml":
		return k.SignML(m.Msg)
	}
	return nil, parley.Errorf(parley.Unsupported, "the station asked for a signature of the unknown half %q", m.Half)
}
