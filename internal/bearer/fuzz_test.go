package bearer

import (
	"net"
	"net/netip"
	"testing"

	"parley"
)

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"192.0.2.1:7101", "[2001:db8::1]:7101", ":7101", ":0", "192.0.2.1:0", "[fe80::1%eth0]:1", "example.net:1", "[::ffff:192.0.2.1]:2", ":+1", "[fe30::9%\x7f0]:]:1", "", ":"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ap, err := ParseAddr(s)
		if err == nil {
			if again, err := netip.ParseAddrPort(ap.String()); err != nil || again != ap || ap.Port() == 0 || !ap.Addr().IsValid() {
				t.Errorf("%q is read as %v", s, ap)
			}
			if _, err := ParseListen(s); err != nil {
				t.Errorf("%q can be dialled, and not listened on: %v", s, err)
			}
		} else if parley.KindOf(err) != parley.Malformed || parley.HintOf(err) == "" {
			t.Errorf("%q: %v", s, err)
		}
		l, err := ParseListen(s)
		if err != nil {
			return
		}
		host, _, err := net.SplitHostPort(l)
		if l != s || err != nil {
			t.Errorf("%q is listened on as %q, %v", s, l, err)
		}
		if _, err := netip.ParseAddr(host); host != "" && err != nil {
			t.Errorf("listening on %q would ask for the name %q", s, host)
		}
	})
}
