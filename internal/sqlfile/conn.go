package sqlfile

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"modernc.org/sqlite"
)

// Conn is one connection used by one goroutine at a time, below database/sql:
// on a writing path that package costs as much as the engine. Statements are
// prepared once and kept, so no text of a statement holds a value.
//
// Arguments are int64, int, bool, string, []byte or nil.
type Conn struct {
	name  string
	vfs   string
	path  string
	c     driver.Conn
	stmts map[string]stmt
	args  []driver.NamedValue
}

type stmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// Connect opens a file, and makes it when there is none. name is what errors
// call it.
func Connect(name, path string, pragmas []string) (*Conn, error) {
	return ConnectOn("", name, path, pragmas)
}

// ConnectOn is Connect on the file system that the engine knows as vfs; "" means
// the machine's.
func ConnectOn(vfs, name, path string, pragmas []string) (*Conn, error) {
	k, err := sqlite.NewConnector(DSNOn(vfs, path, pragmas))
	if err != nil {
		return nil, Error(name, err)
	}
	c, err := k.Connect(context.Background())
	if err != nil {
		return nil, Error(name, err)
	}
	return &Conn{name: name, vfs: vfs, path: path, c: c, stmts: map[string]stmt{}}, nil
}

// Close ends the connection.
func (c *Conn) Close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return Error(c.name, errors.Join(append(errs, c.c.Close())...))
}

func (c *Conn) stmt(query string) (stmt, error) {
	if s := c.stmts[query]; s != nil {
		return s, nil
	}
	d, err := c.c.Prepare(query)
	if err != nil {
		return nil, Error(c.name, err)
	}
	s := d.(stmt)
	c.stmts[query] = s
	return s, nil
}

func (c *Conn) bind(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for i, a := range args {
		switch v := a.(type) {
		case int:
			a = int64(v)
		case bool:
			a = int64(0)
			if v {
				a = int64(1)
			}
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.args
}

func (c *Conn) run(query string, args []any) (driver.Result, error) {
	s, err := c.stmt(query)
	if err != nil {
		return nil, err
	}
	r, err := s.ExecContext(context.Background(), c.bind(args))
	return r, Error(c.name, err)
}

// Exec runs a statement.
func (c *Conn) Exec(query string, args ...any) error {
	_, err := c.run(query, args)
	return err
}

// Insert is Exec, and returns the row's number.
func (c *Conn) Insert(query string, args ...any) (int64, error) {
	r, err := c.run(query, args)
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

// Change is Exec, and returns how many rows it touched.
func (c *Conn) Change(query string, args ...any) (int64, error) {
	r, err := c.run(query, args)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Script runs several statements that are not kept.
func (c *Conn) Script(sql string) error {
	_, err := c.c.(driver.ExecerContext).ExecContext(context.Background(), sql, nil)
	return Error(c.name, err)
}

// Each calls f for every row. The row is valid during the call only.
func (c *Conn) Each(f func(row []driver.Value) error, query string, args ...any) error {
	s, err := c.stmt(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), c.bind(args))
	if err != nil {
		return Error(c.name, err)
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case err == io.EOF:
			return nil
		case err != nil:
			return Error(c.name, err)
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

// Query returns all rows of a small result.
func (c *Conn) Query(query string, args ...any) (out [][]driver.Value, err error) {
	err = c.Each(func(row []driver.Value) error {
		out = append(out, append([]driver.Value(nil), row...))
		return nil
	}, query, args...)
	return out, err
}

// Number returns the single integer of a query; 0 for NULL or no row.
func (c *Conn) Number(query string, args ...any) (n int64, err error) {
	err = c.Each(func(row []driver.Value) error {
		n, _ = row[0].(int64)
		return nil
	}, query, args...)
	return n, err
}
