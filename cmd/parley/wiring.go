package main

// realBackend is the program's own.
func realBackend() backend { return backend{RootKey: openRootKey} }
