package desk

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"parley"
	"parley/internal/form"
	"parley/internal/station"
)

// ceremonyLife is how long a challenge may wait for its answer.
const ceremonyLife = 5 * time.Minute

// keyring speaks WebAuthn with browsers. A challenge under way is not kept
// here: it goes to the browser and back under a key of this process, so that
// no number of strangers who begin can crowd out an officer who wants in. Only
// challenges that were answered well are kept, until they are too old to count.
type keyring struct {
	lib  *webauthn.WebAuthn
	seal cipher.AEAD
	now  func() time.Time

	mu   sync.Mutex
	used map[string]time.Time // challenge -> when it ends
}

// newKeyring returns nil for an origin where browsers make no passkeys: none,
// or a bare number.
func newKeyring(origin, name string, now func() time.Time) (*keyring, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" {
		return nil, err
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil, nil
	}
	lib, err := webauthn.New(&webauthn.Config{RPID: u.Hostname(), RPDisplayName: name, RPOrigins: []string{origin},
		AttestationPreference:  protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}})
	if err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	rand.Read(key) // does not fail
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &keyring{lib: lib, seal: seal, now: now, used: map[string]time.Time{}}, nil
}

// ceremony is what goes to the browser and back.
type ceremony struct {
	For  string // what the answer is good for
	Ends time.Time
	Data webauthn.SessionData
}

func (p *keyring) wrap(what string, data *webauthn.SessionData) (string, error) {
	b, err := json.Marshal(ceremony{what, p.now().Add(ceremonyLife), *data})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(p.seal.Seal(nil, nil, b, []byte(what))), nil
}

// unwrap returns a challenge of ours that is not too old and was not answered
// before. The error is NotAllowed.
func (p *keyring) unwrap(what, state string) (*webauthn.SessionData, error) {
	gone := parley.Errorf(parley.NotAllowed, "this request for a passkey is too old, was used, or is for something else").WithHint("begin again")
	sealed, err := base64.RawURLEncoding.DecodeString(state)
	if err != nil {
		return nil, gone
	}
	b, err := p.seal.Open(nil, nil, sealed, []byte(what))
	if err != nil {
		return nil, gone
	}
	var c ceremony
	if err := json.Unmarshal(b, &c); err != nil || c.For != what || p.now().After(c.Ends) {
		return nil, gone
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, used := p.used[c.Data.Challenge]; used {
		return nil, gone
	}
	return &c.Data, nil
}

// spend ends a challenge. It is false when somebody was faster.
func (p *keyring) spend(challenge string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for c, ends := range p.used {
		if now.After(ends) {
			delete(p.used, c)
		}
	}
	if _, used := p.used[challenge]; used {
		return false
	}
	p.used[challenge] = now.Add(ceremonyLife)
	return true
}

// keyholder is an officer as the library sees one.
type keyholder struct {
	officer station.Officer
	handle  []byte
	keys    []webauthn.Credential
}

func (k *keyholder) WebAuthnID() []byte                         { return k.handle }
func (k *keyholder) WebAuthnName() string                       { return form.Visible(k.officer.Name) }
func (k *keyholder) WebAuthnDisplayName() string                { return form.Visible(k.officer.Name) }
func (k *keyholder) WebAuthnCredentials() []webauthn.Credential { return k.keys }

func (d *desk) keyholder(ctx context.Context, o station.Officer, handle []byte) (*keyholder, error) {
	k := &keyholder{officer: o, handle: handle}
	list, err := d.st.Passkeys(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		var c webauthn.Credential
		if err := json.Unmarshal(p.Record, &c); err != nil {
			return nil, parley.Errorf(parley.Corrupt, "reading passkey %d: %v", p.ID, err)
		}
		k.keys = append(k.keys, c)
	}
	return k, nil
}

// noPasskeys says why this desk has none.
func (d *desk) noPasskeys() error {
	if d.keys != nil {
		return nil
	}
	return parley.Errorf(parley.Unavailable, "this desk has no host name, and a browser ties a passkey to one").
		WithHint("set desk_host in the configuration; a bare number will not do")
}

// begun answers the first half of a ceremony.
type begun struct {
	Options any    `json:"options"`
	State   string `json:"state"`
}

// answered is what a script posts for the second half.
type answered struct {
	State    string          `json:"state"`
	Name     string          `json:"name"` // of a new passkey
	Response json.RawMessage `json:"response"`
}

func readAnswered(r *http.Request) (a answered, err error) {
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		return a, parley.Errorf(parley.Malformed, "the answer of the browser cannot be read")
	}
	return a, nil
}

// What a ceremony is for.
const (
	toSignIn = "sign in"
	toUnlock = "unlock"
	toAdd    = "add"
)

// askPasskey begins the proof of any passkey of this desk.
func (d *desk) askPasskey(w http.ResponseWriter, r *http.Request, what string) error {
	if err := d.noPasskeys(); err != nil {
		return err
	}
	options, data, err := d.keys.lib.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return parley.Errorf(parley.Internal, "asking for a passkey: %v", err)
	}
	state, err := d.keys.wrap(what, data)
	if err != nil {
		return err
	}
	d.writeJSON(w, http.StatusOK, begun{options.Response, state})
	return nil
}

// provePasskey checks the answer and returns whose passkey it is, with what is
// to be kept of it. Every failure reads alike from outside: NotAllowed.
func (d *desk) provePasskey(r *http.Request, what string) (station.Officer, station.Passkey, error) {
	none := func(why string, err error) (station.Officer, station.Passkey, error) {
		if more, ok := d.refused.may(d.now()); ok {
			d.log.Warn("a passkey was refused", "for", what, "why", why, "err", err, "more", more)
		}
		return station.Officer{}, station.Passkey{}, parley.Errorf(parley.NotAllowed, "this passkey opens nothing here").
			WithHint("use the one you added at this desk; if it is lost, two administrators give access back")
	}
	if err := d.noPasskeys(); err != nil {
		return station.Officer{}, station.Passkey{}, err
	}
	a, err := readAnswered(r)
	if err != nil {
		return station.Officer{}, station.Passkey{}, err
	}
	data, err := d.keys.unwrap(what, a.State)
	if err != nil {
		return station.Officer{}, station.Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBody(bytes.NewReader(a.Response))
	if err != nil {
		return none("not readable", err)
	}
	var holder *keyholder
	used, err := d.keys.lib.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
		o, err := d.st.PasskeyOwner(r.Context(), handle)
		if err != nil {
			return nil, err
		}
		holder, err = d.keyholder(r.Context(), o, handle)
		return holder, err
	}, *data, parsed)
	switch {
	case err != nil:
		return none("not proved", err)
	case used.Authenticator.CloneWarning:
		return none("its counter went back: it may have been copied", nil)
	case !d.keys.spend(data.Challenge):
		return none("answered twice", nil)
	}
	record, err := json.Marshal(used)
	if err != nil {
		return station.Officer{}, station.Passkey{}, err
	}
	return holder.officer, station.Passkey{Credential: used.ID, Record: record}, nil
}

// beginAdd begins the making of a passkey for the officer at s.
func (d *desk) beginAdd(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := d.noPasskeys(); err != nil {
		return err
	}
	handle, err := d.st.PasskeyHandle(r.Context(), s.officer.ID)
	if err != nil {
		return err
	}
	holder, err := d.keyholder(r.Context(), s.officer, handle)
	if err != nil {
		return err
	}
	have := make([]protocol.CredentialDescriptor, 0, len(holder.keys))
	for i := range holder.keys {
		have = append(have, holder.keys[i].Descriptor())
	}
	options, data, err := d.keys.lib.BeginRegistration(holder, webauthn.WithExclusions(have))
	if err != nil {
		return parley.Errorf(parley.Internal, "making a passkey: %v", err)
	}
	state, err := d.keys.wrap(toAdd, data)
	if err != nil {
		return err
	}
	d.writeJSON(w, http.StatusOK, begun{options.Response, state})
	return nil
}

// finishAdd keeps the passkey that the browser made.
func (d *desk) finishAdd(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := d.noPasskeys(); err != nil {
		return err
	}
	a, err := readAnswered(r)
	if err != nil {
		return err
	}
	data, err := d.keys.unwrap(toAdd, a.State)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBody(bytes.NewReader(a.Response))
	if err != nil {
		return parley.Errorf(parley.Malformed, "the passkey cannot be read: %v", err)
	}
	handle, err := d.st.PasskeyHandle(r.Context(), s.officer.ID)
	if err != nil {
		return err
	}
	holder, err := d.keyholder(r.Context(), s.officer, handle)
	if err != nil {
		return err
	}
	made, err := d.keys.lib.CreateCredential(holder, *data, parsed)
	if err != nil {
		return parley.Errorf(parley.NotAllowed, "the passkey was not made for this desk and this officer: %v", err).WithHint("begin again")
	}
	if !d.keys.spend(data.Challenge) {
		return parley.Errorf(parley.Conflict, "this request was answered already")
	}
	record, err := json.Marshal(made)
	if err != nil {
		return err
	}
	p := station.Passkey{Credential: made.ID, Name: form.Normal(a.Name), Record: record}
	if err := d.st.AddPasskey(r.Context(), s.officer, p); err != nil {
		return err
	}
	d.writeJSON(w, http.StatusOK, map[string]string{"go": "/access?said=passkey_added"})
	return nil
}
