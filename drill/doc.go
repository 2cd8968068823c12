// Package drill tries Parley as an enemy of data would: the real program, as
// separate processes with directories of their own, killed at random moments,
// on disks that fail, fill, tear and lose what was not synced, restored from
// old backups, or lost altogether. What happened is judged from outside: by
// what the command line acknowledged, by both records, by parley fsck, and by
// porcupine over the history of the run.
//
// It is a Go module of its own, so that none of its dependencies is in the
// product's module list. It holds tests only. A short set runs with "go test";
// the long ones by "make drill" in the directory above (docs/drill.md).
package drill
