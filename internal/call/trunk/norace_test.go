//go:build !race

package trunk

const raced = false
