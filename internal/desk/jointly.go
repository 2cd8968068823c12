package desk

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"parley"
	"parley/internal/station"
)

// jointPage writes a joint statement: equal texts that both sides sign. What is
// typed is shown as it will be signed before it is.
type jointPage struct {
	Line    station.Line
	Contact station.Contact
	S       station.Statements
	Tongues []string
	Items   []station.SaidItem
	Instead string               // the proposal whose place it takes
	Text    string               // to the other side, beside the statement
	Named   []station.NamedQuote // what it quotes and was refused for, with the reasons typed
	Look    bool                 // it is shown as it will be signed
	More    int
	Problem *problem
}

// Action is where the form goes.
func (p *jointPage) Action() string { return contactURL(p.Line.Key, p.Contact.ID) + "/joint" }

// Rows are the topics of the form.
func (p *jointPage) Rows() []draftRow { return rowsFor(p.Items, p.S.Topics, spareRows+p.More) }

func (d *desk) jointPage(r *http.Request, s *seat) (*jointPage, error) {
	if !(&frame{Seat: s}).SpeaksForUs() {
		return nil, errHidden
	}
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &jointPage{Line: l}
	if p.Contact, err = d.st.Contact(r.Context(), s.officer, l.Key, r.PathValue("id")); err != nil {
		return nil, err
	}
	if p.S, err = d.st.Statements(r.Context(), s.officer, l.Key, p.Contact.ID); err != nil {
		return nil, err
	}
	p.Tongues = tongues(p.S)
	return p, nil
}

// begin fills the form with what it begins from: a proposal, the readout of a side,
// or the confirmed wordings.
func (p *jointPage) begin(from string) {
	for _, j := range p.S.Joints {
		if j.ID == from {
			p.Items, p.Instead = j.Items, j.ID
			return
		}
	}
	for _, x := range p.S.Sides {
		if d := current(x); d != nil && x.Party == from {
			p.Items = d.Items
			return
		}
	}
	for _, w := range p.S.Wordings {
		p.add(station.SaidItem{Texts: slices.Clone(w.Texts)})
	}
}

// add puts a text under the topic it has, after what stands there.
func (p *jointPage) add(it station.SaidItem) {
	i := slices.IndexFunc(p.Items, func(x station.SaidItem) bool { return sameTopic(x.Topic, it.Topic) })
	if i < 0 {
		p.Items = append(p.Items, it)
		return
	}
	for _, t := range it.Texts {
		for k := range p.Items[i].Texts {
			if p.Items[i].Texts[k].Language == t.Language {
				p.Items[i].Texts[k].Text += "\n\n" + t.Text
			}
		}
	}
}

func (d *desk) joint(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.jointPage(r, s)
	if err != nil {
		return err
	}
	p.begin(r.URL.Query().Get("from"))
	d.render(w, r, s, "joint", p)
	return nil
}

// sendJoint shows what will be signed, goes back to writing, or signs and sends it.
func (d *desk) sendJoint(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	p, err := d.jointPage(r, s)
	if err != nil {
		return err
	}
	p.Items, p.Instead, p.Text, p.Named = itemsOf(r), r.PostForm.Get("instead"), field(r, "text"), named(r)
	switch r.PostForm.Get("then") {
	case "more":
		p.More = 2
	case "edit":
	case "sign":
		if _, err = d.st.ProposeJoint(r.Context(), s.officer, p.Line.Key, p.Contact.ID, p.Items, p.Text, p.Instead, p.Named...); err == nil {
			return done(w, r, sayingURL(p.Line.Key, p.Contact.ID), "saying_joint")
		}
	default:
		p.Look = true
		err = unequal(p.Items)
	}
	status := http.StatusOK
	if err != nil {
		p.Problem, p.Look, p.Named = problemOf(err), false, toName(p.Named, err)
		if status = p.Problem.Status; status >= http.StatusInternalServerError {
			return err
		}
	}
	d.renderStatus(w, r, s, status, "joint", "title.joint", p)
	return nil
}

// named are the things quoted that a form names, with why each may leave: what is
// quoted by now may be something else.
func named(r *http.Request) (out []station.NamedQuote) {
	for n := range mostNamed {
		of := r.PostForm.Get(fmt.Sprint("of-", n))
		if of == "" {
			return out
		}
		out = append(out, station.NamedQuote{Of: of, Why: field(r, fmt.Sprint("because-", n))})
	}
	return out
}

// mostNamed bounds what a form names.
const mostNamed = 256

// toName adds to what was named already what an act was refused for.
func toName(had []station.NamedQuote, err error) []station.NamedQuote {
	var q *station.Quoting
	if !errors.As(err, &q) {
		return had
	}
	for _, x := range q.Quotes {
		if len(had) < mostNamed && !slices.ContainsFunc(had, func(n station.NamedQuote) bool { return n.Of == x.Of }) {
			had = append(had, station.NamedQuote{Of: x.Of})
		}
	}
	return had
}

// unequal says what keeps the texts of a joint statement from being equal in every
// language; the station has the last word.
func unequal(items []station.SaidItem) error {
	if len(items) == 0 {
		return parley.Errorf(parley.BadForm, "a joint statement has a text")
	}
	for _, it := range items {
		if len(it.Texts) != len(items[0].Texts) || len(it.Texts) == 0 {
			return parley.Errorf(parley.BadForm, "a joint statement has the same languages in every part: one of them lacks a text").WithHint("write the text that is missing, or take the others out")
		}
		for i := range it.Texts {
			if it.Texts[i].Language != items[0].Texts[i].Language {
				return parley.Errorf(parley.BadForm, "a joint statement has the same languages in every part: one of them lacks a text").WithHint("write the text that is missing, or take the others out")
			}
		}
	}
	return nil
}

// publishPage shows exactly what will be signed as published, and what stands in
// the way.
type publishPage struct {
	Line    station.Line
	Contact station.Contact
	S       station.Statements
	In      station.PublishText
	Facts   station.SaidFacts
	Items   []station.SaidItem
	Quotes  []station.SaidQuote // of what is not released
	Look    bool                // the second look
	Problem *problem
}

// Seen names the text that the page shows: what is posted names the one that was
// read, and no other is published for it.
func (p *publishPage) Seen() string {
	b, err := json.Marshal(station.SaidStatement{Facts: p.Facts, Items: p.Items})
	if err != nil { // only plain values are in it
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

// Action is where the form goes.
func (p *publishPage) Action() string { return contactURL(p.Line.Key, p.Contact.ID) + "/publish" }

// Embargoed reports whether an embargo is agreed that has not ended.
func (p *publishPage) Embargoed() bool { return !p.S.Embargo.Until.IsZero() && !p.S.Embargo.Over }

// Kind is what is published.
func (p *publishPage) Kind() string {
	if p.In.Joint != "" {
		return "joint"
	}
	return "readout"
}

// publishPage finds what is to be published; the error says why it cannot be.
func (d *desk) publishPage(r *http.Request, s *seat, in station.PublishText) (*publishPage, error) {
	if !(&frame{Seat: s}).SpeaksForUs() {
		return nil, errHidden
	}
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &publishPage{Line: l, In: in}
	if p.Contact, err = d.st.Contact(r.Context(), s.officer, l.Key, r.PathValue("id")); err != nil {
		return nil, err
	}
	if p.S, err = d.st.Statements(r.Context(), s.officer, l.Key, p.Contact.ID); err != nil {
		return nil, err
	}
	if p.S.Exercise != "" {
		return nil, errHidden
	}
	if err := p.find(); err != nil {
		p.Problem = problemOf(err)
		return p, nil
	}
	if p.In.Joint == "" { // what stands jointly may be quoted
		p.Quotes, err = d.st.QuotesIn(r.Context(), s.officer, l.Key, p.Contact.ID, p.In.Version)
	}
	return p, err
}

// find takes up what will be signed.
func (p *publishPage) find() error {
	if p.In.Joint != "" {
		i := slices.IndexFunc(p.S.Joints, func(j station.JointView) bool { return j.ID == p.In.Joint })
		if i < 0 {
			return errHidden
		}
		p.Facts, p.Items = p.S.Joints[i].Facts, p.S.Joints[i].Items
		if p.S.Joints[i].State != "joint" {
			return parley.Errorf(parley.Conflict, "the joint statement does not stand: it may still be withdrawn").WithHint("it stands when both sides have signed, and each has read the signature of the other")
		}
		return nil
	}
	o := p.S.Readout
	if o == nil || o.State != "approved" {
		return parley.Errorf(parley.Conflict, "our readout is not approved").WithHint("what is published is exactly what was approved")
	}
	p.Facts, p.Items = o.Facts, o.Items
	if p.In.Version == 0 {
		p.In.Version = o.Version
	}
	if p.In.Version != o.Version {
		return parley.Errorf(parley.Conflict, "our readout has version %d, you saw %d", o.Version, p.In.Version)
	}
	return nil
}

func (d *desk) publishForm(w http.ResponseWriter, r *http.Request, s *seat) error {
	q := r.URL.Query()
	p, err := d.publishPage(r, s, station.PublishText{Joint: q.Get("joint"), Corrects: q.Get("corrects")})
	if err != nil {
		return err
	}
	d.showPublish(w, r, s, p)
	return nil
}

func (d *desk) showPublish(w http.ResponseWriter, r *http.Request, s *seat, p *publishPage) {
	status := http.StatusOK
	if p.Problem != nil {
		status = p.Problem.Status
	}
	d.renderStatus(w, r, s, status, "publish", "title.publish", p)
}

// publish looks a second time, and then signs.
func (d *desk) publish(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	version, err := versionOf(r)
	if err != nil {
		return err
	}
	in := station.PublishText{Joint: r.PostForm.Get("joint"), Corrects: r.PostForm.Get("corrects"), Where: field(r, "where"), Text: field(r, "text"), Insist: field(r, "insist"), Version: version}
	p, err := d.publishPage(r, s, in)
	if err != nil {
		return err
	}
	then := r.PostForm.Get("then")
	p.In.Named = named(r)
	if seen := r.PostForm.Get("seen"); p.Problem == nil && seen != p.Seen() {
		p.Problem = problemOf(parley.Errorf(parley.Conflict, "the text is another than the one that you read").WithHint("read it again"))
		then = "edit"
	}
	if p.Problem == nil && then == "publish" {
		err := sure(r)
		if err == nil {
			_, err = d.st.Publish(r.Context(), s.officer, p.Line.Key, p.Contact.ID, p.In)
		}
		if err == nil {
			return done(w, r, sayingURL(p.Line.Key, p.Contact.ID), "saying_publish")
		}
		if p.Problem = problemOf(err); p.Problem.Status >= http.StatusInternalServerError {
			return err
		}
	}
	p.Look = len(p.Items) > 0 && then != "edit"
	d.showPublish(w, r, s, p)
	return nil
}

// sure is the error where nobody ticked that the text was read.
func sure(r *http.Request) error {
	if r.PostForm.Get("sure") == "yes" {
		return nil
	}
	return parley.Errorf(parley.BadForm, "it is not confirmed that the text was read").WithHint("tick that you have read it")
}

// Asked are the quotations that the form asks a reason for: of each thing that is
// quoted the first.
func (p *publishPage) Asked() (out []station.SaidQuote) {
	for _, q := range p.Quotes {
		if len(out) < mostNamed && !slices.ContainsFunc(out, func(x station.SaidQuote) bool { return x.Of == q.Of }) {
			out = append(out, q)
		}
	}
	return out
}

// Why is the reason that was given for one thing that is quoted.
func (p *publishPage) Why(of string) string {
	for _, n := range p.In.Named {
		if n.Of == of {
			return n.Why
		}
	}
	return ""
}

// publicPage hands out the page that the public is given.
func (d *desk) publicPage(w http.ResponseWriter, r *http.Request, s *seat) error {
	name, page, err := d.st.PublicPage(r.Context(), s.officer, r.PathValue("line"), r.PathValue("id"), d.bookFor(r).Lang)
	if err != nil {
		return err
	}
	sendFile(w, name, "text/html; charset=utf-8")
	_, _ = w.Write(page) // the reader has gone: nobody to tell
	return nil
}
