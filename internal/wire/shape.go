package wire

import (
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// checkShape refuses what the CBOR library would bend to fit: a byte string
// of another length in a byte array, null in a value. The item at i of the
// canonical b is to go into a t; it returns the offset after it. Depth is
// bounded by Canonical. Kinds that differ are left to the library, which
// refuses them.
func checkShape(b []byte, i int, t reflect.Type) (int, error) {
	h, err := readHead(b, i)
	if err != nil {
		return 0, err
	}
	s := shapeOf(t)
	if s.opaque {
		return skip(b, i)
	}
	null := b[i] == 0xf6
	if t.Kind() == reflect.Pointer {
		if null {
			return h.next, nil
		}
		return checkShape(b, i, t.Elem())
	}
	if null {
		return 0, malformed(i, "null where a value should stand")
	}
	switch {
	case h.major == majorBytes && t.Kind() == reflect.Array && t.Elem().Kind() == reflect.Uint8:
		if h.arg != uint64(t.Len()) {
			return 0, malformed(i, "%d bytes where %d should stand", h.arg, t.Len())
		}
	case h.major == majorArray:
		return checkArray(b, h, t, s.items)
	case h.major == majorMap:
		return checkMap(b, h, t, s.fields)
	}
	return h.skipString(b)
}

// shape is what checkShape asks of a type; it is found out once.
type shape struct {
	opaque bool                    // takes any item, or reads its own bytes
	items  []reflect.Type          // of a toarray struct, in order
	fields map[string]reflect.Type // of a struct, by their encoded key
}

var shapes sync.Map // reflect.Type -> *shape

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{opaque: t.Kind() == reflect.Interface || reflect.PointerTo(t).Implements(reflect.TypeFor[cbor.Unmarshaler]())}
	if t.Kind() == reflect.Struct {
		s.items, s.fields = arrayFields(t), map[string]reflect.Type{}
		mapFields(t, s.fields)
	}
	shapes.Store(t, s)
	return s
}

func checkArray(b []byte, h head, t reflect.Type, fields []reflect.Type) (int, error) {
	i, err := h.next, error(nil)
	if t.Kind() == reflect.Array && (t.Elem().Kind() == reflect.Uint8 || h.arg != uint64(t.Len())) {
		return 0, malformed(h.at, "an array of %d items in place of %s", h.arg, t)
	}
	for n := range h.arg {
		switch {
		case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
			i, err = checkShape(b, i, t.Elem())
		case n < uint64(len(fields)):
			i, err = checkShape(b, i, fields[n])
		default:
			i, err = skip(b, i)
		}
		if err != nil {
			return 0, err
		}
	}
	return i, nil
}

func checkMap(b []byte, h head, t reflect.Type, fields map[string]reflect.Type) (int, error) {
	i, err := h.next, error(nil)
	for range h.arg {
		at := i
		if t.Kind() == reflect.Map {
			i, err = checkShape(b, i, t.Key())
		} else {
			i, err = skip(b, i)
		}
		if err != nil {
			return 0, err
		}
		ft, known := fields[string(b[at:i])]
		switch {
		case t.Kind() == reflect.Map:
			i, err = checkShape(b, i, t.Elem())
		case known:
			i, err = checkShape(b, i, ft)
		default:
			i, err = skip(b, i)
		}
		if err != nil {
			return 0, err
		}
	}
	return i, nil
}

func skip(b []byte, i int) (int, error) {
	n, err := CanonicalPrefix(b[i:])
	return i + n, err
}

// arrayFields returns the types of a toarray struct, in order.
func arrayFields(t reflect.Type) (types []reflect.Type) {
	for f := range t.Fields() {
		if f.IsExported() && f.Tag.Get("cbor") != "-" {
			types = append(types, f.Type)
		}
	}
	return types
}

// mapFields adds the fields of t by their encoded key.
func mapFields(t reflect.Type, into map[string]reflect.Type) {
	for f := range t.Fields() {
		name, opts, _ := strings.Cut(f.Tag.Get("cbor"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			mapFields(f.Type, into)
		case !f.IsExported() || name == "-":
		case strings.Contains(opts, "keyasint"):
			if n, err := strconv.ParseUint(name, 10, 64); err == nil {
				into[string(appendUint(nil, n))] = f.Type
			}
		default:
			if name == "" {
				name = f.Name
			}
			into[string(appendText(nil, name))] = f.Type
		}
	}
}
