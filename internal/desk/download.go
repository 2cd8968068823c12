package desk

import (
	"cmp"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// proof hands out the file that proves one entry to a third party. With
// header=1 it proves that the entry exists and from whom to whom, not what it
// says.
func (d *desk) proof(w http.ResponseWriter, r *http.Request, s *seat) error {
	head := r.URL.Query().Get("header") != ""
	b, err := d.st.Proof(r.Context(), s.officer, r.PathValue("line"), r.PathValue("id"), head)
	if err != nil {
		return err
	}
	sendFile(w, fileName(r, ".proof"), "application/octet-stream")
	_, _ = w.Write(b)
	return nil
}

func (d *desk) silenceProof(w http.ResponseWriter, r *http.Request, s *seat) error {
	b, err := d.st.SilenceProof(r.Context(), s.officer, r.PathValue("line"), r.PathValue("id"))
	if err != nil {
		return err
	}
	sendFile(w, fileName(r, ".silence"), "application/octet-stream")
	_, _ = w.Write(b)
	return nil
}

func fileName(r *http.Request, suffix string) string {
	line := r.PathValue("line")
	return fmt.Sprintf("%s-%s%s", line[:min(8, len(line))], strings.ReplaceAll(r.PathValue("id"), ":", "-"), suffix)
}

// attachment hands out an attachment as a file to keep, never as a page: its
// name and type are the other side's words.
func (d *desk) attachment(w http.ResponseWriter, r *http.Request, s *seat) error {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 {
		return errHidden
	}
	name, _, body, err := d.st.Attachment(r.Context(), s.officer, r.PathValue("line"), r.PathValue("id"), n)
	if err != nil {
		return err
	}
	defer body.Close()
	deadline(w, uploadTimeout)
	sendFile(w, name, "application/octet-stream")
	if _, err := io.Copy(w, body); err != nil {
		d.log.Warn("sending an attachment", "err", err)
		panic(http.ErrAbortHandler) // the reader must not take half of it for the whole
	}
	return nil
}

// export streams a line's record for `parley verify`.
func (d *desk) export(w http.ResponseWriter, r *http.Request, s *seat) error {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return err
	}
	deadline(w, uploadTimeout)
	out := &late{w: w, name: fmt.Sprintf("%s-%s.record", d.party, l.Key[:min(8, len(l.Key))])}
	if _, err := d.st.Export(r.Context(), s.officer, l.Key, r.URL.Query().Get("open") != "", out); err != nil {
		if !out.begun {
			return err
		}
		d.log.Error("exporting", "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// late sends the head of a file with its first byte, so that an error before it
// can still be a page.
type late struct {
	w         http.ResponseWriter
	name      string
	mediaType string // "": no file of a known kind
	begun     bool
}

func (l *late) Write(b []byte) (int, error) {
	if !l.begun {
		l.begun = true
		sendFile(l.w, l.name, cmp.Or(l.mediaType, "application/octet-stream"))
	}
	return l.w.Write(b)
}

func sendFile(w http.ResponseWriter, name, mediaType string) {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) || r == 0x7f {
			return '_'
		}
		return r
	}, name)
	if strings.Trim(clean, ". ") == "" {
		clean = "file"
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": clean}))
}
