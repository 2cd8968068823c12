package control

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"parley"
)

// peerKey holds the uid at the other end of a connection in its context.
type peerKey struct{}

// Serve listens on the socket at path and serves it until ctx ends. See Listen
// and ServeOn.
func Serve(ctx context.Context, path string, st Station) error {
	l, err := Listen(path)
	if err != nil {
		return err
	}
	return ServeOn(ctx, l, st)
}

// ServeOn serves a listener from Listen until ctx ends, then waits up to 5 s
// for acts under way, closes the listener and removes the socket.
func ServeOn(ctx context.Context, l net.Listener, st Station) error {
	defer l.Close()
	srv := &http.Server{
		Handler:           guard(uint32(os.Getuid()), Handler(st)),
		ReadHeaderTimeout: 5 * time.Second,
		ConnContext:       withPeer,
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.WithoutCancel(ctx), stoppingKey{}, ctx.Done())
		},
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return parley.Errorf(parley.Unavailable, "serving the local socket: %v", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		srv.Close()
	}
	<-done
	return nil
}

// Listen opens the socket at path with mode 0600. A socket left by a station
// that died is taken over; one that answers is a Conflict.
func Listen(path string) (net.Listener, error) {
	name, release, err := shortName(path)
	if err != nil {
		return nil, err
	}
	defer release()
	l, err := net.Listen("unix", name)
	if errors.Is(err, unix.EADDRINUSE) {
		if c, dialErr := net.Dial("unix", name); dialErr == nil {
			c.Close()
			return nil, parley.Errorf(parley.Conflict, "opening %s: a station is already running on this directory", path).
				WithHint("stop it first, or use it: parley line list")
		}
		if err := os.Remove(path); err != nil {
			return nil, parley.Errorf(parley.Unavailable, "removing the socket a dead station left: %v", err)
		}
		l, err = net.Listen("unix", name)
	}
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "opening the local socket %s: %v", path, err).
			WithHint("the data directory must be on a local file system and writable by the station's user")
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, parley.Errorf(parley.Unavailable, "protecting the local socket: %v", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	return &unlinker{l, path}, nil
}

// unlinker removes the socket by its real path: the name it listens on may be
// a short one that is gone by then.
type unlinker struct {
	net.Listener
	path string
}

func (u *unlinker) Close() error {
	err := u.Listener.Close()
	if err == nil {
		os.Remove(u.path)
	}
	return err
}

// withPeer notes who the kernel says is at the other end.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	uc, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return ctx
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil || credErr != nil {
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, cred.Uid)
}

// guard lets through root and the user own; a peer nobody can name is refused.
func guard(own uint32, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		uid, known := r.Context().Value(peerKey{}).(uint32)
		if !known || (uid != own && uid != 0) {
			refuse(w, parley.Errorf(parley.NotAllowed, "this user may not use the station's local socket").
				WithHint("run the command as the station's own user, for example: sudo -u parley parley ..."))
			return
		}
		next.ServeHTTP(w, r)
	})
}
