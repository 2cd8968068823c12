//go:build race

package trunk

const raced = true
