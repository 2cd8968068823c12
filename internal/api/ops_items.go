package api

import (
	"context"
	"time"

	"parley"
	"parley/internal/station"
)

// Bodies of acts on an entry.
type (
	translateIn struct {
		Language string `json:"language"`
		Text     string `json:"text"`
	}
	reviewIn struct {
		Translation int64 `json:"translation"`
	}
	disputeIn struct {
		Translation int64  `json:"translation"`
		Words       string `json:"words"` // as they stand in the translation
		Note        string `json:"note"`
	}
	settleIn struct {
		Translation int64  `json:"translation"`
		Dispute     int64  `json:"dispute"`
		How         string `json:"how"`
	}
	informedIn struct {
		At time.Time `json:"at"` // when; now, if it is left out
	}
	takeIn struct {
		From string `json:"from,omitempty"` // officer who is seen to have it, and from whom it is taken over
	}
	foundIn struct {
		Right *bool  `json:"right"`
		Text  string `json:"text,omitempty"` // what was meant, where it is wrong
	}
	checkCallIn struct {
		Answers string `json:"answers,omitempty"` // the check call that this one answers; none: it asks
	}
	useTextsIn struct {
		Texts []string `json:"texts"` // "test:NUMBER"
	}
	marksIn struct {
		Three *bool `json:"three"`
	}
)

// reading reads the record.
func reading(st Station) []operation {
	at := []param{line, item}
	return []operation{
		get("record", "/lines/{line}/record", "A page of the record: settled entries, and apart those whose order is not confirmed yet.", append([]param{line}, filters...),
			func(ctx context.Context, c *call) (station.Page, error) {
				f, err := c.filter()
				if err != nil {
					return station.Page{}, err
				}
				return st.Record(ctx, c.text("line"), f)
			}),
		get("item", "/lines/{line}/items/{item}", "One entry. The text of an entry of the other side that nobody has opened is not in it.", at,
			func(ctx context.Context, c *call) (station.Item, error) {
				return st.Item(ctx, c.text("line"), c.text("item"))
			}),
		post("open", "/lines/{line}/items/{item}/open", "Read an entry. It is audited, and sends nothing.", at, func(ctx context.Context, c *call, _ none) (station.Item, error) {
			return st.Open(ctx, c.by, c.text("line"), c.text("item"))
		}),
	}
}

// answering is what is done about an entry: on our side, or by an entry of ours
// about it.
func answering(st Station) []operation {
	at := []param{line, item}
	// on is an act on an entry that answers nothing.
	on := func(id, about string, do func(ctx context.Context, c *call, line, item string) error) operation {
		return post(id, "/lines/{line}/items/{item}/"+id, about, at, func(ctx context.Context, c *call, _ none) (none, error) {
			return none{}, do(ctx, c, c.text("line"), c.text("item"))
		})
	}
	return []operation{
		post("take", "/lines/{line}/items/{item}/take", "Say at every desk of our side that this officer sees to it.", at, func(ctx context.Context, c *call, in takeIn) (none, error) {
			return none{}, st.TakeFrom(ctx, c.by, c.text("line"), c.text("item"), in.From)
		}),
		on("give_back", "Say at every desk of our side that this officer no longer sees to it.", func(ctx context.Context, c *call, line, item string) error {
			return st.GiveBack(ctx, c.by, line, item)
		}),
		on("acknowledge", "Tell the other side that it was opened. It is receipt only; neither agreement nor permission.", func(ctx context.Context, c *call, line, item string) error {
			return st.Acknowledge(ctx, c.by, line, item)
		}),
		post("informed", "/lines/{line}/items/{item}/informed", "Tell the other side that the principal was informed.", at, func(ctx context.Context, c *call, in informedIn) (none, error) {
			return none{}, st.Informed(ctx, c.by, c.text("line"), c.text("item"), in.At)
		}),
		post("query", "/lines/{line}/items/{item}/query", "Ask for an entry of ours to be read.", at, func(ctx context.Context, c *call, in textIn) (none, error) {
			return none{}, st.Query(ctx, c.by, c.text("line"), c.text("item"), in.Text)
		}),
		post("tracer", "/lines/{line}/items/{item}/tracer", "Ask where an entry of ours got stuck.", at, func(ctx context.Context, c *call, in textIn) (none, error) {
			return none{}, st.Tracer(ctx, c.by, c.text("line"), c.text("item"), in.Text)
		}),
		post("disregard", "/lines/{line}/items/{item}/disregard", "Say on the record that an entry of ours is to be disregarded. The original stays.", at,
			func(ctx context.Context, c *call, in reasonIn) (none, error) {
				return none{}, st.Disregard(ctx, c.by, c.text("line"), c.text("item"), in.Reason)
			}),
		post("checkcall", "/lines/{line}/checkcall", "Ask a human of theirs for a sign of life, or answer theirs.", []param{line}, func(ctx context.Context, c *call, in checkCallIn) (filedOut, error) {
			id, err := st.CheckCall(ctx, c.by, c.text("line"), in.Answers)
			return filedOut{id}, err
		}),
	}
}

// understanding makes sure that an entry is understood: translations, and what
// is read back.
func understanding(st Station) []operation {
	at := []param{line, item}
	return []operation{
		post("translate", "/lines/{line}/items/{item}/translations", "Keep a translation on our side, not yet reviewed.", at, func(ctx context.Context, c *call, in translateIn) (station.Translation, error) {
			return st.Translate(ctx, c.by, c.text("line"), c.text("item"), in.Language, in.Text)
		}),
		post("review", "/lines/{line}/items/{item}/review", "Check another officer's translation.", at, func(ctx context.Context, c *call, in reviewIn) (none, error) {
			return none{}, st.Review(ctx, c.by, c.text("line"), c.text("item"), in.Translation)
		}),
		post("certify", "/lines/{line}/items/{item}/certify", "Set the third mark on a translation that two other officers made and checked.", at, func(ctx context.Context, c *call, in reviewIn) (none, error) {
			return none{}, st.Certify(ctx, c.by, c.text("line"), c.text("item"), in.Translation)
		}),
		post("dispute", "/lines/{line}/items/{item}/dispute", "Mark words of a translation as disputed, on our side.", at, func(ctx context.Context, c *call, in disputeIn) (station.Dispute, error) {
			return st.DisputeWords(ctx, c.by, c.text("line"), c.text("item"), in.Translation, in.Words, in.Note)
		}),
		post("settle", "/lines/{line}/items/{item}/settle", "Say how a dispute about words ended.", at, func(ctx context.Context, c *call, in settleIn) (none, error) {
			return none{}, st.SettleDispute(ctx, c.by, c.text("line"), c.text("item"), in.Translation, in.Dispute, in.How)
		}),
		get("test_texts", "/lines/{line}/texts", "The approved texts of line tests, with our translations. Each is reviewed and certified as an entry is, by its id.", []param{line},
			func(ctx context.Context, c *call) ([]station.TestText, error) {
				return st.TestTexts(ctx, c.text("line"))
			}),
		post("translate_text", "/lines/{line}/texts/{text}/translations", "Keep a translation of a test text.", []param{line, {"text", "path", "string", "Id of the text, \"test:NUMBER\"."}},
			func(ctx context.Context, c *call, in translateIn) (station.Translation, error) {
				return st.TranslateTest(ctx, c.by, c.text("line"), c.text("text"), in.Language, in.Text)
			}),
		post("use_texts", "/texts", "Choose which of the approved texts our line tests carry.", nil, func(ctx context.Context, c *call, in useTextsIn) (none, error) {
			return none{}, st.UseTestTexts(ctx, c.by, in.Texts)
		}),
		post("marks", "/marks", "Say whether a translation of ours takes three officers, or two.", nil, func(ctx context.Context, c *call, in marksIn) (none, error) {
			if in.Three == nil {
				return none{}, parley.Errorf(parley.BadForm, "say whether a translation takes three officers")
			}
			return none{}, st.SetThreeMarks(ctx, c.by, *in.Three)
		}),
		post("ask_read_back", "/lines/{line}/items/{item}/readback/ask", "Ask the other side to say in its own words what it understood of an entry of ours.", at, func(ctx context.Context, c *call, _ none) (none, error) {
			return none{}, st.AskReadBack(ctx, c.by, c.text("line"), c.text("item"))
		}),
		post("give_read_back", "/lines/{line}/items/{item}/readback", "Say in our own words what we understood of an entry of theirs.", at, func(ctx context.Context, c *call, in textIn) (none, error) {
			return none{}, st.GiveReadBack(ctx, c.by, c.text("line"), c.text("item"), in.Text)
		}),
		post("find_read_back", "/lines/{line}/items/{item}/readback/found", "Say whether a read-back of theirs is right; where it is wrong, what was meant. The entry is that of the read-back.", at,
			func(ctx context.Context, c *call, in foundIn) (none, error) {
				if in.Right == nil {
					return none{}, parley.Errorf(parley.BadForm, "say whether it is right")
				}
				return none{}, st.FindReadBack(ctx, c.by, c.text("line"), c.text("item"), *in.Right, in.Text)
			}),
	}
}
