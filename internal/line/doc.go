// Package line is the protocol engine of one line: a pure state machine over
// journal, seal, charter, form and wire.
//
// It has no goroutine, no clock, no socket and no file. Step takes events with
// the time, and returns what must first be durable (a Batch) and what may be
// said after that (sends, alarms). Whoever runs it obeys one rule: make the
// batch durable, then speak; if the batch cannot be made durable, say nothing,
// throw the engine away and load it again from the store.
package line
