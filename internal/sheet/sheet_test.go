package sheet

import (
	"parley"
	"reflect"
	"strings"
	"testing"

	"parley/internal/form"
)

// fill gives every field of a form a value that is not empty.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Struct:
		for f, x := range v.Fields() {
			if f.IsExported() && !f.Anonymous {
				fill(x)
			}
		}
	}
}

// TestEveryFieldIsShown: each form shows all that it says; a form or field that
// is new in package form and is not shown here fails.
func TestEveryFieldIsShown(t *testing.T) {
	for _, d := range form.Definitions() {
		f := d.New()
		fill(reflect.ValueOf(f).Elem())
		switch f := f.(type) {
		case *form.LineTest:
			f.Clock = 60_000 // milliseconds: less than a second shows as none
		case *form.Tracer:
			f.Rung = uint64(parley.Opened)
		case *form.ReadBack:
			f.Step = form.ReadBackGiven
		}
		got := Fields(f)
		if len(got) < len(d.Fields) {
			t.Errorf("%s shows %d of its %d fields: %+v", d.Name, len(got), len(d.Fields), got)
		}
		for _, x := range got {
			if x.Code == "" || x.Name == "" || x.Value == "" {
				t.Errorf("%s shows %+v", d.Name, x)
			}
		}
		if n := len(Fields(d.New())); n > 2 {
			t.Errorf("an empty %s shows %d fields", d.Name, n)
		}
	}
}

func TestUnknownFields(t *testing.T) {
	f, err := form.ParseFields("dispatch", []byte("\xa4\x01aa\x02ab\x18\x28\x82ax\x01\x18\x29\xa0"))
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, x := range Fields(f) {
		shown = append(shown, x.Name+"="+x.Value)
	}
	if got, want := strings.Join(shown, " "), `subject=a text=b unknown field 40=["x", 1] unknown field 41={}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	long, err := form.Generic("whisper", form.JoinBody(append([]byte("\xa1\x01\x79\x01\x2c"), strings.Repeat("啊", 100)...), 0))
	if err != nil {
		t.Fatal(err)
	}
	if fs := Fields(long); len(fs) != 1 || len([]rune(fs[0].Value)) > 201 {
		t.Errorf("a long unknown field: %+v", fs)
	}
	hidden, err := form.Generic("whisper", form.JoinBody([]byte("\xa1\x01\x63\xe2\x80\xae"), 0))
	if err != nil {
		t.Fatal(err)
	}
	if fs := Fields(hidden); len(fs) != 1 || strings.ContainsRune(fs[0].Value, 0x202e) {
		t.Errorf("a control of direction is shown as it is: %+v", fs)
	}
}
