package contact

import (
	"slices"

	"parley"
	"parley/internal/form"
)

// A Growing book takes entries as they come. Its book is what Fold makes of all that
// it has taken, in whatever order; to bring it up to date costs what the new entries
// touch, and not what there is. The zero one is empty. One goroutine uses it at a
// time; the books that it gave do not change, and share what did not change.
type Growing struct {
	entries map[parley.Ref]*Entry
	opened  map[parley.Ref][]*Entry // the first receipt of each party for an entry
	groups  map[parley.Ref]*group   // by what is in them, and what that refers to
	firsts  map[parley.Ref]*first
	alike   map[likeness][]*first
	topics  map[string]*topicLog
	asked   map[parley.Ref][]*Entry // what refers to an entry as an answer

	changed map[*group]bool
	said    map[string]bool // topics of which something was said
	book    *Book
}

// group is entries that refer to one another, however indirectly. What they amount to
// depends on nothing else but receipts for them, and a contact that crossed with one
// of theirs.
type group struct {
	refs    []parley.Ref // of the entries, and of what they refer to
	entries []*Entry     // by time and reference
}

// first is the request that begins a contact.
type first struct {
	contact *Contact // with nothing but that
	from    uint64   // its windows lie between these
	until   uint64
	other   *first // of the contact that it crossed with
}

// likeness is what two requests have in common that may cross.
type likeness struct {
	exercise string
	level    Level
}

func (f *first) ref() parley.Ref { return f.contact.Ref() }

func (f *first) like() likeness {
	t := f.contact.First()
	return likeness{t.Exercise, t.Request.Level}
}

// Has reports whether an entry was taken.
func (g *Growing) Has(r parley.Ref) bool { return g.entries[r] != nil }

// Entry returns an entry that was taken.
func (g *Growing) Entry(r parley.Ref) (Entry, bool) {
	if e := g.entries[r]; e != nil {
		return *e, true
	}
	return Entry{}, false
}

// Add takes an entry. One that it has changes nothing.
func (g *Growing) Add(e Entry) {
	if g.entries == nil {
		*g = Growing{entries: map[parley.Ref]*Entry{}, opened: map[parley.Ref][]*Entry{}, groups: map[parley.Ref]*group{}, firsts: map[parley.Ref]*first{}, alike: map[likeness][]*first{},
			topics: map[string]*topicLog{}, asked: map[parley.Ref][]*Entry{}, changed: map[*group]bool{}, said: map[string]bool{}}
	}
	if g.Has(e.Ref) {
		return
	}
	x := &e
	g.entries[x.Ref] = x
	switch f := x.Form.(type) {
	case *Request:
		g.join(x)
		g.begin(x, f)
		for _, name := range f.Topics {
			if l := g.topic(name, x); l != nil {
				l.requests = inserted(l.requests, x, byTime)
			}
		}
	case *Reply, *CallOff, *Point, *Register:
		g.join(x)
	case *Stance:
		if l := g.topic(f.Topic, x); l != nil {
			l.stances = inserted(l.stances, x, byTime)
		}
	case *Ask:
		if l := g.topic(f.Topic, x); l != nil {
			l.asks = inserted(l.asks, newAsking(x, g.asked[x.Ref]), compareAskings)
		}
	case *Answer:
		g.answer(x)
	case *form.Opened:
		for _, r := range x.Refs {
			g.open(x, r)
		}
	}
}

func compareAskings(a, b *Asking) int { return byTime(a.Entry, b.Entry) }

// inserted is a list in order with x at its place. Books share lists: none of what
// they hold is moved.
func inserted[T any](list []T, x T, compare func(a, b T) int) []T {
	at, _ := slices.BinarySearchFunc(list, x, compare)
	if at == len(list) {
		return append(list, x)
	}
	return append(append(slices.Clone(list[:at:at]), x), list[at:]...)
}

// topic is what is known of a topic of which e says something; nil in an exercise.
func (g *Growing) topic(name string, e *Entry) *topicLog {
	if e.Exercise != "" {
		return nil
	}
	if g.topics[name] == nil {
		g.topics[name] = &topicLog{}
	}
	g.said[name] = true
	return g.topics[name]
}

func (g *Growing) answer(e *Entry) {
	if len(e.Refs) == 0 {
		return
	}
	to := e.Refs[0]
	g.asked[to] = append(g.asked[to], e)
	x := g.entries[to]
	if x == nil {
		return
	}
	if f, is := x.Form.(*Ask); is && x.Exercise == "" {
		l, now := g.topic(f.Topic, x), newAsking(x, g.asked[to])
		l.asks = merged(l.asks, []*Asking{now}, compareAskings)
	}
}

// join puts an entry into the group of what it refers to, and of what refers to it.
func (g *Growing) join(e *Entry) {
	refs := append([]parley.Ref{e.Ref}, e.Refs[:min(2, len(e.Refs))]...) // of more none is looked at
	in := &group{}
	for _, r := range refs {
		in = g.merge(in, g.groups[r])
	}
	for _, r := range refs {
		if g.groups[r] == nil {
			g.groups[r], in.refs = in, append(in.refs, r)
		}
	}
	at, _ := slices.BinarySearchFunc(in.entries, e, byTime)
	in.entries = slices.Insert(in.entries, at, e)
	g.changed[in] = true
}

// merge makes one group of two, and returns it.
func (g *Growing) merge(a, b *group) *group {
	if b == nil || a == b {
		return a
	}
	if len(a.refs) > len(b.refs) {
		a, b = b, a
	}
	for _, r := range a.refs {
		g.groups[r] = b
	}
	b.refs, b.entries = append(b.refs, a.refs...), append(b.entries, a.entries...)
	if len(a.entries) > 0 {
		slices.SortFunc(b.entries, byTime)
	}
	delete(g.changed, a)
	g.changed[b] = true
	return b
}

// open takes a receipt for an entry.
func (g *Growing) open(e *Entry, of parley.Ref) {
	list := g.opened[of]
	switch i := slices.IndexFunc(list, func(o *Entry) bool { return o.Party == e.Party }); {
	case i < 0:
		g.opened[of] = append(list, e)
	case e.before(list[i]):
		list[i] = e
	default:
		return
	}
	if in := g.groups[of]; in != nil {
		g.changed[in] = true
	}
	if f := g.firsts[of]; f != nil && f.other != nil && !g.crossed(f, f.other) {
		o := f.other
		f.other, o.other = nil, nil
		g.touch(o)
		g.pair(f)
		g.pair(o)
	}
}

func (g *Growing) hadRead(e *Entry, of parley.Ref) bool {
	return slices.ContainsFunc(g.opened[of], func(o *Entry) bool { return o.Party == e.Party && o.before(e) })
}

func (g *Growing) crossed(a, b *first) bool {
	return meets(a.contact, b.contact) && !g.hadRead(a.contact.First().Entry, b.ref()) && !g.hadRead(b.contact.First().Entry, a.ref())
}

// touch has the contact of f made again.
func (g *Growing) touch(f *first) { g.changed[g.groups[f.ref()]] = true }

// begin takes a request, where it begins a contact.
func (g *Growing) begin(e *Entry, r *Request) {
	if !e.begins() {
		return
	}
	f := &first{contact: begun(&Terms{Entry: e, Request: r})}
	for i, w := range r.Windows {
		if i == 0 {
			f.from, f.until = w.Start, w.End
		}
		f.from, f.until = min(f.from, w.Start), max(f.until, w.End)
	}
	g.firsts[e.Ref] = f
	g.pair(f)
	g.alike[f.like()] = append(g.alike[f.like()], f)
}

// pair finds with which contact f crossed, as if it had been known from the start. Of
// those with which one may, each has the one with the smallest reference that has none
// smaller itself (pair of Fold goes by the smallest references first): whoever loses
// his to f looks for another.
func (g *Growing) pair(f *first) {
	for f != nil {
		var best *first
		for _, o := range g.alike[f.like()] {
			if o.from >= f.until || f.from >= o.until || o == f ||
				best != nil && compareRefs(o.ref(), best.ref()) > 0 || o.other != nil && compareRefs(o.other.ref(), f.ref()) < 0 {
				continue
			}
			if g.crossed(f, o) {
				best = o
			}
		}
		if best == nil {
			return
		}
		left := best.other
		best.other, f.other = f, best
		g.touch(f)
		g.touch(best)
		if left != nil {
			left.other = nil
			g.touch(left)
		}
		f = left
	}
}

// Book returns what all entries amount to. Nobody changes it.
func (g *Growing) Book() *Book {
	if g.book == nil {
		g.book = Fold(nil)
	}
	if len(g.changed)+len(g.said) == 0 {
		return g.book
	}
	g.spread()
	now := map[parley.Ref]*Contact{}
	var made Book
	for in := range g.changed {
		contacts, rows := g.fold(in)
		made.Contacts, made.Rows = append(made.Contacts, contacts...), append(made.Rows, rows...)
	}
	for _, c := range made.Contacts {
		now[c.Ref()] = c
	}
	for _, c := range made.Contacts {
		if f := g.firsts[c.Ref()].other; f != nil {
			c.Other = now[f.ref()]
		}
	}
	for _, c := range made.Contacts {
		if c.Other != nil && compareRefs(c.Ref(), c.Other.Ref()) < 0 {
			c.settleWith(c.Other)
		}
	}
	for name := range g.said {
		made.Topics = append(made.Topics, g.topics[name].topic(name))
	}
	slices.SortFunc(made.Contacts, compareContacts)
	slices.SortFunc(made.Rows, compareRows)
	slices.SortFunc(made.Topics, compareTopics)
	old := g.book
	g.book = &Book{Contacts: merged(old.Contacts, made.Contacts, compareContacts), Rows: merged(old.Rows, made.Rows, compareRows), Topics: merged(old.Topics, made.Topics, compareTopics)}
	clear(g.changed)
	clear(g.said)
	return g.book
}

func compareContacts(a, b *Contact) int { return byTime(a.First().Entry, b.First().Entry) }

// spread marks, beside the groups that changed, those whose contacts crossed with one
// of theirs: the two name each other, and are made together.
func (g *Growing) spread() {
	var todo []*group
	for in := range g.changed {
		todo = append(todo, in)
	}
	for len(todo) > 0 {
		in := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range in.entries {
			if f := g.firsts[e.Ref]; f != nil && f.other != nil {
				if o := g.groups[f.other.ref()]; !g.changed[o] {
					g.changed[o] = true
					todo = append(todo, o)
				}
			}
		}
	}
}

// fold makes the contacts and rows of a group, as Fold does of all.
func (g *Growing) fold(in *group) ([]*Contact, []*Held) {
	f := &folding{byRef: g.entries, opened: map[opening]*Entry{}}
	for _, e := range in.entries {
		f.sort(e)
		for _, o := range g.opened[e.Ref] {
			f.opened[opening{o.Party, e.Ref}] = o
		}
	}
	contacts := f.contacts()
	rows := f.rows(contacts)
	for _, c := range contacts {
		c.settle()
	}
	f.byRef = nil // of what reads a book nobody needs it, and it goes on changing
	return contacts, rows
}

// merged is a list in order with others, in order too, which take the place of those
// that compare as equal.
func merged[T any](list, with []T, compare func(a, b T) int) []T {
	if len(with) == 0 {
		return list
	}
	out, from := make([]T, 0, len(list)+len(with)), 0
	for _, x := range with {
		at, same := slices.BinarySearchFunc(list[from:], x, compare)
		out = append(append(out, list[from:from+at]...), x)
		if from += at; same {
			from++
		}
	}
	return append(out, list[from:]...)
}
