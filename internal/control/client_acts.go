package control

import (
	"context"
	"time"

	"parley"
	"parley/internal/station"
)

// Self says who the station is.
func (c *Client) Self(ctx context.Context) (Self, error) { return ask[Self](ctx, c, "self", none{}) }

// Officers lists everybody with an account, also those removed.
func (c *Client) Officers(ctx context.Context) ([]station.Officer, error) {
	return ask[[]station.Officer](ctx, c, "officers", none{})
}

// Phones lists the telephones that are registered. The error says why none can be.
func (c *Client) Phones(ctx context.Context) ([]station.PhoneView, error) {
	return ask[[]station.PhoneView](ctx, c, "phones", none{})
}

// OfficerNamed finds one active officer by name, as the station does for As.
func (c *Client) OfficerNamed(ctx context.Context, name string) (station.Officer, error) {
	all, err := c.Officers(ctx)
	if err != nil {
		return station.Officer{}, err
	}
	return officerNamed(all, name)
}

// AddOfficer opens an account.
func (c *Client) AddOfficer(ctx context.Context, name string, offices []parley.Office) (station.Officer, error) {
	return ask[station.Officer](ctx, c, "officer.add", newOfficer{name, offices})
}

// RemoveOfficer closes an account and keeps its history.
func (c *Client) RemoveOfficer(ctx context.Context, id int64) error {
	_, err := ask[none](ctx, c, "officer.remove", onOfficer{Officer: id})
	return err
}

// AddToken makes a token of the HTTP API. The secret is shown once.
func (c *Client) AddToken(ctx context.Context, officer int64, office parley.Office, name string, life time.Duration) (station.Token, string, error) {
	t, err := ask[madeToken](ctx, c, "token.add", newToken{officer, office, name, life})
	return t.Token, t.Secret, err
}

// Tokens lists every token, those that ended too.
func (c *Client) Tokens(ctx context.Context) ([]station.Token, error) {
	return ask[[]station.Token](ctx, c, "tokens", none{})
}

// RemoveToken ends a token at once.
func (c *Client) RemoveToken(ctx context.Context, id int64) error {
	_, err := ask[none](ctx, c, "token.remove", onToken{id})
	return err
}

// SeatLink makes a one-time link token. It is shown once.
func (c *Client) SeatLink(ctx context.Context, officer int64, office parley.Office) (string, error) {
	t, err := ask[seatToken](ctx, c, "officer.seat", onOfficer{officer, office})
	return t.Token, err
}

// Audit returns the newest rows of the station's own audit.
func (c *Client) Audit(ctx context.Context, n int) ([]station.AuditRow, error) {
	return ask[[]station.AuditRow](ctx, c, "audit", limit{n})
}

// Lines lists every line.
func (c *Client) Lines(ctx context.Context) ([]station.Line, error) {
	ls, err := ask[[]station.Line](ctx, c, "lines", none{})
	for i := range ls {
		reviveLine(&ls[i])
	}
	return ls, err
}

// Line returns one line by id, unique prefix, or the other side's code or name.
func (c *Client) Line(ctx context.Context, line string) (station.Line, error) {
	l, err := ask[station.Line](ctx, c, "line", onLine{line})
	reviveLine(&l)
	return l, err
}

// Board returns what waits; line "" is all lines.
func (c *Client) Board(ctx context.Context, line string) (station.Board, error) {
	b, err := ask[station.Board](ctx, c, "board", onLine{line})
	reviveItems(b.WaitingUs, b.WaitingThem, b.Since, b.Flash)
	return b, err
}

// Record returns one page of a record.
func (c *Client) Record(ctx context.Context, line string, f station.Filter) (station.Page, error) {
	p, err := ask[station.Page](ctx, c, "record", recordQuery{line, f})
	reviveItems(p.Settled, p.Unsettled)
	return p, err
}

// Alarms lists alarms, silenced ones too.
func (c *Client) Alarms(ctx context.Context) ([]station.Alarm, error) {
	return ask[[]station.Alarm](ctx, c, "alarms", none{})
}

// Item shows an entry without opening it.
func (c *Client) Item(ctx context.Context, line, id string) (station.Item, error) {
	return c.item(ctx, "item", onItem{Line: line, Item: id})
}

// Open reads an entry's text; the reading is audited and nothing is sent.
func (c *Client) Open(ctx context.Context, line, id string) (station.Item, error) {
	return c.item(ctx, "item.open", onItem{Line: line, Item: id})
}

// Acknowledge files the receipt "opened", which goes to the other side.
func (c *Client) Acknowledge(ctx context.Context, line, id string) error {
	_, err := ask[none](ctx, c, "item.acknowledge", onItem{Line: line, Item: id})
	return err
}

func (c *Client) item(ctx context.Context, act string, in any) (station.Item, error) {
	i, err := ask[station.Item](ctx, c, act, in)
	reviveItem(&i)
	return i, err
}

// SaveDraft makes a draft (ID 0) or saves a new version of one.
func (c *Client) SaveDraft(ctx context.Context, d station.Draft) (station.Draft, error) {
	return ask[station.Draft](ctx, c, "draft.save", d)
}

// Drafts lists own drafts and those submitted for release.
func (c *Client) Drafts(ctx context.Context) ([]station.Draft, error) {
	return ask[[]station.Draft](ctx, c, "drafts", none{})
}

// Draft returns one draft.
func (c *Client) Draft(ctx context.Context, id int64) (station.Draft, error) {
	return ask[station.Draft](ctx, c, "draft", onDraft{Draft: id})
}

// Submit gives a draft to the releasing officer.
func (c *Client) Submit(ctx context.Context, id int64) (station.Draft, error) {
	return ask[station.Draft](ctx, c, "draft.submit", onDraft{Draft: id})
}

// Return gives a submitted draft back with a note.
func (c *Client) Return(ctx context.Context, id int64, note string) (station.Draft, error) {
	return ask[station.Draft](ctx, c, "draft.return", onDraft{Draft: id, Note: note})
}

// Discard throws a draft away.
func (c *Client) Discard(ctx context.Context, id int64) error {
	_, err := ask[none](ctx, c, "draft.discard", onDraft{Draft: id})
	return err
}

// Preview shows a draft exactly as it will be signed.
func (c *Client) Preview(ctx context.Context, id int64) (station.Item, error) {
	return c.item(ctx, "draft.preview", onDraft{Draft: id})
}

// Release puts the version seen of a draft on the record, for good.
func (c *Client) Release(ctx context.Context, id, version int64, precedence string) (string, error) {
	r, err := ask[released](ctx, c, "draft.release", onDraft{Draft: id, Version: version, Precedence: precedence})
	return r.Item, err
}

// Test files a line test and waits for its answer.
func (c *Client) Test(ctx context.Context, line string) (station.TestState, error) {
	return ask[station.TestState](ctx, c, "test", onLine{line})
}

// Why explains the lamp, measured afresh.
func (c *Client) Why(ctx context.Context, line string) (station.Lamp, error) {
	return ask[station.Lamp](ctx, c, "why", onLine{line})
}

// CutPath takes a path ("" all of them) down, or up again.
func (c *Client) CutPath(ctx context.Context, line, path string, cut bool) error {
	_, err := ask[none](ctx, c, "path.cut", onPath{line, path, cut})
	return err
}

// Leave files the entry that ends our part in a line, for good.
func (c *Client) Leave(ctx context.Context, line, reason string) error {
	_, err := ask[none](ctx, c, "line.leave", leaving{line, reason})
	return err
}

// Proof makes a proof file of one entry, or of its header only.
func (c *Client) Proof(ctx context.Context, line, id string, headerOnly bool) ([]byte, error) {
	f, err := ask[file](ctx, c, "proof", onItem{line, id, headerOnly})
	return f.File, err
}

// SilenceProof makes a file that shows that no answer came.
func (c *Client) SilenceProof(ctx context.Context, line, id string) ([]byte, error) {
	f, err := ask[file](ctx, c, "proof.silence", onItem{Line: line, Item: id})
	return f.File, err
}

// Cite returns a text that says which line another goes on from.
func (c *Client) Cite(ctx context.Context, line string) (string, error) {
	f, err := ask[file](ctx, c, "citation", onLine{line})
	return string(f.File), err
}

// CheckCitation reads the citation in a text, and holds it to the station's record.
func (c *Client) CheckCitation(ctx context.Context, text string) (station.CitationView, error) {
	return ask[station.CitationView](ctx, c, "citation.check", file{[]byte(text)})
}

// FoundingFile returns the founding of a line in armour. It is not secret.
func (c *Client) FoundingFile(ctx context.Context, line string) ([]byte, error) {
	f, err := ask[file](ctx, c, "line.founding", onLine{line})
	return f.File, err
}

// CertificateFile returns the certificate of our generation in force in armour.
func (c *Client) CertificateFile(ctx context.Context, line string) ([]byte, error) {
	f, err := ask[file](ctx, c, "recovery.certificate", onLine{line})
	return f.File, err
}

// RecoveryWords are the words both sides compare before a peer that lost
// everything gets its entry keys back.
func (c *Client) RecoveryWords(ctx context.Context, line string) ([]string, error) {
	return ask[[]string](ctx, c, "recovery.words", onLine{line})
}

// SendWithheld sends what waits since our log was set back.
func (c *Client) SendWithheld(ctx context.Context, line string) error {
	_, err := ask[none](ctx, c, "recovery.send", onLine{line})
	return err
}

// ConfirmRecovery gives the words the other side read out.
func (c *Client) ConfirmRecovery(ctx context.Context, line string, words []string) error {
	_, err := ask[none](ctx, c, "recovery.confirm", wordsOn{line, words})
	return err
}
