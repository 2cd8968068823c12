package control

import (
	"context"
	"net/http"

	"parley"
	"parley/internal/station"
)

// Handler serves every act of the socket. It does no check of who asks: Serve
// does.
func Handler(st Station) http.Handler {
	mux := http.NewServeMux()
	handlePeople(mux, st)
	handleLooking(mux, st)
	handleHandling(mux, st)
	handleDrafts(mux, st)
	handleLines(mux, st)
	handleProofs(mux, st)
	handlePairing(mux, st)
	handleAmending(mux, st)
	handleUnderstanding(mux, st)
	handleContacts(mux, st)
	handleHistory(mux, st)
	handleFeeds(mux, st)
	handleCalls(mux, st)
	handleMemcons(mux, st)
	handleTapes(mux, st)
	handleGlossary(mux, st)
	handleReadouts(mux, st)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, parley.Errorf(parley.NotFound, "the station knows no act %s %s", r.Method, r.URL.Path).
			WithHint("is the command of the same version as the station? parley version"))
	})
	return mux
}

func handlePeople(mux *http.ServeMux, st Station) {
	handle(mux, st, "officers", func(ctx context.Context, _ station.Officer, _ none) ([]station.Officer, error) {
		return st.Officers(ctx)
	})
	handle(mux, st, "officer.add", func(ctx context.Context, by station.Officer, in newOfficer) (station.Officer, error) {
		return st.AddOfficer(ctx, by, in.Name, in.Offices)
	})
	handle(mux, st, "officer.remove", func(ctx context.Context, by station.Officer, in onOfficer) (none, error) {
		return none{}, st.RemoveOfficer(ctx, by, in.Officer)
	})
	handle(mux, st, "officer.seat", func(ctx context.Context, by station.Officer, in onOfficer) (seatToken, error) {
		t, err := st.SeatLink(ctx, by, in.Officer, in.Office)
		return seatToken{t}, err
	})
	handle(mux, st, "token.add", func(ctx context.Context, by station.Officer, in newToken) (madeToken, error) {
		t, secret, err := st.AddToken(ctx, by, in.Officer, in.Office, in.Name, in.Life)
		return madeToken{t, secret}, err
	})
	handle(mux, st, "tokens", func(ctx context.Context, by station.Officer, _ none) ([]station.Token, error) {
		return st.Tokens(ctx, by)
	})
	handle(mux, st, "token.remove", func(ctx context.Context, by station.Officer, in onToken) (none, error) {
		return none{}, st.RemoveToken(ctx, by, in.Token)
	})
	handle(mux, st, "audit", func(ctx context.Context, by station.Officer, in limit) ([]station.AuditRow, error) {
		return st.Audit(ctx, by, in.Limit)
	})
}

func handleLooking(mux *http.ServeMux, st Station) {
	handle(mux, st, "self", func(context.Context, station.Officer, none) (Self, error) {
		code, name := st.Self()
		return Self{code, name}, nil
	})
	handle(mux, st, "lines", func(ctx context.Context, _ station.Officer, _ none) ([]station.Line, error) {
		return st.Lines(ctx)
	})
	handle(mux, st, "line", func(ctx context.Context, _ station.Officer, in onLine) (station.Line, error) {
		return st.Line(ctx, in.Line)
	})
	handle(mux, st, "board", func(ctx context.Context, by station.Officer, in onLine) (station.Board, error) {
		return st.Board(ctx, by, in.Line)
	})
	handle(mux, st, "record", func(ctx context.Context, _ station.Officer, in recordQuery) (station.Page, error) {
		return st.Record(ctx, in.Line, in.Filter)
	})
	handle(mux, st, "alarms", func(ctx context.Context, _ station.Officer, _ none) ([]station.Alarm, error) {
		return st.Alarms(ctx)
	})
	handle(mux, st, "phones", func(ctx context.Context, _ station.Officer, _ none) ([]station.PhoneView, error) {
		return st.Phones(ctx)
	})
	handle(mux, st, "item", func(ctx context.Context, _ station.Officer, in onItem) (station.Item, error) {
		return st.Item(ctx, in.Line, in.Item)
	})
	handle(mux, st, "item.open", func(ctx context.Context, by station.Officer, in onItem) (station.Item, error) {
		return st.Open(ctx, by, in.Line, in.Item)
	})
	handle(mux, st, "item.acknowledge", func(ctx context.Context, by station.Officer, in onItem) (none, error) {
		return none{}, st.Acknowledge(ctx, by, in.Line, in.Item)
	})
}

func handleDrafts(mux *http.ServeMux, st Station) {
	handle(mux, st, "draft.save", func(ctx context.Context, by station.Officer, d station.Draft) (station.Draft, error) {
		return st.SaveDraft(ctx, by, d)
	})
	handle(mux, st, "drafts", func(ctx context.Context, by station.Officer, _ none) ([]station.Draft, error) {
		return st.Drafts(ctx, by)
	})
	handle(mux, st, "draft", func(ctx context.Context, by station.Officer, in onDraft) (station.Draft, error) {
		return st.Draft(ctx, by, in.Draft)
	})
	handle(mux, st, "draft.submit", func(ctx context.Context, by station.Officer, in onDraft) (station.Draft, error) {
		return st.Submit(ctx, by, in.Draft)
	})
	handle(mux, st, "draft.discard", func(ctx context.Context, by station.Officer, in onDraft) (none, error) {
		return none{}, st.Discard(ctx, by, in.Draft)
	})
	handle(mux, st, "draft.preview", func(ctx context.Context, by station.Officer, in onDraft) (station.Item, error) {
		return st.Preview(ctx, by, in.Draft)
	})
	handle(mux, st, "draft.return", func(ctx context.Context, by station.Officer, in onDraft) (station.Draft, error) {
		return st.Return(ctx, by, in.Draft, in.Note)
	})
	handle(mux, st, "draft.release", func(ctx context.Context, by station.Officer, in onDraft) (released, error) {
		id, err := st.Release(ctx, by, in.Draft, in.Version, in.Precedence)
		return released{id}, err
	})
	mux.HandleFunc("POST /v1/draft.attach", serveAttach(st))
}

func handleLines(mux *http.ServeMux, st Station) {
	handle(mux, st, "test", func(ctx context.Context, _ station.Officer, in onLine) (station.TestState, error) {
		return st.Test(ctx, in.Line)
	})
	handle(mux, st, "why", func(ctx context.Context, _ station.Officer, in onLine) (station.Lamp, error) {
		return st.Why(ctx, in.Line)
	})
	handle(mux, st, "path.cut", func(ctx context.Context, by station.Officer, in onPath) (none, error) {
		return none{}, st.CutPath(ctx, by, in.Line, in.Path, in.Cut)
	})
	handle(mux, st, "line.leave", func(ctx context.Context, by station.Officer, in leaving) (none, error) {
		l, ok := st.(Leaver)
		if !ok {
			return none{}, parley.Errorf(parley.Unsupported, "this station cannot leave a line yet").WithHint("cut its paths instead: parley line cut")
		}
		return none{}, l.Leave(ctx, by, in.Line, in.Reason)
	})
	handle(mux, st, "line.founding", func(ctx context.Context, _ station.Officer, in onLine) (file, error) {
		b, err := st.FoundingFile(ctx, in.Line)
		return file{b}, err
	})
	handle(mux, st, "recovery.certificate", func(ctx context.Context, _ station.Officer, in onLine) (file, error) {
		b, err := st.CertificateFile(ctx, in.Line)
		return file{b}, err
	})
	handle(mux, st, "recovery.words", func(ctx context.Context, _ station.Officer, in onLine) ([]string, error) {
		return st.RecoveryWords(ctx, in.Line)
	})
	handle(mux, st, "recovery.confirm", func(ctx context.Context, by station.Officer, in wordsOn) (none, error) {
		return none{}, st.ConfirmRecovery(ctx, by, in.Line, in.Words)
	})
	handle(mux, st, "recovery.send", func(ctx context.Context, by station.Officer, in onLine) (none, error) {
		return none{}, st.SendWithheld(ctx, by, in.Line)
	})
}

func handleProofs(mux *http.ServeMux, st Station) {
	handle(mux, st, "proof", func(ctx context.Context, by station.Officer, in onItem) (file, error) {
		b, err := st.Proof(ctx, by, in.Line, in.Item, in.Header)
		return file{b}, err
	})
	handle(mux, st, "proof.silence", func(ctx context.Context, by station.Officer, in onItem) (file, error) {
		b, err := st.SilenceProof(ctx, by, in.Line, in.Item)
		return file{b}, err
	})
	handle(mux, st, "citation", func(ctx context.Context, by station.Officer, in onLine) (file, error) {
		t, err := st.Cite(ctx, by, in.Line)
		return file{[]byte(t)}, err
	})
	handle(mux, st, "citation.check", func(ctx context.Context, _ station.Officer, in file) (station.CitationView, error) {
		return st.CheckCitation(ctx, string(in.File))
	})
	mux.HandleFunc("POST /v1/export", serveExport(st))
	mux.HandleFunc("POST /v1/events", serveEvents(st))
}
