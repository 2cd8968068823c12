package station

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/line"
)

// CharterView is what rules a line: in force for what our side writes, what was
// before that, and what is proposed.
type CharterView struct {
	Line     string         `json:"line"`
	Charter  CharterText    `json:"charter"` // in force, as it is written for a proposal
	Annex    AnnexText      `json:"annex"`
	InForce  []DocumentView `json:"in_force"` // charter, annex
	Proposed []DocumentView `json:"proposed"`
	Past     []DocumentView `json:"past"`
	Next     time.Time      `json:"next_check_call"` // zero: none is agreed
}

// DocumentView is one charter or annex.
type DocumentView struct {
	Kind    string       `json:"kind"` // "charter", "annex"
	Version uint64       `json:"version"`
	Hash    string       `json:"hash"`
	State   string       `json:"state"`          // "in force", "proposed", "dead", "past"
	Since   time.Time    `json:"since"`          // header time of the last assent; of the line's first day for what it was founded on
	By      []AssentView `json:"by"`             // who has assented
	Missing []string     `json:"missing"`        // whose assent it waits for
	Clauses []Field      `json:"clauses"`        // as they are read
	Changes []Change     `json:"changes"`        // against the one it amends
	Removes []string     `json:"removes"`        // parties of that one that it does not name
	Ours    bool         `json:"assented_by_us"` // we have assented
}

// AssentView says who has assented, and where.
type AssentView struct {
	Party string    `json:"party"`
	Entry string    `json:"entry"`
	At    time.Time `json:"at"`
}

// Proposal is an amendment as an officer proposes it: one of the three.
type Proposal struct {
	Charter *CharterText     `json:"charter,omitempty"`
	Annex   *AnnexText       `json:"annex,omitempty"`
	Remove  parley.PartyCode `json:"remove,omitempty"` // the charter in force without this party
}

var kindWords = []string{form.ToCharter: "charter", form.ToAnnex: "annex"}

// Charter returns what rules a line and what is proposed.
func (s *Station) Charter(_ context.Context, name string) (CharterView, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return CharterView{}, err
	}
	r, docs := l.rules(), l.runner.Status().Documents
	v := CharterView{Line: l.id.String(), Charter: charterText(r.Charter), Annex: annexText(r.Annex), InForce: []DocumentView{}, Proposed: []DocumentView{}, Past: []DocumentView{}}
	v.Next, _ = nextCheckCall(r.Charter, l.now())
	for i := range docs {
		d, err := l.documentView(docs, &docs[i], r)
		if err != nil {
			return v, err
		}
		switch d.State {
		case "in force":
			v.InForce = append(v.InForce, d)
		case "past":
			v.Past = append(v.Past, d)
		default:
			v.Proposed = append(v.Proposed, d)
		}
	}
	slices.SortStableFunc(v.InForce, func(a, b DocumentView) int { return -strings.Compare(a.Kind, b.Kind) })
	return v, nil
}

func (l *liveLine) documentView(docs []charter.Document, d *charter.Document, r *charter.Rules) (DocumentView, error) {
	v := DocumentView{Kind: kindWords[d.Kind], Version: d.Version, Hash: hex.EncodeToString(d.Hash[:]), State: "proposed", By: []AssentView{}, Missing: []string{}, Changes: []Change{}, Removes: []string{}}
	switch {
	case d.Hash == r.CharterHash || d.Hash == r.AnnexHash:
		v.State = "in force"
	case d.InForce:
		v.State = "past"
	case d.Dead || d.Base != r.CharterHash && d.Base != r.AnnexHash:
		v.State = "dead"
	}
	for _, p := range d.Agree {
		ref, ok := d.By[p]
		if !ok {
			v.Missing = append(v.Missing, string(p))
			continue
		}
		a := AssentView{Party: string(p), Entry: ref.String()}
		if row, err := l.store.Item(ref.Gen, ref.Index); err == nil {
			a.At = claimed(row.Time)
		}
		v.By, v.Ours = append(v.By, a), v.Ours || p == l.us
		if a.At.After(v.Since) {
			v.Since = a.At
		}
	}
	if d.By == nil {
		for _, g := range l.runner.Status().Logs {
			if at := g.Created.UTC(); g.Reason == 0 && (v.Since.IsZero() || at.After(v.Since)) {
				v.Since = at
			}
		}
	}
	var err error
	if v.Clauses, err = clausesOf(d.Kind, d.Raw); err != nil {
		return v, err
	}
	i := slices.IndexFunc(docs, func(x charter.Document) bool { return x.Kind == d.Kind && x.Hash == d.Base })
	if d.By == nil || i < 0 {
		return v, nil
	}
	before, err := clausesOf(d.Kind, docs[i].Raw)
	v.Changes = changes(before, v.Clauses)
	if old, e := charter.Parse(docs[i].Raw); e == nil && d.Kind == form.ToCharter {
		for _, p := range old.Codes() {
			if !slices.Contains(d.Agree, p) {
				v.Removes = append(v.Removes, string(p))
			}
		}
	}
	return v, err
}

// mayAmend says who speaks for our side on what rules the line.
func mayAmend(by Officer, kind uint64, act string) error {
	if err := person(by, act); err != nil {
		return err
	}
	if kind == form.ToAnnex {
		return seatFor(by, act, parley.Administrator, parley.Principal)
	}
	return seatFor(by, act, parley.Principal, parley.Envoy)
}

// Propose files our assent to an amendment of our own, with its text: it binds
// nobody before all have assented to it. Errors are those of spec/charter.md,
// Amendment, 4; Conflict too where our assent to another may still come into
// force, for an assent is not taken back.
func (s *Station) Propose(ctx context.Context, by Officer, name string, p Proposal) (DocumentView, error) {
	l, f, err := s.proposed(by, name, p)
	if err != nil {
		return DocumentView{}, err
	}
	return s.assentTo(ctx, l, by, f, "propose")
}

// proposed is our assent to an amendment, as it would be filed.
func (s *Station) proposed(by Officer, name string, p Proposal) (*liveLine, *form.Assent, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, nil, err
	}
	kind := form.ToCharter
	if p.Annex != nil {
		kind = form.ToAnnex
	}
	if err := mayAmend(by, kind, "propose an amendment"); err != nil {
		return nil, nil, err
	}
	raw, err := l.amended(p)
	if err != nil {
		return nil, nil, err
	}
	return l, form.NewAssent(kind, raw, true), l.rules().Check(kind, raw)
}

// Weigh shows what an amendment would change, and files nothing: a Propose of
// the same at once has the same hash. Errors are those of Propose.
func (s *Station) Weigh(_ context.Context, by Officer, name string, p Proposal) (DocumentView, error) {
	l, f, err := s.proposed(by, name, p)
	if err != nil {
		return DocumentView{}, err
	}
	docs, r := l.runner.Status().Documents, l.rules()
	if err := l.mayAssent(docs, r, f); err != nil {
		return DocumentView{}, err
	}
	d := charter.Document{Kind: f.Kind, Hash: f.Hash, Raw: f.Document}
	if err := describe(&d); err != nil {
		return DocumentView{}, err
	}
	return l.documentView(docs, &d, r)
}

// amended encodes an amendment over what is in force. Its version outranks all
// that is proposed.
func (l *liveLine) amended(p Proposal) ([]byte, error) {
	r := l.rules()
	version := func(now uint64, base [32]byte) uint64 {
		for _, d := range l.runner.Status().Documents {
			if d.Base == base {
				now = max(now, d.Version)
			}
		}
		return now + 1
	}
	switch {
	case p.Annex != nil && p.Charter == nil && p.Remove == "":
		a, err := p.Annex.over(r.Annex, r.AnnexHash, version(max(1, r.Annex.Version), r.AnnexHash), r.Parties())
		if err != nil {
			return nil, err
		}
		return a.Encode(), nil
	case p.Charter != nil && p.Annex == nil && p.Remove == "":
	case p.Remove != "" && p.Annex == nil && p.Charter == nil:
		if !r.In(p.Remove) || p.Remove == l.us {
			return nil, parley.Errorf(parley.WrongParty, "%s is not another party on this line", p.Remove)
		}
		t := charterText(r.Charter)
		t.Parties = slices.DeleteFunc(t.Parties, func(x CharterParty) bool { return x.Code == string(p.Remove) || !r.In(parley.PartyCode(x.Code)) })
		p.Charter = &t
	default:
		return nil, parley.Errorf(parley.BadForm, "an amendment is of the charter or of the annex, or removes a party: one of these")
	}
	t := *p.Charter // who has left is not asked, and stays out
	t.Parties = slices.DeleteFunc(slices.Clone(t.Parties), func(x CharterParty) bool { _, left := r.Left[parley.PartyCode(x.Code)]; return left })
	c, err := t.over(r.Charter, r.CharterHash, version(r.Charter.Version, r.CharterHash))
	if err != nil {
		return nil, err
	}
	if old := *r.Charter; bytes.Equal(sameBut(old, &c).Encode(), old.Encode()) {
		return nil, parley.Errorf(parley.BadForm, "the amendment changes nothing")
	}
	return c.Encode(), nil
}

// sameBut gives c the version and base of old, to see whether it says the same.
func sameBut(old charter.Charter, c *charter.Charter) charter.Charter {
	x := *c
	x.Version, x.Supersedes = old.Version, old.Supersedes
	return x
}

// Assent files our assent to what is proposed, named by its hash or the
// beginning of it. It is not taken back.
func (s *Station) Assent(ctx context.Context, by Officer, name, hash string) (DocumentView, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return DocumentView{}, err
	}
	hash = strings.ToLower(strings.ReplaceAll(hash, " ", ""))
	var found []charter.Document
	for _, d := range l.runner.Status().Documents {
		if len(hash) >= 8 && strings.HasPrefix(hex.EncodeToString(d.Hash[:]), hash) {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		return DocumentView{}, parley.Errorf(parley.NotFound, "%d documents on this line have a hash that begins with %q", len(found), hash).
			WithHint("list what is proposed, and give at least 8 digits: parley charter show")
	}
	d := found[0]
	if err := mayAmend(by, d.Kind, "assent"); err != nil {
		return DocumentView{}, err
	}
	if d.InForce {
		return DocumentView{}, parley.Errorf(parley.Conflict, "%s version %d is or was in force already", kindWords[d.Kind], d.Version)
	}
	if err := l.rules().Check(d.Kind, d.Raw); err != nil {
		return DocumentView{}, err
	}
	if err := checkLevels(d.Kind, d.Raw); err != nil {
		return DocumentView{}, err
	}
	return s.assentTo(ctx, l, by, form.NewAssent(d.Kind, d.Raw, false), "assent")
}

// assentTo files an assent that will count, and refuses one that would not.
func (s *Station) assentTo(ctx context.Context, l *liveLine, by Officer, f *form.Assent, act string) (DocumentView, error) {
	l.deciding.Lock()
	defer l.deciding.Unlock()
	docs, r := l.runner.Status().Documents, l.rules()
	if err := l.mayAssent(docs, r, f); err != nil {
		return DocumentView{}, err
	}
	i := slices.IndexFunc(docs, func(d charter.Document) bool { return d.Kind == f.Kind && d.Hash == f.Hash })
	if _, err := l.fileForm(ctx, &form.Header{From: l.officeOf(by), To: l.everyWatch()}, f); err != nil {
		return DocumentView{}, err
	}
	l.noteHuman()
	d := charter.Document{Kind: f.Kind, Hash: f.Hash, Raw: f.Document}
	if i >= 0 {
		d = docs[i]
	} else if err := describe(&d); err != nil {
		return DocumentView{}, err
	}
	v, err := l.documentView(docs, &d, r)
	if err != nil {
		return v, err
	}
	return v, s.audit(by, act, l.id.String(), fmt.Sprintf("%s version %d, %s", v.Kind, v.Version, v.Hash))
}

// mayAssent refuses an assent that would not count, and one that was given
// already: on the record, or waiting to be sent.
func (l *liveLine) mayAssent(docs []charter.Document, r *charter.Rules, f *form.Assent) error {
	if slices.ContainsFunc(l.runner.Status().Logs, func(x line.LogStatus) bool { return x.Unread }) {
		return parley.Errorf(parley.Conflict, "entries that our station holds cannot be read yet: what was assented to in them is not known").
			WithHint("have the officers of the other side confirm the recovery words; then assent")
	}
	filed, err := l.filedForms(f.Name())
	if err != nil {
		return err
	}
	for _, row := range filed {
		v, err := l.view(row)
		if err != nil {
			return err
		}
		if x, ok := v.form.(*form.Assent); ok && x.Kind == f.Kind && x.Hash != r.CharterHash && x.Hash != r.AnnexHash { // not the one that a line begins with
			return parley.Errorf(parley.Conflict, "an assent of our side waits to be sent: nothing was done").WithHint("look again when the line has taken it")
		}
	}
	i := slices.IndexFunc(docs, func(d charter.Document) bool { return d.Kind == f.Kind && d.Hash == f.Hash })
	for _, d := range docs {
		_, ours := d.By[l.us]
		switch {
		case d.Kind != f.Kind || !ours || d.InForce || d.Base != r.CharterHash && d.Base != r.AnnexHash:
		case d.Hash == f.Hash:
			return parley.Errorf(parley.Conflict, "our side has assented to it already")
		case !d.Dead:
			return parley.Errorf(parley.Conflict, "our side has assented to a rival, version %d, that may still come into force: an assent is not taken back", d.Version).
				WithHint("wait for the others; or let them propose one of a higher version, to which our side may then assent")
		case i >= 0 && !outranks(&docs[i], &d):
			return parley.Errorf(parley.Conflict, "our side has assented to a rival that outranks it").
				WithHint("propose it again: it gets a higher version")
		}
	}
	return nil
}

// outranks is the order among rivals (spec/charter.md, Amendment, 4).
func outranks(a, b *charter.Document) bool {
	return a.Version > b.Version || a.Version == b.Version && bytes.Compare(a.Hash[:], b.Hash[:]) < 0
}

// describe fills in what the bytes of a document of ours say.
func describe(d *charter.Document) error {
	d.By = map[parley.PartyCode]parley.Ref{}
	if d.Kind == form.ToAnnex {
		a, err := charter.ParseAnnex(d.Raw)
		if err == nil {
			d.Version, d.Agree, d.Base = a.Version, a.Agree, *a.Supersedes
		}
		return err
	}
	c, err := charter.Parse(d.Raw)
	if err == nil {
		d.Version, d.Agree, d.Base = c.Version, c.Codes(), *c.Supersedes
	}
	return err
}

// SetAddresses tells the others where our side is reached from now on: all of
// it. It needs nobody's consent.
func (s *Station) SetAddresses(ctx context.Context, by Officer, name string, addresses []string) (string, error) {
	if err := seatFor(by, "change our addresses", parley.Administrator); err != nil {
		return "", err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return "", err
	}
	if len(addresses) == 0 {
		return "", parley.Errorf(parley.BadForm, "no address is given").WithHint("an address is quic://HOST:PORT or tls://HOST:PORT")
	}
	for _, a := range addresses {
		if hostPort(a, "quic") == "" && hostPort(a, "tls") == "" {
			return "", parley.Errorf(parley.BadForm, "address %q: want quic://HOST:PORT or tls://HOST:PORT", a)
		}
	}
	n, err := l.fileForm(ctx, &form.Header{From: l.stationOffice(), To: l.everyWatch()}, &form.Annex{Addresses: addresses})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("filed:%d", n), s.audit(by, "own addresses", l.id.String(), strings.Join(addresses, " "))
}
