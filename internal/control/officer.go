package control

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"parley"
	"parley/internal/station"
)

// asHeader names the officer an act is done as, query-escaped since names are
// in any script. Absent: the operating administrator.
const asHeader = "Parley-As"

// via is what the audit shows of an act at the socket.
const via = "local socket"

// officerOf resolves the header. The officer must exist and be active
// (NotFound); a name that fits two officers is a Conflict.
func officerOf(ctx context.Context, p People, h http.Header) (station.Officer, error) {
	raw := h.Get(asHeader)
	if raw == "" {
		return station.Officer{Name: via, Active: true}, nil
	}
	name, err := url.QueryUnescape(raw)
	if err != nil {
		return station.Officer{}, parley.Errorf(parley.Malformed, "header %s: %v", asHeader, err)
	}
	all, err := p.Officers(ctx)
	if err != nil {
		return station.Officer{}, err
	}
	o, err := officerNamed(all, name)
	if err != nil {
		return o, err
	}
	o.Name += " (" + via + ")"
	return o, nil
}

// officerNamed finds one active officer: by the exact name, else by the name in
// any case.
func officerNamed(all []station.Officer, name string) (station.Officer, error) {
	var near []station.Officer
	for _, o := range all {
		if !o.Active {
			continue
		}
		if o.Name == name {
			return o, nil
		}
		if strings.EqualFold(o.Name, name) {
			near = append(near, o)
		}
	}
	switch len(near) {
	case 1:
		return near[0], nil
	case 0:
		return station.Officer{}, parley.Errorf(parley.NotFound, "no active officer is named %q", name).
			WithHint("see who there is: parley officer list")
	}
	return station.Officer{}, parley.Errorf(parley.Conflict, "%d officers are named %q in one spelling or another", len(near), name).
		WithHint("write the name exactly as parley officer list shows it")
}
