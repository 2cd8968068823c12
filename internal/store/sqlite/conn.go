package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"modernc.org/sqlite"
)

// conn is one connection used by one goroutine at a time, below database/sql:
// on the writing path that package costs as much as the engine. Statements are
// prepared once and kept.
type conn struct {
	c     driver.Conn
	stmts map[string]stmt
	args  []driver.NamedValue
}

type stmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func connect(path string, pragmas []string) (*conn, error) {
	k, err := sqlite.NewConnector(dsn(path, pragmas))
	if err != nil {
		return nil, dbError(err)
	}
	c, err := k.Connect(context.Background())
	if err != nil {
		return nil, dbError(err)
	}
	return &conn{c: c, stmts: map[string]stmt{}}, nil
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.c.Close())...)
}

func (c *conn) stmt(query string) (stmt, error) {
	if s := c.stmts[query]; s != nil {
		return s, nil
	}
	d, err := c.c.Prepare(query)
	if err != nil {
		return nil, dbError(err)
	}
	s := d.(stmt)
	c.stmts[query] = s
	return s, nil
}

func (c *conn) bind(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for i, a := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.args
}

// exec runs a statement. Arguments are int64, []byte, string or nil.
func (c *conn) exec(query string, args ...any) error {
	s, err := c.stmt(query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(context.Background(), c.bind(args))
	return dbError(err)
}

// insert is exec, and returns the row's number.
func (c *conn) insert(query string, args ...any) (int64, error) {
	s, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(context.Background(), c.bind(args))
	if err != nil {
		return 0, dbError(err)
	}
	return r.LastInsertId()
}

// script runs several statements that are not kept.
func (c *conn) script(sql string) error {
	_, err := c.c.(driver.ExecerContext).ExecContext(context.Background(), sql, nil)
	return dbError(err)
}

// each calls f for every row. The row is valid during the call only.
func (c *conn) each(f func(row []driver.Value) error, query string, args ...any) error {
	s, err := c.stmt(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), c.bind(args))
	if err != nil {
		return dbError(err)
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case err == io.EOF:
			return nil
		case err != nil:
			return dbError(err)
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

// query returns all rows of a small result.
func (c *conn) query(query string, args ...any) (out [][]driver.Value, err error) {
	err = c.each(func(row []driver.Value) error {
		out = append(out, append([]driver.Value(nil), row...))
		return nil
	}, query, args...)
	return out, err
}

// number returns the single integer of a query; 0 for NULL or no row.
func (c *conn) number(query string, args ...any) (n int64, err error) {
	err = c.each(func(row []driver.Value) error {
		n, _ = row[0].(int64)
		return nil
	}, query, args...)
	return n, err
}
