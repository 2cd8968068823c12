// Package contact is how contacts between the parties are arranged and what is
// known of them: the forms in which a call or a meeting is asked for, answered,
// planned and entered, the state that those entries add up to, and the same as
// calendars and tables (spec/contacts.md).
//
// The state is a function of the set of entries, whatever their order of
// arrival: two stations that hold the same say the same.
package contact

import "parley/internal/form"

// Forms are the names of the forms that contacts are made of.
var Forms = []string{"request", "reply", "calloff", "point", "register", "stance", "ask", "answer"}

func init() {
	form.Register(requestForm(), replyForm(), callOffForm(), pointForm(), registerForm(), stanceForm(), askForm(), answerForm())
}
