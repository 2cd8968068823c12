package sqlite

import (
	"embed"
	"fmt"

	"parley"
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

// migrate brings a file to the newest version, each step in a transaction.
// Files of another application, or of a newer version of this one, are refused.
func migrate(c *conn, app int64, steps []string) error {
	id, err := c.number("PRAGMA application_id")
	if err != nil {
		return err
	}
	version, err := c.number("PRAGMA user_version")
	if err != nil {
		return err
	}
	if version > 0 && id != app {
		return parley.Errorf(parley.Unsupported, "the file belongs to another application (id %08x)", id)
	}
	if version > int64(len(steps)) {
		return parley.Errorf(parley.Unsupported, "the database has schema %d, this program knows up to %d", version, len(steps)).
			WithHint("it was written by a newer version of parley: run that one")
	}
	for ; version < int64(len(steps)); version++ {
		sql := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;\nCOMMIT;", steps[version], app, version+1)
		if err := c.script(sql); err != nil {
			c.script("ROLLBACK")
			return fmt.Errorf("migrating to schema %d: %w", version+1, err)
		}
	}
	return nil
}
