package desk_test

import (
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

// TestChangeOfIncumbent: the envoy drafts it, what is missing is said where it
// can be mended, another change for the same page is stale, and it is released
// by hand, from exactly what will be signed.
func TestChangeOfIncumbent(t *testing.T) {
	b := newBench(t).sit(2, parley.Envoy)
	page := birch + "/offices/change"
	b.get(page+"?office=envoy").want(t, 200, "A. Okafor", "forms of address and challenges of whoever held the office before have lapsed")
	fields := []string{"office", "envoy", "name", "D. Marsh", "address", "", "from", "2026-12-01T08:00", "languages", "en, zh، fr", "hours", "Mon-Fri", "deputy", "E. Lind"}
	b.post(page, fields...).want(t, 422, "the form of address is empty", `value="D. Marsh"`, `value="en, zh, fr"`)
	id := int64(0)
	for k, d := range b.st.DraftMap {
		if d.Form == "incumbent" {
			id = k
		}
	}
	draft := func(version string, more ...string) []string {
		return append([]string{"draft", num(id), "version", version, "office", "envoy", "name", "D. Marsh", "address", "Ambassador", "from", "2026-12-01T08:00"}, more...)
	}
	b.post(page, draft("9")...).want(t, 409)
	b.post(page, draft("1")...).to(t, "/draft/"+num(id)+"/release")
	got := b.st.DraftMap[id].Incumbent
	if got == nil || got.Address != "Ambassador" || !got.From.Equal(time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("the draft says %+v", got)
	}
	b.get("/draft/"+num(id)+"/release").want(t, 200, "D. Marsh", "Ambassador", "WILL BE ON THE RECORD")
	b.get("/draft/"+num(id)).to(t, page+"?draft="+num(id))
	b.get(page+"?draft="+num(id)).want(t, 200, `value="D. Marsh"`, `name="version" value="2"`)
	b.post("/draft/"+num(id)+"/release", "version", "2", "precedence", "ROUTINE").to(t, birch+"/item/filed:12?said=released")
	b.post("/draft/"+num(id)+"/release", "version", "2", "precedence", "ROUTINE").want(t, 409, "is released already")
}

func num(n int64) string { return strconv.FormatInt(n, 10) }

// TestFormsOfAddress: whoever writes sees how the other side's envoy is
// addressed, and whose form of address has lapsed.
func TestFormsOfAddress(t *testing.T) {
	b := watch(t)
	b.get("/compose?line="+desktest.Birch).want(t, 200, "吴敏", "大使阁下", "the form of address of 李伟 has lapsed since")
	b.st.Lock()
	it := b.st.Items[0]
	it.Form, it.Lapsed = "incumbent", start.Add(-time.Hour)
	id := it.ID
	b.st.Unlock()
	b.get(birch+"/item/"+id).want(t, 200, "form of address and challenges lapsed since")
}

// TestBriefIsAudited: a brief is audited when somebody makes one, and not again
// when the page renews itself.
func TestBriefIsAudited(t *testing.T) {
	b := watch(t)
	b.get(birch+"/brief").want(t, 200, "Asked of us, not answered")
	n := len(b.st.Rows)
	r := httptest.NewRequest("GET", birch+"/brief", nil)
	r.Header.Set("Parley-Live", "1")
	b.do(r).want(t, 200)
	if len(b.st.Rows) != n || !b.st.Did("Brief") {
		t.Errorf("the audit went from %d to %d rows, calls %q", n, len(b.st.Rows), b.st.Calls)
	}
}

// TestOutlivedDraft: a draft that outlives its exercise is marked anew by one
// act, and goes back to be submitted again.
func TestOutlivedDraft(t *testing.T) {
	b := watch(t)
	b.st.DraftMap[11].Exercise = "SPRING TIDE"
	b.get("/draft/11").want(t, 200, "Mark it as real")
	b.post("/draft/11/remark").to(t, "/draft/11?said=remarked")
	if d := b.st.DraftMap[11]; d.Exercise != "" || d.State != "draft" {
		t.Errorf("it is %+v", d)
	}
	b.st.Lock()
	b.st.DraftMap[12].Exercise = "SPRING TIDE"
	b.st.LineList[0].Exercise = "AUTUMN GALE"
	b.st.Unlock()
	b.get("/draft/12").want(t, 200, "Mark it for AUTUMN GALE")
}

// TestExerciseFrame: an exercise marks every page; only what is not opened yet
// and real breaks it, and is counted apart.
func TestExerciseFrame(t *testing.T) {
	b := watch(t)
	b.get("/record").want(t, 200, `data-exercise="broken"`, "A REAL ITEM WAITS")
	for _, it := range b.st.Items {
		if !it.Ours && it.Exercise == "" && len(it.Ladder) > 0 {
			for i := range it.Ladder {
				if it.Ladder[i].At.IsZero() {
					it.Ladder[i].At = start
				}
			}
		}
	}
	for _, page := range []string{"/watch", "/record", "/work", "/station", birch, birch + "/offices", birch + "/modes", "/compose"} {
		b.get(page).want(t, 200, `data-exercise="on"`, "EXERCISE EXERCISE EXERCISE", "<title>EXERCISE EXERCISE EXERCISE", `count-drill`, "!A REAL ITEM WAITS")
	}
	b.st.Shut[b.cookies["parley-alder-session"]] = start
	b.get("/watch").want(t, 423, `data-exercise="on"`, "EXERCISE EXERCISE EXERCISE", "!QUIET HARBOUR</bdi>")
}

// TestDrillOnTheLamp: a drill shows as a drill, on the lamp and on the paths
// that rest.
func TestDrillOnTheLamp(t *testing.T) {
	b := watch(t)
	l := &b.st.LineList[0]
	l.Lamp.Drill = &station.Drill{Title: "ONE CABLE", Path: "QUIC", Until: start.Add(time.Hour)}
	l.Paths[1].Up, l.Paths[1].Rests, l.Paths[1].Why = false, true, "it rests: a single-path drill is on"
	b.get("/record").want(t, 200, "DRILL: QUIC alone")
	b.get(birch).want(t, 200, "DRILL: QUIC alone", "rests: drill", "Single-path drill ONE CABLE, agreed by all", `data-state="up"`)
	l.Lamp.Drill.Broken = "the path of the drill does not answer"
	b.cookies["parley-alder-lang"] = "zh"
	b.get(birch).want(t, 200, "演练路径无应答")
}
