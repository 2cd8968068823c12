// Package seal turns what an entry says into the bytes of a leaf and back:
// entry keys from epoch secrets, the commitment to them, compression, padding
// and AEAD (spec/entry.md, spec/sealing.md). It invents no cryptography.
package seal
