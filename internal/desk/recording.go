package desk

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"parley"
	"parley/internal/call"
	"parley/internal/station"
)

// recording plays one voice that our station recorded of a call.
func (d *desk) recording(w http.ResponseWriter, r *http.Request, s *seat) error {
	n, err := strconv.ParseUint(r.PathValue("n"), 10, 32)
	if err != nil {
		return errHidden
	}
	deadline(w, uploadTimeout)
	begun := false
	err = d.st.PlayRecording(r.Context(), s.officer, r.PathValue("line"), r.PathValue("id"), n, func(v station.CallVoice, suffix string) io.Writer {
		begun = true
		w.Header().Set("Content-Type", v.Media)
		w.Header().Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": fileName(r, fmt.Sprintf("-%d%s", n, suffix))}))
		w.Header().Set("Content-Length", strconv.FormatUint(v.Bytes, 10))
		return w
	})
	if err == nil || !begun {
		return err
	}
	d.log.Warn("playing a recording", "err", err)
	panic(http.ErrAbortHandler) // the listener must not take half of it for the whole
}

// RecordingRule is the rule of a charter under which calls may be recorded.
func (f *frame) RecordingRule() string { return call.CallsAreRecorded }

// Hears reports whether whoever sits here may play recordings, and Unrecords
// whether he deletes them.
func (f *frame) Hears() bool {
	return f.Seat != nil && f.Seat.is(parley.Envoy, parley.Principal, parley.Archivist)
}

func (f *frame) Unrecords() bool {
	return f.Seat != nil && f.Seat.is(parley.Archivist, parley.Administrator)
}
