package api

import (
	"context"
	"time"

	"parley/internal/contact"
	"parley/internal/station"
)

// Bodies of arranging contacts.
type (
	callOffIn struct {
		Reason string    `json:"reason"`
		Text   string    `json:"text,omitempty"`
		Next   time.Time `json:"next,omitzero"` // another offer will be made until then
	}
	pointIn struct {
		station.PointText
		Instead string `json:"instead,omitempty"` // the point whose place it takes
	}
	judgeIn struct {
		Step string `json:"step"` // "agree", "refuse" or "done"
		Text string `json:"text,omitempty"`
	}
	enterIn struct {
		Contact string        `json:"contact,omitempty"` // they are what became of this contact
		Rows    []contact.Row `json:"rows"`
	}
	enteredOut struct {
		Items []string `json:"items"`
	}
	registerIn struct {
		Step string `json:"step"` // "confirm", "dispute" or "take-back"
		Rows []int  `json:"rows,omitempty"`
		Text string `json:"text,omitempty"`
	}
	stanceIn struct {
		Topic    string `json:"topic"`
		Stand    string `json:"stand"` // "cooperate", "contested" or "not-open"
		Position string `json:"position,omitempty"`
		Release  string `json:"release,omitempty"`
	}
	feedIn struct {
		Name string `json:"name"` // which calendar it is for
	}
	feedOut struct {
		station.Feed
		Path string `json:"path"` // at the desk's address; shown this once
	}
	answerIn struct {
		Outcome string `json:"outcome"`
		Text    string `json:"text,omitempty"`
	}
)

// arranging is how contacts are asked for, answered, planned and entered.
func arranging(st Station) []operation {
	one := []param{line, {"contact", "path", "string", "Id of a request of the contact."}}
	return []operation{
		get("contacts", "/lines/{line}/contacts", "All contacts of a line, as they stood at the end of a day.", []param{line, {"as_of", "query", "string", "A day; today, if it is left out."}},
			func(ctx context.Context, c *call) (station.ContactBook, error) {
				day, err := c.day("as_of")
				if err != nil {
					return station.ContactBook{}, err
				}
				return st.Contacts(ctx, c.text("line"), day)
			}),
		get("contact", "/lines/{line}/contacts/{contact}", "One contact: every offer and answer, and its file.", one, func(ctx context.Context, c *call) (station.Contact, error) {
			return st.Contact(ctx, c.by, c.text("line"), c.text("contact"))
		}),
		post("ask_contact", "/lines/{line}/contacts", "Ask for a call or a meeting.", []param{line}, func(ctx context.Context, c *call, in station.ContactTerms) (filedOut, error) {
			id, err := st.AskContact(ctx, c.by, c.text("line"), in)
			return filedOut{id}, err
		}),
		post("offer_terms", "/lines/{line}/contacts/{contact}/terms", "Offer other terms in place of those of a request: a counter-offer, or a change.", one, func(ctx context.Context, c *call, in station.ContactTerms) (filedOut, error) {
			id, err := st.OfferTerms(ctx, c.by, c.text("line"), c.text("contact"), in)
			return filedOut{id}, err
		}),
		post("reply_contact", "/lines/{line}/contacts/{contact}/reply", "Accept or decline the terms of another party.", one, func(ctx context.Context, c *call, in station.ContactReply) (filedOut, error) {
			id, err := st.ReplyContact(ctx, c.by, c.text("line"), c.text("contact"), in)
			return filedOut{id}, err
		}),
		post("call_off", "/lines/{line}/contacts/{contact}/calloff", "Withdraw or cancel a contact, for good.", one, func(ctx context.Context, c *call, in callOffIn) (filedOut, error) {
			id, err := st.CallOffContact(ctx, c.by, c.text("line"), c.text("contact"), in.Reason, in.Text, in.Next)
			return filedOut{id}, err
		}),
		post("add_point", "/lines/{line}/contacts/{contact}/points", "Propose a point of a contact's file, or change one.", one, func(ctx context.Context, c *call, in pointIn) (filedOut, error) {
			id, err := st.AddPoint(ctx, c.by, c.text("line"), c.text("contact"), in.PointText, in.Instead)
			return filedOut{id}, err
		}),
		post("judge_point", "/lines/{line}/contacts/{contact}/points/{point}", "Agree to a point, refuse it, or say that it is done.", append(one[:2:2], param{"point", "path", "string", "Id of the proposal."}),
			func(ctx context.Context, c *call, in judgeIn) (filedOut, error) {
				id, err := st.JudgePoint(ctx, c.by, c.text("line"), c.text("contact"), c.text("point"), in.Step, in.Text)
				return filedOut{id}, err
			}),
	}
}

// feeding is the addresses at which calendar programs read without a session, of
// the officer whose token it is.
func feeding(st Station) []operation {
	return []operation{
		get("feeds", "/calendars", "The officer's calendar addresses, without their secrets.", nil, func(ctx context.Context, c *call) ([]station.Feed, error) {
			return st.Feeds(ctx, c.by)
		}),
		secret(post("add_feed", "/calendars", "Make an address at which a calendar program reads when contacts are agreed. It is shown once.", nil, func(ctx context.Context, c *call, in feedIn) (feedOut, error) {
			f, token, err := st.AddFeed(ctx, c.by, in.Name)
			return feedOut{f, "/calendar/" + token + "/contacts.ics"}, err
		})),
		numbered("remove_feed", "/calendars/{calendar}/remove", "calendar", "End a calendar address at once.", st.RemoveFeed),
	}
}

// secret marks an operation that answers a secret.
func secret(o operation) operation {
	o.shown = true
	return o
}

// registering is what took place, and what was said of which topic.
func registering(st Station) []operation {
	at := []param{line, item}
	return []operation{
		post("enter_contacts", "/lines/{line}/register", "Enter contacts that took place.", []param{line}, func(ctx context.Context, c *call, in enterIn) (enteredOut, error) {
			ids, err := st.EnterContacts(ctx, c.by, c.text("line"), in.Contact, in.Rows)
			return enteredOut{ids}, err
		}),
		post("judge_contacts", "/lines/{line}/register/{item}", "Confirm or dispute what the other side entered, or take back what ours did.", at, func(ctx context.Context, c *call, in registerIn) (filedOut, error) {
			id, err := st.JudgeContacts(ctx, c.by, c.text("line"), c.text("item"), in.Step, in.Rows, in.Text)
			return filedOut{id}, err
		}),
		get("topics", "/lines/{line}/topics", "The topics of a line: who takes what stand, what was asked and what waits, without the words.", []param{line}, func(ctx context.Context, c *call) ([]station.Topic, error) {
			return st.Topics(ctx, c.text("line"))
		}),
		get("topic", "/lines/{line}/topic", "What was said of one topic.", []param{line, {"name", "query", "string", "Its name, to the letter."}}, func(ctx context.Context, c *call) (station.Topic, error) {
			return st.Topic(ctx, c.by, c.text("line"), c.text("name"))
		}),
		get("topic_history", "/lines/{line}/topic/history", "What each side has said in public of a topic, the oldest first, with the words lit that changed from one statement of a side to its next.", []param{line, {"name", "query", "string", "Its name."}}, func(ctx context.Context, c *call) ([]station.PublicStatement, error) {
			return st.TopicHistory(ctx, c.by, c.text("line"), c.text("name"))
		}),
		post("take_stance", "/lines/{line}/stances", "Say where our side stands on a topic.", []param{line}, func(ctx context.Context, c *call, in stanceIn) (filedOut, error) {
			id, err := st.TakeStance(ctx, c.by, c.text("line"), in.Topic, in.Stand, in.Position, in.Release)
			return filedOut{id}, err
		}),
		post("put_ask", "/lines/{line}/asks", "Put a demand or a question, or ask what a public statement is worth.", []param{line}, func(ctx context.Context, c *call, in station.AskText) (filedOut, error) {
			id, err := st.PutAsk(ctx, c.by, c.text("line"), in)
			return filedOut{id}, err
		}),
		post("answer_ask", "/lines/{line}/asks/{item}", "Answer what another party asked.", at, func(ctx context.Context, c *call, in answerIn) (filedOut, error) {
			id, err := st.AnswerAsk(ctx, c.by, c.text("line"), c.text("item"), in.Outcome, in.Text)
			return filedOut{id}, err
		}),
	}
}
