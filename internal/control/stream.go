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
		out := &lateHeader{w: w}
		n, err := st.Export(r.Context(), by, in.Line, in.Open, out)
		switch {
		case err != nil && !out.began:
			refuse(w, err)
		case err != nil:
			w.Header().Set(errorTrailer, string(encodeError(err)))
		default:
			out.begin()
			w.Header().Set(entriesTrailer, strconv.Itoa(n))
		}
	}
}

// lateHeader announces the stream only with its first byte, so that an early
// refusal can still have its own status.
type lateHeader struct {
	w     http.ResponseWriter
	began bool
}

func (l *lateHeader) begin() {
	if l.began {
		return
	}
	l.began = true
	l.w.Header().Set("Content-Type", "application/cbor-seq")
	l.w.Header().Set("Trailer", entriesTrailer+", "+errorTrailer)
	l.w.WriteHeader(http.StatusOK)
}

func (l *lateHeader) Write(p []byte) (int, error) {
	l.begin()
	return l.w.Write(p)
}
