package desk_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"parley/internal/desk/desktest"
)

const (
	theMemcon = "/memcon/" + desktest.ReviewedMemcon
	theDraft  = "/memcon/" + desktest.DraftMemcon
)

// TestMemconIsHidden: whoever is not on the list of a memcon gets the answer for
// one that does not exist, on every page and act; and none of its pages names it.
func TestMemconIsHidden(t *testing.T) {
	a := admin(t)
	for _, path := range []string{theMemcon, theMemcon + "/print", theDraft, "/memcon/0000000000000000"} {
		a.get(path).want(t, 404, "!corridor", "!Call of the ministers")
	}
	for _, act := range []string{"save", "submit", "return", "review", "discard", "share", "unshare", "hand"} {
		a.post(theMemcon+"/"+act, "rev", "6", "title", "x", "text", "x", "to", "2", "note", "x", "sure", "yes", "who", "office-envoy").want(t, 404, "!corridor")
	}
	for _, path := range []string{memconsPath, ourAgreed, "/watch"} {
		a.get(path).want(t, 200, "!"+desktest.ReviewedMemcon, "!"+desktest.DraftMemcon, "!Will answer by Monday")
	}
	e := envoy(t)
	e.get(ourAgreed).want(t, 200, "/memcon/"+desktest.ReviewedMemcon, "not read by you")
	e.get(theMemcon).want(t, 200, "14", "!Who read it", "!Ask for the review", "!/memcon/"+desktest.ReviewedMemcon+"/save")
	e.get(theDraft).want(t, 200, "You are asked to review it")
	e.get(theMemcon+"?text=9").want(t, 404)
}

// TestMemconReadingIsAudited: each page that is asked for is a reading, one that
// only renews itself is none; paper is noted as paper.
func TestMemconReadingIsAudited(t *testing.T) {
	b := watch(t)
	rows := func() int {
		b.st.Lock()
		defer b.st.Unlock()
		return len(b.st.Rows)
	}
	n := rows()
	b.get(theMemcon).want(t, 200)
	r := httptest.NewRequest("GET", theMemcon, nil)
	r.Header.Set("Parley-Live", "1")
	b.do(r).want(t, 200, `id="memcon"`, "!corridor")
	b.get(theMemcon+"/print").want(t, 200, "data-print")
	if rows() != n+2 || b.st.Rows[n].Act != "memcon: read" || b.st.Rows[n+1].Act != "memcon: print" {
		t.Errorf("audited: %+v", b.st.Rows[n:])
	}
}

// TestMemconActs does what the forms of the pages do.
func TestMemconActs(t *testing.T) {
	b := watch(t)
	b.post(memconsPath+"/note", "text", "He said\r\nMonday").to(t, memconsPath+"?said=memcon_note")
	b.post(memconsPath+"/note", "text", "x", "from", "call").to(t, birch+"/call?said=memcon_note")
	b.post(memconsPath+"/note", "text", "").want(t, 422, "the note is empty")
	b.post(memconsPath+"/give", "to", "4").to(t, memconsPath+"?said=memcon_give")
	b.post(memconsPath+"/give", "to", "x").want(t, 404)
	b.post(memconsPath+"/begin", "title", "A talk", "note", "2", "note", "3").to(t, "/memcon/begun?said=memcon_begin")
	b.post(memconsPath+"/begin", "title", "", "note", "2").want(t, 422, `value="2" checked`, "!value=\"3\" checked")
	b.post(memconsPath+"/leap").want(t, 404)
	b.post(theMemcon+"/share", "rev", "6", "who", "officer-3", "writes", "yes").to(t, theMemcon+"?said=memcon_share")
	b.post(theMemcon+"/unshare", "rev", "7", "who", "office-principal").to(t, theMemcon+"?said=memcon_unshare")
	b.post(theMemcon+"/share", "rev", "6", "who", "").want(t, 404)
	b.post(theDraft+"/discard", "rev", "3").want(t, 422, "it is not confirmed that the memcon is discarded")
	b.post(theDraft+"/submit", "rev", "3", "to", "4").to(t, theDraft+"?said=memcon_submit")
	e := envoy(t)
	e.post(theDraft+"/return", "rev", "3", "note", "").want(t, 422, "the note is empty")
	e.post(theDraft+"/review", "rev", "3").to(t, theDraft+"?said=memcon_review")
	for _, did := range []string{"note " + desktest.OurCounter + " He said\nMonday", "give notes " + desktest.OurCounter + " 4", "begin memcon " + desktest.OurCounter + " A talk [2 3]", "share 3true " + desktest.ReviewedMemcon, "submit to 4 " + desktest.DraftMemcon} {
		if !b.st.Did(did) {
			t.Errorf("not done: %s; done: %q", did, b.st.Calls)
		}
	}
	a := admin(t)
	a.get("/station/officers").want(t, 200, "/station/officers/inherit")
	a.post("/station/officers/inherit", "officer", "5", "to", "2").to(t, "/station/officers?said=officer_inherit")
	if !a.st.Did("inherit 5 2") {
		t.Errorf("done: %q", a.st.Calls)
	}
}

// TestMemconStalePage: of two who change a memcon at once the second sees what the
// first one saved beside what he typed, which stays in the form; 200 pages of it too.
func TestMemconStalePage(t *testing.T) {
	b := watch(t)
	b.post(theDraft+"/save", "rev", "3", "title", "Side talk", "text", "They ask for a line between the harbours.").to(t, theDraft+"?said=memcon_save")
	a := b.post(theDraft+"/save", "rev", "3", "title", "My title", "text", "They ask for two lines between the harbours. <b>").want(t, 409,
		"Somebody changed it while you wrote", "<del>a line</del><ins>two lines</ins>", "They ask for two lines between the harbours. &lt;b&gt;</textarea>", `value="My title"`, `name="rev" value="4"`, "data-fresh", "!<b>")
	if strings.Contains(a.body, `name="rev" value="3"`) {
		t.Error("the form names the change that he did not see")
	}
	b.post(theDraft+"/save", "rev", "4", "title", "My title", "text", "Both.").to(t, theDraft+"?said=memcon_save")
	long := strings.Repeat("两国领导人讨论海峡问题，同意继续会谈。", 14_000) // 798,000 bytes, three times that as a form
	b.post(theDraft+"/save", "rev", "5", "title", "Long", "text", long).to(t, theDraft+"?said=memcon_save")
	b.post(theDraft+"/save", "rev", "5", "title", "Long", "text", long+"x").want(t, 409, "Somebody changed it while you wrote")
	b.post(theDraft+"/save", "rev", "6", "title", "Long", "text", strings.Repeat(long, 2)).want(t, 413)
}
