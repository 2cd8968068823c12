package control

import (
	"context"
	"encoding/json"
	"net/http"

	"parley/internal/charter"
	"parley/internal/key"
	"parley/internal/station"
)

// Pairing makes a line out of an invitation, step by step.
type Pairing interface {
	Invite(ctx context.Context, by station.Officer, ch charter.Charter, an charter.Annex) (station.PairingView, error)
	Pairings(ctx context.Context) ([]station.PairingView, error)
	PairingStep(ctx context.Context, by station.Officer, file []byte) (station.PairingView, error)
	ConfirmWords(ctx context.Context, by station.Officer, line string, equal bool, how string, rootKey key.Signer) (station.Line, error)
}

func handlePairing(mux *http.ServeMux, st Station) {
	handle(mux, st, "pairings", func(ctx context.Context, _ station.Officer, _ none) ([]station.PairingView, error) {
		return st.Pairings(ctx)
	})
	handle(mux, st, "pair.step", func(ctx context.Context, by station.Officer, in file) (station.PairingView, error) {
		return st.PairingStep(ctx, by, in.File)
	})
	handle(mux, st, "pair.invite", func(ctx context.Context, by station.Officer, in invitation) (station.PairingView, error) {
		ch, err := charter.Parse(in.Charter)
		if err != nil {
			return station.PairingView{}, err
		}
		an, err := charter.ParseAnnex(in.Annex)
		if err != nil {
			return station.PairingView{}, err
		}
		return st.Invite(ctx, by, ch, an)
	})
	mux.HandleFunc("POST /v1/pair.confirm", serveConfirm(st))
}

// invitation carries charter and annex in their own encoding
// (spec/charter.md).
type invitation struct {
	Charter []byte `json:"charter"`
	Annex   []byte `json:"annex"`
}

// Invite starts a pairing under the charter and the annex, which are valid.
func (c *Client) Invite(ctx context.Context, ch charter.Charter, an charter.Annex) (station.PairingView, error) {
	return ask[station.PairingView](ctx, c, "pair.invite", invitation{ch.Encode(), an.Encode()})
}

// Pairings lists the pairings under way, and those confirmed or burnt.
func (c *Client) Pairings(ctx context.Context) ([]station.PairingView, error) {
	return ask[[]station.PairingView](ctx, c, "pairings", none{})
}

// PairingStep gives the station the other side's pairing file. The view's File
// is what to hand over next.
func (c *Client) PairingStep(ctx context.Context, b []byte) (station.PairingView, error) {
	return ask[station.PairingView](ctx, c, "pair.step", file{b})
}

// The root key never enters the station's process: confirming is one long
// exchange in which the station asks for signatures and the command makes them.
// Both directions are JSON objects, one after the other.

// confirmation opens the exchange, from the command.
type confirmation struct {
	Line  string `json:"line"`
	Equal bool   `json:"equal"`
	How   string `json:"how"`
	Ed    []byte `json:"root_ed"` // the root key's public halves
	ML    []byte `json:"root_ml"`
}

// fromStation asks for a signature, or ends the exchange.
type fromStation struct {
	Half  string          `json:"half,omitempty"` // "ed" or "ml"
	Msg   []byte          `json:"msg,omitempty"`
	Line  *station.Line   `json:"line,omitempty"`
	Error json.RawMessage `json:"error,omitempty"`
}

// signature answers one request of the station.
type signature struct {
	Sig   []byte          `json:"sig,omitempty"`
	Error json.RawMessage `json:"error,omitempty"`
}
