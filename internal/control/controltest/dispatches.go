package controltest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"parley"
	"parley/internal/key"
	"parley/internal/record"
	"parley/internal/station"
)

// Board shows theirs that were not acknowledged.
func (f *Fake) Board(_ context.Context, _ station.Officer, _ string) (station.Board, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := station.Board{Now: Now}
	for _, i := range f.items {
		if !i.Ours && !f.acked[i.ID] {
			i.Text = ""
			b.WaitingUs = append(b.WaitingUs, i)
		}
	}
	for _, d := range f.drafts {
		if d.State == "submitted" {
			b.Drafts = append(b.Drafts, d)
		}
	}
	return b, f.fail("Board")
}

// Record has theirs settled and ours not yet.
func (f *Fake) Record(_ context.Context, line string, flt station.Filter) (station.Page, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.find(line); err != nil {
		return station.Page{}, err
	}
	var p station.Page
	for _, i := range f.items {
		if flt.Form != "" && i.Form != flt.Form {
			continue
		}
		i.Text = ""
		if i.Ours {
			i.Unconfirmed = []string{"Birch"}
			p.Unsettled = append(p.Unsettled, i)
		} else {
			i.Settled = true
			p.Settled = append(p.Settled, i)
		}
		p.Total++
	}
	return p, nil
}

// Alarms is empty.
func (f *Fake) Alarms(context.Context) ([]station.Alarm, error) { return nil, nil }

// Item has no text.
func (f *Fake) Item(_ context.Context, line, id string) (station.Item, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, err := f.item(line, id)
	i.Text = ""
	return i, err
}

func (f *Fake) item(line, id string) (station.Item, error) {
	if _, err := f.find(line); err != nil {
		return station.Item{}, err
	}
	for _, i := range f.items {
		if i.ID == id {
			return i, nil
		}
	}
	return station.Item{}, parley.Errorf(parley.NotFound, "no entry %s is on the line to Birch", id).WithHint("list what there is: parley record")
}

// Open is audited.
func (f *Fake) Open(_ context.Context, by station.Officer, line, id string) (station.Item, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, err := f.item(line, id)
	if err == nil {
		f.note(by, "open", id)
	}
	return i, err
}

// Acknowledge needs an officer.
func (f *Fake) Acknowledge(_ context.Context, by station.Officer, line, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.item(line, id); err != nil {
		return err
	}
	if by.ID == 0 {
		return parley.Errorf(parley.NotAllowed, "acknowledging: only an officer of the office addressed can").WithHint("name one: --as NAME")
	}
	f.acked[id] = true
	f.note(by, "acknowledge", id)
	return nil
}

// SaveDraft wants an officer, a known addressee and the version last seen.
func (f *Fake) SaveDraft(_ context.Context, by station.Officer, d station.Draft) (station.Draft, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if by.ID == 0 {
		return d, parley.Errorf(parley.NotAllowed, "writing a draft: only an officer can").WithHint("name one: --as NAME")
	}
	for _, a := range append(d.To, d.Info...) {
		if _, err := parley.ParseAddress(a); err != nil {
			return d, err
		}
	}
	d.Drafter, d.DrafterID, d.Saved, d.Version = by.Name, by.ID, Now, d.Version+1
	if d.ID == 0 {
		d.ID, d.State, d.Began = int64(len(f.drafts)+1), "draft", Now
		f.drafts = append(f.drafts, d)
		return d, nil
	}
	old, err := f.draft(d.ID)
	if err != nil {
		return d, err
	}
	if old.Version+1 != d.Version {
		return d, parley.Errorf(parley.Conflict, "saving draft %d: it has changed since", d.ID)
	}
	*old = d
	return d, nil
}

func (f *Fake) draft(id int64) (*station.Draft, error) {
	if id < 1 || id > int64(len(f.drafts)) {
		return nil, parley.Errorf(parley.NotFound, "no draft has the number %d", id).WithHint("list them: parley release")
	}
	return &f.drafts[id-1], nil
}

// Drafts lists all.
func (f *Fake) Drafts(context.Context, station.Officer) ([]station.Draft, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]station.Draft(nil), f.drafts...), nil
}

// Draft returns one.
func (f *Fake) Draft(_ context.Context, _ station.Officer, id int64) (station.Draft, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, err := f.draft(id)
	if err != nil {
		return station.Draft{}, err
	}
	return *d, nil
}

// Attach reads and hashes.
func (f *Fake) Attach(_ context.Context, _ station.Officer, id int64, name, mediaType string, r io.Reader) (station.Draft, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return station.Draft{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	d, err := f.draft(id)
	if err != nil {
		return station.Draft{}, err
	}
	d.Version++
	d.Attachments = append(d.Attachments, station.Attachment{Name: name, Type: mediaType, Size: n, Bytes: n, Held: true, Hash: hex.EncodeToString(h.Sum(nil))})
	return *d, nil
}

// Submit moves a draft on.
func (f *Fake) Submit(_ context.Context, _ station.Officer, id int64) (station.Draft, error) {
	return f.move(id, "submitted", "")
}

// Return moves it back.
func (f *Fake) Return(_ context.Context, _ station.Officer, id int64, note string) (station.Draft, error) {
	return f.move(id, "returned", note)
}

// Discard forgets the text.
func (f *Fake) Discard(_ context.Context, _ station.Officer, id int64) error {
	_, err := f.move(id, "discarded", "")
	return err
}

func (f *Fake) move(id int64, state, note string) (station.Draft, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, err := f.draft(id)
	if err != nil {
		return station.Draft{}, err
	}
	d.State, d.Note, d.Version = state, note, d.Version+1
	return *d, nil
}

// Preview is the item a draft becomes.
func (f *Fake) Preview(_ context.Context, _ station.Officer, id int64) (station.Item, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, err := f.draft(id)
	if err != nil {
		return station.Item{}, err
	}
	return preview(*d), nil
}

func preview(d station.Draft) station.Item {
	return station.Item{Line: Birch, Party: "alder", Ours: true, Form: d.Form, Known: true, FromText: "alder/" + d.From, To: d.To, Info: d.Info,
		PrecedenceText: d.Precedence, MarkerText: d.Marker, Subject: d.Subject, Text: d.Text, Language: d.Language, Attachments: d.Attachments,
		Time: Now, DTG: parley.DTG(Now), Drafter: d.Drafter}
}

// Release keeps two hands for FLASH and IMMEDIATE.
func (f *Fake) Release(_ context.Context, by station.Officer, id, version int64, precedence string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, err := f.draft(id)
	switch {
	case err != nil:
		return "", err
	case d.State == "released":
		return "", parley.Errorf(parley.Conflict, "draft %d was released already, as %s", id, d.Entry)
	case version != d.Version:
		return "", parley.Errorf(parley.Conflict, "draft %d has changed since you read it", id).WithHint("read it again: parley release %d", id)
	case precedence != d.Precedence:
		return "", parley.Errorf(parley.NotAllowed, "draft %d is %s, and you confirmed %s", id, d.Precedence, precedence)
	case by.ID == d.DrafterID && f.line.TwoHands[d.Precedence]:
		return "", parley.Errorf(parley.NotAllowed, "draft %d: the charter asks for a second officer to release %s", id, d.Precedence).
			WithHint("another officer releases it: parley --as NAME release %d", id)
	}
	d.State, d.Entry = "released", fmt.Sprintf("00000000000000a1:%d", 100+id)
	i := preview(*d)
	i.ID, i.Position, i.Serial, i.Series, i.NotDelivered, i.Releaser = d.Entry, 98, 118, "traffic", !f.up(), by.Name
	f.items = append(f.items, i)
	f.note(by, "release", d.Entry)
	return d.Entry, nil
}

// Proof is not a real one.
func (f *Fake) Proof(_ context.Context, _ station.Officer, line, id string, headerOnly bool) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.item(line, id); err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "c2sp.org/tlog-proof@v1\nheader only: %v\n", headerOnly), nil
}

// cited is what Cite says.
const cited = `goes on from line 0f1e2d3c4b5a69788796a5b4c3d2e1f0
founding 3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b
log alder 00000000000000a1 97 6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b
log birch 00000000000000b1 42 d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35
`

// Cite says always the same.
func (f *Fake) Cite(_ context.Context, _ station.Officer, line string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.find(line); err != nil {
		return "", err
	}
	return cited, nil
}

// CheckCitation takes the citation of Cite for true, and any other for one of a line
// that is not here.
func (f *Fake) CheckCitation(_ context.Context, text string) (station.CitationView, error) {
	c, err := record.ParseCitation(text)
	if err != nil {
		return station.CitationView{}, err
	}
	v := station.CitationView{Line: c.Line.String(), Founding: key.Fingerprint(c.Founding), Ours: c.Text() == cited}
	for _, l := range c.Logs {
		v.Logs = append(v.Logs, station.CitedView{Party: string(l.Party), Gen: l.Gen.String(), Size: l.Size, Root: fmt.Sprintf("%x", l.Root), Held: v.Ours})
	}
	return v, nil
}

// SilenceProof needs an entry of ours.
func (f *Fake) SilenceProof(_ context.Context, _ station.Officer, line, id string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, err := f.item(line, id)
	if err != nil {
		return nil, err
	}
	if !i.Ours {
		return nil, parley.Errorf(parley.NotAllowed, "entry %s is theirs: silence is proved about what we asked", id)
	}
	return []byte("\x83\x00\x6eparley silence\x01"), nil
}
