package desk_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"parley"
	"parley/internal/desk"
	"parley/internal/desk/desktest"
	"parley/internal/key"
	"parley/internal/station"
)

// Every act that an officer may do, what it calls, and where it leads.
func TestActs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		admin  bool
		path   string
		fields []string
		did    string
		to     string
	}{
		{"silence one", false, "/silence", []string{"alarm", "3", "back", "/record"}, "Silence 3", "/record?said=silenced"},
		{"silence all", false, "/silence", []string{"alarm", "0", "back", "/watch?line=6f0e"}, "Silence 0", "/watch?line=6f0e&said=silenced"},
		{"hand over", false, "/handover", []string{"note", "Quiet night.\r\n"}, "HandOver Quiet night.", "/watch?said=handed_over"},
		{"open", false, flash + "/open", nil, "Open 9a0f33c1d2e4b586:41", flash + "?said=open"},
		{"acknowledge", false, flash + "/acknowledge", nil, "Acknowledge 9a0f33c1d2e4b586:41", flash + "?said=acknowledge"},
		{"take", false, flash + "/take", nil, "Take 9a0f33c1d2e4b586:41", flash + "?said=take"},
		{"translate", false, question + "/translate", []string{"language", "en", "text", "One."}, "Translate 9a0f33c1d2e4b586:40", question + "?said=translate"},
		{"review", false, question + "/review", []string{"translation", "71"}, "Review 9a0f33c1d2e4b586:40", question + "?said=review"},
		{"translate by paragraph", false, question + "/translate", []string{"language", "en", "p", "One.", "p", "", "p", "Three.\n\nstill three"}, "Translate 9a0f33c1d2e4b586:40", question + "?said=translate"},
		{"dispute words", false, question + "/dispute", []string{"translation", "71", "words", "aircraft", "note", "which?"}, "DisputeWords 9a0f33c1d2e4b586:40 71 aircraft: which?", question + "?said=dispute"},
		{"keep a template", false, "/draft/12/template", []string{"title", "Cable"}, "KeepTemplate 12 Cable", "/draft/12?said=template"},
		{"remove a template", false, "/template/61/remove", []string{"line", desktest.Birch}, "RemoveTemplate 61", "/compose?line=" + desktest.Birch + "&said=template_removed"},
		{"translate a test text", false, birch + "/texts/translate", []string{"item", "test:1", "language", "zh", "text", "雪"}, "TranslateTest test:1 雪", birch + "/texts?said=texts_translate"},
		{"choose test texts", true, birch + "/texts/use", []string{"text", "test:0", "text", "test:2"}, "UseTestTexts [test:0 test:2]", birch + "/texts?said=texts_use"},
		{"three marks", true, birch + "/texts/marks", []string{"marks", "3"}, "SetThreeMarks true", birch + "/texts?said=texts_marks"},
		{"informed", false, question + "/informed", []string{"at", "2026-11-23T14:00"}, "Informed 9a0f33c1d2e4b586:40", question + "?said=informed"},
		{"query", false, ourUrgent + "/query", []string{"text", "Opened?"}, "Query 41c07d5e88aa9b10:58", ourUrgent + "?said=query"},
		{"tracer", false, ourUrgent + "/tracer", []string{"text", "Where?"}, "Tracer 41c07d5e88aa9b10:58", ourUrgent + "?said=tracer"},
		{"disregard", false, ourUrgent + "/disregard", []string{"reason", "Wrong figures"}, "Disregard 41c07d5e88aa9b10:58", ourUrgent + "?said=disregard"},
		{"answer a check call", false, birch + "/item/9a0f33c1d2e4b586:42/checkcall", nil, "CheckCall 9a0f33c1d2e4b586:42", birch + "/item/9a0f33c1d2e4b586:42?said=checkcall"},
		{"check call", false, birch + "/checkcall", nil, "CheckCall ", birch + "?said=checkcall"},
		{"give back", false, question + "/giveback", []string{"back", "/watch"}, "GiveBack 9a0f33c1d2e4b586:40", "/watch?said=giveback"},
		{"take over an item", false, question + "/take", []string{"from", "Lt Ruiz", "back", "//evil.example"}, "TakeFrom 9a0f33c1d2e4b586:40", "/watch?said=take"},
		{"note who was told", false, ourUrgent + "/tell", []string{"callout", "2", "reached", "yes", "note", "Will call back", "back", "/watch"}, "CalledOut 41c07d5e88aa9b10:58", "/watch?said=told_yes"},
		{"note who was not reached", false, ourUrgent + "/tell", []string{"callout", "2", "reached", "no", "back", ourUrgent}, "CalledOut 41c07d5e88aa9b10:58", ourUrgent + "?said=told_no"},
		{"ask for read-back", false, ourUrgent + "/askreadback", nil, "AskReadBack 41c07d5e88aa9b10:58", ourUrgent + "?said=askreadback"},
		{"give a read-back", false, question + "/givereadback", []string{"text", "You ask what we do there."}, "GiveReadBack 9a0f33c1d2e4b586:40", question + "?said=givereadback"},
		{"find a read-back right", false, ourUrgent + "/findreadback", []string{"readback", "9a0f33c1d2e4b586:43", "right", "yes"}, "FindReadBack 9a0f33c1d2e4b586:43 true", ourUrgent + "?said=findreadback"},
		{"add a shift", false, "/watch/list/shift", []string{"officer", "1", "begins", "2026-11-24T08:00", "ends", "2026-11-24T16:00", "languages", "zh, ar"}, "AddShift Lt Ruiz 08:00 [zh ar]", "/watch/list?said=list_shift"},
		{"remove a shift", false, "/watch/list/unshift", []string{"shift", "3"}, "RemoveShift 3", "/watch/list?said=list_unshift"},
		{"put on the call-out list", false, "/watch/list/callout", []string{"name", "Deputy", "how", "555", "office", "envoy", "wait", "15"}, "AddCallOut Deputy 15m0s", "/watch/list?said=list_callout"},
		{"take off the call-out list", false, "/watch/list/uncallout", []string{"callout", "2"}, "RemoveCallOut 2", "/watch/list?said=list_uncallout"},
		{"move up the call-out list", false, "/watch/list/raise", []string{"callout", "2"}, "RaiseCallOut 2", "/watch/list?said=list_raise"},
		{"promise", false, "/watch/list/promise", []string{"line", desktest.Birch, "due", "2026-12-01T08:00", "text", "They ring"}, "AddPromise They ring", "/watch/list?said=list_promise"},
		{"promise kept", false, "/watch/list/kept", []string{"promise", "1"}, "ClosePromise 1", "/watch/list?said=list_kept"},
		{"sound tested", false, "/sound-tested", nil, "SoundTested Lt Ruiz", "/watch?said=sound_tested"},
		{"take the watch without a hand-over", false, "/watch/takeover", []string{"handover", "0", "why", "Nobody came"}, "TakeOver 0 Nobody came", "/watch?said=taken_over"},
		{"test", false, birch + "/test", nil, "Test Birch", birch + "?said=tested"},
		{"cut", false, birch + "/cut", []string{"path", "QUIC"}, "CutPath QUIC true", birch + "?said=cut"},
		{"restore all", false, birch + "/restore", []string{"path", ""}, "CutPath  false", birch + "?said=restored"},
		{"ping an office", false, birch + "/offices/ping", []string{"to", "birch/envoy"}, "Ping birch/envoy", birch + "/offices?said=checkcall"},
		{"ping all that are due", false, birch + "/offices/ping", []string{"due", "1"}, "Ping birch/principal", birch + "/offices?said=checkcall"},
		{"agree to an exercise", false, birch + "/modes/agree", []string{"about", "9a0f33c1d2e4b586:43"}, "Exercise agree 9a0f33c1d2e4b586:43", birch + "/modes?said=mode_agree"},
		{"refuse an exercise", false, birch + "/modes/end", []string{"about", "9a0f33c1d2e4b586:43"}, "Exercise end 9a0f33c1d2e4b586:43", birch + "/modes?said=mode_end"},
		{"begin an exercise", false, birch + "/modes/exercise", []string{"name", "WINTER GALE", "minutes", "60"}, "BeginMode WINTER GALE  1h0m0s", birch + "/modes?said=mode_exercise"},
		{"begin a drill", false, birch + "/modes/drill", []string{"name", "ONE CABLE", "path", "TLS", "minutes", "30"}, "BeginMode ONE CABLE TLS 30m0s", birch + "/modes?said=mode_drill"},
		{"recovery", true, birch + "/recovery", []string{"words", "Anchor basket copper dinner eleven"}, "ConfirmRecovery", birch + "?said=recovered"},
		{"submit", false, "/draft/12/submit", nil, "submitted 12 ", "/work?said=submitted"},
		{"return", false, "/draft/11/return", []string{"note", "Shorter."}, "returned 11 Shorter.", "/work?said=returned"},
		{"release", false, "/draft/11/release", []string{"version", "3", "precedence", "FLASH"}, "Release 11 FLASH", birch + "/item/filed:12?said=released"},
		{"discard", false, "/draft/13/discard", nil, "Discard 13", "/work?said=discarded"},
		{"add officer", true, "/station/officers/add", []string{"name", "Lt Vega", "office", "watch"}, "AddOfficer Lt Vega", "/station/officers?said=officer_add"},
		{"remove officer", true, "/station/officers/remove", []string{"officer", "4"}, "RemoveOfficer 4", "/station/officers?said=officer_remove"},
		{"invite", true, "/station/pairing/invite", []string{"code", "elm", "name", "Elm", "languages", "fr, en", "our_languages", "en", "two_hands", "FLASH", "promise", "opened", "interval", "30"}, "Invite elm two=true", "/station/pairing?said=pairing_invite"},
		{"invite with levels", true, "/station/pairing/invite", []string{"code", "elm", "name", "Elm", "languages", "fr", "our_languages", "en", "level-leader", "envoy, principal", "level-working", "watch"}, "Invite elm two=false map[leader:[envoy principal] working:[watch]]", "/station/pairing?said=pairing_invite"},
		{"take a file in", true, "/station/pairing/step", []string{"paste", "parley pairing file"}, "PairingStep 19", "/station/pairing?said=pairing_step"},
		{"words equal", true, "/station/pairing/confirm", []string{"line", "d41d8cd98f00b204e9800998ecf8427e", "equal", "yes", "how", "in person"}, "ConfirmWords true in person root=false", "/station/pairing?said=pairing_confirm"},
		{"words differ", true, "/station/pairing/confirm", []string{"line", "d41d8cd98f00b204e9800998ecf8427e", "equal", "no", "how", "by telephone"}, "ConfirmWords false by telephone root=false", "/station/pairing?said=pairing_burnt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := watch(t)
			if c.admin {
				b = admin(t)
			}
			a := b.post(c.path, c.fields...)
			a.to(t, c.to)
			if !b.st.Did(c.did) {
				t.Errorf("calls %q, want %q", b.st.Calls, c.did)
			}
			b.get(a.Header.Get("Location")).want(t, http.StatusOK)
		})
	}
}

// A hand-over is read, ticked and taken over by another officer; what was ticked
// stays where it is refused.
func TestTakeOver(t *testing.T) {
	b := watch(t)
	b.post("/handover", "note", "One FLASH. <script>x</script>").to(t, "/watch?said=handed_over")
	b.get("/watch").want(t, 200, "A hand-over waits to be taken over", "Another officer of the watch takes over", "!Read it and take over")
	h := b.st.Handed[0]
	b.post("/watch/takeover", "handover", fmt.Sprint(h.ID)).want(t, 403, "you wrote this hand-over")
	b.sit(2, parley.Watch)
	b.get("/watch").want(t, 200, "Read it and take over", "Watch: <strong><bdi>Lt Ruiz</bdi>")
	b.get("/watch/takeover").want(t, 200, "One FLASH. &lt;script&gt;", "3 open items", fmt.Sprintf(`name="seen" value="%d"`, h.Open[0].ID), "!<script>x")
	b.post("/watch/takeover", "handover", fmt.Sprint(h.ID), "seen", fmt.Sprint(h.Open[0].ID)).want(t, 422, "2 open items are not acknowledged", fmt.Sprintf(`value="%d" checked`, h.Open[0].ID))
	all := []string{"handover", fmt.Sprint(h.ID)}
	for _, o := range h.Open {
		all = append(all, "seen", fmt.Sprint(o.ID))
	}
	b.post("/watch/takeover", all...).to(t, "/watch?said=taken_over")
	b.get("/watch").want(t, 200, "<bdi>Envoy Okafor</bdi></strong>", "Test the sound", "!Read it and take over")
	b.get("/watch/takeover").want(t, 200, "One FLASH. &lt;script&gt;", `<span class="didit"><bdi>Envoy Okafor</bdi>`)
	b.post("/watch/takeover", all...).want(t, 409, "taken over already")
}

// What the board says when nothing waits, and when the alarm command fails.
func TestEmptyBoard(t *testing.T) {
	b := watch(t)
	b.st.Items, b.st.DraftMap, b.st.AlarmSet = b.st.Items[:20], nil, nil
	b.get("/watch").want(t, 200, "Nothing waiting.", "Last dispatch", "Send a check call to Birch", "They owe nothing.", "!Objective passed")
	b.st.Stands.Hook.Error, b.st.Watch, b.st.Shifts = "exit status 3 <b>", station.OnWatch{}, nil
	b.get("/watch").want(t, 200, "The alarm command fails", "exit status 3 &lt;b&gt;", "Nobody has the watch", "The watch list does not say")
	b.get("/station").want(t, 200, "The alarm command fails", "41 % free", "Every promised receipt is here")
	b.st.Fail["Condition"] = parley.Errorf(parley.Unavailable, "the disk does not answer")
	b.get("/station").want(t, 200)
}

// What is refused, with which status, and that nothing was done.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		office parley.Office
		path   string
		fields []string
		status int
		texts  []string
	}{
		{"unknown alarm", parley.Watch, "/silence", []string{"alarm", "77"}, 404, nil},
		{"no number", parley.Watch, "/silence", []string{"alarm", "x"}, 400, []string{"It cannot be read"}},
		{"unknown line", parley.Watch, "/line/ffffffff/test", nil, 404, nil},
		{"unknown entry", parley.Watch, birch + "/item/none:1/open", nil, 404, nil},
		{"unknown act", parley.Watch, flash + "/burn", nil, 404, []string{"There is no such thing"}},
		{"acknowledge our own", parley.Watch, ourUrgent + "/acknowledge", nil, 403, []string{"is our own"}},
		{"acknowledge twice", parley.Watch, question + "/acknowledge", nil, 409, []string{"acknowledged already"}},
		{"give back what is another's", parley.Envoy, question + "/giveback", nil, 409, []string{"not yours to give back"}},
		{"take over from one who has it no more", parley.Envoy, question + "/take", []string{"from", "Somebody"}, 409, []string{"another officer has taken"}},
		{"told nobody", parley.Watch, ourUrgent + "/tell", []string{"callout", "9", "reached", "yes"}, 404, nil},
		{"told, reached or not", parley.Watch, ourUrgent + "/tell", []string{"callout", "1"}, 422, []string{"whether they were reached"}},
		{"read back nothing", parley.Watch, question + "/givereadback", []string{"text", " "}, 422, nil},
		{"read-back neither right nor wrong", parley.Watch, ourUrgent + "/findreadback", []string{"readback", "9a0f33c1d2e4b586:43"}, 422, []string{"whether it is right"}},
		{"read-back wrong, and not said how", parley.Watch, ourUrgent + "/findreadback", []string{"readback", "9a0f33c1d2e4b586:43", "right", "no"}, 422, nil},
		{"shift of no length keeps what was typed", parley.Watch, "/watch/list/shift", []string{"officer", "1", "begins", "2026-11-24T08:00", "ends", "2026-11-24T08:00", "languages", "zh <b>"}, 422, []string{"ends after it begins", `value="2026-11-24T08:00"`, "zh &lt;b&gt;"}},
		{"shift of nobody", parley.Watch, "/watch/list/shift", []string{"officer", "77", "begins", "2026-11-24T08:00", "ends", "2026-11-24T09:00"}, 404, nil},
		{"shift without a time", parley.Watch, "/watch/list/shift", []string{"officer", "1", "begins", "soon"}, 400, nil},
		{"a shift that is gone", parley.Watch, "/watch/list/unshift", []string{"shift", "99"}, 404, nil},
		{"call-out without a name", parley.Watch, "/watch/list/callout", []string{"how", "555", "wait", "5"}, 422, nil},
		{"call-out of no office", parley.Watch, "/watch/list/callout", []string{"name", "x", "how", "555", "wait", "5", "office", "KING"}, 400, nil},
		{"a promise closed twice", parley.Watch, "/watch/list/kept", []string{"promise", "9"}, 409, []string{"closed already"}},
		{"no such act of the list", parley.Watch, "/watch/list/burn", nil, 404, nil},
		{"take the watch by an administrator", parley.Administrator, "/watch/takeover", []string{"handover", "0", "why", "x"}, 403, []string{"office of watch"}},
		{"take the watch, and not said why", parley.Watch, "/watch/takeover", []string{"handover", "0"}, 422, []string{"why there is no written hand-over"}},
		{"take over what was taken over", parley.Watch, "/watch/takeover", []string{"handover", "8"}, 409, []string{"taken over already"}},
		{"take over by no number", parley.Watch, "/watch/takeover", []string{"handover", "-8"}, 400, nil},
		{"taken by another", parley.Envoy, question + "/take", nil, 409, []string{"Lt Ruiz has taken"}},
		{"empty translation keeps the language", parley.Watch, question + "/translate", []string{"language", "fr", "text", ""}, 422, []string{"the translation is empty", `value="fr"`}},
		{"certify a draft", parley.Watch, question + "/certify", []string{"translation", "71"}, 403, []string{"checked before it is certified"}},
		{"dispute what is not there", parley.Watch, question + "/dispute", []string{"translation", "71", "words", "zeppelin", "note", "kept <b>"}, 422, []string{"do not stand in the translation", "kept &lt;b&gt;", `value="zeppelin"`}},
		{"settle nothing", parley.Watch, question + "/settle", []string{"translation", "71", "dispute", "5", "how", "x"}, 404, nil},
		{"template without a name", parley.Watch, "/draft/12/template", []string{"title", ""}, 422, nil},
		{"remove no template", parley.Watch, "/template/999/remove", nil, 404, nil},
		{"texts by the watch", parley.Watch, birch + "/texts/use", []string{"text", "test:0"}, 404, nil},
		{"marks by the watch", parley.Watch, birch + "/texts/marks", []string{"marks", "2"}, 404, nil},
		{"no test text in use", parley.Administrator, birch + "/texts/use", nil, 422, []string{"none is chosen"}},
		{"a draft of another officer's page", parley.Watch, "/drafts", []string{"officer", "2", "line", desktest.Birch, "text", "theirs"}, 403, []string{"opened by another officer", "!theirs</textarea>"}},
		{"released after a change", parley.Watch, "/draft/11/release", []string{"version", "2", "precedence", "FLASH", "seen_text", "The aircraft is not ours.", "seen_subject", "<i>Old"}, 409, []string{"changed after you were shown it", "The aircraft is not ours.", "&lt;i&gt;Old", "it is:"}},
		{"no time", parley.Watch, question + "/informed", []string{"at", "soon"}, 400, []string{"is not a date and time"}},
		{"time ahead", parley.Watch, question + "/informed", []string{"at", "2031-01-01T00:00"}, 422, nil},
		{"empty query", parley.Watch, ourUrgent + "/query", []string{"text", "  "}, 422, nil},
		{"disregard theirs", parley.Watch, question + "/disregard", []string{"reason", "x"}, 403, nil},
		{"no translation", parley.Watch, question + "/review", []string{"translation", "0"}, 404, nil},
		{"unknown draft", parley.Watch, "/draft/99/submit", nil, 404, nil},
		{"draft zero", parley.Watch, "/draft/0/submit", nil, 404, nil},
		{"own FLASH", parley.Envoy, "/draft/11/release", []string{"version", "3", "precedence", "FLASH"}, 403, []string{"another officer than the drafter"}},
		{"stale version", parley.Watch, "/draft/11/release", []string{"version", "2", "precedence", "FLASH"}, 409, []string{"has version 3, you saw 2", `name="version" value="3"`}},
		{"other precedence", parley.Watch, "/draft/11/release", []string{"version", "3", "precedence", "ROUTINE"}, 422, []string{"you confirmed ROUTINE"}},
		{"no precedence", parley.Watch, "/draft/11/release", []string{"version", "3"}, 422, []string{"choose the precedence"}},
		{"no version", parley.Watch, "/draft/11/release", []string{"precedence", "FLASH"}, 400, nil},
		{"nothing to submit", parley.Watch, "/draft/14/submit", nil, 422, []string{"the subject is empty"}},
		{"save over another line", parley.Watch, "/drafts", []string{"draft", "0", "line", "nowhere"}, 404, nil},
		{"save with a bad id", parley.Watch, "/drafts", []string{"draft", "-1", "line", desktest.Birch}, 404, nil},
		{"save with a bad version", parley.Watch, "/drafts", []string{"draft", "12", "version", "x", "line", desktest.Birch}, 400, nil},
		{"save over a newer one", parley.Watch, "/drafts", []string{"draft", "12", "version", "2", "line", desktest.Birch, "text", "mine <b>"}, 409, []string{"Somebody else saved this draft", "mine &lt;b&gt;", "Our western cable", `name="version" value="3"`}},
		{"cut by the envoy", parley.Envoy, birch + "/cut", []string{"path", "QUIC"}, 404, []string{"!Cut"}},
		{"assent by the watch", parley.Watch, birch + "/charter", []string{"hash", desktest.Proposed, "typed", desktest.Proposed[:8]}, 403, []string{"office of principal"}},
		{"assent to what was not read", parley.Envoy, birch + "/charter", []string{"hash", desktest.Proposed, "typed", "00000000"}, 403, []string{"nothing was done"}},
		{"assent to nothing", parley.Envoy, birch + "/charter", []string{"hash", "5f1c22ff", "typed", "5f1c22ff"}, 404, nil},
		{"recovery by the watch", parley.Watch, birch + "/recovery", []string{"words", "anchor basket copper dinner eleven"}, 404, nil},
		{"recovery words differ", parley.Administrator, birch + "/recovery", []string{"words", "anchor"}, 403, nil},
		{"incumbent by the watch", parley.Watch, birch + "/offices/change", []string{"office", "envoy", "name", "A"}, 404, nil},
		{"incumbent of no office", parley.Envoy, birch + "/offices/change", []string{"office", "KING", "name", "A", "address", "B"}, 422, []string{"the charter knows no office KING", `value="A"`}},
		{"incumbent at no time", parley.Envoy, birch + "/offices/change", []string{"office", "envoy", "name", "A", "address", "B", "from", "soon"}, 400, []string{"is not a date and time"}},
		{"ping twice", parley.Watch, birch + "/offices/ping", []string{"to", "birch/archivist"}, 409, []string{"nothing was sent"}},
		{"ping nobody", parley.Watch, birch + "/offices/ping", []string{"to", "nobody"}, 400, nil},
		{"an exercise without an end", parley.Watch, birch + "/modes/exercise", []string{"name", "GALE", "minutes", "0"}, 422, []string{"at a time to come", `value="GALE"`}},
		{"a drill without a path", parley.Watch, birch + "/modes/drill", []string{"name", "GALE", "minutes", "30"}, 422, []string{"no path is named"}},
		{"an exercise without a name", parley.Watch, birch + "/modes/exercise", []string{"minutes", "30"}, 422, nil},
		{"no such act on modes", parley.Watch, birch + "/modes/cancel", nil, 404, nil},
		{"amend by the watch", parley.Watch, birch + "/charter/change", []string{"what", "charter"}, 404, nil},
		{"amend the annex as envoy", parley.Envoy, birch + "/charter/change", []string{"what", "annex"}, 404, nil},
		{"remove one of two", parley.Envoy, birch + "/charter/change", []string{"what", "remove", "party", "birch"}, 404, nil},
		{"leave as envoy", parley.Envoy, birch + "/charter/leave", []string{"reason", "x", "typed", "birch"}, 404, nil},
		{"leave by one key", parley.Administrator, birch + "/charter/leave", []string{"reason", "x", "typed", "yes"}, 403, []string{"nothing was done"}},
		{"officers by the watch", parley.Watch, "/station/officers/add", []string{"name", "x", "office", "watch"}, 404, nil},
		{"pairing by the watch", parley.Watch, "/station/pairing/invite", []string{"code", "elm"}, 404, nil},
		{"officer without office", parley.Administrator, "/station/officers/add", []string{"name", "Lt Vega"}, 422, []string{`value="Lt Vega"`}},
		{"seat of an office not held", parley.Administrator, "/station/officers/seat", []string{"officer", "1", "office", "principal"}, 403, nil},
		{"invite ourselves", parley.Administrator, "/station/pairing/invite", []string{"code", "alder", "name", "Alder", "languages", "en", "our_languages", "en"}, 422, []string{"two parties have the code"}},
		{"invite a bad code", parley.Administrator, "/station/pairing/invite", []string{"code", "ELM!", "name", "Elm"}, 400, []string{`value="ELM!"`}},
		{"invite without languages", parley.Administrator, "/station/pairing/invite", []string{"code", "elm", "name", "Elm"}, 422, nil},
		{"invite with hidden characters", parley.Administrator, "/station/pairing/invite", []string{"code", "elm", "name", "E\u202elm", "languages", "en", "our_languages", "en"}, 422, []string{"U+202E"}},
		{"invite with an office that there is not", parley.Administrator, "/station/pairing/invite", []string{"code", "elm", "name", "Elm", "languages", "fr", "our_languages", "en", "level-leader", "herald"}, 422, []string{"herald", `value="herald"`, `id="levels" open`}},
		{"invite never tested", parley.Administrator, "/station/pairing/invite", []string{"code", "elm", "name", "Elm", "languages", "fr", "our_languages", "en", "interval", "999999"}, 422, nil},
		{"no pairing file", parley.Administrator, "/station/pairing/step", nil, 400, nil},
		{"a wrong pairing file", parley.Administrator, "/station/pairing/step", []string{"paste", "GIF89a <script>"}, 400, []string{"GIF89a &lt;script&gt;"}},
		{"equal unsaid", parley.Administrator, "/station/pairing/confirm", []string{"line", "d41d8cd98f00b204e9800998ecf8427e", "how", "in person"}, 422, nil},
		{"how unsaid", parley.Administrator, "/station/pairing/confirm", []string{"line", "d41d8cd98f00b204e9800998ecf8427e", "equal", "yes"}, 422, nil},
		{"oversize", parley.Watch, "/handover", []string{"note", strings.Repeat("x", 2<<20)}, 413, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			officer := map[parley.Office]int64{parley.Watch: 1, parley.Envoy: 2, parley.Administrator: 3}[c.office]
			b := newBench(t).sit(officer, c.office)
			before := len(b.st.Calls)
			b.post(c.path, c.fields...).want(t, c.status, c.texts...)
			if len(b.st.Calls) != before {
				t.Errorf("it did %q", b.st.Calls[before:])
			}
		})
	}
}

func TestPagesThatAreNot(t *testing.T) {
	for _, path := range []string{"/nothing", "/line/ffff", birch + "/item/none:1", "/draft/99", "/draft/x", "/draft/-1/release", "/record?line=none", "/watch?line=none", "/compose?line=none",
		"/compose?re=none:1", "/station/audit", "/station/officers", "/station/pairing", "/station/pairing/x/file", birch + "/item/none:1/proof", question + "/attachment/7", question + "/attachment/x",
		"/static/0/desk.js", "/compose?sample=none", "/compose?template=99", birch + "/texts/none", "/record.csv?line=none", "/static/../desk.go", "/locales/en.json"} {
		a := watch(t).get(path)
		if a.StatusCode != 404 && a.StatusCode != http.StatusMovedPermanently && a.StatusCode != http.StatusTemporaryRedirect {
			t.Errorf("%s: status %d, want 404", path, a.StatusCode)
		}
		if a.StatusCode == 404 && strings.Contains(a.body, "not-allowed") {
			t.Errorf("%s tells that it exists", path)
		}
	}
	for path, status := range map[string]int{"/record?before=x": 400, "/record?after=-1": 400, "/record?party=NO!": 400, "/record?since=soon": 400, "/record?until=321412Z+NOV+26": 400, "/record?precedence=LOUD": 400, "/record?office=NO!": 400, "/record?q=" + strings.Repeat("x", 300): 413} {
		watch(t).get(path).want(t, status)
	}
}

func TestNoSeatNoPage(t *testing.T) {
	for _, p := range pages {
		if p.path == "/sign-in" {
			continue // is for those who have none
		}
		a := newBench(t).get(p.path).want(t, 401, "Nobody sits here", "!Birch", "!Ruiz", "!0042")
		if a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s sets a cookie", p.path)
		}
	}
	b := newBench(t)
	b.cookies["parley-alder-session"] = "guessed"
	b.get("/watch").want(t, 401)
	b.post(flash+"/open").want(t, 401)
	b.get("/events").want(t, 401)
	b.cookies = map[string]string{"parley-birch-session": b.st.Sit(1, parley.Watch)}
	b.get("/watch").want(t, 401)
}

func TestOtherSitesAreRefused(t *testing.T) {
	for _, site := range []string{"cross-site", "same-site"} {
		for _, path := range []string{"/silence", flash + "/acknowledge", "/draft/11/release", "/drafts", "/prefs", "/seat/watch-4f2c", "/leave"} {
			b := watch(t)
			r := httptest.NewRequest("POST", path, strings.NewReader("alarm=0"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", site)
			b.do(r).want(t, 403, "came from another site")
			if len(b.st.Calls) > 0 {
				t.Errorf("%s did %q", path, b.st.Calls)
			}
		}
	}
	b := watch(t)
	r := httptest.NewRequest("POST", "/silence", strings.NewReader("alarm=0"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	b.do(r).want(t, 403)
}

// TestStrangersWriteNoLog: whoever has no seat, or a page of another site in an officer's
// browser, does not fill a disk by what the desk logs of it.
func TestStrangersWriteNoLog(t *testing.T) {
	b := newBench(t)
	long := strings.Repeat("e", 20<<10)
	finish := strings.Replace(strings.TrimSpace(b.post("/passkey/sign-in/begin").body), `"options"`, `"response"`, 1)
	for range 50 {
		r := httptest.NewRequest("POST", "/passkey/sign-in/finish", strings.NewReader(finish))
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		b.do(r).want(t, 403)
	}
	if n := strings.Count(b.log.String(), "a passkey was refused"); n != 1 {
		t.Errorf("passkeys that were refused stand %d times in the log", n)
	}
	b.h = desk.New(desk.Config{Station: b.st, Log: slog.New(slog.NewTextHandler(b.log, nil))}) // with no name: no passkeys
	for range 50 {
		r := httptest.NewRequest("POST", "/"+long, nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://"+long)
		b.do(r).want(t, 403)
		b.post("/passkey/sign-in/begin").want(t, 503)
		b.post("/passkey/sign-in/finish").want(t, 503)
	}
	if n := b.log.Len(); n == 0 || n > 2<<10 {
		t.Errorf("the log has %d bytes of 200 requests", n)
	}
}

func TestSeat(t *testing.T) {
	b := newBench(t)
	for range 3 {
		b.get("/seat/"+desktest.WatchToken).want(t, 200, "Take this seat", "!Ruiz")
	}
	a := b.post("/seat/" + desktest.WatchToken)
	a.to(t, "/watch")
	c := a.Header.Get("Set-Cookie")
	for _, want := range []string{"parley-alder-session=", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(c, want) {
			t.Errorf("cookie %q lacks %q", c, want)
		}
	}
	if strings.Contains(c, "Secure") {
		t.Errorf("cookie %q is for TLS only", c)
	}
	b.post("/seat/"+desktest.WatchToken).want(t, 404, "does not work")
	b.post("/seat/%3Cscript%3E").want(t, 404, "!<script>")
	if strings.Contains(b.log.String(), desktest.WatchToken) {
		t.Error("the token is in the log")
	}
	r := httptest.NewRequest("POST", "/seat/"+desktest.EnvoyToken, nil)
	r.TLS = &tls.ConnectionState{}
	s := b.do(r)
	if c := s.Header.Get("Set-Cookie"); !strings.Contains(c, "Secure") || s.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("over TLS: cookie %q", c)
	}
	w := watch(t)
	w.get("/watch").want(t, 200)
	w.post("/leave").want(t, 200, "You have left the seat")
	w.get("/watch").want(t, 401)
}

func TestHeaders(t *testing.T) {
	for _, a := range []answer{watch(t).get("/watch"), newBench(t).get("/watch"), watch(t).get("/nothing"), newBench(t).get("/seat/x")} {
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store"} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		p := a.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(p, want) {
				t.Errorf("the policy %q lacks %q", p, want)
			}
		}
		if strings.Contains(p, "unsafe") || a.Header.Get("Permissions-Policy") == "" {
			t.Errorf("policy %q", p)
		}
	}
}

func TestPrefs(t *testing.T) {
	b := newBench(t)
	a := b.post("/prefs", "lang", "ar", "back", "/record?line=x")
	a.to(t, "/record?line=x")
	if c := a.Header.Get("Set-Cookie"); !strings.Contains(c, "parley-alder-lang=ar") {
		t.Errorf("cookie %q", c)
	}
	for _, back := range []string{"//evil.example", "https://evil.example", "/\\evil.example", "", "javascript:x", "/\t/evil"} {
		b.post("/prefs", "theme", "night", "back", back).to(t, "/watch")
	}
	b.post("/prefs", "lang", "xx").want(t, 400)
	b.post("/prefs", "theme", "<b>").want(t, 400)
	w := watch(t)
	w.cookies["parley-alder-theme"] = "night"
	w.cookies["parley-alder-lang"] = "ar"
	w.get("/watch").want(t, 200, `<html lang="ar" dir="rtl" data-theme="night">`)
	w.cookies["parley-alder-theme"] = `"><script>`
	w.get("/watch").want(t, 200, `dir="rtl">`)
	r := httptest.NewRequest("GET", "/seat/x", nil)
	r.Header.Set("Accept-Language", "pt-PT, zh-CN;q=0.8, en;q=0.5")
	newBench(t).do(r).want(t, 200, `<html lang="zh"`)
	r.Header.Set("Accept-Language", "fr-FR, zh-CN;q=0.8, en;q=0.5")
	newBench(t).do(r).want(t, 200, `<html lang="fr"`)
}

// Reading is audited each time an officer comes to a text, and not when a page
// renews itself; nothing shows the text before.
func TestReadingIsAudited(t *testing.T) {
	b := watch(t)
	b.get(flash).want(t, 200, "!贵方一架飞机")
	if b.st.Did("Open 9a0f33c1d2e4b586:41") {
		t.Error("looking opened it")
	}
	b.post(flash + "/open")
	opens := func() (n int) {
		for _, c := range b.st.Calls {
			if c == "Open 9a0f33c1d2e4b586:41" {
				n++
			}
		}
		return n
	}
	b.get(flash).want(t, 200, "贵方一架飞机")
	r := httptest.NewRequest("GET", flash, nil)
	r.Header.Set("Parley-Live", "1")
	b.do(r).want(t, 200, "贵方一架飞机")
	if got := opens(); got != 2 {
		t.Errorf("%d reads in the audit, want 2", got)
	}
	b.get(ourUrgent)
	if b.st.Did("Open 41c07d5e88aa9b10:58") {
		t.Error("our own was opened")
	}
}

func TestHostileTextIsInert(t *testing.T) {
	b := watch(t)
	for _, path := range []string{hostile, "/record?line=" + desktest.Birch, "/watch"} {
		a := b.get(path).want(t, 200, "!<script>", "!<img", "!<iframe", "!<i>", "!\u202e", "&lt;script&gt;")
		if path == hostile && !strings.Contains(a.body, `<span class="ctl" dir="ltr">⟦U+202E⟧</span>gpj.exe`) {
			t.Error("the hidden turn of direction is not shown")
		}
	}
	a := b.get(hostile+"/attachment/0").want(t, 200)
	if got := a.Header.Get("Content-Type"); got != "application/octet-stream" {
		t.Errorf("an attachment of theirs is served as %q", got)
	}
	if got := a.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment;") || a.Header.Get("Set-Cookie") != "" || strings.ContainsAny(got, "\r\n") {
		t.Errorf("its name becomes %q", got)
	}
	b.get("/watch?said=%3Cscript%3E").want(t, 200, "!<script>", "!said.")
	b.get("/record?q=%22%3E%3Cscript%3E").want(t, 200, "!<script>")
}

func TestDownloads(t *testing.T) {
	b := watch(t)
	for path, want := range map[string]string{question + "/proof": "proof of 9a0f33c1d2e4b586:40 header=false", question + "/proof?header=1": "header=true", ourUrgent + "/silence-proof": "silence of", birch + "/export": "41c07d5e88aa9b10:58"} {
		a := b.get(path).want(t, 200, want)
		if !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s is no download", path)
		}
	}
	b.st.Fail["Export"] = parley.Errorf(parley.NotAllowed, "only the archivist exports")
	b.get(birch+"/export").want(t, 403, "only the archivist exports")
	admin(t).get("/station/pairing/d41d8cd98f00b204e9800998ecf8427e/file").want(t, 200, "parley pairing")
}

func TestDrafts(t *testing.T) {
	b := watch(t)
	save := func(fields ...string) answer {
		body := encoded(fields...)
		r := httptest.NewRequest("POST", "/drafts", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		return b.do(r)
	}
	line := []string{"line", desktest.Birch, "form", "dispatch", "from", "watch"}
	a := save(append(line, "draft", "0", "version", "0", "text", "One\r\ntwo  ")...).want(t, 200, `"version":1`, `"id":101`, "It cannot be signed yet")
	if got := b.st.DraftMap[101].Text; got != "One\ntwo" {
		t.Errorf("text %q", got)
	}
	if a.Header.Get("Content-Type") != "application/json" {
		t.Error("no JSON")
	}
	save(append(line, "draft", "101", "version", "1", "to", "birch/watch", "precedence", "FLASH", "subject", "S", "text", strings.Repeat("word ", 201))...).want(t, 200, `"version":2`, "wordcount over", "a FLASH has at most 200", "Another officer must release")
	save(append(line, "draft", "101", "version", "1", "text", "late")...).want(t, 409, `"version":2`, "Somebody else saved")
	b.st.Fail["SaveDraft"] = parley.Errorf(parley.DiskFull, "no room")
	save(append(line, "draft", "101", "version", "2")...).want(t, 507, "no room")
	delete(b.st.Fail, "SaveDraft")
	b.post("/drafts", append(line, "draft", "101", "version", "2", "precedence", "FLASH", "subject", "S", "then", "submit")...).to(t, "/work?said=submitted")
	b.post("/drafts", append(line, "draft", "12", "version", "3", "subject", "S", "then", "release")...).to(t, "/draft/12/release")
	b.get("/draft/101").want(t, 200, "You drafted this", "!Precedence you release it with")
	b.get("/draft/101?edit=1").want(t, 200, "Writing on takes it back")
}

func encoded(fields ...string) string {
	var b strings.Builder
	for i := 0; i < len(fields); i += 2 {
		b.WriteString("&" + fields[i] + "=" + strings.NewReplacer(" ", "+", "\r", "%0D", "\n", "%0A").Replace(fields[i+1]))
	}
	return strings.TrimPrefix(b.String(), "&")
}

// upload posts a form with a file.
func (b *bench) upload(path, field, name, kind, content string, fields ...string) answer {
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		m.WriteField(fields[i], fields[i+1])
	}
	w, _ := m.CreatePart(map[string][]string{"Content-Disposition": {`form-data; name="` + field + `"; filename="` + name + `"`}, "Content-Type": {kind}})
	io.WriteString(w, content)
	m.Close()
	r := httptest.NewRequest("POST", path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return b.do(r)
}

func TestUploads(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none")) // nothing of them is written there in the clear
	b := watch(t)
	big := strings.Repeat("x", 3<<20)
	b.upload("/draft/12/attach", "file", "chart.pdf", "application/pdf; charset=utf-8", big).to(t, "/draft/12?said=attached")
	if !b.st.Did("Attach chart.pdf 3145728") || b.st.DraftMap[12].Attachments[0].Type != "application/pdf" {
		t.Errorf("calls %q", b.st.Calls)
	}
	b.upload("/draft/12/attach", "other", "x", "text/plain", "x").want(t, 400, "no file was chosen")
	b.upload("/draft/12/submit", "file", "x", "text/plain", big).want(t, 413)
	a := admin(t)
	a.upload("/station/pairing/step", "file", "x.pairing", "application/octet-stream", "parley 1").to(t, "/station/pairing?said=pairing_step")
	a.upload("/station/pairing/step", "file", "x.pairing", "application/octet-stream", strings.Repeat("p", 600<<10)).want(t, 413)
}

func TestRootKeyIsHandedOn(t *testing.T) {
	b := admin(t)
	opened := ""
	b.h = desk.New(desk.Config{Station: b.st, OpenRoot: func(file, pass []byte) (key.Signer, error) {
		opened = string(file) + "/" + string(pass)
		if string(pass) != "open sesame" {
			return nil, parley.Errorf(parley.Malformed, "the passphrase does not open it")
		}
		return key.NewPair(zeros{})
	}})
	form := []string{"line", "d41d8cd98f00b204e9800998ecf8427e", "equal", "yes", "how", "in person", "passphrase"}
	b.upload("/station/pairing/confirm", "root", "alder.root", "", "ROOT", append(form, "guess-1234")...).want(t, 400, "does not open it", "!guess-1234")
	b.upload("/station/pairing/confirm", "root", "alder.root", "", "ROOT", append(form, "open sesame")...).to(t, "/station/pairing?said=pairing_confirm")
	if opened != "ROOT/open sesame" || !b.st.Did("ConfirmWords true in person root=true") {
		t.Errorf("opened %q, calls %q", opened, b.st.Calls)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func TestSeatLinkIsShownOnce(t *testing.T) {
	b := admin(t)
	b.post("/station/officers/seat", "officer", "1", "office", "watch", "for", "Lt Ruiz").want(t, 200, "http://example.com/seat/watch-", "It works once")
	b.get("/station/officers").want(t, 200, "!/seat/watch-")
}

// When the station fails the desk says so, shows no lamp as up, and gives
// nothing away.
func TestStationFails(t *testing.T) {
	b := watch(t)
	b.st.Fail["Board"] = parley.Errorf(parley.Unavailable, "the store is locked")
	b.get("/watch").want(t, 200, "The board cannot be read now")
	b.st.Fail["Lines"] = io.ErrUnexpectedEOF
	b.get("/watch").want(t, 200, "!>UP<")
	b.get("/record").want(t, 500, "A fault of this program", "!unexpected EOF")
	b.st.Fail["Acknowledge"] = parley.Errorf(parley.Unavailable, "the store is locked")
	b.post(flash+"/acknowledge").want(t, 503, "the store is locked")
}

func TestEvents(t *testing.T) {
	b := watch(t)
	srv := httptest.NewServer(b.h)
	defer srv.Close()
	r, _ := http.NewRequest("GET", srv.URL+"/events", nil)
	r.AddCookie(&http.Cookie{Name: "parley-alder-session", Value: b.cookies["parley-alder-session"]})
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("type %q", got)
	}
	buf := make([]byte, 4096)
	n, err := res.Body.Read(buf)
	if first := string(buf[:n]); err != nil || !strings.HasPrefix(first, "event: beat\ndata: {\"now\":") || !strings.Contains(first, `"state":"up"`) || strings.Contains(first, "Aircraft") {
		t.Errorf("first event %q, %v", first, err)
	}
	for b.st.Listeners() == 0 {
	}
	b.st.Lock()
	b.st.Tell("item", desktest.Birch, "9a0f33c1d2e4b586:41")
	b.st.Unlock()
	all := ""
	for range 5 {
		n, err := res.Body.Read(buf)
		if all += string(buf[:n]); err != nil || strings.Contains(all, "event: change") {
			break
		}
	}
	if !strings.Contains(all, `"kind":"item"`) {
		t.Errorf("no change in %q", all)
	}
}

// Two hundred lines are a board still.
func TestManyLines(t *testing.T) {
	b := watch(t)
	one := b.st.LineList[0]
	for i := range 200 {
		l := one
		l.Key = strings.Repeat("0", 29) + string([]byte{'a', byte('a' + i/16), byte('a' + i%16)})
		b.st.LineList = append(b.st.LineList, l)
	}
	b.get("/watch").want(t, 200, "data-many")
}

// TestStationShowsPhones: which are registered, or why none can be.
func TestStationShowsPhones(t *testing.T) {
	b := watch(t)
	b.get("/station").want(t, 200, "Telephones", "watch-room", "TLS 192.0.2.9:5060", "lifted")
	b.st.Stands.Phones = nil
	b.get("/station").want(t, 200, "No telephone is registered.")
	b.st.Stands.NoPhones = "line 2 of the phones file: <b>"
	b.get("/station").want(t, 200, "No telephone can be used: line 2 of the phones file: &lt;b&gt;")
	b.st.Stands.NoPhones, b.st.Stands.HasPhones = "", false
	b.get("/station").want(t, 200, "!Telephones")
}
