package desk

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"parley"
)

// A session belongs to the browser in which it was begun. That browser makes a
// key that no script and no file hands out (WebCrypto, not extractable), and
// every request shows a fresh signature by it: scripts send it along, and a page
// that a person opens is preceded by one request that gets a pass, which is good
// once and for moments. A cookie that was copied opens nothing anywhere else.
//
// Browsers make such keys over HTTPS, and for this machine itself.

// secureContext reports whether an origin is one.
func secureContext(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || ip != nil && ip.IsLoopback() || u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost")
}

const (
	proofHeader = "Parley-Proof"
	nowHeader   = "Parley-Now" // the station's time, for a browser whose clock is off
	proofLife   = time.Minute  // either way
	passLife    = 10 * time.Second
	tellAgain   = time.Minute // between two audit rows about one session
)

// proofText is what a browser signs: the time in milliseconds, UTC.
func proofText(ms string) []byte { return []byte("parley desk browser\n" + ms) }

// proves reports whether a proof, "MILLISECONDS.SIGNATURE", is a fresh one by a
// browser's key. wrong: it is by another key.
func proves(browser []byte, proof string, now time.Time) (good, wrong bool) {
	ms, text, _ := strings.Cut(proof, ".")
	n, err := strconv.ParseInt(ms, 10, 64)
	sig, bad := base64.RawURLEncoding.DecodeString(text)
	if err != nil || bad != nil || len(sig) != 64 || now.Sub(time.UnixMilli(n)).Abs() > proofLife {
		return false, false
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), browser)
	if err != nil {
		return false, false
	}
	sum := sha256.Sum256(proofText(ms))
	good = ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
	return good, !good
}

// passes let one page each be opened, by the session that got them.
type passes struct {
	mu    sync.Mutex
	given map[string]pass
	told  map[[32]byte]time.Time // sessions of which the audit has heard lately
}

type pass struct {
	session [32]byte
	until   time.Time
}

func (p *passes) give(session string, now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, v := range p.given {
		if now.After(v.until) {
			delete(p.given, k)
		}
	}
	if p.given == nil {
		p.given = map[string]pass{}
	}
	k := rand.Text()
	p.given[k] = pass{sha256.Sum256([]byte(session)), now.Add(passLife)}
	return k
}

// use takes a pass. It is used up whatever comes of it.
func (p *passes) use(k, session string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.given[k]
	delete(p.given, k)
	return ok && !now.After(v.until) && v.session == sha256.Sum256([]byte(session))
}

// tell reports whether the audit is to hear of a session again.
func (p *passes) tell(session string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := sha256.Sum256([]byte(session))
	if now.Sub(p.told[k]) < tellAgain {
		return false
	}
	for x, at := range p.told {
		if now.Sub(at) >= tellAgain {
			delete(p.told, x)
		}
	}
	if p.told == nil {
		p.told = map[[32]byte]time.Time{}
	}
	p.told[k] = now
	return true
}

// free are the acts that a cookie alone may do: to end what it opens.
var free = map[string]bool{"/leave": true, "/access/everywhere": true}

// onward gives the pass on where a page only leads to another.
type onward struct {
	http.ResponseWriter
	pass func()
}

func (o *onward) WriteHeader(status int) {
	if status == http.StatusSeeOther {
		o.pass()
	}
	o.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (o *onward) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// shown reports whether a request comes from the browser of its session. to is
// what it is answered on.
func (d *desk) shown(w http.ResponseWriter, r *http.Request, s *seat) (to http.ResponseWriter, ok bool) {
	if !d.cfg.BindSessions || free[r.URL.Path] && r.Method == http.MethodPost {
		return w, true
	}
	now := d.now()
	proof := r.Header.Get(proofHeader)
	if proof == "" && r.URL.Path == "/events" { // an event source sends no headers
		proof = r.URL.Query().Get("proof")
	}
	if len(s.browser) > 0 && proof != "" {
		good, wrong := proves(s.browser, proof, now)
		if wrong {
			d.strange(r, s)
		}
		return w, good
	}
	if c, err := r.Cookie(d.cookies.pass); err == nil && r.Method == http.MethodGet && len(s.browser) > 0 {
		d.setCookie(w, r, d.cookies.pass, "", -time.Second)
		return &onward{w, func() { d.givePass(w, r, s) }}, d.passes.use(c.Value, s.session, now)
	}
	return w, false
}

func (d *desk) givePass(w http.ResponseWriter, r *http.Request, s *seat) {
	d.setCookie(w, r, d.cookies.pass, d.passes.give(s.session, d.now()), passLife)
}

// strange puts on the audit that another browser showed a session's cookie.
func (d *desk) strange(r *http.Request, s *seat) {
	if !d.passes.tell(s.session, d.now()) {
		return
	}
	d.log.Warn("refused a session in another browser", "officer", s.officer.ID, "from", r.RemoteAddr)
	if err := d.st.NoteStrangeBrowser(r.Context(), s.officer, fmt.Sprintf("%s, %.120s", r.RemoteAddr, r.UserAgent())); err != nil {
		d.log.Error("auditing a refused session", "err", err)
	}
}

// unshown answers a request that does not come from the browser of its session:
// a page that lets the right one prove itself, and nothing of the station.
func (d *desk) unshown(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(nowHeader, strconv.FormatInt(d.now().UnixMilli(), 10))
	switch {
	case wantsJSON(r) || r.URL.Path == "/events":
		d.writeJSON(w, http.StatusUnauthorized, map[string]any{"error": d.bookFor(r).text("error.unshown")})
	case r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Dest") == "document": // what a person opens: no fault, and browsers log none
		d.renderBare(w, r, http.StatusOK, "prove", nil)
	case r.Method == http.MethodGet:
		d.renderBare(w, r, http.StatusUnauthorized, "prove", nil)
	default:
		d.plainError(w, r, http.StatusForbidden, "error.unshown")
	}
}

// prove ties a session that is not tied yet to the browser that asks, and gives
// a pass to the one it is tied to.
func (d *desk) prove(w http.ResponseWriter, r *http.Request, s *seat) error {
	var in struct {
		Browser []byte `json:"browser"` // P-256, uncompressed
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return parley.Errorf(parley.Malformed, "reading the proof: %v", err)
	}
	if good, _ := proves(in.Browser, r.Header.Get(proofHeader), d.now()); !good {
		d.unshown(w, r)
		return nil
	}
	err := d.st.BindSession(r.Context(), s.session, in.Browser)
	if parley.KindOf(err) == parley.NotAllowed && err != nil {
		d.strange(r, s)
		d.plainError(w, r, http.StatusForbidden, "error.other_browser")
		return nil
	}
	if err != nil {
		return err
	}
	d.givePass(w, r, s)
	d.writeJSON(w, http.StatusOK, struct{}{})
	return nil
}
