package station

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/record"
	"parley/internal/said"
	"parley/internal/said/page"
	"parley/internal/said/page/public"
)

// PublicPage is the self-contained page of something that was published, of our
// side or another, with its frame in a language; "" is the first of ours. It opens
// what was published to whoever has it, and nothing else. It is audited.
func (s *Station) PublicPage(_ context.Context, by Officer, name, item, lang string) (file string, html []byte, err error) {
	l, p, err := s.pageable(by, name, item)
	if err != nil {
		return "", nil, err
	}
	pg, err := l.page(p)
	if err != nil {
		return "", nil, err
	}
	if pg, err = pg.In(cmp.Or(lang, s.frameLanguage())); err != nil {
		return "", nil, err
	}
	return pg.Name(), pg.HTML, s.audit(by, "public page", item, pg.Name())
}

// frameLanguage is the language of the frame that suits our side.
func (s *Station) frameLanguage() string {
	for _, tag := range s.cfg.langs() {
		base, _, _ := strings.Cut(tag, "-")
		if slices.Contains(page.Languages, base) {
			return base
		}
	}
	return page.Languages[0]
}

// WritePages writes the pages and proofs of something that our side published into
// the folder that the configuration names, and returns the files that were not
// there as they are now. What another published is not ours to put before the
// public. It is audited.
func (s *Station) WritePages(_ context.Context, by Officer, name, item string) ([]string, error) {
	l, p, err := s.pageable(by, name, item)
	if err != nil {
		return nil, err
	}
	if s.cfg.PublicFolder == "" {
		return nil, parley.Errorf(parley.Conflict, "this station has no folder for published pages").WithHint("set public_folder in %s", ConfigName)
	}
	if p.Party != l.us {
		return nil, parley.Errorf(parley.NotAllowed, "%s published this: the folder holds what our side published", p.Party).WithHint("its page can be saved as a file")
	}
	if err := s.audit(by, "public page", item, "to the public folder"); err != nil {
		return nil, err
	}
	pg, err := l.page(p)
	if err != nil {
		return nil, err
	}
	return public.Write(s.cfg.PublicFolder, pg)
}

// pageable finds a publication that may have a page.
func (s *Station) pageable(by Officer, name, item string) (*liveLine, *said.Publication, error) {
	l, row, err := s.provable(by, name, item, "make a public page")
	if err != nil {
		return nil, nil, err
	}
	b, _, err := l.saidBook()
	if err != nil {
		return nil, nil, err
	}
	for _, c := range b.Contacts {
		for _, p := range c.Published {
			if p.Ref == row.Ref() {
				return l, p, nil
			}
		}
	}
	return nil, nil, parley.Errorf(parley.NotFound, "%s is no publication of a readout or a joint statement", item)
}

// page makes the page of a publication: its proof, and those of all signatures
// under a joint statement.
func (l *liveLine) page(p *said.Publication) (*page.Page, error) {
	refs := []parley.Ref{p.Ref}
	if p.Published.Kind == said.JointStatement {
		if p.Joint == nil || p.Unsigned {
			return nil, parley.Errorf(parley.Conflict, "the joint statement that was published does not stand: not every side has signed it and read the others' signatures")
		}
		refs = append(refs, p.Joint.Ref)
		var others []*said.Entry
		for party, e := range p.Joint.Signatures {
			if party != p.Joint.Party {
				others = append(others, e)
			}
		}
		slices.SortFunc(others, func(a, b *said.Entry) int { return cmp.Compare(a.Party, b.Party) })
		for _, e := range others {
			refs = append(refs, e.Ref)
		}
	}
	var proofs [][]byte
	for _, r := range refs {
		var b bytes.Buffer
		if err := record.WriteProof(&b, heldRecord{l}, r, false); err != nil {
			return nil, err
		}
		proofs = append(proofs, b.Bytes())
	}
	return page.Make(proofs...)
}

// pager keeps the public folder in step with what our side published on a line.
type pager struct {
	done   map[parley.Ref]int // publications whose pages are written -> receipts in them
	seen   uint64             // the state of the shelf that was looked at
	more   bool               // something waits for a receipt, or failed
	tried  time.Time
	failed string // what a log last said of it
}

// Bounds of one look: the clerk has other work.
const (
	pagesAtOnce = 8
	pagesAgain  = 2 * time.Second
)

// lookAtPages writes the pages of what our side published into the public folder:
// as soon as an entry is signed, and again when another party's receipt for it has
// come, so that the proof shows it. What fails is tried again.
func (c *clerk) lookAtPages() {
	p, now, state := &c.pager, c.l.now(), c.l.saidShelf.stored.Load()
	if c.s.cfg.PublicFolder == "" || p.done != nil && state == p.seen && !p.more || now.Sub(p.tried).Abs() < pagesAgain {
		return
	}
	if p.done == nil {
		p.done = map[parley.Ref]int{}
	}
	p.tried, p.seen = now, state
	var err error
	if p.more, err = c.writePages(); err == nil {
		p.failed = ""
		return
	}
	if p.more = true; err.Error() != p.failed {
		p.failed = err.Error()
		c.l.log.Error("writing the pages of what we published", "err", err)
	}
}

// writePages reports whether there is more to come.
func (c *clerk) writePages() (more bool, err error) {
	b, _, err := c.l.saidBook()
	if err != nil {
		return false, err
	}
	others, made := len(c.l.others()), 0
	for _, t := range b.Contacts {
		for _, x := range t.Published {
			was, done := c.pager.done[x.Ref]
			if x.Party != c.l.us || x.Unsigned || done && was >= others {
				continue
			}
			if made++; made > pagesAtOnce {
				return true, nil
			}
			pg, err := c.l.page(x)
			if err != nil {
				return true, err
			}
			n := pg.StoredBy()
			if !done || n > was {
				if _, err := public.Write(c.s.cfg.PublicFolder, pg); err != nil {
					return true, err
				}
				c.pager.done[x.Ref] = n
			}
			more = more || n < others
		}
	}
	return more, nil
}
