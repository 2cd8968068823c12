package desk_test

import (
	"strings"
	"testing"
	"time"

	"parley/internal/contact"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

// TestCallOnEveryPage: a call that rings is on every page, with its own sound, and
// leads to where it is lifted; a FLASH sounds beside it.
func TestCallOnEveryPage(t *testing.T) {
	b := watch(t)
	b.get("/watch").want(t, 200, `!data-ring="call"`, "!A call from Birch rings here")
	alarm := func(id int64, code string, silenced bool) station.Alarm {
		return station.Alarm{ID: id, Line: desktest.Birch, Code: code, Text: "CALL from birch: leader, voice", Item: desktest.CallWithBirch, Count: 1, Silenced: silenced}
	}
	set := func(todos []station.Todo, as ...station.Alarm) {
		b.st.Lock()
		defer b.st.Unlock()
		b.st.Todos, b.st.AlarmSet = todos, nil
		for i := range as {
			b.st.AlarmSet = append(b.st.AlarmSet, &as[i])
		}
	}
	lift := station.Todo{Act: "lift-call", Item: desktest.CallWithBirch, Line: desktest.Birch, Text: "Birch"}
	set([]station.Todo{lift}, alarm(901, "call", false))
	for _, page := range []string{"/watch", "/record", "/work", birch + "/contacts", "/station"} {
		b.get(page).want(t, 200, `data-ring="call"`, "A call from Birch rings here", `href="`+birch+`/call"`)
	}
	b.get("/watch").want(t, 200, ">Lift<")
	b.get(birch+"/call").want(t, 200, `data-ring="call"`, "!strip-call-")
	set([]station.Todo{lift}, alarm(901, "call", false), alarm(902, "flash", false))
	b.get("/record").want(t, 200, `data-ring="flash call"`)
	set([]station.Todo{lift}, alarm(901, "call", true), alarm(903, "priority", false))
	b.get("/record").want(t, 200, `data-ring="priority"`, "A call from Birch rings here")
	set([]station.Todo{{Act: "join-call", Item: desktest.CallWithBirch, Line: desktest.Birch, Text: "Birch"}, {Act: "confirm-wording", Item: desktest.CallWithBirch, Line: desktest.Birch, Text: "The line stays open."}})
	b.get("/watch").want(t, 200, "Join the call", "Confirm the wording", `href="`+birch+`/call#wordings"`, "!rings here")
	for _, lang := range []string{"zh", "ar", "fr", "es", "ru"} {
		b.cookies["parley-alder-lang"] = lang
		set([]station.Todo{lift}, alarm(901, "call", false))
		b.get("/watch").want(t, 200, "!todo.lift-call", "!alarm.call", "!>Lift<", "!CALL from")
	}
}

// TestCallOfContact: what is agreed by voice is rung for from its page, where the
// calls that were rung for it stand.
func TestCallOfContact(t *testing.T) {
	b := envoy(t)
	to := strings.ReplaceAll(strings.Replace(ourAgreed, "/contact/", "/call?contact=", 1), ":", "%3a")
	at := func(medium string, state contact.State, begins time.Duration) {
		b.st.Lock()
		defer b.st.Unlock()
		for i := range b.st.Contacting {
			if c := &b.st.Contacting[i]; strings.HasSuffix(ourAgreed, c.ID) {
				c.Medium, c.State, c.Start = medium, state, b.st.Now().Add(begins)
			}
		}
	}
	at("voice", contact.Agreed, time.Hour)
	b.get(ourAgreed).want(t, 200, `class="button" href="`+to+`"`, "Call now", "!Calls of this contact")
	at("video", contact.Agreed, 14*time.Minute)
	b.get(ourAgreed).want(t, 200, `class="button strong big" href="`+to+`"`)
	at("in-person", contact.Agreed, time.Minute)
	b.get(ourAgreed).want(t, 200, "!Call now")
	at("voice", contact.Cancelled, time.Minute)
	b.get(ourAgreed).want(t, 200, "!Call now")
	at("voice", contact.Agreed, time.Minute)
	b.st.Lock()
	b.st.CalledFor = ourAgreed[strings.LastIndex(ourAgreed, "/")+1:]
	b.st.Unlock()
	b.get(ourAgreed).want(t, 200, "Calls of this contact", `id="call-`, `/call">`)
	b.get(theirAsk).want(t, 200, "!Call now", "!Calls of this contact")
}
