package sip

import (
	"strconv"
	"strings"
)

const maxInfo = 256 // bytes of the body of an INFO

// parseEvent reads a telephone event (RFC 4733); ok is false for what is no key.
func parseEvent(b []byte) (key byte, ok bool) {
	if len(b) < 4 || len(b) > 64 || b[0] > 15 {
		return 0, false
	}
	return "0123456789*#ABCD"[b[0]], true
}

// parseInfo reads the body of an INFO that carries a key: application/dtmf-relay
// or application/dtmf.
func parseInfo(kind string, b []byte) (key byte, ok bool) {
	if len(b) > maxInfo {
		return 0, false
	}
	kind, _, _ = strings.Cut(strings.ToLower(kind), ";")
	text := strings.TrimSpace(string(b))
	switch strings.TrimSpace(kind) {
	case "application/dtmf":
	case "application/dtmf-relay":
		found := ""
		for _, l := range strings.Split(text, "\n") {
			if k, v, ok := strings.Cut(l, "="); ok && strings.EqualFold(strings.TrimSpace(k), "signal") && found == "" {
				found = strings.TrimSpace(v)
			}
		}
		text = found
	default:
		return 0, false
	}
	if len(text) == 1 && strings.Contains("0123456789*#ABCD", strings.ToUpper(text)) {
		return strings.ToUpper(text)[0], true
	}
	if n, err := strconv.ParseUint(text, 10, 8); err == nil && n <= 15 { // some write the event's number
		return "0123456789*#ABCD"[n], true
	}
	return 0, false
}
