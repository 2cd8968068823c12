//go:build !linux

package station

func clockSynced() (synced, known bool) { return false, false }
