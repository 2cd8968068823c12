package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"parley"
	"parley/internal/api"
	"parley/internal/control"
	"parley/internal/crowd"
	"parley/internal/desk"
)

// running is a station that can be run and served. *station.Station is one.
type running interface {
	control.Station
	desk.Station
	api.Station
	Run(ctx context.Context) error
}

// served says where a running station is served.
type served struct {
	socket   string
	desk     string // "" for none
	deskCert string // PEM; "" for plain HTTP, on loopback only
	deskKey  string
	origin   string // how browsers reach the desk

	requirePasskey bool // who came in by a link can only add one
}

// serve runs the station, its local socket and its desk until ctx ends or one
// of them fails, and returns when all have ended. ready is called once when the
// socket and the desk accept connections. The first failure is returned.
func serve(ctx context.Context, st running, at served, log *slog.Logger, ready func()) error {
	socket, err := control.Listen(at.socket)
	if err != nil {
		return err
	}
	console, err := listenDesk(at)
	if err != nil {
		socket.Close()
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	parts := []func(context.Context) error{
		st.Run,
		func(ctx context.Context) error { return control.ServeOn(ctx, socket, st) },
	}
	if console != nil {
		h := http.NewServeMux()
		programs := api.New(st, log)
		h.Handle("/api/", programs)
		h.Handle("/metrics", programs)
		h.Handle("/", desk.New(desk.Config{Station: st, Log: log, OpenRoot: parseRootKey, Origin: at.origin, RequirePasskey: at.requirePasskey, BindSessions: true}))
		parts = append(parts, func(ctx context.Context) error { return serveDesk(ctx, desk.Server(h, log), console, at) })
	}
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ended <- part(ctx) }()
	}
	ready()
	var first error
	for range parts {
		if err := <-ended; err != nil && first == nil && !errors.Is(err, context.Canceled) {
			first = err
		}
		stop()
	}
	return first
}

// listenDesk opens the desk's address. Without a certificate only loopback will
// do: sessions would cross the network in clear.
func listenDesk(at served) (net.Listener, error) {
	if at.desk == "" {
		return nil, nil
	}
	if at.deskCert == "" && !loopback(at.desk) {
		return nil, parley.Errorf(parley.NotAllowed, "the desk on %s has no certificate, and others than this machine could reach it", at.desk).
			WithHint("set desk_certificate and desk_key, or listen on 127.0.0.1")
	}
	l, err := net.Listen("tcp", at.desk)
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "opening the desk: %v", err).WithHint("is another program on that port? parley check")
	}
	return crowd.Listen(l, desk.MaxConns), nil
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// serveDesk serves until ctx ends, then gives requests under way 3 s; event
// streams are cut.
func serveDesk(ctx context.Context, srv *http.Server, l net.Listener, at served) error {
	srv.BaseContext = func(net.Listener) context.Context { return ctx }
	done := make(chan error, 1)
	go func() {
		if at.deskCert != "" {
			done <- srv.ServeTLS(l, at.deskCert, at.deskKey)
		} else {
			done <- srv.Serve(l)
		}
	}()
	select {
	case err := <-done:
		return parley.Errorf(parley.Unavailable, "serving the desk: %v", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if srv.Shutdown(grace) != nil {
		srv.Close()
	}
	<-done
	return nil
}
