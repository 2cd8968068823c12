// Package find is the index that an officer's search looks in: which words
// stand at which positions of a line's record. It is our side only, in a file
// of its own, and derived: thrown away, it is made again.
//
// No word stands in the file. A row is named by a keyed hash of line, stretch of
// the record and word, so that one word's rows cannot be told to belong
// together, and what it holds is sealed; both keys lie in it under the storage
// key. Whoever takes the file alone learns how many different words a stretch
// has, and about how often each stands there.
package find

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"modernc.org/sqlite"

	"parley"
	"parley/internal/sqlfile"
)

// Sealer seals what is kept at rest; *key.Storage is one.
type Sealer interface {
	Seal(name string, plaintext []byte) []byte
	Open(name string, sealed []byte) ([]byte, error)
}

// Index is a search index of one station. It is safe for concurrent use. Errors
// are *parley.Error: Corrupt, DiskFull, Unavailable.
type Index struct {
	w    *sqlfile.Writer
	db   *sql.DB
	hash []byte // key of the names of rows
	aead cipher.AEAD
	q    struct{ line, term, spans, blanks *sql.Stmt }
}

const (
	name          = "search index"
	applicationID = 0x50415246 // "PARF"
	spanBits      = 12
	span          = 1 << spanBits
)

//go:embed schema/1.sql
var schema embed.FS

// Open opens the index, and makes it when there is none. One that is damaged,
// or was made under another storage key, is thrown away and begun again.
func Open(path string, s Sealer) (*Index, error) {
	x, err := open(path, s)
	if k := parley.KindOf(err); err != nil && (k == parley.Corrupt || k == parley.Unsupported) {
		for _, tail := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(path + tail); err != nil && !os.IsNotExist(err) {
				return nil, parley.Errorf(parley.Unavailable, "throwing away the search index %s: %v", path, err).WithHint("the station's user must own the data directory")
			}
		}
		x, err = open(path, s)
	}
	if err != nil {
		return nil, fmt.Errorf("opening search index %s: %w", path, err)
	}
	return x, nil
}

func open(path string, s Sealer) (*Index, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, sqlfile.FileError(err)
	}
	c, err := sqlfile.Connect(name, path, []string{"busy_timeout(5000)", "journal_mode(wal)", "synchronous(normal)", "secure_delete(1)",
		"cache_size(-16000)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)", "temp_store(memory)"})
	if err != nil {
		return nil, err
	}
	x := &Index{}
	err = prepare(c, s, x)
	if err == nil {
		err = sqlfile.FileError(os.Chmod(path, 0o600))
	}
	if err == nil {
		err = x.read(path)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	x.w = sqlfile.NewWriter(c)
	return x, nil
}

// prepare brings the file to the newest schema, and opens its keys.
func prepare(c *sqlfile.Conn, s Sealer, x *Index) error {
	step, err := schema.ReadFile("schema/1.sql")
	if err != nil {
		return err
	}
	if err := sqlfile.Migrate(c, applicationID, []string{string(step)}); err != nil {
		return err
	}
	const place = "search index keys"
	var sealed []byte
	err = c.Row("SELECT secret FROM secrets WHERE name = 'keys'").Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		keys := make([]byte, 64)
		rand.Read(keys)
		sealed = s.Seal(place, keys)
		err = c.Exec("INSERT INTO secrets (name, secret) VALUES ('keys', ?)", sealed)
	}
	if err != nil {
		return err
	}
	keys, err := s.Open(place, sealed)
	if err != nil || len(keys) != 64 {
		return parley.Errorf(parley.Corrupt, "the keys of the search index do not open")
	}
	block, err := aes.NewCipher(keys[32:])
	if err != nil {
		return err
	}
	x.hash = keys[:32]
	x.aead, err = cipher.NewGCM(block)
	return err
}

func (x *Index) read(path string) error {
	c, err := sqlite.NewConnector(sqlfile.DSN(path, []string{"busy_timeout(5000)", "cache_size(-8000)", "query_only(1)"}))
	if err != nil {
		return sqlfile.Error(name, err)
	}
	x.db = sql.OpenDB(c)
	x.db.SetMaxOpenConns(4)
	x.db.SetMaxIdleConns(4)
	for _, s := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&x.q.line, "SELECT n, upto, last FROM lines WHERE id = ?"},
		{&x.q.term, "SELECT list FROM terms WHERE id = ?"},
		{&x.q.spans, "SELECT span, lo, hi, times FROM spans WHERE line = ? AND span BETWEEN ? AND ? AND hi >= ? AND lo <= ?"},
		{&x.q.blanks, "SELECT pos FROM blanks WHERE line = ? ORDER BY pos LIMIT 10000"},
	} {
		if *s.to, err = x.db.Prepare(s.sql); err != nil {
			x.db.Close()
			return sqlfile.Error(name, err)
		}
	}
	return nil
}

// Close waits for calls under way and closes the file.
func (x *Index) Close() error { return sqlfile.Error(name, errors.Join(x.db.Close(), x.w.Close())) }

// Line is one line in the index.
type Line struct {
	x  *Index
	id parley.LineID
}

// Line returns a line; one that nothing was added to has nothing.
func (x *Index) Line(id parley.LineID) *Line { return &Line{x, id} }

// An Entry is one settled entry of the record, as it is to be found.
type Entry struct {
	Pos   int64    // from 1
	Time  int64    // UTC seconds, as its header says
	Texts []string // what it says
	Blank bool     // it does not open yet
}

// Upto returns the last position that is in the index, and which entry was told
// to stand there.
func (l *Line) Upto() (pos int64, last string, err error) {
	_, pos, last, err = l.at()
	return pos, last, err
}

func (l *Line) at() (n, upto int64, last string, err error) {
	err = l.x.q.line.QueryRow(l.id[:]).Scan(&n, &upto, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, "", nil
	}
	return n, upto, last, sqlfile.Error(name, err)
}

// Reset takes everything out, of every line: a record is another than was told,
// or a row does not open.
func (x *Index) Reset() error {
	return x.w.Run(false, func(tx *sqlfile.Tx) error {
		for _, q := range []string{"DELETE FROM terms", "DELETE FROM spans", "DELETE FROM blanks", "DELETE FROM lines"} {
			if err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	})
}

// Add adds the entries that follow, without gaps; last names the last of them.
// What it adds is on disk some time after.
func (l *Line) Add(es []Entry, last string) error {
	if len(es) == 0 {
		return nil
	}
	return l.x.w.Run(false, func(tx *sqlfile.Tx) error {
		n, upto, err := l.number(tx)
		if err != nil {
			return err
		}
		b := &batch{x: l.x, tx: tx, line: n}
		for i := range es {
			if es[i].Pos != upto+1+int64(i) {
				return parley.Errorf(parley.Conflict, "the search index of line %s ends at %d, and %d is to be added", l.id, upto+int64(i), es[i].Pos)
			}
			if err := b.add(&es[i]); err != nil {
				return err
			}
		}
		if err := b.write(); err != nil {
			return err
		}
		return tx.Exec("UPDATE lines SET upto = ?, last = ? WHERE n = ?", es[len(es)-1].Pos, last, n)
	})
}

// More adds texts to an entry that is in the index: one that opens now, or a
// translation. It is no longer blank.
func (l *Line) More(pos int64, texts ...string) error {
	return l.x.w.Run(false, func(tx *sqlfile.Tx) error {
		n, upto, err := l.number(tx)
		if err != nil || pos > upto {
			return err
		}
		b := &batch{x: l.x, tx: tx, line: n}
		b.texts(pos, texts)
		if err := b.write(); err != nil {
			return err
		}
		return tx.Exec("DELETE FROM blanks WHERE line = ? AND pos = ?", n, pos)
	})
}

// Blanks returns positions that did not open when they were added.
func (l *Line) Blanks() (out []int64, err error) {
	n, _, _, err := l.at()
	if err != nil || n == 0 {
		return nil, err
	}
	rows, err := l.x.q.blanks.Query(n)
	if err != nil {
		return nil, sqlfile.Error(name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var pos int64
		if err := rows.Scan(&pos); err != nil {
			return nil, sqlfile.Error(name, err)
		}
		out = append(out, pos)
	}
	return out, sqlfile.Error(name, rows.Err())
}

func (l *Line) number(tx *sqlfile.Tx) (n, upto int64, err error) {
	err = tx.Row("SELECT n, upto FROM lines WHERE id = ?", l.id[:]).Scan(&n, &upto)
	if errors.Is(err, sql.ErrNoRows) {
		n, err = tx.Insert("INSERT INTO lines (id) VALUES (?)", l.id[:])
	}
	return n, upto, err
}

// rowOf is the name of a row: 63 bits of a keyed hash. Of two words with one
// name the row holds both, and the text of a hit is looked at anyway.
func (x *Index) rowOf(line, stretch int64, term string) int64 {
	h := hmac.New(sha256.New, x.hash)
	b := binary.BigEndian.AppendUint64(nil, uint64(line))
	b = binary.BigEndian.AppendUint64(b, uint64(stretch))
	h.Write(append(b, term...))
	return int64(binary.BigEndian.Uint64(h.Sum(nil)) >> 1)
}

// seal seals a list for its row. A nonce is random: a hundred million lists
// leave a chance of 1 in 10^12 that two are equal.
func (x *Index) seal(row int64, plain []byte) []byte {
	b := make([]byte, x.aead.NonceSize(), x.aead.NonceSize()+len(plain)+x.aead.Overhead())
	rand.Read(b)
	return x.aead.Seal(b, b, plain, binary.BigEndian.AppendUint64(nil, uint64(row)))
}

func (x *Index) open(row int64, sealed []byte, into *set) error {
	n := x.aead.NonceSize()
	if len(sealed) < n {
		return damaged(row)
	}
	plain, err := x.aead.Open(nil, sealed[:n], sealed[n:], binary.BigEndian.AppendUint64(nil, uint64(row)))
	if err != nil || !into.merge(plain) {
		return damaged(row)
	}
	return nil
}

func damaged(row int64) error {
	return parley.Errorf(parley.Corrupt, "search index: row %d does not open", row).WithHint("stop the station and remove find.db: it is made again")
}

// batch gathers what one transaction adds.
type batch struct {
	x     *Index
	tx    *sqlfile.Tx
	line  int64
	terms map[int64]map[string][]uint16 // by stretch
	spans map[int64][]int64             // by span: position, seconds
}

func (b *batch) add(e *Entry) error {
	b.texts(e.Pos, e.Texts)
	if b.spans == nil {
		b.spans = map[int64][]int64{}
	}
	b.spans[e.Pos>>spanBits] = append(b.spans[e.Pos>>spanBits], e.Pos, e.Time)
	if !e.Blank {
		return nil
	}
	return b.tx.Exec("INSERT OR IGNORE INTO blanks (line, pos) VALUES (?, ?)", b.line, e.Pos)
}

func (b *batch) texts(pos int64, texts []string) {
	if b.terms == nil {
		b.terms = map[int64]map[string][]uint16{}
	}
	of := b.terms[pos>>stretchBits]
	if of == nil {
		of = map[string][]uint16{}
		b.terms[pos>>stretchBits] = of
	}
	for t := range termsOf(texts...) {
		of[t] = append(of[t], uint16(pos&(stretch-1)))
	}
}

func (b *batch) write() error {
	for at, of := range b.terms {
		for term, list := range of {
			if err := b.writeTerm(b.x.rowOf(b.line, at, term), list); err != nil {
				return err
			}
		}
	}
	for at, list := range b.spans {
		if err := b.writeSpan(at, list); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) writeTerm(row int64, list []uint16) error {
	s := new(set)
	for _, i := range list {
		s.add(int(i))
	}
	err := b.tx.Each(func(r []driver.Value) error {
		old, _ := r[0].([]byte)
		return b.x.open(row, old, s)
	}, "SELECT list FROM terms WHERE id = ?", row)
	if err != nil {
		return err
	}
	return b.tx.Exec("INSERT INTO terms (id, list) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET list = excluded.list", row, b.x.seal(row, s.pack()))
}

// writeSpan adds times; a position that has none yet has the largest number.
func (b *batch) writeSpan(at int64, list []int64) error {
	times := make([]byte, span*8)
	for i := range times {
		times[i] = 0xff
	}
	lo, hi := int64(1)<<62, int64(-1)
	err := b.tx.Each(func(r []driver.Value) error {
		lo, hi = r[0].(int64), r[1].(int64)
		old, _ := r[2].([]byte)
		copy(times, old)
		return nil
	}, "SELECT lo, hi, times FROM spans WHERE line = ? AND span = ?", b.line, at)
	if err != nil {
		return err
	}
	for i := 0; i < len(list); i += 2 {
		t := max(list[i+1], 0)
		binary.BigEndian.PutUint64(times[(list[i]&(span-1))*8:], uint64(t))
		lo, hi = min(lo, t), max(hi, t)
	}
	return b.tx.Exec("INSERT INTO spans (line, span, lo, hi, times) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (line, span) DO UPDATE SET lo = excluded.lo, hi = excluded.hi, times = excluded.times",
		b.line, at, lo, hi, times)
}
