package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"

	"parley"
)

// Client speaks to the station behind a socket. It holds no connection between
// acts and is safe for concurrent use.
type Client struct {
	path string
	as   string
	http *http.Client
}

// Dial returns a client of the socket at path. Nothing is opened yet: an act
// on a socket nobody serves is Unavailable.
func Dial(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		name, release, err := shortName(path)
		if err != nil {
			return nil, err
		}
		defer release()
		var d net.Dialer
		return d.DialContext(ctx, "unix", name)
	}
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// As returns a client whose acts are done as the officer of that name; "" is
// the operating administrator.
func (c *Client) As(name string) *Client {
	d := *c
	d.as = name
	return &d
}

// Officer is the name given to As.
func (c *Client) Officer() string { return c.as }

// ask does one act and reads its answer.
func ask[Out any](ctx context.Context, c *Client, act string, in any) (out Out, err error) {
	b, err := encode(act, in)
	if err != nil {
		return out, err
	}
	res, err := c.post(ctx, act, nil, bytes.NewReader(b))
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return out, parley.Errorf(parley.Unavailable, "reading the station's answer to %s: %v", act, err).
			WithHint("the station may have stopped; see its log")
	}
	return out, nil
}

// encode writes a request. Text that is not UTF-8 is refused: JSON would put
// another character in its place, and what goes on a record would not be what
// was given. The error is Malformed.
func encode(act string, in any) ([]byte, error) {
	b, err := json.Marshal(in)
	if err != nil {
		return nil, parley.Errorf(parley.Internal, "encoding the request %s: %v", act, err)
	}
	for i := 0; i+5 < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		if string(b[i:i+6]) == `\ufffd` { // only what could not be written; the character itself stands as it is
			return nil, parley.Errorf(parley.Malformed, "what is given is not UTF-8").WithHint("convert it: iconv -f FROM -t utf-8")
		}
		i++ // what is escaped
	}
	return b, nil
}

// post does one act and returns an answer of status 200, or the error.
func (c *Client) post(ctx context.Context, act string, query url.Values, body io.Reader) (*http.Response, error) {
	u := url.URL{Scheme: "http", Host: "station", Path: "/v1/" + act, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), body)
	if err != nil {
		return nil, parley.Errorf(parley.Internal, "making the request %s: %v", act, err)
	}
	if c.as != "" {
		req.Header.Set(asHeader, url.QueryEscape(c.as))
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	return nil, decodeError(b)
}

// unreachable says why nobody answered on the socket, and what to do.
func (c *Client) unreachable(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return parley.Errorf(parley.Unavailable, "the station did not answer in time: %v", err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return parley.Errorf(parley.Unavailable, "no station is running here: there is no %s", c.path).
			WithHint("start it with: parley station DIR; or name its directory: --dir DIR or PARLEY_DIR")
	case errors.Is(err, syscall.ECONNREFUSED):
		return parley.Errorf(parley.Unavailable, "no station is running here: nobody answers on %s", c.path).
			WithHint("start it with: parley station DIR")
	case errors.Is(err, fs.ErrPermission):
		return parley.Errorf(parley.NotAllowed, "user %d may not open %s", os.Getuid(), c.path).
			WithHint("run the command as the station's own user, for example: sudo -u parley parley ...")
	}
	return parley.Errorf(parley.Unavailable, "speaking to the station on %s: %s", c.path, fmt.Sprint(err)).
		WithHint("it may have stopped in the middle: see its log, and look whether the act was done before you repeat it")
}
