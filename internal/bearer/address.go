package bearer

import (
	"net/netip"
	"strings"

	"parley"
)

// ParseAddr reads the "address:port" of a peer. Names are refused: a line needs
// no name service. The error is of kind Malformed.
func ParseAddr(addr string) (netip.AddrPort, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil || ap.Port() == 0 || !plainZone(ap) {
		return netip.AddrPort{}, parley.Errorf(parley.Malformed, "address %q is not an address and a port in numbers", addr).
			WithHint("write it like 192.0.2.1:7101 or [2001:db8::1]:7101; names are not looked up")
	}
	return ap, nil
}

// ParseListen reads an address to listen on: as ParseAddr, and the address may
// be empty and the port 0.
func ParseListen(addr string) (string, error) {
	full := addr
	if strings.HasPrefix(addr, ":") {
		full = "[::]" + addr
	}
	if ap, err := netip.ParseAddrPort(full); err != nil || !plainZone(ap) {
		return "", parley.Errorf(parley.Malformed, "listen address %q is not an address and a port in numbers", addr).
			WithHint("write it like 192.0.2.1:7101, or :7101 for every address of this machine")
	}
	return addr, nil
}

// plainZone reports whether the zone of an address, if any, is the name of a
// network interface: netip takes any bytes for one, and other readers of the
// address then find another end of it.
func plainZone(ap netip.AddrPort) bool {
	return !strings.ContainsFunc(ap.Addr().Zone(), func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-._", r)
	})
}
