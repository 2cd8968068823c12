package desktest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/station"
)

// Spoken is a contact that took place, and of which both sides speak.
const Spoken = theirGen + ":70"

// What is said of it, by id.
const (
	OurReadout   = ourGen + ":131"
	TheirReadout = theirGen + ":121"
	TheirEmbargo = theirGen + ":125"
	TheirJoint   = theirGen + ":123"
	TheirEarly   = theirGen + ":124"
)

func textsOf(pairs ...string) (out []station.SaidText) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, station.SaidText{Language: pairs[i], Text: pairs[i+1]})
	}
	return out
}

// spoken fills what is said of a leaders' call of two days ago: both readouts are
// shown, and differ in words, figures and topics.
func (s *Station) spoken() {
	at := s.Now().Add(-50 * time.Hour).Truncate(time.Second)
	began, ended := at.Add(4*time.Minute), at.Add(time.Hour)
	topics := []string{"Energy", "Rescue corridor", "Prisoners"}
	s.Contacting = append(s.Contacting, station.Contact{ID: Spoken, Line: Birch, State: contact.Took, Level: "leader", Medium: "voice", Topics: topics, Parties: []string{"alder", "birch"}, Initiated: []string{"birch"}, Asked: at.Add(-3 * day), Start: at, End: ended,
		Terms: []station.ContactOffer{{ContactTerms: station.ContactTerms{Level: "leader", Medium: "voice", Topics: topics, Zone: "Asia/Shanghai", Windows: []station.ContactWindow{{Start: at, End: ended}}}, ID: Spoken, By: "birch", At: at.Add(-3 * day), Agreed: true}}})
	facts := station.SaidFacts{Initiator: "birch", Start: began, End: ended, Level: "leader", Medium: "voice", People: []station.SaidPerson{{Party: "alder", Name: "A. Alder", Title: "President", Role: "principal"}, {Party: "birch", Name: "王建国", Title: "国家主席", Role: "principal"}, {Party: "alder", Name: "Li" + s.nasty(" <b>"), Role: "interpreter"}}}
	ours := []station.SaidItem{
		{Texts: textsOf("en", "The two leaders spoke by telephone for 56 minutes, at the request of Birch.", "zh", "应百桦方请求，两国领导人通了电话，历时56分钟。")},
		{Topic: "Energy", Texts: textsOf("en", "Both sides confirmed that energy and infrastructure is not a target of either side."+s.nasty(" <script>"), "zh", "双方确认，能源和基础设施不是任何一方的目标。")},
		{Topic: "Rescue corridor", Texts: textsOf("en", "The corridor stays open at all hours. From 12 December 14 barges may pass each day.", "zh", "通道全天开放。自12月12日起，每日可通行14艘驳船。")},
		{Topic: "Prisoners", Texts: textsOf("en", "The President asked for the return of all prisoners.", "zh", "总统要求遣返全部被俘人员。")},
	}
	theirs := []station.SaidItem{
		{Texts: textsOf("en", "The two leaders spoke by telephone for 56 minutes, at the request of Birch.", "zh", "应百桦方请求，两国领导人通了电话，历时56分钟。")},
		{Topic: "Energy", Texts: textsOf("en", "Both sides confirmed that energy infrastructure is not a target of either side."+s.nasty("\u202e"), "zh", "双方确认，能源基础设施不是任何一方的目标。")},
		{Topic: "Rescue corridor", Texts: textsOf("en", "The corridor stays open at all hours. From 21 December 12 barges may pass each day.", "zh", "通道全天开放。自12月21日起，每日可通行12艘驳船。")},
		{Topic: "Fisheries", Texts: textsOf("en", "Fishing boats keep south of the corridor.", "zh", "渔船在通道以南作业。")},
	}
	now := s.Now()
	s.Say = station.Statements{Line: Birch, Contact: Spoken, Us: "alder", Level: "leader", Topics: topics, Parties: []string{"alder", "birch"}, Languages: []string{"en", "zh"}, Record: facts,
		Wordings: []station.SaidWording{{ID: ourGen + ":91", Call: CallWithBirch, Texts: textsOf("en", "Energy infrastructure is not a target of either side.", "zh", "能源基础设施不是任何一方的目标。")}, {ID: ourGen + ":86", Call: RecordedCall, Texts: textsOf("en", "The corridor stays open at all hours.", "zh", "通道全天开放。")}},
		Embargo:  station.SaidEmbargo{ID: ourGen + ":126", Until: now.Add(43 * time.Minute).Truncate(time.Minute), History: []station.EmbargoOffer{{ID: ourGen + ":126", By: "alder", Ours: true, At: now.Add(-26 * time.Hour), Until: now.Add(43 * time.Minute).Truncate(time.Minute), State: "agreed"}}},
		Readout: &station.Readout{Version: 5, State: "approved", Items: ours, Facts: facts, Author: "陈译员", Saved: now.Add(-5 * time.Hour), Reviewer: "Lt Ruiz", Reviewed: now.Add(-4 * time.Hour), Approver: "Envoy Okafor", Approved: now.Add(-3 * time.Hour), Bytes: 900,
			Ready: &station.ReadoutReady{Version: 5, At: now.Add(-150 * time.Minute), By: "Envoy Okafor", ID: ourGen + ":130", Shown: true}},
		Sides: []station.SaidSide{
			{Party: "alder", Ours: true, State: "shown", Ready: ourGen + ":130", At: now.Add(-150 * time.Minute), Drafts: []station.SaidDraft{{SaidStatement: station.SaidStatement{Facts: facts, Items: ours}, ID: OurReadout, Number: 1, At: now.Add(-130 * time.Minute), Current: true, Remarks: []station.SaidRemark{{ID: theirGen + ":122", By: "birch", At: now.Add(-70 * time.Minute), Item: 2, Text: "此处措辞应与双方确认的一致" + s.nasty("<b>") + "。"}}}}},
			{Party: "birch", State: "shown", Ready: theirGen + ":120", At: now.Add(-131 * time.Minute), Drafts: []station.SaidDraft{{SaidStatement: station.SaidStatement{Facts: facts, Items: theirs}, ID: TheirReadout, Number: 1, At: now.Add(-130 * time.Minute), Current: true}}}},
		Joints: []station.JointView{{SaidStatement: station.SaidStatement{Facts: facts, Items: []station.SaidItem{{Texts: textsOf("en", "Energy infrastructure is not a target of either side. The corridor stays open at all hours.", "zh", "能源基础设施不是任何一方的目标。通道全天开放。")}}}, ID: TheirJoint, By: "birch", At: now.Add(-20 * time.Minute), Text: "建议只发布这两句。", State: "open",
			Signatures: []station.JointSignature{{Party: "birch", ID: TheirJoint, At: now.Add(-20 * time.Minute)}, {Party: "alder"}}, MaySign: true, MayRefuse: true}}}
}

// SayNothing is the contact before anybody wrote a word of it.
func (s *Station) SayNothing() {
	v := &s.Say
	v.Readout, v.Joints, v.Wordings, v.Embargo = nil, nil, nil, station.SaidEmbargo{}
	for i := range v.Sides {
		v.Sides[i] = station.SaidSide{Party: v.Sides[i].Party, Ours: v.Sides[i].Ours, State: "none"}
	}
}

// SayReady lets our side be ready and Birch not: nothing is shown.
func (s *Station) SayReady() {
	v := &s.Say
	v.Joints = nil
	if v.Readout.Ready != nil {
		v.Readout.Ready.Shown = false
	}
	v.Sides[0].State, v.Sides[0].Drafts = "ready", nil
	v.Sides[1] = station.SaidSide{Party: "birch", State: "none"}
}

// SayDrafted puts our readout back to where somebody else is to approve it.
func (s *Station) SayDrafted(state string) {
	s.SayReady()
	v := &s.Say
	v.Readout.Ready, v.Readout.State, v.Readout.Approver = nil, state, ""
	v.Readout.MayApprove = state == "reviewed"
	if state == "drafted" {
		v.Readout.Reviewer, v.Readout.MayReview = "", true
	}
	v.Sides[0] = station.SaidSide{Party: "alder", Ours: true, State: "none"}
}

// SayOwes lets Birch be ready and not show, though ours is there.
func (s *Station) SayOwes() {
	x := &s.Say.Sides[1]
	x.State, x.Since, x.Drafts = "owes", s.Now().Add(-130*time.Minute), nil
	s.Say.Joints = nil
}

// SayEarly lets Birch publish before the embargo ends.
func (s *Station) SayEarly() {
	x := s.Say.Sides[1].Drafts[0]
	at := s.Now().Add(-3 * time.Minute).Truncate(time.Second)
	s.Say.Published = append(s.Say.Published, station.PublishedView{SaidStatement: x.SaidStatement, ID: TheirEarly, By: "birch", At: at, Entered: at, Kind: "readout", Where: "https://birch.example/通报" + s.nasty("<i>"), Early: s.Say.Embargo.Until, Proofs: []string{TheirEarly}})
}

// SayJoint lets the joint statement stand.
func (s *Station) SayJoint() {
	j := &s.Say.Joints[0]
	j.State, j.MaySign, j.MayRefuse, j.MayPublish = "joint", false, false, true
	j.Signatures[1] = station.JointSignature{Party: "alder", ID: ourGen + ":133", At: s.Now().Add(-9 * time.Minute), Read: []string{"birch"}}
	j.Signatures[0].Read = []string{"alder"}
}

// Statements is what is said of a contact; of others than Spoken nothing is.
func (s *Station) Statements(_ context.Context, _ station.Officer, line, id string) (station.Statements, error) {
	s.Lock()
	defer s.Unlock()
	if _, err := s.line(line); err != nil {
		return station.Statements{}, err
	}
	if id == Spoken {
		v := s.Say
		if v.Readout != nil {
			o := *v.Readout
			v.Readout = &o
		}
		return v, nil
	}
	return station.Statements{Line: line, Contact: id, Us: "alder", Parties: []string{"alder", "birch"}, Languages: []string{"en", "zh"}, Sides: []station.SaidSide{{Party: "alder", Ours: true, State: "none"}, {Party: "birch", State: "none"}}}, nil
}

// StatementsInShort is the same: nothing counts as read here.
func (s *Station) StatementsInShort(ctx context.Context, by station.Officer, line, id string) (station.Statements, error) {
	return s.Statements(ctx, by, line, id)
}

// readout is ours, in the version that the caller saw.
func (s *Station) readout(name string, version int64) (*station.Readout, error) {
	if err := s.Fail[name]; err != nil {
		return nil, err
	}
	o := s.Say.Readout
	if o == nil && version == 0 {
		o = &station.Readout{}
		s.Say.Readout = o
	}
	if o == nil || o.Version != version {
		return nil, parley.Errorf(parley.Conflict, "our readout has another version than %d", version)
	}
	return o, nil
}

// SaveReadout keeps what was typed, unless somebody else did since.
func (s *Station) SaveReadout(_ context.Context, by station.Officer, line, id string, version int64, items []station.SaidItem) (station.Readout, error) {
	s.Lock()
	defer s.Unlock()
	o, err := s.readout("SaveReadout", version)
	if err != nil {
		return station.Readout{}, err
	}
	o.Version, o.State, o.Items, o.Author, o.Saved, o.Reviewer, o.Approver = o.Version+1, "drafted", items, by.Name, s.Now(), "", ""
	o.MayReview, o.MayApprove = false, false
	s.did("SaveReadout %s v%d %s", id, o.Version, itemsSaid(items))
	s.Tell("draft", line, "")
	return *o, nil
}

func itemsSaid(items []station.SaidItem) string {
	var out []string
	for _, it := range items {
		for _, t := range it.Texts {
			out = append(out, it.Topic+"/"+t.Language+": "+t.Text)
		}
		if len(it.Texts) == 0 {
			out = append(out, it.Topic)
		}
	}
	return strings.Join(out, " | ")
}

// step does one step with our readout.
func (s *Station) step(name string, line string, version int64, do func(o *station.Readout)) (station.Readout, error) {
	s.Lock()
	defer s.Unlock()
	o, err := s.readout(name, version)
	if err != nil {
		return station.Readout{}, err
	}
	do(o)
	s.did("%s v%d", name, version)
	s.Tell("draft", line, "")
	return *o, nil
}

// ReviewReadout notes it.
func (s *Station) ReviewReadout(_ context.Context, by station.Officer, line, _ string, version int64) (station.Readout, error) {
	return s.step("ReviewReadout", line, version, func(o *station.Readout) {
		o.State, o.Reviewer, o.Reviewed, o.MayReview, o.MayApprove = "reviewed", by.Name, s.Now(), false, true
	})
}

// ApproveReadout notes it.
func (s *Station) ApproveReadout(_ context.Context, by station.Officer, line, _ string, version int64) (station.Readout, error) {
	return s.step("ApproveReadout", line, version, func(o *station.Readout) {
		o.State, o.Approver, o.Approved, o.MayApprove, o.Facts = "approved", by.Name, s.Now(), false, s.Say.Record
	})
}

// ReturnReadout notes it.
func (s *Station) ReturnReadout(_ context.Context, _ station.Officer, line, _ string, version int64, note string) (station.Readout, error) {
	return s.step("ReturnReadout", line, version, func(o *station.Readout) { o.State, o.Note, o.Reviewer = "drafted", note, "" })
}

// ReadyReadout binds our side; Birch is not ready yet.
func (s *Station) ReadyReadout(_ context.Context, by station.Officer, line, _ string, version int64, manual bool, named ...station.NamedQuote) (string, error) {
	if err := s.quotesOurs(named); err != nil {
		return "", err
	}
	_, err := s.step("ReadyReadout", line, version, func(o *station.Readout) {
		o.Ready = &station.ReadoutReady{Version: version, At: s.Now(), By: by.Name, Manual: manual, ID: ourGen + ":130"}
		s.Say.Sides[0].State, s.Say.Sides[0].At, s.Say.Sides[0].Ready = "ready", s.Now(), ourGen+":130"
	})
	return "filed:9", err
}

// ShowReadout notes it.
func (s *Station) ShowReadout(_ context.Context, by station.Officer, line, id string, version int64, named ...station.NamedQuote) (string, error) {
	if err := s.quotesOurs(named); err != nil {
		return "", err
	}
	return s.arrange("ShowReadout", by, line, version)
}

// RemarkOnDraft notes it.
func (s *Station) RemarkOnDraft(_ context.Context, by station.Officer, line, _, draft string, item int, text string, named ...station.NamedQuote) (string, error) {
	if err := s.quotesOurs(named); err != nil {
		return "", err
	}
	return s.arrange("RemarkOnDraft", by, line, draft, item, text)
}

// ProposeEmbargo notes it.
func (s *Station) ProposeEmbargo(_ context.Context, by station.Officer, line, _ string, until time.Time, text, before string) (string, error) {
	return s.arrange("ProposeEmbargo", by, line, until.UTC().Format(time.RFC3339), text, before)
}

// JudgeEmbargo notes it, and lets what was agreed stand.
func (s *Station) JudgeEmbargo(_ context.Context, by station.Officer, line, _, id, step, text string) (string, error) {
	s.Lock()
	for _, o := range s.Say.Embargo.Open {
		if o.ID == id && step == "agree" {
			s.Say.Embargo = station.SaidEmbargo{ID: id, Until: o.Until}
		}
	}
	s.Unlock()
	return s.arrange("JudgeEmbargo", by, line, id, step, text)
}

// ProposeJoint notes it.
func (s *Station) ProposeJoint(_ context.Context, by station.Officer, line, _ string, items []station.SaidItem, text, before string, named ...station.NamedQuote) (string, error) {
	if err := s.quotesOurs(named); err != nil {
		return "", err
	}
	return s.arrange("ProposeJoint", by, line, itemsSaid(items), text, before)
}

// JudgeJoint notes it.
func (s *Station) JudgeJoint(_ context.Context, by station.Officer, line, _, id, step, text string) (string, error) {
	s.Lock()
	for i := range s.Say.Joints {
		if j := &s.Say.Joints[i]; j.ID == id && step == "sign" {
			j.State, j.MaySign, j.MayRefuse, j.MayWithdraw, j.MayOpen = "signed", false, false, true, true
			j.Signatures[1] = station.JointSignature{Party: "alder", ID: ourGen + ":133", At: s.Now()}
		}
	}
	s.Unlock()
	return s.arrange("JudgeJoint", by, line, id, step, text)
}

// OpenJoint notes it.
func (s *Station) OpenJoint(_ context.Context, by station.Officer, line, _, id string) error {
	_, err := s.arrange("OpenJoint", by, line, id)
	return err
}

// Hushed is what the fake names the memcon that words of ours quote.
const Hushed = "memcon-0a1b2c3d4e5f"

// quotesOurs refuses what quotes a memcon, unless that is named with a reason.
func (s *Station) quotesOurs(named []station.NamedQuote) error {
	s.Lock()
	defer s.Unlock()
	if !s.Quoting {
		return nil
	}
	for _, n := range named {
		if n.Of == Hushed && n.Why != "" {
			s.did("named %s: %s", n.Of, n.Why)
			return nil
		}
	}
	return &station.Quoting{Quotes: []station.SaidQuote{{Of: Hushed, Ours: true}}, Err: parley.Errorf(parley.NotAllowed, "it quotes %s, which is of our side only", Hushed)}
}

// QuotesIn finds the words that the fake is told are not released.
func (s *Station) QuotesIn(_ context.Context, _ station.Officer, _, _ string, _ int64) (out []station.SaidQuote, err error) {
	s.Lock()
	defer s.Unlock()
	if s.Say.Readout == nil {
		return nil, nil
	}
	for i, it := range s.Say.Readout.Items {
		for _, t := range it.Texts {
			if at := strings.Index(t.Text, s.Secret); s.Secret != "" && at >= 0 {
				out = append(out, station.SaidQuote{Of: theirGen + ":40", What: "dispatch 0040 <b>", Item: i + 1, Lang: t.Language, From: at, To: at + len(s.Secret), Words: s.Secret})
			}
		}
	}
	if s.Quoting {
		out = append(out, station.SaidQuote{Of: Hushed, Ours: true})
	}
	return out, nil
}

// Publish refuses what an embargo or a quotation forbids, unless a reason is given.
func (s *Station) Publish(ctx context.Context, by station.Officer, line, id string, in station.PublishText) (string, error) {
	if e := s.Say.Embargo; s.Now().Before(e.Until) && in.Insist == "" {
		return "", parley.Errorf(parley.NotAllowed, "an embargo stands until %s", parley.DTG(e.Until)).WithHint("wait until then, or say why it must be published before")
	}
	if s.Secret != "" && len(in.Named) == 0 {
		return "", parley.Errorf(parley.NotAllowed, "it quotes what is not released")
	}
	kind := "readout"
	if in.Joint != "" {
		kind = "joint"
	}
	return s.arrange("Publish", by, line, kind, in.Joint+in.Corrects, in.Version, in.Where, in.Insist, fmt.Sprint(in.Named))
}

// PublicPage is a page of a few words.
func (s *Station) PublicPage(_ context.Context, _ station.Officer, _, item, lang string) (string, []byte, error) {
	if item != TheirEarly {
		return "", nil, parley.Errorf(parley.NotFound, "nothing was published by %s", item)
	}
	return "birch-124." + lang + ".html", []byte("<!doctype html><title>Birch</title>"), nil
}
