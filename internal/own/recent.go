package own

import (
	"encoding/json"
	"sync"

	"parley"
)

// Bounds of the drafts that are kept in memory: how many, and bytes of their
// texts, of all and of one.
const (
	recentMost  = 4096
	recentBytes = 4 << 20
	recentEach  = 64 << 10
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

// saved is a draft without its text, and that as it stands sealed, so that no
// two callers share a slice. It has no text while it is being changed.
type saved struct {
	row  Draft
	text []byte
	turn int // of the last change
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
	r.bytes -= len(r.kept[id].text)
	r.kept[id] = saved{turn: r.turns}
	r.order = append(r.order, turn{id, r.turns})
	r.room()
	return r.turns
}

// put keeps a draft that is committed as change n left it, unless another came
// since. text is what of it was sealed.
func (r *recent) put(d Draft, text []byte, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.kept[d.ID]; !ok || s.turn != n || len(text) > recentEach {
		return
	}
	d.DraftText = DraftText{}
	r.kept[d.ID] = saved{d, text, n}
	r.bytes += len(text)
	r.room()
}

// room lets the oldest go.
func (r *recent) room() {
	for r.bytes > recentBytes || len(r.order) > recentMost {
		first := r.order[0]
		r.order = r.order[1:]
		if s := r.kept[first.id]; s.turn == first.n {
			r.bytes -= len(s.text)
			delete(r.kept, first.id)
		}
	}
}

func (r *recent) get(id int64) (d Draft, ok bool, err error) {
	r.mu.Lock()
	s := r.kept[id]
	r.mu.Unlock()
	if s.text == nil {
		return d, false, nil
	}
	d = s.row
	if err := json.Unmarshal(s.text, &d.DraftText); err != nil {
		return Draft{}, false, parley.Errorf(parley.Internal, "draft %d: %v", id, err)
	}
	return d, true, nil
}
