package sqlfile

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"

	"parley"
)

// Row is the first row of a query, to be scanned as database/sql does.
type Row struct {
	values []driver.Value
	err    error
}

// Row runs a query and takes its first row.
func (c *Conn) Row(query string, args ...any) *Row {
	rows, err := c.Query(query, args...)
	if err == nil && len(rows) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return &Row{err: err}
	}
	return &Row{values: rows[0]}
}

// Scan copies the columns to where dest points: integers, strings, bytes,
// booleans and what is made of them, and sql.Scanner. The error is
// sql.ErrNoRows when there is no row.
func (r *Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	if len(dest) != len(r.values) {
		return parley.Errorf(parley.Internal, "%d columns for %d variables", len(r.values), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, r.values[i]); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

func assign(dest any, v driver.Value) error {
	if s, ok := dest.(sql.Scanner); ok {
		return s.Scan(v)
	}
	if b, ok := dest.(*[]byte); ok {
		switch x := v.(type) {
		case nil:
			*b = nil
			return nil
		case []byte:
			*b = x
			return nil
		}
	}
	p := reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return parley.Errorf(parley.Internal, "a column cannot be kept in %T", dest)
	}
	e := p.Elem()
	switch x := v.(type) {
	case int64:
		switch {
		case e.CanInt() && !e.OverflowInt(x):
			e.SetInt(x)
			return nil
		case e.CanUint() && x >= 0 && !e.OverflowUint(uint64(x)):
			e.SetUint(uint64(x))
			return nil
		case e.Kind() == reflect.Bool && (x == 0 || x == 1):
			e.SetBool(x == 1)
			return nil
		}
	case string:
		if e.Kind() == reflect.String {
			e.SetString(x)
			return nil
		}
	}
	return parley.Errorf(parley.Corrupt, "a value of type %T does not fit %T", v, dest).WithHint("run parley fsck")
}
