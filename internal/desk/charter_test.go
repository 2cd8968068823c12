package desk_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"parley"
	"parley/internal/desk/desktest"
)

// TestAssent: the envoy reads what changes, types the first digits of its hash,
// and our assent is filed, once.
func TestAssent(t *testing.T) {
	b := newBench(t).sit(2, parley.Envoy)
	b.get(birch+"/charter").want(t, 200, "Put our assent on record", "nothing is recorded", "calls are recorded")
	b.post(birch+"/charter", "hash", desktest.Proposed, "typed", desktest.Proposed[:8]).to(t, birch+"/charter?said=assented")
	if n := len(b.st.Calls); n == 0 || b.st.Calls[n-1] != "Assent "+desktest.Proposed[:8] {
		t.Errorf("it did %q", b.st.Calls)
	}
	b.get(birch+"/charter").want(t, 200, "!Put our assent on record", "!waits for:")
}

// TestAmend: an amendment is looked at before it is sent, exactly what was shown
// is proposed, once, and a page that is behind what is in force proposes nothing.
func TestAmend(t *testing.T) {
	b := newBench(t).sit(2, parley.Envoy)
	b.get(birch+"/charter").want(t, 200, "Amend the charter", "!Amend the annex", "!Go on without a party", "!Leave the line")
	page := birch + "/charter/change"
	blank := b.get(page+"?what=charter").want(t, 200, `name="name-alder" value="Alder"`, `name="open-FLASH" value="10"`, `name="call-0" value="0800"`).body
	fields := formOf(blank, "amend")
	b.post(page, fields...).want(t, 422, "the amendment changes nothing")
	changed := with(fields, "languages-birch", "zh، en", "rule-ROUTINE", "lone_watch", "open-PRIORITY", "90", "recording", "calls are recorded")
	a := b.post(page, changed...).want(t, 200, "calls are recorded", "1 h 30 min", "a lone officer on watch", "zh, en", "!name=&quot;")
	if len(b.st.Calls) != 0 {
		t.Fatalf("looking did %q", b.st.Calls)
	}
	confirm := formOf(a.body, "stack")
	b.post(page, with(confirm, "typed", "00000000")...).want(t, 403, "nothing was done")
	b.post(page, with(confirm, "back", "yes")...).want(t, 200, `name="recording" value="calls are recorded"`, `name="open-PRIORITY" value="90"`)
	sure := with(confirm, "typed", get(confirm, "hash")[:8])
	b.post(page, sure...).to(t, birch+"/charter?said=proposed")
	if n := len(b.st.Calls); n != 1 || !strings.Contains(b.st.Calls[0], "recording=calls are recorded") {
		t.Errorf("it did %q", b.st.Calls)
	}
	b.post(page, sure...).want(t, 409, "our side has assented to it already")
	b.st.Amended++ // something else came into force
	b.post(page, changed...).want(t, 409, "has changed since this page was made", `name="recording" value="nothing is recorded"`)
	b.post(page, sure...).want(t, 409, "has changed since this page was made")
	b.post(page, with(fields, "base", strings.Repeat("0c", 32), "open-FLASH", "soon")...).want(t, 422, "a number of minutes")
	if len(b.st.Calls) != 1 {
		t.Errorf("it did %q", b.st.Calls)
	}
}

func TestAmendAnnexRemoveAndLeave(t *testing.T) {
	b := admin(t)
	page := birch + "/charter/change"
	fields := formOf(b.get(page+"?what=annex").want(t, 200).body, "amend")
	b.post(page, with(fields, "bound-8", "many")...).want(t, 422, "is a number")
	a := b.post(page, with(fields, "bound-6", "1000000")...).want(t, 200, "Attachments taken from a peer in a day")
	confirm := formOf(a.body, "stack")
	b.post(page, with(confirm, "typed", get(confirm, "hash")[:8])...).to(t, birch+"/charter?said=proposed")
	if !strings.Contains(b.st.Calls[0], "bound 6=1000000") {
		t.Errorf("it did %q", b.st.Calls)
	}
	b.post(birch+"/charter/leave", "reason", "The line has done its work.", "typed", "birch").to(t, birch+"?said=line_left")
	b.post(birch+"/charter/leave", "reason", "Again.", "typed", "birch").want(t, 409, "nothing was done")
	b.st.LineList[0].Them = append(b.st.LineList[0].Them, b.st.LineList[1].Them...)
	b.sit(2, parley.Envoy)
	b.get(birch+"/charter").want(t, 200, "Go on without a party")
	fields = formOf(b.get(page+"?what=remove").want(t, 200, "Which party goes?").body, "amend")
	a = b.post(page, append(fields, "party", "cedar")...).want(t, 200, "It removes Cedar from the line.")
	confirm = formOf(a.body, "stack")
	b.post(page, with(confirm, "typed", get(confirm, "hash")[:8])...).to(t, birch+"/charter?said=proposed")
	if !b.st.Did("Propose charter cedar") {
		t.Errorf("it did %q", b.st.Calls)
	}
}

var (
	fieldOf  = regexp.MustCompile(`(?s)<input[^>]*>|<select name="([^"]*)".*?</select>|<textarea name="([^"]*)"[^>]*>(.*?)</textarea>`)
	chosen   = regexp.MustCompile(`<option value="([^"]*)" selected`)
	nameOf   = regexp.MustCompile(` name="([^"]*)"`)
	valueOf  = regexp.MustCompile(` value="([^"]*)"`)
	tickable = regexp.MustCompile(` type="(checkbox|radio)"`)
)

// formOf is what a browser would post of the form with a class in the page.
func formOf(page, class string) (out []string) {
	_, page, _ = strings.Cut(page, `<div id="amend"`)
	_, page, _ = strings.Cut(page, `class="`+class+`"`)
	page, _, _ = strings.Cut(page, "</form>")
	for _, m := range fieldOf.FindAllStringSubmatch(page, -1) {
		switch {
		case m[1] != "":
			if c := chosen.FindStringSubmatch(m[0]); c != nil {
				out = append(out, m[1], html.UnescapeString(c[1]))
			}
		case m[2] != "":
			out = append(out, m[2], html.UnescapeString(m[3]))
		default:
			name, value := nameOf.FindStringSubmatch(m[0]), valueOf.FindStringSubmatch(m[0])
			if name == nil || tickable.MatchString(m[0]) && !strings.Contains(m[0], " checked") {
				continue
			}
			if value == nil {
				value = []string{"", ""}
			}
			out = append(out, name[1], html.UnescapeString(value[1]))
		}
	}
	return out
}

// with sets fields of a form.
func with(fields []string, set ...string) []string {
	out := append([]string{}, fields...)
	for i := 0; i < len(set); i += 2 {
		found := false
		for j := 0; j < len(out); j += 2 {
			if out[j] == set[i] {
				out[j+1], found = set[i+1], true
			}
		}
		if !found {
			out = append(out, set[i], set[i+1])
		}
	}
	return out
}

func get(fields []string, name string) string {
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == name {
			return fields[i+1]
		}
	}
	return ""
}
