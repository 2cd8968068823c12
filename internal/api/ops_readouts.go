package api

import (
	"context"
	"net/http"
	"time"

	"parley/internal/station"
)

// Bodies of what is said of a contact.
type (
	embargoIn struct {
		Until   time.Time `json:"until"`
		Text    string    `json:"text,omitempty"`
		Instead string    `json:"instead,omitempty"` // the proposal whose place it takes
	}
	judgeEmbargoIn struct {
		Step string `json:"step"` // "agree", "refuse"
		Text string `json:"text,omitempty"`
	}
	readoutIn struct {
		Version int64              `json:"version"` // that was changed; 0: there was none
		Items   []station.SaidItem `json:"items"`
	}
	versionIn struct {
		Version int64 `json:"version"`
	}
	returnReadoutIn struct {
		versionIn
		Note string `json:"note"`
	}
	readyIn struct {
		showIn
		Manual bool `json:"manual,omitempty"` // it is not shown by itself
	}
	showIn struct {
		versionIn
		Named []station.NamedQuote `json:"named,omitempty"` // what is quoted of our own memcons and notes, and why that may leave
	}
	remarkIn struct {
		Item  int                  `json:"item,omitempty"` // from 1; 0: the whole
		Text  string               `json:"text"`
		Named []station.NamedQuote `json:"named,omitempty"`
	}
	jointIn struct {
		Items   []station.SaidItem   `json:"items"`
		Text    string               `json:"text,omitempty"`
		Instead string               `json:"instead,omitempty"`
		Named   []station.NamedQuote `json:"named,omitempty"`
	}
	judgeJointIn struct {
		Step string `json:"step"` // "sign", "withdraw", "refuse"
		Text string `json:"text,omitempty"`
	}
	pagesOut struct {
		Files []string `json:"files"` // that had to be written
	}
)

var ofContact = []param{line, {"contact", "path", "string", "Id of a request of the contact."}}

// about is the parameters of an act on something that is said of a contact.
func about(name, what string) []param {
	return append(ofContact[:2:2], param{name, "path", "string", what})
}

// draftingReadouts is our own draft: nothing of it leaves our side.
func draftingReadouts(st Station) []operation {
	const at = "/lines/{line}/contacts/{contact}/readout"
	return []operation{
		get("statements", "/lines/{line}/contacts/{contact}/statements", "All that is said of a contact: embargo, our draft, both sides' drafts, joint statements, what is published.", ofContact,
			func(ctx context.Context, c *call) (station.Statements, error) {
				return st.Statements(ctx, c.by, c.text("line"), c.text("contact"))
			}),
		get("readout", at, "Our own draft.", append(ofContact[:2:2], param{"version", "query", "integer", "Which version; the newest, if it is left out."}), func(ctx context.Context, c *call) (station.Readout, error) {
			version := int64(0)
			if c.text("version") != "" {
				var err error
				if version, err = c.number("version"); err != nil {
					return station.Readout{}, err
				}
			}
			return st.Readout(ctx, c.by, c.text("line"), c.text("contact"), version)
		}),
		post("save_readout", at, "Save a new version of our own draft. It takes back what was reviewed and approved.", ofContact, func(ctx context.Context, c *call, in readoutIn) (station.Readout, error) {
			return st.SaveReadout(ctx, c.by, c.text("line"), c.text("contact"), in.Version, in.Items)
		}),
		post("review_readout", at+"/review", "Say that a version was reviewed, by another officer than its author.", ofContact, func(ctx context.Context, c *call, in versionIn) (station.Readout, error) {
			return st.ReviewReadout(ctx, c.by, c.text("line"), c.text("contact"), in.Version)
		}),
		post("approve_readout", at+"/approve", "Approve a version: it may be shown and published, and nothing else.", ofContact, func(ctx context.Context, c *call, in versionIn) (station.Readout, error) {
			return st.ApproveReadout(ctx, c.by, c.text("line"), c.text("contact"), in.Version)
		}),
		post("return_readout", at+"/return", "Give a version back to its author.", ofContact, func(ctx context.Context, c *call, in returnReadoutIn) (station.Readout, error) {
			return st.ReturnReadout(ctx, c.by, c.text("line"), c.text("contact"), in.Version, in.Note)
		}),
		post("quotes", at+"/quotes", "What a saved version of our own draft quotes that is not released. Each look is audited.", ofContact, func(ctx context.Context, c *call, in versionIn) ([]station.SaidQuote, error) {
			return st.QuotesIn(ctx, c.by, c.text("line"), c.text("contact"), in.Version)
		}),
	}
}

// exchanging is the embargo, and the drafts that both sides show at once.
func exchanging(st Station) []operation {
	const at = "/lines/{line}/contacts/{contact}"
	return []operation{
		post("propose_embargo", at+"/embargo", "Propose until when neither side publishes.", ofContact, func(ctx context.Context, c *call, in embargoIn) (filedOut, error) {
			id, err := st.ProposeEmbargo(ctx, c.by, c.text("line"), c.text("contact"), in.Until, in.Text, in.Instead)
			return filedOut{id}, err
		}),
		post("judge_embargo", at+"/embargo/{embargo}", "Agree to an embargo, refuse it, or take back our own proposal.", about("embargo", "Id of the proposal."), func(ctx context.Context, c *call, in judgeEmbargoIn) (filedOut, error) {
			id, err := st.JudgeEmbargo(ctx, c.by, c.text("line"), c.text("contact"), c.text("embargo"), in.Step, in.Text)
			return filedOut{id}, err
		}),
		post("ready_readout", at+"/readout/ready", "Bind our side to the approved version. It is shown by itself once every side is bound.", ofContact, func(ctx context.Context, c *call, in readyIn) (filedOut, error) {
			id, err := st.ReadyReadout(ctx, c.by, c.text("line"), c.text("contact"), in.Version, in.Manual, in.Named...)
			return filedOut{id}, err
		}),
		post("show_readout", at+"/readout/show", "Show the draft that we are bound to, or a later version that is approved.", ofContact, func(ctx context.Context, c *call, in showIn) (filedOut, error) {
			id, err := st.ShowReadout(ctx, c.by, c.text("line"), c.text("contact"), in.Version, in.Named...)
			return filedOut{id}, err
		}),
		get("compare_drafts", at+"/comparison", "Both sides' drafts side by side, with what differs. Within one language only.", append(ofContact[:2:2],
			param{"ours", "query", "string", "Id of our draft; the newest, if it is left out."}, param{"theirs", "query", "string", "Id of theirs; the newest, if it is left out."}),
			func(ctx context.Context, c *call) (station.Comparison, error) {
				return st.CompareDrafts(ctx, c.by, c.text("line"), c.text("contact"), c.text("ours"), c.text("theirs"))
			}),
		post("remark_on_draft", at+"/drafts/{shown}/remarks", "Remark on a draft.", about("shown", "Id of the draft."), func(ctx context.Context, c *call, in remarkIn) (filedOut, error) {
			id, err := st.RemarkOnDraft(ctx, c.by, c.text("line"), c.text("contact"), c.text("shown"), in.Item, in.Text, in.Named...)
			return filedOut{id}, err
		}),
	}
}

// publishing is joint statements, what is published, and its pages.
func publishing(st Station) []operation {
	const at = "/lines/{line}/contacts/{contact}"
	return []operation{
		post("propose_joint", at+"/joint", "Propose a joint statement, and sign it with that. It stands in the same languages throughout.", ofContact, func(ctx context.Context, c *call, in jointIn) (filedOut, error) {
			id, err := st.ProposeJoint(ctx, c.by, c.text("line"), c.text("contact"), in.Items, in.Text, in.Instead, in.Named...)
			return filedOut{id}, err
		}),
		post("judge_joint", at+"/joint/{joint}", "Sign a joint statement, withdraw our signature, or refuse.", about("joint", "Id of the proposal."), func(ctx context.Context, c *call, in judgeJointIn) (filedOut, error) {
			id, err := st.JudgeJoint(ctx, c.by, c.text("line"), c.text("contact"), c.text("joint"), in.Step, in.Text)
			return filedOut{id}, err
		}),
		post("read_joint", at+"/joint/{joint}/read", "Acknowledge every signature of a joint statement: once all sides have, it stands for good.", about("joint", "Id of the proposal."), func(ctx context.Context, c *call, _ none) (none, error) {
			return none{}, st.OpenJoint(ctx, c.by, c.text("line"), c.text("contact"), c.text("joint"))
		}),
		post("publish", at+"/publish", "Put on the record that our side published: its readout, a joint statement, or a correction.", ofContact, func(ctx context.Context, c *call, in station.PublishText) (filedOut, error) {
			id, err := st.Publish(ctx, c.by, c.text("line"), c.text("contact"), in)
			return filedOut{id}, err
		}),
		file("public_page", "/lines/{line}/published/{item}/page", "text/html", "The public page of what was published: one HTML file that carries its own proofs.",
			[]param{line, item, {"language", "query", "string", "Language of the frame: en, zh, ar, fr, es, ru; that of our side, if it is left out."}},
			func(ctx context.Context, c *call, w http.ResponseWriter) error {
				name, b, err := st.PublicPage(ctx, c.by, c.text("line"), c.text("item"), c.text("language"))
				if err != nil {
					return err
				}
				w.Header().Set("Content-Disposition", "attachment; filename=\""+name+"\"")
				w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
				_, err = w.Write(b)
				return err
			}),
		post("write_pages", "/lines/{line}/published/{item}/pages", "Write the public pages and proofs of what our side published into the station's public folder.", []param{line, item}, func(ctx context.Context, c *call, _ none) (pagesOut, error) {
			names, err := st.WritePages(ctx, c.by, c.text("line"), c.text("item"))
			return pagesOut{names}, err
		}),
	}
}
