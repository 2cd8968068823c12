package api

import (
	"context"
	"io"
	"net/http"
	"strconv"
)

// proving is what proves the record to others, and files in it.
func proving(st Station) []operation {
	at := []param{line, item}
	return []operation{
		file("proof", "/lines/{line}/items/{item}/proof", "application/octet-stream", "The file that proves one entry to a third party, and nothing else.",
			append(at[:2:2], param{"header_only", "query", "boolean", "Prove from whom to whom it went, not what it says."}), func(ctx context.Context, c *call, w http.ResponseWriter) error {
				b, err := st.Proof(ctx, c.by, c.text("line"), c.text("item"), c.yes("header_only"))
				return write(w, b, err)
			}),
		file("silence_proof", "/lines/{line}/items/{item}/silence-proof", "application/octet-stream", "The file that proves that no answer came as of now.", at,
			func(ctx context.Context, c *call, w http.ResponseWriter) error {
				b, err := st.SilenceProof(ctx, c.by, c.text("line"), c.text("item"))
				return write(w, b, err)
			}),
		file("attachment", "/lines/{line}/items/{item}/attachments/{n}", "application/octet-stream", "One attachment, as a file to keep. Its name and type are the other side's words.",
			append(at[:2:2], param{"n", "path", "integer", "Its place in the entry, from 0."}), func(ctx context.Context, c *call, w http.ResponseWriter) error {
				n, err := c.number("n")
				if err != nil {
					return err
				}
				_, _, body, err := st.Attachment(ctx, c.by, c.text("line"), c.text("item"), int(min(n, 1<<20)))
				if err != nil {
					return err
				}
				defer body.Close()
				_, err = io.Copy(w, body)
				return err
			}),
		file("export", "/lines/{line}/export", "application/octet-stream", "The whole record in a file that anybody can verify.",
			[]param{line, {"open", "query", "boolean", "With the keys that open it."}}, func(ctx context.Context, c *call, w http.ResponseWriter) error {
				_, err := st.Export(ctx, c.by, c.text("line"), c.yes("open"), w)
				return err
			}),
	}
}

func write(w http.ResponseWriter, b []byte, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, err = w.Write(b)
	return err
}
