package station

import (
	"encoding/hex"
	"fmt"
	"slices"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/store"
)

// PointDocument is an attachment of a dispatch that a point of a contact's file
// names.
type PointDocument struct {
	Entry  string `json:"entry"`            // the dispatch
	Party  string `json:"party,omitempty"`  // whose it is; "": it is not here
	Serial uint64 `json:"serial,omitempty"` // of the dispatch
	File   string `json:"file,omitempty"`   // its name; "": it is not here
	Number int    `json:"number"`           // among the attachments of the dispatch, from 0
	Hash   string `json:"hash"`             // SHA-256 over the ciphertext, hex
	Size   int64  `json:"size,omitempty"`
	Held   bool   `json:"held,omitempty"` // whole and here
}

// documentOf finds the attachment that a document is, nil where none is named.
func (l *liveLine) documentOf(id, file string) (*contact.Attached, error) {
	switch {
	case id == "" && file == "":
		return nil, nil
	case id == "" || file == "":
		return nil, parley.Errorf(parley.BadForm, "a document on the record is a dispatch and the name of one of its attachments")
	}
	ref, err := l.refOf(id)
	if err != nil {
		return nil, err
	}
	row, d, err := l.dispatchAt(ref)
	if err != nil {
		return nil, err
	}
	for _, a := range d {
		if a.Name == file || form.Visible(a.Name) == file {
			return &contact.Attached{Gen: row.Gen, Index: row.Index, File: a.Hash}, nil
		}
	}
	return nil, parley.Errorf(parley.NotFound, "%s has no attachment %q", id, form.Visible(file))
}

// dispatchAt is an entry with its attachments; none where it has none, or is not
// readable here.
func (l *liveLine) dispatchAt(ref parley.Ref) (store.Row, []form.Attachment, error) {
	row, err := l.store.Item(ref.Gen, ref.Index)
	if err != nil {
		return row, nil, err
	}
	v, err := viewOf(row)
	if err != nil {
		return row, nil, err
	}
	if d, ok := v.form.(*form.Dispatch); ok {
		return row, d.Attachments, nil
	}
	return row, nil, nil
}

// pointDocument is the attachment that a point names, as far as it is here.
func (l *liveLine) pointDocument(d *contact.Attached) *PointDocument {
	if d == nil {
		return nil
	}
	v := PointDocument{Entry: d.Ref().String(), Hash: hex.EncodeToString(d.File[:])}
	row, list, err := l.dispatchAt(d.Ref())
	if err != nil {
		return &v // not here, or not yet
	}
	i := slices.IndexFunc(list, func(a form.Attachment) bool { return a.Hash == d.File })
	if i < 0 {
		return &v
	}
	a := l.attachment(d.Ref(), list[i])
	v.Party, v.Serial, v.File, v.Number, v.Size, v.Held = string(row.Party), row.Serial, a.Name, i, a.Size, a.Held
	return &v
}

// Documents are the attachments of the newest dispatches of a line, to choose from.
func (l *liveLine) documents() ([]PointDocument, error) {
	rows, _, err := l.store.Rows(store.Filter{Forms: []string{"dispatch"}, Order: store.ByArrival, Newest: true, Limit: 200})
	if err != nil {
		return nil, fmt.Errorf("looking for attachments: %w", err)
	}
	var out []PointDocument
	for _, r := range rows {
		if r.Waiting() || r.Faulty {
			continue
		}
		_, list, err := l.dispatchAt(r.Ref())
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			if v := l.pointDocument(&contact.Attached{Gen: r.Gen, Index: r.Index, File: a.Hash}); v.File != "" {
				out = append(out, *v)
			}
		}
	}
	return out, nil
}
