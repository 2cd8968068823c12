package desk

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"parley"
	"parley/internal/station"
)

const pageSize = 50

// recordPage is one page of the record of one line.
type recordPage struct {
	Line   station.Line
	Filter station.Filter
	Page   station.Page
	Since  string // as typed
	Until  string
	All    bool   // technical entries too
	Table  string // address of the same as a table
	Older  string // address; "" when there is none
	Newer  string
	Last   bool // the newest page: it ends with what is not settled
}

func (d *desk) record(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.recordPageOf(r, pageSize)
	if err != nil {
		return err
	}
	d.render(w, r, s, "record", p)
	return nil
}

// recordPageOf is the page that an address asks for; of no line when there is
// none.
func (d *desk) recordPageOf(r *http.Request, limit int) (p recordPage, err error) {
	lines, err := d.st.Lines(r.Context())
	if err != nil {
		return p, err
	}
	q := r.URL.Query()
	if len(lines) == 0 {
		return p, nil
	}
	key := q.Get("line")
	if key == "" {
		key = lines[0].Key
	}
	p = recordPage{All: q.Get("all") != "", Since: strings.TrimSpace(q.Get("since")), Until: strings.TrimSpace(q.Get("until"))}
	if p.Line, err = d.st.Line(r.Context(), key); err != nil {
		return p, err
	}
	if p.Filter, err = filterOf(q); err != nil {
		return p, err
	}
	p.Filter.Limit = limit
	if p.Page, err = d.st.Record(r.Context(), p.Line.Key, p.Filter); err != nil {
		return p, err
	}
	p.turn(q)
	q.Del("said")
	q.Set("line", p.Line.Key)
	p.Table = tableURL(q)
	return p, nil
}

// turn puts the page in record order, oldest first, and finds its neighbours.
func (p *recordPage) turn(q url.Values) {
	list := p.Page.Settled
	if p.Filter.After == 0 {
		slices.Reverse(list)
	}
	full := len(list) >= pageSize
	p.Last = p.Filter.Before == 0 && (p.Filter.After == 0 || !full)
	if len(list) == 0 {
		return
	}
	first, last := list[0].Position, list[len(list)-1].Position
	if first > 1 && (full || p.Filter.After > 0) {
		p.Older = turned(q, "before", first)
	}
	if !p.Last {
		p.Newer = turned(q, "after", last)
	}
}

func turned(q url.Values, name string, n int64) string {
	c := url.Values{}
	for k, v := range q {
		if k != "before" && k != "after" && k != "said" {
			c[k] = v
		}
	}
	c.Set(name, strconv.FormatInt(n, 10))
	return "/record?" + c.Encode()
}

func filterOf(q url.Values) (f station.Filter, err error) {
	f = station.Filter{Form: q.Get("form"), Query: q.Get("q"), Plain: q.Get("all") == "", Limit: pageSize}
	if len(f.Query) > 200 {
		return f, parley.Errorf(parley.Oversize, "the words to look for are longer than 200 bytes")
	}
	if v := q.Get("party"); v != "" {
		if f.Party, err = parley.ParsePartyCode(v); err != nil {
			return f, err
		}
	}
	if v := q.Get("office"); v != "" {
		if f.Office, err = parley.ParseOffice(v); err != nil {
			return f, err
		}
	}
	if err := filterTimes(q, &f); err != nil {
		return f, err
	}
	for name, dst := range map[string]*int64{"after": &f.After, "before": &f.Before} {
		if v := q.Get(name); v != "" {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil || n < 0 {
				return f, parley.Errorf(parley.Malformed, "%s=%q is not a record position", name, v)
			}
			*dst = n
		}
	}
	return f, nil
}
