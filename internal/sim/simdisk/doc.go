// Package simdisk is a disk in memory for SQLite: a file system of our own that
// the engine opens its files on, and that knows what was written, truncated,
// created, deleted and synced. When power fails each thing that was not synced
// survives whole, in some of its sectors, or not at all, as a seed says. It can
// be full, lie about syncs, flip a bit, and fail any call; each call that changes
// something is a persist point, counted, at which the power can be made to fail.
//
// The store uses it through sqlite.Options.Disk. The wal-index is memory of the
// process here as everywhere, and is gone with it.
package simdisk
