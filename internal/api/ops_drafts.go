package api

import (
	"context"

	"parley/internal/station"
)

// Bodies of acts on drafts.
type (
	releaseIn struct {
		Version    int64  `json:"version"`    // of the draft as it was read
		Precedence string `json:"precedence"` // said again by who releases
	}
	titleIn struct {
		Title string `json:"title"`
	}
)

// writing is drafts, from the first word to the release.
func writing(st Station) []operation {
	at := []param{draft}
	// of is an act on a draft that answers with it.
	of := func(id, about string, do func(ctx context.Context, c *call, n int64) (station.Draft, error)) operation {
		return post(id, "/drafts/{draft}/"+id, about, at, func(ctx context.Context, c *call, _ none) (station.Draft, error) {
			n, err := c.number("draft")
			if err != nil {
				return station.Draft{}, err
			}
			return do(ctx, c, n)
		})
	}
	return []operation{
		get("drafts", "/drafts", "Drafts that this officer may see.", nil, func(ctx context.Context, c *call) ([]station.Draft, error) { return st.Drafts(ctx, c.by) }),
		post("save_draft", "/drafts", "Save a draft: a new one where id is 0, else over the version that is named.", nil, func(ctx context.Context, c *call, d station.Draft) (station.Draft, error) {
			return st.SaveDraft(ctx, c.by, d)
		}),
		get("draft", "/drafts/{draft}", "One draft.", at, func(ctx context.Context, c *call) (station.Draft, error) {
			n, err := c.number("draft")
			if err != nil {
				return station.Draft{}, err
			}
			return st.Draft(ctx, c.by, n)
		}),
		get("preview", "/drafts/{draft}/preview", "Exactly what will be signed.", at, func(ctx context.Context, c *call) (station.Item, error) {
			n, err := c.number("draft")
			if err != nil {
				return station.Item{}, err
			}
			return st.Preview(ctx, c.by, n)
		}),
		of("submit", "Send a draft to whoever releases it.", func(ctx context.Context, c *call, n int64) (station.Draft, error) { return st.Submit(ctx, c.by, n) }),
		post("return", "/drafts/{draft}/return", "Return a draft to its drafter, with a note.", at, func(ctx context.Context, c *call, in noteIn) (station.Draft, error) {
			n, err := c.number("draft")
			if err != nil {
				return station.Draft{}, err
			}
			return st.Return(ctx, c.by, n, in.Note)
		}),
		post("release", "/drafts/{draft}/release", "Release a draft: it goes on the record, for good. Where the charter says so it takes another officer than its drafter.", at,
			func(ctx context.Context, c *call, in releaseIn) (filedOut, error) {
				n, err := c.number("draft")
				if err != nil {
					return filedOut{}, err
				}
				id, err := st.Release(ctx, c.by, n, in.Version, in.Precedence)
				return filedOut{id}, err
			}),
		post("discard", "/drafts/{draft}/discard", "Throw a draft away.", at, func(ctx context.Context, c *call, _ none) (none, error) {
			n, err := c.number("draft")
			if err != nil {
				return none{}, err
			}
			return none{}, st.Discard(ctx, c.by, n)
		}),
		attach(st),
	}
}

// templates is what a draft may begin from.
func templates(st Station) []operation {
	template := param{"template", "path", "integer", "Id of the template."}
	return []operation{
		get("templates", "/lines/{line}/templates", "What a draft on the line may begin from, as our side has kept it.", []param{line}, func(ctx context.Context, c *call) ([]station.Template, error) {
			return st.Templates(ctx, c.text("line"))
		}),
		post("keep_template", "/drafts/{draft}/template", "Keep a template of a draft.", []param{draft}, func(ctx context.Context, c *call, in titleIn) (station.Template, error) {
			n, err := c.number("draft")
			if err != nil {
				return station.Template{}, err
			}
			return st.KeepTemplate(ctx, c.by, n, in.Title)
		}),
		post("use_template", "/lines/{line}/templates/{template}/use", "Begin a draft from a template: it is saved, and returned to be written on.", []param{line, template}, func(ctx context.Context, c *call, _ none) (station.Draft, error) {
			n, err := c.number("template")
			if err != nil {
				return station.Draft{}, err
			}
			return st.UseTemplate(ctx, c.by, c.text("line"), n)
		}),
		post("remove_template", "/templates/{template}/remove", "Forget a template: who made it, or an administrator.", []param{template}, func(ctx context.Context, c *call, _ none) (none, error) {
			n, err := c.number("template")
			if err != nil {
				return none{}, err
			}
			return none{}, st.RemoveTemplate(ctx, c.by, n)
		}),
	}
}
