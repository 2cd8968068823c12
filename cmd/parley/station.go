package main

import (
	"errors"
	"log/slog"
	"net"
	"os"

	"parley"
)

type stationCmd struct {
	DataDir string `arg:"" name:"dir" type:"existingdir" help:"Data directory, made by init."`
	Verbose bool   `short:"v" help:"Log also what is only of use in finding a fault."`
}

func (stationCmd) Help() string {
	return `Runs the station in the foreground until SIGINT or SIGTERM. It logs to standard error and tells systemd (Type=notify) when it is up. Everything but delivery works with no line at all.

Examples:

    parley station /var/lib/parley
    parley check --dir /var/lib/parley && parley station /var/lib/parley`
}

// Run runs the station.
func (c stationCmd) Run(s *session) error {
	level := slog.LevelInfo
	if c.Verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: level}))
	err := s.back.Run(s.ctx, c.DataDir, log, func() {
		if err := notify("READY=1"); err != nil {
			log.Warn("telling systemd", "err", err)
		}
	})
	if s.ctx.Err() != nil && err == nil {
		log.Info("stopped in good order")
	}
	return err
}

// notify tells systemd the state, where there is one to tell
// (sd_notify(3)).
func notify(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	if name[0] == '@' {
		name = "\x00" + name[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return parley.Errorf(parley.Unavailable, "opening the notify socket: %v", err)
	}
	_, err = c.Write([]byte(state))
	return errors.Join(err, c.Close())
}
