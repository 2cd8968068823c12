package desk_test

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

const (
	spokenOf = birch + "/contact/" + desktest.Spoken
	said     = spokenOf + "/said"
	joint    = spokenOf + "/joint"
	publish  = spokenOf + "/publish"
)

// TestSayingStates: the page of what is said, and the section of the contact's file,
// say in every state what is so.
func TestSayingStates(t *testing.T) {
	for _, c := range []struct {
		name  string
		state func(*desktest.Station)
		page  []string // of the page
		file  []string // of the contact's file
	}{
		{"nothing", (*desktest.Station).SayNothing, []string{"none agreed", "Nothing is written yet", "No wording was confirmed", "No joint statement was proposed", "nothing yet", "!id=\"marks\"", "!Publish ours"}, []string{"none agreed", "Asked for by", "per the record"}},
		{"drafted", func(s *desktest.Station) { s.SayDrafted("drafted") }, []string{"drafted", "OUR SIDE ONLY", "Reviewed: it may go on", "!Approve exactly", "!>READY</button>", "any change puts it back"}, []string{"drafted", "OUR SIDE ONLY"}},
		{"reviewed", func(s *desktest.Station) { s.SayDrafted("reviewed") }, []string{"Approve exactly this text", "Return with a note", "!Reviewed: it may go on"}, nil},
		{"approved", func(s *desktest.Station) { s.SayDrafted("approved"); s.Say.Readout.Approver = "Envoy Okafor" }, []string{">READY</button>", "READY binds our side to this text", "Neither side sees the other’s first", "Publish ours", "Envoy Okafor"}, []string{"Publish ours"}},
		{"ready", (*desktest.Station).SayReady, []string{"READY, not shown", "Neither side sees the other’s first", "!id=\"beside\"", "!>READY</button>"}, []string{"READY, not shown"}},
		{"held", func(s *desktest.Station) { s.SayReady(); s.Say.Readout.Ready.Manual = true }, []string{"Show ours now"}, nil},
		{"down", func(s *desktest.Station) { s.SayReady(); s.LineList[0].Lamp.State = station.LampDown }, []string{"not yet here", "the line is down"}, []string{"not yet here"}},
		{"ours alone", (*desktest.Station).SayOwes, []string{"READY, but not shown", "Their draft is not yet here", "though bound, is not shown"}, []string{"READY, but not shown"}},
		{"not bound", func(s *desktest.Station) {
			s.SayOwes()
			s.Say.Sides[1].Drafts = []station.SaidDraft{{ID: "x:1", Fault: "not-bound"}}
		}, []string{"not what its READY was made over"}, nil},
		{"both shown", nil, []string{"What differs", "only one side mentions it", "Prisoners", "Fisheries", "confirmed wording is changed", `class="lit"`, `id="mark-1"`, "ON THE RECORD", "42 min left", "此处措辞应与双方确认的一致&lt;b&gt;", "⟦U+202E⟧", "&lt;script&gt;", "!<script>", `href="#mark-2"`},
			[]string{"reworded", "differences", "42 min left", "能源基础设施不是任何一方的目标"}},
		{"facts differ", func(s *desktest.Station) { s.Say.Sides[1].Drafts[0].Differs = []string{"initiator", "end"} }, []string{"This statement says otherwise than the record", "who asked for it", "when it ended"}, nil},
		{"early", (*desktest.Station).SayEarly, []string{"PUBLISHED BEFORE THE EMBARGO ENDED", "Published at", "Embargo until", "231409Z NOV 26", "231455Z NOV 26", "data-early", "https://birch.example/通报&lt;i&gt;", "/public", "Proof file"}, []string{"PUBLISHED BEFORE THE EMBARGO ENDED", "231409Z NOV 26", "231455Z NOV 26", "EARLY"}},
		{"crossed", func(s *desktest.Station) {
			s.SayEarly()
			x := &s.Say.Published[0]
			x.Crossed, x.Early = x.Early, x.Crossed
		}, []string{"did not know yet", "this is no breach"}, nil},
		{"embargo asked", func(s *desktest.Station) {
			s.Say.Embargo = station.SaidEmbargo{Open: []station.EmbargoOffer{{ID: desktest.TheirEmbargo, By: "birch", Until: start.Add(3 * 3600e9), State: "open", Text: "好 <b>", Waits: []string{"alder"}, Asked: true}}}
		}, []string{"Agree for our side", "Refuse", "好 &lt;b&gt;", "waits for us"}, []string{"waits for us", "proposes: until"}},
		{"embargo over", func(s *desktest.Station) { s.Say.Embargo.Until, s.Say.Embargo.Over = start.Add(-3600e9), true }, []string{"over since"}, nil},
		{"too long", func(s *desktest.Station) { s.Say.Readout.Over = 1234; s.Say.Readout.Stale = true }, []string{"1234 bytes too long", "approve it again"}, nil},
		{"joint open", nil, []string{"OPEN", "Sign for our side", "Refuse this text", "has not signed", "建议只发布这两句", "!Publish the joint statement"}, []string{"OPEN", "waits for us"}},
		{"joint signed", func(s *desktest.Station) {
			j := &s.Say.Joints[0]
			j.State, j.MaySign, j.MayRefuse, j.MayWithdraw, j.MayOpen = "signed", false, false, true, true
		}, []string{"SIGNED, not yet for good", "We have read the signatures", "Withdraw our signature", "nobody may publish it"}, nil},
		{"joint", (*desktest.Station).SayJoint, []string{"JOINT", "stands for good", "read by Alder", "Publish the joint statement", "!Sign for our side"}, []string{"JOINT"}},
		{"joint withdrawn", func(s *desktest.Station) {
			j := &s.Say.Joints[0]
			j.State, j.MaySign, j.MayRefuse, j.Crossed, j.Off = "withdrawn", false, false, true, &station.JointOff{By: "birch", Step: "withdrawn", Text: "不 <i>"}
		}, []string{"WITHDRAWN", "withdrawn by", "不 &lt;i&gt;", "before its signer knew", "Propose another text instead"}, nil},
		{"joint refused", func(s *desktest.Station) {
			j := &s.Say.Joints[0]
			j.State, j.MaySign, j.MayRefuse, j.Off = "refused", false, false, &station.JointOff{By: "alder", Step: "refused"}
			j.Late = []station.JointOff{{By: "birch", Step: "withdrawn"}}
		}, []string{"REFUSED", "refused by", "it changes nothing"}, nil},
		{"exercise", func(s *desktest.Station) { s.SayJoint(); s.Say.Exercise = "QUIET" }, []string{"Nothing of an exercise is published", "panel-drill", "!Publish ours", "!Publish the joint"}, []string{"Nothing of an exercise is published", "!Publish ours"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := envoy(t)
			if c.state != nil {
				c.state(b.st)
			}
			b.get(said).want(t, 200, c.page...)
			b.get(spokenOf).want(t, 200, c.file...)
			for _, lang := range []string{"zh", "ar"} {
				b.cookies["parley-alder-lang"] = lang
				if got := regexp.MustCompile(`>\s*(saying|contact|field|title)\.[a-z_.-]+|<no value>`).FindAllString(b.get(said).want(t, 200).body, -1); got != nil {
					t.Errorf("%s: words are missing: %q", lang, got)
				}
			}
			if strings.Contains(b.log.String(), "level=ERROR") {
				t.Errorf("log: %s", b.log)
			}
		})
	}
	// A contact that nobody spoke of yet says nothing of it.
	envoy(t).get(theirAsk).want(t, 200, "!id=\"saying\"")
}

// TestSayingActs: each act reaches the station as it was meant, and what is refused
// says why and keeps what was typed.
func TestSayingActs(t *testing.T) {
	b := envoy(t)
	b.st.SayDrafted("drafted")
	b.st.Say.Embargo = station.SaidEmbargo{Open: []station.EmbargoOffer{{ID: desktest.TheirEmbargo, By: "birch", Until: start.Add(3 * 3600e9), State: "open", Asked: true}}}
	b.post(said+"/review", "version", "4").want(t, 409)
	for _, x := range [][]string{
		{"review", "ReviewReadout v5", "version", "5"}, {"approve", "ApproveReadout v5", "version", "5"}, {"ready", "ReadyReadout v5", "version", "5"}, {"show", "ShowReadout 5", "version", "5"},
		{"embargo", "ProposeEmbargo 2026-11-23T20:00:00Z Both home " + desktest.TheirEmbargo, "until", "2026-11-23T21:00", "zone", "Europe/Paris", "text", "Both home", "about", desktest.TheirEmbargo},
		{"embargo-answer", "JudgeEmbargo " + desktest.TheirEmbargo + " agree", "about", desktest.TheirEmbargo, "step", "agree"},
		{"remark", "RemarkOnDraft " + desktest.TheirReadout + " 2 Not so", "about", desktest.TheirReadout, "item", "2", "text", "Not so"},
		{"joint-answer", "JudgeJoint " + desktest.TheirJoint + " refuse No", "about", desktest.TheirJoint, "step", "refuse", "text", "No"},
		{"joint-answer", "JudgeJoint " + desktest.TheirJoint + " sign", "about", desktest.TheirJoint, "step", "sign", "sure", "yes"},
		{"joint-answer", "OpenJoint " + desktest.TheirJoint, "about", desktest.TheirJoint, "step", "open"},
	} {
		b.post(said+"/"+x[0], x[2:]...).to(t, said+"?said=saying_"+x[0])
		if !b.st.Did(x[1]) {
			t.Errorf("the station did %q, want %q", b.st.Calls[len(b.st.Calls)-1], x[1])
		}
	}
	n := len(b.st.Calls)
	b.post(said+"/embargo", "until", "", "zone", "UTC", "text", "Kept <i>").want(t, 422, "it is not said until when", "Kept &lt;i&gt;", `id="embargo-propose" open`)
	b.post(said+"/embargo", "until", "2026-11-23T21:00", "zone", "Nowhere").want(t, 422, "there is no time zone")
	b.post(said+"/joint-answer", "about", desktest.TheirJoint, "step", "sign").want(t, 422, "it is not confirmed that the text was read")
	b.post(said+"/joint-answer", "about", desktest.TheirJoint).want(t, 422, "not chosen")
	b.post(said+"/remark", "item", "-1", "text", "x").want(t, 400)
	b.post(said+"/ready").want(t, 400, "names no version")
	b.post(said+"/leap").want(t, 404)
	if len(b.st.Calls) != n {
		t.Errorf("refused acts did %q", b.st.Calls[n:])
	}
	// The watch writes and reads; it binds nobody.
	w := watch(t)
	w.get(said).want(t, 200, `id="compose"`, "!Propose an embargo", "!Sign for our side", "!Publish ours")
	w.get(joint).want(t, 404)
	w.get(publish).want(t, 404)
}

// typing is what the form of our readout sends.
func typing(version string, more ...string) []string {
	in := []string{"version", version, "officer", "2", "tongues", "en zh", "text-0-en", "", "text-0-zh", "", "topic-1", "Energy", "given-1", "yes", "text-1-en", "No target. ", "text-1-zh", "", "topic-2", "Rescue corridor", "given-2", "yes", "topic-3", "New <b>"}
next:
	for i := 0; i < len(more); i += 2 {
		for k := 0; k < len(in); k += 2 {
			if in[k] == more[i] {
				in[k+1] = more[i+1]
				continue next
			}
		}
		in = append(in, more[i], more[i+1])
	}
	return in
}

// TestReadoutIsKept: what is typed is kept as it is typed; who typed over an older
// version sees what differs, and then saves over it if he means to.
func TestReadoutIsKept(t *testing.T) {
	b := envoy(t)
	saveJSON := func(fields []string) (a answer, v map[string]any) {
		t.Helper()
		q := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			q.Set(fields[i], fields[i+1])
		}
		r := httptest.NewRequest("POST", said+"/save", strings.NewReader(q.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Accept", "application/json")
		a = b.do(r)
		if err := json.Unmarshal([]byte(a.body), &v); err != nil {
			t.Fatalf("%v: %s", err, a.body)
		}
		return a, v
	}
	_, v := saveJSON(typing("5"))
	if side, _ := v["side"].(string); v["version"] != 6.0 || !strings.Contains(side, `id="side"`) || !strings.Contains(side, "Envoy Okafor") {
		t.Errorf("saved: %v", v)
	}
	if want := "SaveReadout " + desktest.Spoken + " v6 Energy/en: No target. | New <b>"; !b.st.Did(want) {
		t.Errorf("the station did %q, want %q", b.st.Calls, want)
	}
	// Somebody else saved since.
	b.st.Say.Readout.Version++
	b.st.Say.Readout.Items = []station.SaidItem{{Topic: "Energy", Texts: []station.SaidText{{Language: "en", Text: "No lawful target."}}}}
	b.st.Say.Readout.Author = "Lt Ruiz"
	a, v := saveJSON(typing("6"))
	if a.StatusCode != 409 || v["version"] != 7.0 {
		t.Fatalf("a stale save: %d %v", a.StatusCode, v)
	}
	conflict, _ := v["conflict"].(string)
	for _, want := range []string{"Energy", "<del>lawful ", "Lt Ruiz", "keep-mine"} {
		if !strings.Contains(strings.ReplaceAll(conflict, "lawful</del> ", "lawful </del>"), want) {
			t.Errorf("the conflict lacks %q: %s", want, conflict)
		}
	}
	b.post(said+"/save", typing("6")...).want(t, 409, "Somebody else saved", "No target.", `name="version" value="7"`, `value="New &lt;b&gt;"`)
	b.post(said+"/save", typing("7", "then", "more")...).to(t, said+"?rows=2&said=saying_save")
	if n := strings.Count(b.get(said+"?rows=2").want(t, 200).body, `class="topicrow"`); n != 8 { // opening, Energy, New, two more topics of the contact, three to fill
		t.Errorf("%d rows", n)
	}
	book := strings.Repeat("双方就救援通道交换了意见。\n", 17_000) // 200 pages, 680 kB
	b.post(said+"/save", typing("8", "text-1-zh", book)...).to(t, said+"?said=saying_save")
	if got := b.st.Say.Readout.Items[0].Texts[1].Text; len(got) < len(book)-2 {
		t.Errorf("of %d bytes %d are kept", len(book), len(got))
	}
	b.post(said+"/save", typing("9", "officer", "1")...).want(t, 403, "opened by another officer")
	b.post(said+"/save", typing("x")...).want(t, 400)
	b.st.Fail["SaveReadout"] = parley.Errorf(parley.Unavailable, "the store is away")
	b.post(said+"/save", typing("9")...).want(t, 503)
}

// TestJointStatement: it begins from what is there, has equal texts in every
// language, and is shown as it will be signed before it is.
func TestJointStatement(t *testing.T) {
	b := envoy(t)
	b.get(joint).want(t, 200, "Energy infrastructure is not a target of either side.", "通道全天开放。", "Equal texts in every language")
	b.get(joint+"?from=birch").want(t, 200, "Fishing boats keep south")
	b.get(joint+"?from="+desktest.TheirJoint).want(t, 200, `name="instead" value="`+desktest.TheirJoint+`"`, "The corridor stays open at all hours.")
	in := []string{"tongues", "en zh", "text-0-en", "Both agree <b>.", "text-0-zh", "双方同意。", "topic-1", "Energy", "given-1", "yes", "text-1-en", "", "text-1-zh", "", "text", "Only this", "instead", desktest.TheirJoint}
	b.post(joint, append(in, "then", "look")...).want(t, 200, "Exactly what will be signed", "Both agree &lt;b&gt;.", "双方同意。", "A. Alder", "Only this", "With this our side signs", "!<textarea")
	if len(b.st.Calls) != 0 {
		t.Fatalf("it was signed before it was looked at: %q", b.st.Calls)
	}
	b.post(joint, append(in, "then", "edit")...).want(t, 200, "<textarea", "Both agree &lt;b&gt;.", "!Sign and send")
	in[5] = ""
	b.post(joint, append(in, "then", "look")...).want(t, 200, "Sign and send") // one language alone is equal
	in[13], in[5] = "能源", ""
	b.post(joint, append(in, "then", "look")...).want(t, 422, "the same languages in every part", "能源", "!Sign and send")
	b.post(joint, "tongues", "en", "then", "look").want(t, 422, "has a text")
	in[13], in[5] = "", "双方同意。"
	b.post(joint, append(in, "then", "sign")...).to(t, said+"?said=saying_joint")
	if want := "ProposeJoint /en: Both agree <b>. | /zh: 双方同意。 Only this " + desktest.TheirJoint; !b.st.Did(want) {
		t.Errorf("the station did %q, want %q", b.st.Calls, want)
	}
}

// TestPublish: exactly what will be signed is shown, twice; an embargo and a
// quotation of what is not released stand in the way.
func TestPublish(t *testing.T) {
	b := envoy(t)
	seen := func(at string) string {
		t.Helper()
		m := regexp.MustCompile(`name="seen" value="([0-9a-f]{64})"`).FindStringSubmatch(b.get(at).body)
		if m == nil {
			t.Fatal("the form does not name the text that it shows")
		}
		return m[1]
	}
	b.get(publish).want(t, 200, "Exactly what will be signed", "energy and infrastructure", "AN EMBARGO STANDS", "Why it must be published before", `name="version" value="5"`, "!Sign as published")
	in := []string{"version", "5", "seen", seen(publish), "where", "https://alder.example/a", "text", ""}
	b.post(publish, append(in, "then", "look")...).want(t, 200, "A second look", "https://alder.example/a", "Publish before the embargo ends", "I have read what will be signed")
	b.post(publish, append(in, "then", "publish")...).want(t, 422, "not confirmed that the text was read")
	b.post(publish, append(in, "then", "publish", "sure", "yes")...).want(t, 403, "an embargo stands until 231455Z NOV 26")
	b.post(publish, append(in, "then", "edit")...).want(t, 200, `value="https://alder.example/a"`, "!A second look")
	b.post(publish, "version", "4", "then", "look").want(t, 409, "version 5, you saw 4")
	if len(b.st.Calls) != 0 {
		t.Fatalf("it was published: %q", b.st.Calls)
	}
	b.post(publish, append(in, "then", "publish", "sure", "yes", "insist", "It leaked")...).to(t, said+"?said=saying_publish")
	if want := "Publish readout  5 https://alder.example/a It leaked []"; !b.st.Did(want) {
		t.Errorf("the station did %q, want %q", b.st.Calls, want)
	}
	b.st.Say.Embargo.Until, b.st.Say.Embargo.Over = start.Add(-3600e9), true
	b.get(publish).want(t, 200, "!AN EMBARGO STANDS")
	b.st.Secret = "return of all prisoners"
	b.get(publish).want(t, 200, "IT QUOTES WHAT IS NOT RELEASED", "return of all prisoners", "dispatch 0040 &lt;b&gt;")
	b.post(publish, append(in, "then", "publish", "sure", "yes")...).want(t, 403, "it quotes what is not released")
	of := strings.Split(desktest.TheirReadout, ":")[0] + ":40"
	b.post(publish, append(in, "then", "look", "of-0", of, "because-0", "He said it <b>")...).want(t, 200, `name="of-0" value="`+of+`"`, `name="because-0" value="He said it &lt;b&gt;"`)
	// A reason holds for what it was typed for, and not for what is found in its place.
	n := len(b.st.Calls)
	b.post(publish, append(in, "then", "publish", "sure", "yes", "of-0", "x:1", "because-0", "They announced it")...).to(t, said+"?said=saying_publish")
	if want := "Publish readout  5 https://alder.example/a  [{x:1 They announced it}]"; len(b.st.Calls) != n+1 || !b.st.Did(want) {
		t.Errorf("the station did %q, want %q", b.st.Calls[n:], want)
	}
	// The text changed under the officer's eyes, and its version did not.
	n = len(b.st.Calls)
	items := b.st.Say.Readout.Items
	b.st.Say.Readout.Items = append([]station.SaidItem{{Topic: "Fisheries", Texts: []station.SaidText{{Language: "en", Text: "A new word."}}}}, items...)
	for _, then := range []string{"look", "publish"} {
		b.post(publish, append(in, "then", then, "sure", "yes", "of-0", of, "because-0", "It leaked")...).want(t, 409, "another than the one that you read", "A new word.", `value="It leaked"`, "!A second look")
	}
	if len(b.st.Calls) != n {
		t.Fatalf("it was published: %q", b.st.Calls[n:])
	}
	b.st.Say.Readout.Items = items
	b.st.Secret = ""
	b.get(publish+"?joint="+desktest.TheirJoint).want(t, 409, "does not stand", "!Sign as published")
	b.get(publish+"?joint=none").want(t, 404)
	b.st.SayJoint()
	b.post(publish, "joint", desktest.TheirJoint, "seen", seen(publish+"?joint="+desktest.TheirJoint), "then", "publish", "sure", "yes").to(t, said+"?said=saying_publish")
	if want := "Publish joint " + desktest.TheirJoint + " 0   []"; !b.st.Did(want) {
		t.Errorf("the station did %q, want %q", b.st.Calls, want)
	}
	b.st.Say.Readout.State = "reviewed"
	b.get(publish).want(t, 409, "our readout is not approved")
	b.st.Say.Exercise = "QUIET"
	b.get(publish).want(t, 404)
	a := b.get(birch+"/item/"+desktest.TheirEarly+"/public").want(t, 200, "<!doctype html>")
	if a.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the public page comes as %q, %q", a.Header.Get("Content-Type"), a.Header.Get("Content-Disposition"))
	}
	b.get(birch+"/item/x:1/public").want(t, 404)
}

// TestQuotesOurs: words of a memcon leave by no form of the desk until it is named with
// a reason; nothing is shown of it but its name.
func TestQuotesOurs(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*desktest.Station)
		at   string
		form []string
		did  string
		to   string
	}{
		{"ready", func(s *desktest.Station) { s.SayDrafted("approved"); s.Say.Readout.Approver = "Envoy Okafor" }, said + "/ready", []string{"version", "5"}, "ReadyReadout v5", said + "?said=saying_ready"},
		{"show", func(s *desktest.Station) { s.Say.Readout.Version = 6 }, said + "/show", []string{"version", "6"}, "ShowReadout 6", said + "?said=saying_show"},
		{"remark", func(*desktest.Station) {}, said + "/remark", []string{"about", desktest.TheirReadout, "item", "0", "text", "He said so."}, "RemarkOnDraft " + desktest.TheirReadout + " 0 He said so.", said + "?said=saying_remark"},
		{"joint", func(*desktest.Station) {}, joint, []string{"tongues", "en", "text-0-en", "He said so.", "then", "sign"}, "ProposeJoint /en: He said so.", said + "?said=saying_joint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := envoy(t)
			c.set(b.st)
			b.st.Quoting = true
			b.post(c.at, c.form...).want(t, 403, desktest.Hushed, `name="of-0" value="`+desktest.Hushed+`"`, `name="because-0" value=""`)
			b.post(c.at, append(c.form, "of-0", desktest.Hushed, "because-0", "")...).want(t, 403, `name="of-0"`, "!of-1")
			b.post(c.at, append(c.form, "of-0", desktest.Hushed, "because-0", "The chief agrees <b>")...).to(t, c.to)
			if want := "named " + desktest.Hushed + ": The chief agrees <b>"; !b.st.Did(want) {
				t.Errorf("the station did %q, want %q", b.st.Calls, want)
			}
			if !b.st.Did(c.did) || len(b.st.Calls) != 2 {
				t.Errorf("the station did %q, want %q once", b.st.Calls, c.did)
			}
		})
	}
	b := envoy(t)
	b.st.Quoting, b.st.Say.Embargo.Until, b.st.Say.Embargo.Over = true, start.Add(-3600e9), true
	b.get(publish).want(t, 200, "a memcon or note of our side", desktest.Hushed, "Why “"+desktest.Hushed+"” may be published", "!/item/"+desktest.Hushed)
	b.st.SayJoint()
	b.get(publish+"?joint="+desktest.TheirJoint).want(t, 200, "!"+desktest.Hushed)
	in := []string{"tongues", "en", "text-0-en", "He said so.", "of-0", desktest.Hushed, "because-0", "He agrees", "then", "look"}
	b.post(joint, in...).want(t, 200, `name="because-0" value="He agrees"`, "Sign and send")
}
