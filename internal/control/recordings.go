package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"

	"parley"
	"parley/internal/station"
)

// Taping plays and deletes what our station recorded of calls; what there is stands
// with the calls themselves.
type Taping interface {
	PlayRecording(ctx context.Context, by station.Officer, line, id string, file uint64, to func(v station.CallVoice, suffix string) io.Writer) error
	DeleteRecording(ctx context.Context, by station.Officer, line, id string, file uint64) error
}

// sumTrailer ends a recording that was played whole: the hash that the record has.
const sumTrailer = "Parley-Sha256"

type onTape struct {
	Line string `json:"line"`
	Call string `json:"call"`
	File uint64 `json:"file"`
}

func taping(st Station) (Taping, error) {
	if t, ok := st.(Taping); ok {
		return t, nil
	}
	return nil, parley.Errorf(parley.Unsupported, "this station records no calls")
}

func handleTapes(mux *http.ServeMux, st Station) {
	mux.HandleFunc("POST /v1/recording.play", func(w http.ResponseWriter, r *http.Request) {
		var in onTape
		t, err := taping(st)
		if err == nil {
			err = readJSON(r.Body, &in)
		}
		var by station.Officer
		if err == nil {
			by, err = officerOf(r.Context(), st, r.Header)
		}
		out := &lateHeader{w: w, media: "application/octet-stream", ends: sumTrailer}
		sum := ""
		if err == nil {
			err = t.PlayRecording(r.Context(), by, in.Line, in.Call, in.File, func(v station.CallVoice, _ string) io.Writer {
				out.media, sum = v.Media, v.Sum
				return out
			})
		}
		out.end(err, sum)
	})
	handle(mux, st, "recording.delete", func(ctx context.Context, by station.Officer, in onTape) (none, error) {
		t, err := taping(st)
		if err != nil {
			return none{}, err
		}
		return none{}, t.DeleteRecording(ctx, by, in.Line, in.Call, in.File)
	})
}

// PlayRecording copies one voice that our station recorded to w, and returns the
// hash that the record has of it. What was written before an error is not the
// recording; Corrupt where it is not what the record says.
func (c *Client) PlayRecording(ctx context.Context, line, call string, file uint64, w io.Writer) (sum string, err error) {
	ctx, cancel := context.WithTimeout(ctx, exportLimit)
	defer cancel()
	in, err := json.Marshal(onTape{line, call, file})
	if err != nil {
		return "", parley.Errorf(parley.Internal, "encoding the request: %v", err)
	}
	res, err := c.post(ctx, "recording.play", nil, bytes.NewReader(in))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, h), res.Body); err != nil {
		return "", parley.Errorf(parley.Unavailable, "copying the recording: %v", err)
	}
	if e := res.Trailer.Get(errorTrailer); e != "" {
		return "", decodeError([]byte(e))
	}
	sum = res.Trailer.Get(sumTrailer)
	switch got := hex.EncodeToString(h.Sum(nil)); {
	case sum == "":
		return "", parley.Errorf(parley.Unavailable, "the recording was cut off before its end").WithHint("the station may have stopped; fetch it again")
	case got != sum:
		return "", parley.Errorf(parley.Corrupt, "what came has the hash %s, and the record has %s", got, sum)
	}
	return sum, nil
}

// DeleteRecording deletes one voice that our station recorded.
func (c *Client) DeleteRecording(ctx context.Context, line, call string, file uint64) error {
	_, err := ask[none](ctx, c, "recording.delete", onTape{line, call, file})
	return err
}
