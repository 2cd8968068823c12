package contact

import (
	"testing"

	"parley/internal/form"
	"parley/internal/sheet"
)

// TestEveryFormIsShown: what each says is shown in its fields' words.
func TestEveryFormIsShown(t *testing.T) {
	for name, f := range good() {
		got := sheet.Fields(f)
		if len(got) == 0 {
			t.Errorf("%s shows nothing", name)
		}
		for _, x := range got {
			if x.Code == "" || x.Name == "" || x.Value == "" {
				t.Errorf("%s shows %+v", name, x)
			}
		}
	}
	full := &Request{Level: Leader, Medium: InPerson, Topics: []string{"a"}, Windows: []Window{{Start: 60, End: 120}}, Zone: "UTC", Languages: []string{"en"}, Interpreting: Consecutive,
		Brings: "each its own", Participants: []Participant{{Name: "A", Role: Listener}}, Recording: NotesByHands, AnswerBy: 60, Text: "t", Minutes: 30, Place: "Bali"}
	d, _ := form.Find("request")
	if got := sheet.Fields(full); len(got) < len(d.Fields) {
		t.Errorf("a request shows %d of its %d fields", len(got), len(d.Fields))
	}
}
