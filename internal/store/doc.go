// Package store is the contract of what keeps a station's lines: the entries
// and engine state that package line makes durable, a derived index by which
// the record is read, and the sealed attachments. Engines are in its
// subdirectories; package storetest is the suite each must pass.
//
// What was said never stands in an engine's files in clear: entry keys, opened
// headers and bodies, and secret engine state are sealed under the storage
// key. Form, offices, precedence, serials and times do stand there, for they
// are what the index is made of.
package store
