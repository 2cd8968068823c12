package form

import (
	"flag"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the tables of spec/forms.md and the golden encodings")

// TestDefinitionsMatchTypes holds each definition to the tags of its type.
func TestDefinitionsMatchTypes(t *testing.T) {
	names := map[string]bool{}
	for _, d := range Definitions() {
		if names[d.Name] {
			t.Errorf("%s is defined twice", d.Name)
		}
		names[d.Name] = true
		if got := d.New().Name(); got != d.Name {
			t.Errorf("%s: a new one is called %s", d.Name, got)
		}
		if err := CheckName(d.Name); err != nil {
			t.Error(err)
		}
		defined := map[uint64]bool{}
		for _, f := range d.Fields {
			defined[f.Key] = f.Required
		}
		for f := range reflect.TypeOf(d.New()).Elem().Fields() {
			tag := f.Tag.Get("cbor")
			if f.Anonymous {
				continue
			}
			k, err := strconv.ParseUint(strings.Split(tag, ",")[0], 10, 64)
			if err != nil {
				t.Errorf("%s.%s has no integer key", d.Name, f.Name)
			}
			required, ok := defined[k]
			if !ok || required == strings.Contains(tag, "omitempty") {
				t.Errorf("%s.%s: key %d is not as defined", d.Name, f.Name, k)
			}
			delete(defined, k)
		}
		if len(defined) > 0 {
			t.Errorf("%s: keys %v have no field", d.Name, defined)
		}
	}
}
