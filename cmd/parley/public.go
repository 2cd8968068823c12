package main

import (
	"fmt"
	"log/slog"
	"net"

	"parley"
	"parley/internal/said/page/public"
)

type publicCmd struct {
	Dir         string `arg:"" help:"Folder of published pages: what public_folder of a station's configuration names."`
	Listen      string `required:"" placeholder:"ADDR" help:"Address and port to serve on, for example 0.0.0.0:8443."`
	Certificate string `type:"path" placeholder:"FILE" help:"Certificate file (PEM). Without it: plain HTTP, which serves what anybody can check anyhow."`
	Key         string `type:"path" placeholder:"FILE" help:"Private key file (PEM) of the certificate."`
}

func (publicCmd) Help() string {
	return `Serves a folder of published pages to everybody, for reading: an index in each language, the pages, their proof files, and nothing else that lies there. A page that does not verify is not served. It needs no station and no key of one, and belongs on another machine: copy the folder there.

Examples:

    parley public /var/lib/parley-public --listen 127.0.0.1:8080
    parley public /srv/statements --listen 0.0.0.0:443 --certificate public.pem --key public.key`
}

// Run serves until it is told to stop.
func (c publicCmd) Run(s *session) error {
	if (c.Certificate == "") != (c.Key == "") {
		return usagef("give both, or neither", "--certificate and --key belong together")
	}
	srv, err := public.Open(c.Dir, slog.New(slog.NewTextHandler(s.err, nil)))
	if err != nil {
		return err
	}
	defer srv.Close()
	n, err := srv.Count()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return parley.Errorf(parley.Unavailable, "opening %s: %v", c.Listen, err)
	}
	scheme := "http"
	if c.Certificate != "" {
		scheme = "https"
	}
	fmt.Fprintf(s.out, "%s in %s, at %s://%s/\n", plural(n, "statement", "statements"), clean(c.Dir), scheme, l.Addr())
	if err := s.out.Flush(); err != nil {
		return err
	}
	if err := srv.Serve(s.ctx, l, c.Certificate, c.Key); err != nil {
		return parley.Errorf(parley.Unavailable, "serving the folder: %v", err)
	}
	return nil
}
