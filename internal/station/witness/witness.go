// Package witness asks witnesses to cosign checkpoints: the client of C2SP
// tlog-witness. A witness is a third party that reads nothing of a line but
// sizes and roots. Whatever one answers, slow, giant or wrong, costs its
// bounds here and nothing else, and counts only under the key that the annex
// names.
package witness

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/journal"
)

// Bounds of one request.
const (
	Timeout     = 10 * time.Second // from dialing to the last byte
	maxBody     = 64 << 10
	maxHeader   = 16 << 10
	addEndpoint = "/add-checkpoint"
)

// Log is one log at one checkpoint, as a witness is asked to cosign it.
type Log struct {
	Checkpoint journal.Checkpoint
	Note       []byte // signed note of the checkpoint, both signatures of the log
	// Consistency returns the proof from an older size to the checkpoint's.
	Consistency func(older uint64) ([]journal.Hash, error)
}

// Client asks one witness.
type Client struct {
	prefix string
	keys   []c2sp.VKey
	http   *http.Client
}

// Cosigned is a good cosignature of a checkpoint.
type Cosigned struct {
	Key  c2sp.VKey
	Time uint64 // UTC seconds, as the witness says; not 0
	Line string // of the signed note
}

// Ahead is the error of a witness that knows a larger size of a log than we
// hold: the log goes on, and not to us. Nothing proves it.
type Ahead struct{ Size uint64 }

func (a *Ahead) Error() string { return "the witness knows a larger size of the log than we hold" }

// ParseURL checks the address of a witness: the prefix of its submission
// endpoint. A name in it is looked up in DNS; numbers are not.
func ParseURL(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", parley.Errorf(parley.Malformed, "address of a witness %q: want http://... or https://...", s)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", parley.Errorf(parley.Malformed, "address of a witness %q: want scheme, host and path alone", s)
	}
	return strings.TrimSuffix(s, "/"), nil
}

// New returns the client of the witness at prefix, which ParseURL has checked,
// with the keys that the annex names for it.
func New(prefix string, keys []c2sp.VKey) *Client {
	t := &http.Transport{
		Proxy:                  nil, // nothing from the environment decides where we talk to
		DisableKeepAlives:      true,
		DisableCompression:     true,
		TLSHandshakeTimeout:    Timeout,
		ResponseHeaderTimeout:  Timeout,
		MaxResponseHeaderBytes: maxHeader,
	}
	return &Client{prefix: prefix, keys: keys, http: &http.Client{Transport: t, Timeout: Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Cosign asks for a cosignature of l's checkpoint, old being the size that the
// witness is thought to know. It asks a second time when the witness names
// another size that we can prove from. Errors: *Ahead; those of
// c2sp.ParseWitnessResponse; Unavailable when it cannot be reached in time;
// BadSignature when nothing that it said verifies under its keys.
func (c *Client) Cosign(ctx context.Context, old uint64, l *Log) ([]Cosigned, error) {
	a, err := c.ask(ctx, min(old, l.Checkpoint.Size), l)
	if err == nil && a.Stale && a.Size < l.Checkpoint.Size+1 {
		a, err = c.ask(ctx, a.Size, l)
	}
	switch {
	case err != nil:
		return nil, err
	case a.Stale && a.Size > l.Checkpoint.Size:
		return nil, &Ahead{a.Size}
	case a.Stale:
		return nil, parley.Errorf(parley.Malformed, "the witness answers with its size %d whatever it is asked", a.Size)
	}
	return c.good(l.Checkpoint, a.Lines)
}

// Reach reports whether something answers at the address of a witness.
func Reach(ctx context.Context, prefix string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, prefix+"/", nil)
	if err != nil {
		return parley.Errorf(parley.Malformed, "asking the witness: %v", err)
	}
	res, err := New(prefix, nil).http.Do(r)
	if err != nil {
		return unreachable(err)
	}
	return res.Body.Close()
}

// good returns the cosignatures that verify, one for each key.
func (c *Client) good(cp journal.Checkpoint, lines []c2sp.SignatureLine) (out []Cosigned, err error) {
	for _, k := range c.keys {
		for _, l := range lines {
			if l.Name != k.Name || l.ID != k.ID() {
				continue
			}
			t, e := k.Verify(cp, l.Sig)
			if e == nil && t != 0 && t < 1<<40 {
				out = append(out, Cosigned{Key: k, Time: t, Line: l.String()})
				break
			}
			err = e
		}
	}
	if len(out) == 0 {
		return nil, parley.Errorf(parley.BadSignature, "the witness answered with %d signatures, none of which is a cosignature under its key (%v)", len(lines), err)
	}
	return out, nil
}

func (c *Client) ask(ctx context.Context, old uint64, l *Log) (c2sp.Answer, error) {
	proof, err := l.Consistency(old)
	if err != nil {
		return c2sp.Answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.prefix+addEndpoint, bytes.NewReader(c2sp.AddCheckpointRequest(old, proof, l.Note)))
	if err != nil {
		return c2sp.Answer{}, parley.Errorf(parley.Malformed, "asking the witness: %v", err)
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	r.Header.Set("User-Agent", "parley")
	res, err := c.http.Do(r)
	if err != nil {
		return c2sp.Answer{}, unreachable(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		return c2sp.Answer{}, unreachable(err)
	case len(b) > maxBody:
		return c2sp.Answer{}, parley.Errorf(parley.Oversize, "the witness answered with more than %d bytes", maxBody)
	}
	return c2sp.ParseWitnessResponse(res.StatusCode, b)
}

// unreachable says what kept us from an answer, without the address twice.
func unreachable(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return parley.Errorf(parley.Unavailable, "the witness did not answer within %v", Timeout)
		}
		err = u.Err
	}
	return parley.Errorf(parley.Unavailable, "the witness cannot be reached: %v", err)
}
