package record

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/charter"
	"parley/internal/form"
)

// ChainReport is one charter or annex that is, or was, in force.
type ChainReport struct {
	Kind    string       `json:"kind"` // "charter", "annex"
	Version uint64       `json:"version"`
	Hash    string       `json:"hash"`
	By      []Assent     `json:"by,omitempty"`    // who assented; nobody to what the line was founded on
	Binds   []BindReport `json:"binds,omitempty"` // the logs that came under it
}

// Assent is one party's assent.
type Assent struct {
	Party parley.PartyCode `json:"party"`
	Entry string           `json:"entry"`
}

// BindReport says from which entry on a log is under a charter or annex.
type BindReport struct {
	Party parley.PartyCode `json:"party"`
	Gen   string           `json:"generation"`
	From  uint64           `json:"from"`
}

// OutReport is a party that is no longer on the line.
type OutReport struct {
	Party parley.PartyCode `json:"party"`
	Entry string           `json:"entry,omitempty"` // its leave; none where it was removed
}

var chainKinds = []string{form.ToCharter: "charter", form.ToAnnex: "annex"}

// rank is the place of a generation among its party's, as charter.Act has it.
func (h *held) rankOfParty() uint64 {
	if len(h.cert.Earlier) == 0 {
		return 0
	}
	return h.cert.Time
}

// seenAt is what an entry and those before it had seen.
func (h *held) seenAt(index uint64) map[parley.GenerationID]uint64 {
	m := make(map[parley.GenerationID]uint64, len(h.steps))
	for g := range h.steps {
		if n := h.sees(g, index); n > 0 {
			m[g] = n
		}
	}
	return m
}

func (h *held) view(index uint64) charter.View {
	return charter.View{Party: h.cert.Party, Ref: h.ref(index), Rank: h.rankOfParty(), Seen: h.seenAt(index)}
}

// act keeps an opened entry that may change what rules the line, and counts
// those that may be one and are not opened.
func (v *verifier) act(h *held, e *entryItem) {
	switch {
	case v.title != titleRecord || e.clear == nil || e.clear.Announces:
	case e.header == nil || !e.whole && charter.IsAct(e.header.Form):
		v.report.Unfollowed++
	case charter.IsAct(e.header.Form) && e.body != nil && e.fault == nil:
		v.acts = append(v.acts, charter.Act{Ref: h.ref(e.index), Party: h.cert.Party, Rank: h.rankOfParty(), Seen: h.seenAt(e.index), Form: e.body})
	}
}

// followChain computes what rules the line, once all entries are read
// (spec/charter.md, Amendment). Witnesses that any annex of it names count.
func (v *verifier) followChain() {
	v.chain = charter.NewChain(v.founding)
	for _, a := range charter.Order(v.acts) {
		if _, err := v.chain.Add(a); err != nil {
			v.report.Void = append(v.report.Void, Fault{Entry: a.Ref.String(), Party: string(a.Party), Kind: parley.KindOf(err).String(), What: err.Error()})
		}
	}
	v.links = slices.DeleteFunc(v.chain.Documents(), func(d charter.Document) bool { return !d.InForce })
	for _, d := range v.links {
		if d.Kind != form.ToAnnex || d.By == nil {
			continue
		}
		if a, err := charter.ParseAnnex(d.Raw); err == nil {
			v.policy = append(v.policy, vkeys(a.Witnesses)...)
		}
	}
}

func vkeys(list []string) (keys []c2sp.VKey) {
	for _, s := range list {
		if k, err := c2sp.ParseVKey(s); err == nil && k.Type != c2sp.TypeEd25519 {
			keys = append(keys, k)
		}
	}
	return keys
}

// ruled returns the version of the charter that rules an entry.
func (v *verifier) ruled(h *held, index uint64) uint64 {
	if v.chain == nil || len(v.links) <= 2 {
		return 1
	}
	return v.chain.At(h.view(index)).Charter.Version
}

// describeChain fills in what ruled the line.
func (v *verifier) describeChain() {
	if v.chain == nil {
		return
	}
	r := v.chain.At(charter.View{All: true})
	for _, p := range v.founding.Charter.Codes() {
		if ref, left := r.Left[p]; left {
			v.report.Out = append(v.report.Out, OutReport{p, ref.String()})
		} else if !r.In(p) {
			v.report.Out = append(v.report.Out, OutReport{Party: p})
		}
	}
	for kind := range chainKinds {
		place := map[[32]byte]int{} // in the chain of this kind
		for _, d := range v.links {
			if d.Kind != uint64(kind) {
				continue
			}
			place[d.Hash] = len(place)
			c := ChainReport{Kind: chainKinds[kind], Version: d.Version, Hash: hex.EncodeToString(d.Hash[:])}
			for _, p := range slices.Sorted(maps.Keys(d.By)) {
				c.By = append(c.By, Assent{p, d.By[p].String()})
			}
			for _, h := range v.ranks {
				if from, ok := v.bindsFrom(h, uint64(kind), place, place[d.Hash]); ok && d.By != nil {
					c.Binds = append(c.Binds, BindReport{h.cert.Party, h.cert.Gen.String(), from})
				}
			}
			v.report.Chain = append(v.report.Chain, c)
		}
	}
}

// bindsFrom finds the first entry of a log that is under the nth document of a
// chain or a later one: what rules a log only ever moves along the chain.
func (v *verifier) bindsFrom(h *held, kind uint64, place map[[32]byte]int, n int) (uint64, bool) {
	i := sort.Search(int(h.size()), func(i int) bool {
		r := v.chain.At(h.view(uint64(i)))
		hash := r.CharterHash
		if kind == form.ToAnnex {
			hash = r.AnnexHash
		}
		p, ok := place[hash]
		return !ok || p >= n // not ok: one after n, which is not placed yet
	})
	return uint64(i), i < int(h.size())
}

// chainLines say what ruled the line, and how far that could be followed.
func (r *Report) chainLines() []string {
	var out []string
	for _, c := range r.Chain {
		s := fmt.Sprintf("%s %d %s", c.Kind, c.Version, c.Hash)
		if len(c.By) == 0 {
			s += ": founded on"
		} else {
			var by []string
			for _, a := range c.By {
				by = append(by, fmt.Sprintf("%s (%s)", a.Party, a.Entry))
			}
			s += ": assented to by " + strings.Join(by, ", ")
		}
		out = append(out, s)
		for _, b := range c.Binds {
			out = append(out, fmt.Sprintf("  rules log %s/%s from entry %d on", b.Party, b.Gen, b.From))
		}
	}
	for _, o := range r.Out {
		if o.Entry == "" {
			out = append(out, fmt.Sprintf("party %s is no longer on the line: the charter in force does not name it", o.Party))
		} else {
			out = append(out, fmt.Sprintf("party %s has left the line, by entry %s", o.Party, o.Entry))
		}
	}
	for _, f := range r.Void {
		out = append(out, fmt.Sprintf("counts for nothing: %s of %s: %s: %s", f.Entry, f.Party, f.Kind, form.Visible(f.What)))
	}
	if r.Unfollowed > 0 {
		out = append(out, fmt.Sprintf("chain: followed as far as entries are opened; %d that may change it are not", r.Unfollowed))
	}
	return out
}
