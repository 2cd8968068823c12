package sqlite

import (
	"embed"
	"errors"
	"fmt"
	"sync"

	"parley/internal/sqlfile"
)

//go:embed schema/*.sql
var schema embed.FS

// migrations returns the steps from version 0 on, in order. A step that was
// released is never changed.
func migrations() []string {
	var steps []string
	for n := 1; ; n++ {
		b, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", n))
		if err != nil {
			return steps
		}
		steps = append(steps, string(b))
	}
}

// newSchema is what the tables of a new file are.
var newSchema = sync.OnceValues(func() (string, error) {
	c, err := sqlfile.Connect(dbName, ":memory:", nil)
	if err != nil {
		return "", err
	}
	err = sqlfile.Migrate(c, applicationID, migrations())
	s := ""
	if err == nil {
		s, err = schemaOf(c)
	}
	return s, errors.Join(err, c.Close())
})

func schemaOf(c *sqlfile.Conn) (s string, err error) {
	rows, err := c.Query("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY name")
	return fmt.Sprint(rows), err
}

// checkSchema refuses a file whose tables are not those of a new one: what they are
// called is text in the file, and can be damaged as all else. The engine would say
// of it that a statement of ours is wrong.
func checkSchema(c *sqlfile.Conn) error {
	have, err := schemaOf(c)
	if err != nil {
		return err
	}
	want, err := newSchema()
	if err != nil {
		return err
	}
	if have != want {
		return corrupt("the tables of the file are not those of this program")
	}
	return nil
}
