package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// protocolVersion is the version item of every entry (spec/entry.md).
const protocolVersion = 1

type versionCmd struct{}

func (versionCmd) Help() string {
	return `Examples:

    parley version
    parley version --json`
}

// Run prints what the build recorded of itself.
func (versionCmd) Run(s *session) error {
	v := struct {
		Version  string `json:"version"`
		Revision string `json:"revision,omitempty"`
		Modified bool   `json:"modified"`
		Go       string `json:"go"`
		Protocol int    `json:"protocol"`
	}{Version: "(devel)", Go: runtime.Version(), Protocol: protocolVersion}
	if bi, ok := debug.ReadBuildInfo(); ok {
		if bi.Main.Version != "" {
			v.Version = bi.Main.Version
		}
		for _, st := range bi.Settings {
			switch st.Key {
			case "vcs.revision":
				v.Revision = st.Value
			case "vcs.modified":
				v.Modified = st.Value == "true"
			}
		}
	}
	return s.show(v, func(w io.Writer) {
		changed := ""
		if v.Modified {
			changed = ", changed since"
		}
		fmt.Fprintf(w, "parley %s, protocol %d, %s\n", v.Version, v.Protocol, v.Go)
		if v.Revision != "" {
			fmt.Fprintf(w, "revision %s%s\n", v.Revision, changed)
		}
	})
}
