package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"

	"parley"
	"parley/internal/key"
	"parley/internal/record"
	"parley/internal/said/page"
	"parley/internal/spare"
	"parley/internal/station"
)

// realBackend is the program's own.
func realBackend() backend {
	return backend{
		Init: initStation,
		Run:  runStation,
		Check: func(dir string) ([]finding, error) {
			cfg, err := station.LoadConfig(dir)
			if err != nil {
				return nil, err
			}
			var list []finding
			for _, f := range station.Check(cfg) {
				list = append(list, finding{f.Level, f.What, f.Hint})
			}
			return list, nil
		},
		Fsck: func(dir string, progress func(done, total int64)) (reporter, error) {
			cfg, err := station.LoadConfig(dir)
			if err != nil {
				return nil, err
			}
			return station.Fsck(cfg, progress)
		},
		Backup: func(ctx context.Context, dir string, w io.Writer) error {
			cfg, err := station.LoadConfig(dir)
			if err != nil {
				return err
			}
			return station.WriteBackup(ctx, cfg, w)
		},
		Restore: func(src, dir string, o restoreOptions) error {
			return station.Restore(src, dir, station.RestoreOptions{Share: o.Share, Passphrase: o.Passphrase, HighWater: o.HighWater})
		},
		Verify:  verifyFile,
		Recover: recoverLine,
		Desk:    deskOf,
		RootKey: station.LoadRootKey,
	}
}

func initStation(o initOptions) (initResult, error) {
	r, err := station.Init(station.InitOptions{Dir: o.Dir, RootKeyPath: o.RootKeyPath, KeepRoot: o.KeepRoot, Party: o.Party, Name: o.Name, Languages: o.Languages,
		ListenQUIC: o.ListenQUIC, ListenTLS: o.ListenTLS, AnnounceQUIC: o.AnnounceQUIC, AnnounceTLS: o.AnnounceTLS, Desk: o.Desk, HighWater: o.HighWater,
		Passphrase: o.Passphrase, PassphraseFile: o.PassphraseFile, RootPassphrase: o.RootPassphrase, Administrator: o.Administrator})
	return initResult{Config: r.Config, SeatToken: r.SeatToken, Share: r.Share}, err
}

// runStation opens the station of a directory and serves it until ctx ends.
func runStation(ctx context.Context, dir string, log *slog.Logger, ready func()) (err error) {
	cfg, err := station.LoadConfig(dir)
	if err != nil {
		return err
	}
	if c, err := net.Dial("unix", cfg.SocketPath()); err == nil {
		c.Close()
		return parley.Errorf(parley.Conflict, "a station is already running on %s", cfg.Dir)
	}
	st, err := station.Open(cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	origin, err := cfg.DeskOrigin()
	if err != nil {
		return err
	}
	at := served{socket: cfg.SocketPath(), desk: cfg.Desk, deskCert: cfg.DeskCert, deskKey: cfg.DeskKey, origin: origin,
		requirePasskey: cfg.Passkeys == station.PasskeysRequired}
	go spare.Thrift(ctx, st.Working)
	return serve(ctx, st, at, log, ready)
}

func recoverLine(dir, line string, root key.Signer, founding []byte) ([]byte, error) {
	cfg, err := station.LoadConfig(dir)
	if err != nil {
		return nil, err
	}
	return station.Recover(cfg, line, root, founding)
}

// deskOf says where the desk of a station is.
func deskOf(dir string) (deskInfo, error) {
	cfg, err := station.LoadConfig(dir)
	if err != nil {
		return deskInfo{}, err
	}
	d := deskInfo{Languages: strings.Fields(cfg.Languages)}
	d.URL, err = cfg.DeskOrigin()
	return d, err
}

// verifyFile verifies an exported record, a proof file, a proof of silence or a
// published page.
func verifyFile(r io.Reader, o verifyOptions) (reporter, error) {
	opts := record.VerifyOptions{Founding: o.Founding, All: o.All, Progress: o.Progress}
	if o.Brief {
		opts.List = -1
	}
	return page.VerifyAny(r, opts)
}
