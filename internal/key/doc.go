// Package key holds the typed keys of a station and what is done with them:
// hybrid signatures, hybrid sealing, the storage key, fingerprints and short
// words (spec/conventions.md). Private keys do not compare,
// print or marshal. All algorithms are of suite 1; nothing is negotiated.
package key
