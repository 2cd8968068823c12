package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"parley"
	"parley/internal/station"
)

// maxJSON bounds one act's input. The longest is a draft's text.
const maxJSON = 4 << 20

// none stands for no input or no output.
type none struct{}

// actFunc does one act as an officer.
type actFunc[In, Out any] func(ctx context.Context, by station.Officer, in In) (Out, error)

// handle serves act at POST /v1/NAME.
func handle[In, Out any](mux *http.ServeMux, st Station, name string, act actFunc[In, Out]) {
	mux.HandleFunc("POST /v1/"+name, func(w http.ResponseWriter, r *http.Request) {
		by, err := officerOf(r.Context(), st, r.Header)
		if err != nil {
			refuse(w, err)
			return
		}
		var in In
		if err := readJSON(r.Body, &in); err != nil {
			refuse(w, err)
			return
		}
		out, err := act(r.Context(), by, in)
		if err != nil {
			refuse(w, err)
			return
		}
		answer(w, out)
	})
}

// readJSON reads exactly one object without unknown fields; an empty body is
// the empty object.
func readJSON(r io.Reader, v any) error {
	b, err := io.ReadAll(io.LimitReader(r, maxJSON+1))
	if err != nil {
		return parley.Errorf(parley.Malformed, "reading the request: %v", err)
	}
	if len(b) > maxJSON {
		return parley.Errorf(parley.Oversize, "the request is over %d MiB", maxJSON>>20).WithHint("send what is long as an attachment")
	}
	if len(b) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return parley.Errorf(parley.Malformed, "reading the request: %v", err).
			WithHint("is the command of the same version as the station? parley version")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return parley.Errorf(parley.Malformed, "reading the request: more than one object")
	}
	return nil
}

func answer(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		refuse(w, parley.Errorf(parley.Internal, "encoding the answer: %v", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(b, '\n'))
}

func refuse(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(Status(parley.KindOf(err)))
	w.Write(append(encodeError(err), '\n'))
}
