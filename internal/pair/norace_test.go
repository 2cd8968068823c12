//go:build !race

package pair

// slow divides long runs.
const slow = 1
