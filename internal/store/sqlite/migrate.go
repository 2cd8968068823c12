package sqlite

import (
	"embed"
	"fmt"
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
