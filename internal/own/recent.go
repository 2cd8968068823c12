package own

import (
	"slices"
	"sync"
)

// Bounds of the drafts that are kept in memory: changes that are remembered, and
// bytes of all drafts and of one.
const (
	recentMost  = 1 << 16
	recentBytes = 24 << 20
	recentEach  = 64 << 10
	recentRow   = 512 // of a draft without what was written
)

// recent are the drafts that were saved last, as the file has them: who releases
// one need not wait until it is read and unsealed. A draft leaves before a change
// of it is committed, and comes back after the last of them, so what is found
// here is never older than what is on disk.
type recent struct {
	mu    sync.Mutex
	kept  map[int64]saved
	order []turn // as they came; what has changed since may stand in it
	turns int
	bytes int
}

// saved is a draft; none while it is being changed.
type saved struct {
	draft *Draft
	size  int // in bytes, roughly
	turn  int // of the last change
}

type turn struct {
	id int64
	n  int
}

// change takes a draft out, before what changes it is committed. It returns what
// put asks for.
func (r *recent) change(id int64) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil {
		r.kept = map[int64]saved{}
	}
	r.turns++
	r.bytes -= r.kept[id].size
	r.kept[id] = saved{turn: r.turns}
	r.order = append(r.order, turn{id, r.turns})
	r.room()
	return r.turns
}

// put keeps a draft that is committed as change n left it, unless another came
// since. size is how long its text stands sealed.
func (r *recent) put(d Draft, size, n int) {
	d.DraftText = d.DraftText.clone()
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.kept[d.ID]; !ok || s.turn != n || size > recentEach {
		return
	}
	size += recentRow
	r.kept[d.ID] = saved{&d, size, n}
	r.bytes += size
	r.room()
}

// room lets the oldest go.
func (r *recent) room() {
	for r.bytes > recentBytes || len(r.order) > recentMost {
		first := r.order[0]
		r.order = r.order[1:]
		if s := r.kept[first.id]; s.turn == first.n {
			r.bytes -= s.size
			delete(r.kept, first.id)
		}
	}
}

// get returns a draft that shares nothing with what is kept.
func (r *recent) get(id int64) (d Draft, ok bool) {
	r.mu.Lock()
	s := r.kept[id].draft
	r.mu.Unlock()
	if s == nil {
		return d, false
	}
	d = *s
	d.DraftText = d.DraftText.clone()
	return d, true
}

func (t DraftText) clone() DraftText {
	t.To, t.Info, t.Refs, t.Attachments = slices.Clone(t.To), slices.Clone(t.Info), slices.Clone(t.Refs), slices.Clone(t.Attachments)
	for i := range t.Attachments {
		t.Attachments[i].Key = slices.Clone(t.Attachments[i].Key)
	}
	if t.Incumbent != nil {
		c := *t.Incumbent
		c.Languages = slices.Clone(c.Languages)
		t.Incumbent = &c
	}
	return t
}
