package public

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"parley/internal/record"
	"parley/internal/said/page"
)

// Bounds of what is served.
const (
	maxStems = 20_000
	maxFile  = 16 << 20 // bytes of one page
	lookEach = 2 * time.Second
)

// pageName and proofName match the names of files that are served: those that
// page.Page gives itself. None begins with a dot or has a slash.
var (
	pageName  = regexp.MustCompile(`^(\d{4,5}-\d{2}-\d{2}-[a-z0-9]{1,8}-[0-9a-f]{16}-\d{1,20})\.(en|zh|ar|fr|es|ru)\.html$`)
	proofName = regexp.MustCompile(`^(\d{4,5}-\d{2}-\d{2}-[a-z0-9]{1,8}-[0-9a-f]{16}-\d{1,20})\.([1-9]\d?)\.proof$`)
)

// published is one publication whose page verifies.
type published struct {
	stem   string
	time   time.Time
	kind   page.Kind
	titles map[string]string // by language of the frame, as HTML without markup
	about  map[string]string
	pages  map[string][32]byte // hashes of what its pages are, by language
	proofs [][32]byte
	langs  []string // of the pages that are there

	judged string // size and time of the file that was judged
	from   string // its name
}

// shelf is what a folder has to show. It is looked through again when somebody
// asks and it is old.
type shelf struct {
	root *os.Root
	now  func() time.Time

	mu   sync.Mutex
	at   time.Time
	all  map[string]*published
	bad  map[string]string // files that do not verify, as they were
	list []*published      // the newest first
}

// look returns the publications, the newest first. A folder that cannot be read
// is an error; what lies there and does not verify is passed over.
func (s *shelf) look() ([]*published, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list != nil && s.now().Sub(s.at).Abs() < lookEach {
		return s.list, nil
	}
	names, err := s.names()
	if err != nil {
		return nil, err
	}
	all, bad := map[string]*published{}, map[string]string{}
	for _, n := range names {
		m := pageName.FindStringSubmatch(n)
		if p := s.judge(n, m[1], all[m[1]], bad); p != nil {
			all[m[1]] = p
			if !slices.Contains(p.langs, m[2]) {
				p.langs = append(p.langs, m[2])
			}
		}
	}
	list := make([]*published, 0, len(all))
	for _, p := range all {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *published) int { return cmp.Or(b.time.Compare(a.time), cmp.Compare(a.stem, b.stem)) })
	s.all, s.bad, s.list, s.at = all, bad, list, s.now()
	return list, nil
}

// names are the files that are named as pages, in order, and not too many.
func (s *shelf) names() ([]string, error) {
	d, err := s.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var names []string
	for {
		es, err := d.ReadDir(512)
		for _, e := range es {
			if e.Type().IsRegular() && pageName.MatchString(e.Name()) {
				names = append(names, e.Name())
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(names) > maxStems*len(page.Languages) {
			return nil, errTooMany
		}
	}
	slices.Sort(names)
	return names, nil
}

var errTooMany = errors.New("more files than are served")

// judge returns the publication of a file; nil where it is none. One page of a
// publication is verified, and says what the others are to be.
func (s *shelf) judge(name, stem string, known *published, bad map[string]string) *published {
	if known != nil {
		return known
	}
	st, err := s.root.Lstat(name)
	if err != nil || !st.Mode().IsRegular() || st.Size() > maxFile {
		return nil
	}
	mark := st.ModTime().UTC().Format(time.RFC3339Nano) + " " + strconv.FormatInt(st.Size(), 10)
	if old := s.all[stem]; old != nil && old.from == name && old.judged == mark {
		p := *old
		p.langs = nil
		return &p
	}
	if s.bad[name] == mark {
		bad[name] = mark
		return nil
	}
	b, err := readFile(s.root, name, maxFile)
	if err != nil {
		return nil
	}
	p, err := verified(b)
	if err != nil || p.stem != stem {
		bad[name] = mark
		return nil
	}
	p.from, p.judged = name, mark
	return p
}

// verified takes what a page says of itself, once it verifies.
func verified(html []byte) (*published, error) {
	rep, err := page.Verify(bytes.NewReader(html), record.VerifyOptions{})
	if err == nil {
		err = rep.Err()
	}
	if err != nil {
		return nil, err
	}
	x := rep.Page
	p := &published{stem: x.Stem, time: x.Time, kind: x.Kind, titles: map[string]string{}, about: map[string]string{}, pages: map[string][32]byte{}}
	for _, lang := range page.Languages {
		y, err := x.In(lang)
		if err != nil {
			return nil, err
		}
		f := page.FrameIn(lang)
		p.titles[lang], p.about[lang], p.pages[lang] = x.Title(f), x.Contact(f), sha256.Sum256(y.HTML)
	}
	for _, b := range x.Proofs {
		p.proofs = append(p.proofs, sha256.Sum256(b))
	}
	return p, nil
}

// errNone is a name under which nothing is published.
var errNone = errors.New("nothing is published under that name")

// file reads a page or a proof file that is what its publication makes it.
func (s *shelf) file(name string) (b []byte, err error) {
	stem, want := "", [32]byte{}
	list, err := s.look()
	if err != nil {
		return nil, err
	}
	find := func(stem string) *published {
		i := slices.IndexFunc(list, func(p *published) bool { return p.stem == stem })
		if i < 0 {
			return nil
		}
		return list[i]
	}
	if m := pageName.FindStringSubmatch(name); m != nil {
		if p := find(m[1]); p != nil {
			stem, want = m[1], p.pages[m[2]]
		}
	} else if m := proofName.FindStringSubmatch(name); m != nil {
		n, _ := strconv.Atoi(m[2]) // two digits
		if p := find(m[1]); p != nil && n <= len(p.proofs) {
			stem, want = m[1], p.proofs[n-1]
		}
	}
	if stem == "" {
		return nil, errNone
	}
	b, err = readFile(s.root, name, maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNotPlain):
		return nil, errNone
	case err != nil:
		return nil, errNone // a link among others
	case sha256.Sum256(b) != want:
		return nil, errNone
	}
	return b, nil
}
