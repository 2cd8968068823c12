package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/station"
)

// Limits of what comes in. An attachment has its own.
const (
	maxBody   = 1 << 20
	maxUpload = 64 << 20
)

// operation is one entry of the API.
type operation struct {
	id, method, path, about string
	params                  []param
	offices                 []parley.Office // whose tokens may do it; nil: all
	in, out                 reflect.Type    // JSON bodies; nil: none
	media                   string          // of an answer that is not JSON
	upload                  bool            // the body is a file
	shown                   bool            // it answers a secret, which is shown once and never again
	serve                   func(w http.ResponseWriter, r *http.Request, c *call) error
}

// only narrows an operation to tokens of some offices. Others learn nothing of
// it.
func (o operation) only(offices ...parley.Office) operation {
	o.offices = offices
	return o
}

// keyless reports whether it takes no Idempotency-Key.
func (o operation) keyless() bool { return o.upload || o.shown }

// writes reports whether the operation changes anything.
func (o operation) writes() bool { return o.method != http.MethodGet }

// param is a part of the path, or of the query.
type param struct{ name, in, typ, about string }

// query reads what is asked after the path. What the operation does not know is
// refused: a filter with a slip of the pen must not let everything through.
func (o operation) query(raw string) (url.Values, error) {
	asked, err := url.ParseQuery(raw)
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "the query %q: %v", parley.Clip(raw), err)
	}
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		at := slices.IndexFunc(o.params, func(p param) bool { return p.in == "query" && p.name == name })
		switch values := asked[name]; {
		case at < 0:
			return nil, parley.Errorf(parley.Malformed, "the query has %q, which %s does not take", parley.Clip(name), o.id).WithHint("%s", o.takes())
		case len(values) > 1:
			return nil, parley.Errorf(parley.Malformed, "the query has %s %d times", name, len(values))
		case o.params[at].typ == "boolean" && !slices.Contains([]string{"", "true", "false"}, values[0]):
			return nil, parley.Errorf(parley.Malformed, "%s=%s: want true or false", name, parley.Clip(values[0]))
		}
	}
	return asked, nil
}

// takes says what may be asked.
func (o operation) takes() string {
	var names []string
	for _, p := range o.params {
		if p.in == "query" {
			names = append(names, p.name)
		}
	}
	if names == nil {
		return "it takes nothing after the path"
	}
	return "it takes " + strings.Join(names, ", ")
}

// call is one request under way.
type call struct {
	by    station.Officer
	token int64
	path  func(name string) string
	query url.Values
}

func (c *call) text(name string) string {
	if s := c.path(name); s != "" {
		return s
	}
	return c.query.Get(name)
}

func (c *call) yes(name string) bool { return c.text(name) == "true" }

// number reads a whole number of 0 or more. The error is NotFound for a part of
// the path, for nothing has such a name, and Malformed in a query.
func (c *call) number(name string) (int64, error) {
	s := c.text(name)
	n, err := strconv.ParseInt(s, 10, 64)
	if err == nil && n >= 0 {
		return n, nil
	}
	if c.path(name) != "" {
		return 0, parley.Errorf(parley.NotFound, "no %s is called %q", name, parley.Clip(s))
	}
	return 0, parley.Errorf(parley.Malformed, "%s=%s: want a whole number", name, parley.Clip(s))
}

// count reads a number from 1 to most; usual where there is none.
func (c *call) count(name string, usual, most int64) (int, error) {
	if c.text(name) == "" {
		return int(usual), nil
	}
	n, err := c.number(name)
	if err == nil && (n < 1 || n > most) {
		err = parley.Errorf(parley.Malformed, "%s=%d: want 1 to %d", name, n, most)
	}
	return int(n), err
}

// day reads a day of the query, to its end; zero where it is left out.
func (c *call) day(name string) (time.Time, error) {
	s := c.text(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := contact.ParseDate(s)
	if err != nil {
		return t, parley.Errorf(parley.Malformed, "%s: %v", name, err)
	}
	return t.Add(24*time.Hour - time.Second), nil
}

func (c *call) filter() (f station.Filter, err error) {
	f.Form, f.Party, f.Office, f.Query, f.Plain = c.text("form"), parley.PartyCode(c.text("party")), parley.Office(c.text("office")), c.text("query"), c.yes("plain")
	for name, into := range map[string]*int64{"after": &f.After, "before": &f.Before} {
		if c.text(name) == "" {
			continue
		}
		if *into, err = c.number(name); err != nil {
			return f, err
		}
	}
	if err := c.narrow(&f); err != nil {
		return f, err
	}
	f.Limit, err = c.count("limit", 50, 500)
	return f, err
}

// narrow reads precedence and times.
func (c *call) narrow(f *station.Filter) error {
	if v := c.text("precedence"); v != "" {
		p, err := parley.ParsePrecedence(v)
		if err != nil {
			return err
		}
		f.Precedence = p
	}
	for _, name := range []string{"since", "until"} {
		v := c.text(name)
		if v == "" {
			continue
		}
		from, to, ok := station.Moment(v)
		switch {
		case !ok:
			return parley.Errorf(parley.Malformed, "%s=%q is not a date-time group and not a date", name, v).WithHint("for example 231412Z NOV 26, or 2026-11-23")
		case name == "since":
			f.Since = from
		default:
			f.Until = to
		}
	}
	return nil
}

// get is an operation that reads and answers JSON.
func get[Out any](id, path, about string, params []param, do func(ctx context.Context, c *call) (Out, error)) operation {
	return operation{id: id, method: http.MethodGet, path: path, about: about, params: params, out: reflect.TypeFor[Out](),
		serve: func(w http.ResponseWriter, r *http.Request, c *call) error {
			out, err := do(r.Context(), c)
			return answer(w, out, err)
		}}
}

// post is an operation that acts: JSON in, JSON out.
func post[In, Out any](id, path, about string, params []param, do func(ctx context.Context, c *call, in In) (Out, error)) operation {
	o := operation{id: id, method: http.MethodPost, path: path, about: about, params: params, out: reflect.TypeFor[Out](),
		serve: func(w http.ResponseWriter, r *http.Request, c *call) error {
			var in In
			if err := readJSON(r, &in); err != nil {
				return err
			}
			out, err := do(r.Context(), c, in)
			return answer(w, out, err)
		}}
	if reflect.TypeFor[In]() != reflect.TypeFor[none]() {
		o.in = reflect.TypeFor[In]()
	}
	return o
}

// file is an operation that answers with a file.
func file(id, path, media, about string, params []param, do func(ctx context.Context, c *call, w http.ResponseWriter) error) operation {
	return operation{id: id, method: http.MethodGet, path: path, about: about, params: params, media: media,
		serve: func(w http.ResponseWriter, r *http.Request, c *call) error {
			w.Header().Set("Content-Type", media)
			w.Header().Set("Content-Disposition", "attachment")
			return do(r.Context(), c, w)
		}}
}

// attach takes a file as the body, with its name and type in the query.
func attach(st Station) operation {
	return operation{id: "attach", method: http.MethodPost, path: "/drafts/{draft}/attachments", about: "Attach a file of at most 64 MiB to a draft. The body is the file.", upload: true,
		params: []param{draft, {"name", "query", "string", "Name of the file."}, {"type", "query", "string", "Media type, for example application/pdf."}}, out: reflect.TypeFor[station.Draft](),
		serve: func(w http.ResponseWriter, r *http.Request, c *call) error {
			n, err := c.number("draft")
			if err != nil {
				return err
			}
			out, err := st.Attach(r.Context(), c.by, n, c.text("name"), c.text("type"), r.Body)
			return answer(w, out, err)
		}}
}

func answer(w http.ResponseWriter, v any, err error) error {
	if err != nil {
		return err
	}
	if _, empty := v.(none); empty {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice && list.IsNil() {
		v = []none{} // an empty list is a list
	}
	b, err := json.Marshal(v)
	if err != nil {
		return parley.Errorf(parley.Internal, "encoding the answer: %v", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(b, '\n'))
	return err
}

// readJSON reads exactly one object without unknown fields; an empty body is
// the empty object.
func readJSON(r *http.Request, v any) error {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return bodyError(err)
	}
	if len(b) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return parley.Errorf(parley.Malformed, "reading the request: %v", err).WithHint("the shape of each request is in /api/v1/openapi.json")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return parley.Errorf(parley.Malformed, "reading the request: more than one JSON value")
	}
	return nil
}

func bodyError(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return parley.Errorf(parley.Oversize, "the request is larger than %d bytes", big.Limit)
	}
	return parley.Errorf(parley.Malformed, "reading the request: %v", err)
}

func (o operation) open(by station.Officer) bool {
	return o.offices == nil || slices.ContainsFunc(o.offices, by.Holds)
}
