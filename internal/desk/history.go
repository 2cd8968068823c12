package desk

import (
	"context"
	"net/http"
	"slices"

	"parley/internal/station"
)

// StatementKeeping is what each side has said in public.
type StatementKeeping interface {
	TopicHistory(ctx context.Context, by station.Officer, line, topic string) ([]station.PublicStatement, error)
}

// A publicView is something that was said in public, beside what its side said
// before.
type publicView struct {
	station.PublicStatement
	Prior   *station.PublicStatement // nil: none that it could be laid beside
	Changed bool                     // against that one
	Gone    bool                     // it had words that are not there any more: they are shown
}

// history is what was said in public of a topic, the newest first.
func (d *desk) history(r *http.Request, s *seat, line, topic string) ([]publicView, error) {
	list, err := d.st.TopicHistory(r.Context(), s.officer, line, topic)
	if err != nil {
		return nil, err
	}
	out := make([]publicView, len(list))
	for i := range list {
		v := &out[len(list)-1-i]
		v.PublicStatement = list[i]
		if at := slices.IndexFunc(list, func(p station.PublicStatement) bool { return p.ID == list[i].Before }); at >= 0 && list[i].Before != "" {
			v.Prior = &list[at]
		}
		lit := func(t station.LitText) bool { return t.Lit > 0 }
		v.Gone = slices.ContainsFunc(v.Was, lit)
		v.Changed = v.Gone || slices.ContainsFunc(v.Texts, lit)
	}
	return out, nil
}
