package api

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"parley"
)

// object is a JSON object of the document; encoding sorts its keys.
type object = map[string]any

// document is the OpenAPI document of the operations. It is made from the very
// table and types that serve.
func document(ops []operation) []byte {
	s := schemas{object{}}
	paths := object{}
	for _, o := range ops {
		at, _ := paths[prefix+o.path].(object)
		if at == nil {
			at = object{}
			paths[prefix+o.path] = at
		}
		at[strings.ToLower(o.method)] = s.operation(o)
	}
	s.all["Problem"] = s.structure(reflect.TypeFor[problem]())
	b, err := json.MarshalIndent(object{
		"openapi": "3.0.3",
		"info": object{"title": "Parley station", "version": "1",
			"description": "For programs of our own side. What a token may do is what its office may do at the desk."},
		"paths":    paths,
		"security": []object{{"token": []string{}}},
		"components": object{"schemas": s.all,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "Made by an administrator: parley officer token."}}},
	}, "", "  ")
	if err != nil {
		panic(err) // maps, strings and lists
	}
	return append(b, '\n')
}

// schemas collects the named types that operations use.
type schemas struct{ all object }

func (s schemas) operation(o operation) object {
	params := []object{}
	for _, p := range o.params {
		params = append(params, object{"name": p.name, "in": p.in, "required": p.in == "path", "description": p.about, "schema": object{"type": p.typ}})
	}
	if o.writes() && !o.keyless() {
		params = append(params, object{"name": "Idempotency-Key", "in": "header", "required": false, "schema": object{"type": "string", "maxLength": maxKey},
			"description": "Sent again within a day under the same key, the request is answered as before and not done again."})
	}
	out := object{"operationId": o.id, "summary": o.about, "parameters": params, "responses": s.responses(o)}
	if o.offices != nil {
		out["description"] = "For tokens of: " + joined(o.offices) + "."
	}
	switch {
	case o.upload:
		out["requestBody"] = object{"required": true, "content": object{"application/octet-stream": object{"schema": object{"type": "string", "format": "binary"}}}}
	case o.in != nil:
		out["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": s.of(o.in)}}}
	}
	return out
}

func joined(offices []parley.Office) string {
	words := make([]string, len(offices))
	for i, o := range offices {
		words[i] = string(o)
	}
	return strings.Join(words, ", ")
}

func (s schemas) responses(o operation) object {
	r := object{"default": object{"description": "What is wrong, and what to do.", "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}}}
	switch {
	case o.media != "":
		r["200"] = object{"description": "The file.", "content": object{o.media: object{"schema": object{"type": "string", "format": "binary"}}}}
	case o.out == reflect.TypeFor[none]():
		r["204"] = object{"description": "Done."}
	default:
		r["200"] = object{"description": "Done.", "content": object{"application/json": object{"schema": s.of(o.out)}}}
	}
	return r
}

// of is the schema of a type as encoding/json writes it.
func (s schemas) of(t reflect.Type) object {
	switch t {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time", "description": "0001-01-01T00:00:00Z: none."}
	case reflect.TypeFor[time.Duration]():
		return object{"type": "integer", "format": "int64", "description": "Nanoseconds."}
	case reflect.TypeFor[[]byte]():
		return object{"type": "string", "format": "byte"}
	}
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Int, reflect.Int64, reflect.Uint64, reflect.Uint8, reflect.Uint, reflect.Int32, reflect.Uint32:
		return object{"type": "integer", "format": "int64"}
	case reflect.Float64:
		return object{"type": "number", "format": "double"}
	case reflect.Pointer: // left out when there is none
		return s.of(t.Elem())
	case reflect.Slice:
		return object{"type": "array", "nullable": true, "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "nullable": true, "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
		if _, there := s.all[name]; !there {
			s.all[name] = nil // it may hold itself
			s.all[name] = s.structure(t)
		}
		return object{"$ref": "#/components/schemas/" + name}
	}
	panic("api: no schema for " + t.String())
}

func (s schemas) structure(t reflect.Type) object {
	fields, required := object{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			continue // its fields are visible themselves
		}
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		fields[name] = s.of(f.Type)
		if !strings.Contains(opts, "omit") { // omitempty, omitzero
			required = append(required, name)
		}
	}
	out := object{"type": "object", "properties": fields, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}
