//go:build !race

package charter

// slow divides long runs.
const slow = 1
