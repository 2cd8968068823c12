package control

import (
	"net/http"
	"strconv"

	"parley"
)

// Trailers that end a stream: the number of entries, or the error that cut it.
const (
	entriesTrailer = "Parley-Entries"
	errorTrailer   = "Parley-Error"
)

// serveAttach takes an attachment's bytes as the body; the draft, the name and
// the media type are in the query.
func serveAttach(st Station) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		by, err := officerOf(r.Context(), st, r.Header)
		if err != nil {
			refuse(w, err)
			return
		}
		q := r.URL.Query()
		id, err := strconv.ParseInt(q.Get("draft"), 10, 64)
		if err != nil {
			refuse(w, parley.Errorf(parley.Malformed, "draft %q: want a number", q.Get("draft")))
			return
		}
		d, err := st.Attach(r.Context(), by, id, q.Get("name"), q.Get("type"), r.Body)
		if err != nil {
			refuse(w, err)
			return
		}
		answer(w, d)
	}
}

// serveExport streams an exported record. What fails after the first byte is
// said in a trailer, since the status is gone by then.
func serveExport(st Station) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		by, err := officerOf(r.Context(), st, r.Header)
		if err != nil {
			refuse(w, err)
			return
		}
		var in struct {
			Line string `json:"line"`
			Open bool   `json:"open"`
		}
		if err := readJSON(r.Body, &in); err != nil {
			refuse(w, err)
			return
		}
		out := &lateHeader{w: w, media: "application/cbor-seq", ends: entriesTrailer}
		n, err := st.Export(r.Context(), by, in.Line, in.Open, out)
		out.end(err, strconv.Itoa(n))
	}
}

// lateHeader announces the stream only with its first byte, so that an early
// refusal can still have its own status.
type lateHeader struct {
	w     http.ResponseWriter
	media string
	ends  string // the trailer of what came whole
	began bool
}

func (l *lateHeader) begin() {
	if l.began {
		return
	}
	l.began = true
	l.w.Header().Set("Content-Type", l.media)
	l.w.Header().Set("Trailer", l.ends+", "+errorTrailer)
	l.w.WriteHeader(http.StatusOK)
}

func (l *lateHeader) Write(p []byte) (int, error) {
	l.begin()
	return l.w.Write(p)
}

// end says how the stream ended.
func (l *lateHeader) end(err error, whole string) {
	switch {
	case err != nil && !l.began:
		refuse(l.w, err)
	case err != nil:
		l.w.Header().Set(errorTrailer, string(encodeError(err)))
	default:
		l.begin()
		l.w.Header().Set(l.ends, whole)
	}
}
