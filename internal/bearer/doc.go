// Package bearer moves frames between two stations.
//
// A bearer knows nothing of what a frame says. It promises to each side that a
// frame which arrives is whole, came from the key it names, and is in order
// within its class; it may lose everything at any moment by ending. What must
// not be lost is asked for again by the line (spec/frames.md).
//
// The fat bearers share here what makes them one protocol (spec/sessions.md):
// the pinned TLS 1.3 configuration, the framing, the queue in which the urgent
// overtakes, and the door that keeps strangers from eating memory. Bearers
// themselves live in directories below and do not know each other; each passes
// the suite in bearertest.
package bearer
