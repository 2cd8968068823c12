//go:build race

package pair

// slow divides long runs under the race detector, which makes them ten times
// as long and has one goroutine to look at. The full count runs without it.
const slow = 10
