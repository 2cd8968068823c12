package stage

import (
	"net"

	"parley"
	"parley/internal/bearer/link"
)

// Paths are the names of the bearers between the stations.
var Paths = [...]string{"QUIC", "TLS"}

// cables are what runs between the stations: for each path one cable in either
// direction of dialing. A path is cut by pulling both.
type cables struct {
	into map[*Side]map[string]*link.Link
}

// layCables finds free ports for both stations and lays the cables to them.
func layCables(sides ...*Side) (*cables, error) {
	c := &cables{into: map[*Side]map[string]*link.Link{}}
	for _, s := range sides {
		c.into[s] = map[string]*link.Link{}
		var err error
		if s.listen, err = freePort(); err != nil {
			c.close()
			return nil, err
		}
		for path, network := range map[string]string{"QUIC": "udp", "TLS": "tcp"} {
			l, err := link.New(network, "127.0.0.1:0", s.listen, link.Options{})
			if err != nil {
				c.close()
				return nil, err
			}
			c.into[s][path] = l
		}
	}
	return c, nil
}

// freePort is a loopback address whose TCP and UDP ports are free.
func freePort() (string, error) {
	var last error
	for range 50 {
		t, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			last = err
			continue
		}
		addr := t.Addr().String()
		u, err := net.ListenPacket("udp", addr)
		t.Close()
		if err == nil {
			u.Close()
			return addr, nil
		}
		last = err
	}
	return "", parley.Errorf(parley.Unavailable, "no port is free: %v", last)
}

// addr is what the other side dials to reach s on a path.
func (c *cables) addr(s *Side, path string) string { return c.into[s][path].Addr() }

// cut pulls a path ("" all of them), or puts it back.
func (c *cables) cut(path string, cut bool) error {
	known := false
	for _, in := range c.into {
		for name, l := range in {
			if path == "" || name == path {
				l.Cut(cut)
				known = true
			}
		}
	}
	if !known {
		return parley.Errorf(parley.NotFound, "no path %q", path).WithHint("paths are QUIC and TLS")
	}
	return nil
}

// isCut reports whether a path is pulled.
func (c *cables) isCut(path string) bool {
	for _, in := range c.into {
		if in[path].IsCut() {
			return true
		}
	}
	return false
}

// bytes is how much has gone over a path in both directions.
func (c *cables) bytes(path string) (passed uint64) {
	for _, in := range c.into {
		n, _ := in[path].Bytes()
		passed += n
	}
	return passed
}

func (c *cables) close() {
	for _, in := range c.into {
		for _, l := range in {
			l.Close()
		}
	}
}

// Cut pulls a path as one pulls a cable ("" all of them), or puts it back.
func (d *Demo) Cut(path string, cut bool) error { return d.cables.cut(path, cut) }
