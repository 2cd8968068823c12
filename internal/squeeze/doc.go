// Package squeeze compresses short texts as raw DEFLATE over the preset
// dictionary of suite 1 (spec/entry.md). It decides nothing that is believed:
// what it writes is read back by compress/flate, or by any other decompressor.
package squeeze

import _ "embed"

// Dictionary is the preset dictionary of suite 1, the same bytes as
// spec/dictionary.txt (a test compares them). Nobody may change it.
//
//go:embed dictionary.txt
var Dictionary []byte
