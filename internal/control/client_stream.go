package control

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/url"
	"strconv"

	"parley"
	"parley/internal/station"
)

// Attach adds a file to a draft. It reads r to its end.
func (c *Client) Attach(ctx context.Context, draft int64, name, mediaType string, r io.Reader) (station.Draft, error) {
	q := url.Values{"draft": {strconv.FormatInt(draft, 10)}, "name": {name}, "type": {mediaType}}
	var d station.Draft
	res, err := c.post(ctx, "draft.attach", q, r)
	if err != nil {
		return d, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&d); err != nil {
		return d, parley.Errorf(parley.Unavailable, "reading the station's answer to an attachment: %v", err)
	}
	return d, nil
}

// Export copies the exported record of a line to w and returns the number of
// entries. What was written before an error is not a record.
func (c *Client) Export(ctx context.Context, line string, open bool, w io.Writer) (entries int, err error) {
	ctx, cancel := context.WithTimeout(ctx, exportLimit)
	defer cancel()
	in, err := encode("export", struct {
		Line string `json:"line"`
		Open bool   `json:"open"`
	}{line, open})
	if err != nil {
		return 0, err
	}
	res, err := c.post(ctx, "export", nil, bytes.NewReader(in))
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if _, err := io.Copy(w, res.Body); err != nil {
		return 0, parley.Errorf(parley.Unavailable, "copying the record: %v", err)
	}
	if e := res.Trailer.Get(errorTrailer); e != "" {
		return 0, decodeError([]byte(e))
	}
	n, err := strconv.Atoi(res.Trailer.Get(entriesTrailer))
	if err != nil {
		return 0, parley.Errorf(parley.Unavailable, "the record was cut off before its end").
			WithHint("the station may have stopped; export again")
	}
	return n, nil
}
