// Package sim runs whole stations in one process on virtual time: the real
// engine, journal, seal, record, index and high-water mark, over simulated
// links, disks and clocks that fail in every way the promises name
// (docs/simulation.md).
//
// A run is a seed. It has no goroutine, reads no clock and follows no map
// order, so that a seed replays bit for bit; its digest says so. All through a
// run the promises are checked, and at its end a naive model of a line is held
// against what the stations made of it.
package sim
