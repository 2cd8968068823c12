package compare

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"

	"parley/internal/contact"
	"parley/internal/said"
)

// Kept keeps what was found, so that the same texts are compared once however
// often somebody looks: how long that takes is up to who writes the texts. What it
// returns is shared, and nobody changes it. A nil one keeps nothing. The zero value
// is ready, for many goroutines.
type Kept struct {
	mu    sync.Mutex
	by    map[[sha256.Size]byte]*finding
	order [][sha256.Size]byte // the oldest first
	held  int                 // weights of what is counted
}

type finding struct {
	find    func() any // finds it once, whoever asks first
	weight  int
	counted bool
}

// Compare is the function Compare.
func (k *Kept) Compare(ours, theirs said.Statement, known Known) Report {
	return kept(k, func() Report { return Compare(ours, theirs, known) }, func(r Report) int {
		n := 2_000 // its words may hold on to the texts
		for i := range r.Marks {
			n += 8 + len(r.Marks[i].Ours) + len(r.Marks[i].Theirs)
		}
		return n
	}, "compare", ours, theirs, known)
}

// Wordings is the function Wordings.
func (k *Kept) Wordings(st *said.Statement, known Known) []Wording {
	return kept(k, func() []Wording {
		out := Wordings(st, known)
		for i := range out { // the words of whole texts, which nobody needs any more
			out[i].toks, out[i].own = nil, nil
		}
		return out
	}, func(list []Wording) int {
		n := 0
		for i := range list {
			n += 8 + len(list[i].Lit) + len(list[i].Of)
		}
		return n
	}, "wordings", st, known)
}

// Words is the function Words.
func (k *Kept) Words(lang, a, b string) (was, is []Span) {
	both := kept(k, func() [2][]Span { x, y := Words(lang, a, b); return [2][]Span{x, y} }, func(s [2][]Span) int { return len(s[0]) + len(s[1]) }, "words", lang, a, b)
	return both[0], both[1]
}

// History is the function History.
func (k *Kept) History(topic string, told *said.Book, contacts *contact.Book) []Public {
	return history(topic, told, contacts, k.Words)
}

// Len is how many findings are kept.
func (k *Kept) Len() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.by)
}

// kept is what find finds, or found before of the same.
func kept[T any](k *Kept, find func() T, weigh func(T) int, of ...any) T {
	if k == nil {
		return find()
	}
	b, err := json.Marshal(of)
	if err != nil { // only plain values are in it
		return find()
	}
	key := sha256.Sum256(b)
	k.mu.Lock()
	f := k.by[key]
	if f == nil {
		f = &finding{find: sync.OnceValue(func() any { return find() })}
		if k.by == nil {
			k.by = map[[sha256.Size]byte]*finding{}
		}
		k.by[key] = f
		k.order = append(k.order, key)
	}
	k.mu.Unlock()
	v, ok := f.find().(T)
	if !ok {
		panic(fmt.Sprintf("compare: %v is kept as another kind of finding", of[0])) // the kind is in the key
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !f.counted && k.by[key] == f {
		f.counted, f.weight = true, 16+weigh(v)
		k.held += f.weight
	}
	for k.held > maxKept && len(k.order) > 1 {
		k.held -= k.by[k.order[0]].weight
		delete(k.by, k.order[0])
		k.order = k.order[1:]
	}
	return v
}
