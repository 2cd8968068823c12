package desk

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/sheet"
)

// TestWordsOfCalls: the catalogue has a name for each form that calls are made of,
// for every field that one shows, and for every value of a closed list.
func TestWordsOfCalls(t *testing.T) {
	all := books(t)
	want := []string{}
	for _, f := range call.Forms {
		if _, ok := form.Find(f); !ok {
			t.Errorf("%s is no form", f)
		}
		want = append(want, "form."+f)
	}
	src := ""
	for _, file := range []string{"../call/forms.go", "../call/wording.go", "../call/recording.go"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		src += string(b)
	}
	shown := regexp.MustCompile(`s\.Add\("[^"]+", "([^"]+)"`).FindAllStringSubmatch(src, -1)
	if len(shown) < 20 {
		t.Errorf("%d fields: the search is broken", len(shown))
	}
	for _, m := range shown {
		want = append(want, "field."+m[1])
	}
	for r := contact.Principal; r <= contact.Listener; r++ {
		want = append(want, "field."+r.String())
	}
	for _, k := range want {
		if !all["en"].has(k) {
			t.Errorf("no message %q", k)
		}
	}
	values := 0
	for _, f := range []form.Form{
		&call.Ring{}, &call.Ring{Level: contact.Leader, Medium: contact.Video, Interpreting: contact.Simultaneous, Recording: contact.NotesByHands},
		&call.Pickup{}, &call.Pickup{Phase: call.Decline, Reason: contact.NotNow}, &call.Pickup{Phase: call.Busy},
		&call.Hangup{}, &call.Hangup{Outcome: call.Withdrawn}, &call.Hangup{Outcome: call.NoAnswer}, &call.Hangup{Outcome: call.Broken},
		&call.Roster{}, &call.Roster{Phase: 1}, &call.Confirm{}, &call.Confirm{Phase: call.Denied}, &call.Confirm{Phase: call.TakenBack}, &call.Wording{Note: call.WordingNote},
	} {
		for _, x := range sheet.Fields(f) {
			for _, lang := range []string{"zh", "ar", "ru"} {
				values++
				if got := string(all[lang].fieldValue(f.Name(), x.Name, x.Value)); strings.Contains(got, x.Value) {
					t.Errorf("%s: %s of a %s is shown as %q", lang, x.Name, f.Name(), got)
				}
			}
		}
	}
	if values < 60 {
		t.Errorf("%d values: the search is broken", values)
	}
}

// TestWhatPeopleWriteIsNoWordOfOurs: a text that reads like a word of a closed
// list stays what it is.
func TestWhatPeopleWriteIsNoWordOfOurs(t *testing.T) {
	ar := books(t)["ar"]
	for _, x := range []struct{ form, name, value string }{{"ring", "text", "leader"}, {"dispute", "heard", "accepted"}, {"wording", "text", call.WordingNote}, {"dispatch", "answer", "accepted"}, {"confirm", "text", "confirmed"}} {
		if got := string(ar.fieldValue(x.form, x.name, x.value)); !strings.Contains(got, x.value) {
			t.Errorf("%s of a %s, %q, is shown as %q", x.name, x.form, x.value, got)
		}
	}
}
