package main

import (
	"context"
	"io"

	"parley"
	"parley/internal/station"
)

type pendingStation struct{ *station.Station }

func pend() error { return parley.Errorf(parley.Unsupported, "this build cannot do that yet") }
func (pendingStation) Proof(context.Context, station.Officer, string, string, bool) ([]byte, error) {
	return nil, pend()
}
func (pendingStation) SilenceProof(context.Context, station.Officer, string, string) ([]byte, error) {
	return nil, pend()
}
func (pendingStation) Export(context.Context, station.Officer, string, bool, io.Writer) (int, error) {
	return 0, pend()
}
func (pendingStation) Leave(context.Context, station.Officer, string, string) error { return pend() }
