package bearer

import (
	"net"
	"testing"
)

func at(s string) net.Addr {
	a, err := net.ResolveTCPAddr("tcp", s)
	if err != nil {
		panic(err)
	}
	return a
}

func TestDoorPerAddress(t *testing.T) {
	d := NewDoor()
	var first *Stranger
	for i := range strangersPerAddress {
		s := d.Come(at("192.0.2.1:1000"), func() { t.Error("sent away") })
		if s == nil {
			t.Fatalf("stranger %d was not let in", i)
		}
		first = s
	}
	tests := []struct {
		from string
		in   bool
	}{
		{"192.0.2.1:9", false},
		{"[::ffff:192.0.2.1]:9", false},
		{"192.0.2.2:9", true},
		{"[2001:db8::1]:9", true},
	}
	for _, tt := range tests {
		if s := d.Come(at(tt.from), func() {}); (s != nil) != tt.in {
			t.Errorf("%s let in: %v, want %v", tt.from, s != nil, tt.in)
		}
	}
	first.Gone()
	first.Gone()
	if d.Come(at("192.0.2.1:9"), func() {}) == nil {
		t.Error("no room after one had gone")
	}
	if d.Come(at("192.0.2.1:9"), func() {}) != nil {
		t.Error("one going twice made room for two")
	}
}

func TestDoorNetworksOfIPv6(t *testing.T) {
	d := NewDoor()
	for i := range strangersPerAddress {
		d.Come(&net.TCPAddr{IP: net.ParseIP("2001:db8:1:2::"), Port: i + 1}, func() {})
	}
	if d.Come(at("[2001:db8:1:2:ffff::9]:1"), func() {}) != nil {
		t.Error("another address of a full network was let in")
	}
	if d.Come(at("[2001:db8:1:3::9]:1"), func() {}) == nil {
		t.Error("another network was not let in")
	}
}

func TestDoorOldestMakesRoom(t *testing.T) {
	d := NewDoor()
	away := map[int]bool{}
	for i := range strangersInAll + 3 {
		a := &net.TCPAddr{IP: net.IPv4(10, 0, byte(i/8), 1), Port: 1}
		if d.Come(a, func() { away[i] = true }) == nil {
			t.Fatalf("stranger %d was not let in", i)
		}
	}
	if len(away) != 3 || !away[0] || !away[1] || !away[2] {
		t.Errorf("sent away: %v, want the first three", away)
	}
	if d.Crowd() != strangersInAll {
		t.Errorf("%d stand there", d.Crowd())
	}
}

func TestDoorSeats(t *testing.T) {
	d := NewDoor()
	k := [32]byte{1}
	for range connsPerKey {
		if !d.Seat(k, 1) {
			t.Fatal("no seat")
		}
	}
	if d.Seat(k, 1) {
		t.Error("one too many")
	}
	if !d.Seat([32]byte{2}, 0) {
		t.Error("another key found no seat")
	}
	d.Leave(k)
	if !d.Seat(k, 1) {
		t.Error("no seat after one had left")
	}
	for range connsPerKey {
		if !d.Seat(k, 2) {
			t.Fatal("no seat for the second line of a key")
		}
	}
	if d.Seat(k, 2) {
		t.Error("one too many for two lines")
	}
}
