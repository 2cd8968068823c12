package station

import (
	"cmp"
	"slices"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
)

// A CallNarrow is somebody by telephone who interprets simultaneously, or is
// interpreted so: what G.711 leaves of a voice is too little for that.
type CallNarrow struct {
	Party      parley.PartyCode `json:"party"`
	Name       string           `json:"name"`
	Interprets bool             `json:"interprets"` // he does; else he is interpreted
}

// narrow is who they are, of all sides: every desk shows the same. Who interprets
// counts where his side interprets simultaneously, who speaks where any side does.
func narrow(s *call.State) (out []CallNarrow) {
	simultaneous := false
	for _, h := range s.Halves {
		simultaneous = simultaneous || h.Mode == contact.Simultaneous
	}
	for party, h := range s.Halves {
		for i := range h.People {
			p := &h.People[i]
			if !p.Phone || p.Away || p.Place == call.Watch {
				continue
			}
			switch {
			case p.Role == contact.Interpreter && h.Mode == contact.Simultaneous:
				out = append(out, CallNarrow{party, p.Name, true})
			case (p.Role == contact.Principal || p.Role == contact.Delegate) && simultaneous:
				out = append(out, CallNarrow{party, p.Name, false})
			}
		}
	}
	slices.SortFunc(out, func(a, b CallNarrow) int {
		return cmp.Or(cmp.Compare(a.Party, b.Party), cmp.Compare(a.Name, b.Name))
	})
	return out
}
