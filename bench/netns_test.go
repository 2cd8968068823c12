//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"parley/internal/bearer/link"
	calls "parley/internal/call"
	"parley/internal/station"
)

// Two stations, each a process in a network of its own (a namespace), with a desk
// beside it. The networks have nothing in common but two cables: pairs of TUN
// devices between which this process carries packets, late, lossy or not at all.
// So both ends have the kernel's own UDP and TCP, routes and retransmission.
//
// Where a machine lets nobody have that, the cables stand between sockets of the
// loopback, with the same delay, loss and cuts: the same is tried, on one network.

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childArg {
		os.Exit(serveChild(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func init() { kinds["side"] = serveSide }

// wiresArgs are the own addresses of one network, a device for each.
type wiresArgs struct {
	Addrs []string
	Epoch int64 // of the stamps, for both
}

// deviceSocket is where a side finds the socket on which it gives its devices away.
const deviceSocket = 3

// giveDevices makes the devices, and gives them to who began this process. Without
// addresses it sets the clock of the stamps alone.
func giveDevices(a wiresArgs) (nothing, error) {
	epoch = time.Unix(0, a.Epoch)
	if len(a.Addrs) == 0 {
		return nothing{}, nil
	}
	if err := up("lo", netip.Addr{}); err != nil {
		return nothing{}, err
	}
	var fds []int
	for i, addr := range a.Addrs {
		fd, err := tun(fmt.Sprint("wire", i))
		if err != nil {
			return nothing{}, err
		}
		fds = append(fds, fd)
		at, err := netip.ParseAddr(addr)
		if err != nil {
			return nothing{}, err
		}
		if err := up(fmt.Sprint("wire", i), at); err != nil {
			return nothing{}, err
		}
	}
	if err := unix.Sendmsg(deviceSocket, []byte{0}, unix.UnixRights(fds...), nil, 0); err != nil {
		return nothing{}, err
	}
	for _, fd := range fds {
		unix.Close(fd)
	}
	return nothing{}, nil
}

func tun(name string) (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("/dev/net/tun: %w", err)
	}
	r, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, r); err != nil {
		return 0, fmt.Errorf("making device %s: %w", name, err)
	}
	return fd, nil
}

// up gives a device an address in a network of 256, if there is one, and sets it up.
func up(name string, at netip.Addr) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	set := func(request uint, f func(*unix.Ifreq) error) {
		r, e := unix.NewIfreq(name)
		if e == nil {
			e = f(r)
		}
		if e == nil {
			e = unix.IoctlIfreq(s, request, r)
		}
		err = errors.Join(err, e)
	}
	if at.IsValid() {
		a := at.As4()
		set(unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(a[:]) })
		set(unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{255, 255, 255, 0}) })
	}
	set(unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING); return nil })
	if err != nil {
		return fmt.Errorf("setting up device %s: %w", name, err)
	}
	return nil
}

// speaker is the one on a call at a side, with his desk in the same network.
type speaker struct {
	seat   handler
	desk   *desk
	speech [][]byte
}

// serveSide is a station with a desk beside it.
func serveSide(ops map[string]handler) (end func()) {
	over := serveStation(ops)
	s := &speaker{seat: ops["seat"]}
	ops["wires"], ops["join"] = on(giveDevices), on(s.join)
	ops["waits"], ops["listens"], ops["heard"] = on(s.waits), on(s.listens), on(s.heard)
	return func() {
		if s.desk != nil {
			s.desk.close()
		}
		over()
	}
}

type joinArgs struct {
	Line   string
	As     station.CallPerson
	Letter byte
}

func (s *speaker) join(a joinArgs) (_ nothing, err error) {
	if s.speech, err = spoken(true); err != nil {
		return nothing{}, err
	}
	if s.desk, err = newDesk(a.Letter, 2); err != nil {
		return nothing{}, err
	}
	offer, err := s.desk.offer()
	if err != nil {
		return nothing{}, err
	}
	raw, err := json.Marshal(seatArgs{a.Line, a.As, offer})
	if err != nil {
		return nothing{}, err
	}
	v, err := s.seat(raw)
	if err != nil {
		return nothing{}, err
	}
	if err := s.desk.answered(v.(seated).Answer); err != nil {
		return nothing{}, err
	}
	s.desk.speaks(packetEvery, s.speech)
	return nothing{}, nil
}

func (s *speaker) waits(letter byte) (nothing, error) {
	_, err := s.desk.waitFor(letter, 10*time.Second)
	return nothing{}, err
}

// listens begins to keep what is heard, and says what number our own next packet has.
func (s *speaker) listens(nothing) (uint32, error) {
	s.desk.forget(true)
	return s.desk.said.Load(), nil
}

type heardArgs struct {
	Letter   byte
	From, To uint32 // their packets
}

// ears is what one side heard of the other.
type ears struct {
	Lost          int
	InTime        float64 // share within playout of the quickest
	Score         float64 // STOI beside all of it
	Least, Latest time.Duration
}

func (s *speaker) heard(a heardArgs) (e ears, err error) {
	x := s.desk.of(a.Letter)
	var l listened
	e.Least = time.Hour
	for k := a.From; k < a.To; k++ {
		p, ok := x.kept[k]
		if !ok {
			e.Lost++
		} else {
			e.Least, e.Latest = min(e.Least, p.took), max(e.Latest, p.took)
		}
		l.took, l.opus = append(l.took, p.took), append(l.opus, p.opus)
		l.said = append(l.said, s.speech[int(k)%len(s.speech)])
	}
	if e.Lost == len(l.took) {
		return e, nil
	}
	_, e.InTime, _, _ = l.counted()
	e.Score, _, err = l.scored("")
	return e, err
}

// beginSide begins a process in a network of its own. User namespaces let anybody
// have one; where they are forbidden, root has it without.
func (b *bench) beginSide() (c *child, devices *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	theirs := os.NewFile(uintptr(fds[1]), "devices")
	defer theirs.Close()
	devices = os.NewFile(uintptr(fds[0]), "devices")
	in := func(flags uintptr) func(*exec.Cmd) {
		return func(cmd *exec.Cmd) {
			cmd.ExtraFiles = []*os.File{theirs}
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
			if flags&syscall.CLONE_NEWUSER != 0 {
				cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
				cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
			}
		}
	}
	if c, err = b.start("side", in(syscall.CLONE_NEWUSER|syscall.CLONE_NEWNET)); err != nil {
		c, err = b.start("side", in(syscall.CLONE_NEWNET))
	}
	return c, devices, err
}

// takeDevices takes the devices that a side gives away.
func takeDevices(from *os.File, n int) (out []*os.File, err error) {
	defer from.Close()
	oob := make([]byte, unix.CmsgSpace(4*n))
	_, k, _, _, err := unix.Recvmsg(int(from.Fd()), make([]byte, 1), oob, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return nil, err
	}
	ms, err := unix.ParseSocketControlMessage(oob[:k])
	if err != nil || len(ms) != 1 {
		return nil, fmt.Errorf("%d messages with devices: %w", len(ms), err)
	}
	fds, err := unix.ParseUnixRights(&ms[0])
	for i, fd := range fds {
		out = append(out, os.NewFile(uintptr(fd), fmt.Sprint("wire", i)))
	}
	return out, err
}

// apart is two stations in networks of their own, QUIC over the first cable and TLS
// over the second; on the loopback it has a cable of each kind for each direction.
type apart struct {
	*pair
	quic, tls []*link.Link
}

// noNetwork is why a machine gives no network of one's own.
type noNetwork struct{ error }

func layApart(t *testing.T, b *bench) *apart {
	t.Helper()
	a := &apart{}
	err := a.inNetworks(t, b)
	if errors.As(err, &noNetwork{}) {
		t.Logf("on the loopback, for this machine gives no networks: %v", err)
		err = a.onLoopback(t, b)
	}
	if err != nil {
		t.Fatal(err)
	}
	a.set(0)
	return a
}

func (a *apart) inNetworks(t *testing.T, b *bench) (err error) {
	sides := 0
	var devices [2][]*os.File
	b.station = func() (*child, error) {
		i := sides
		sides++
		c, from, err := b.beginSide()
		if err != nil {
			return nil, noNetwork{err}
		}
		addrs := []string{fmt.Sprintf("10.77.1.%d", i+1), fmt.Sprintf("10.77.2.%d", i+1)}
		if err := do(c, "wires", wiresArgs{addrs, epoch.UnixNano()}); err != nil {
			f, no := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
			if no != nil {
				return nil, noNetwork{err}
			}
			f.Close()
			return nil, err
		}
		devices[i], err = takeDevices(from, len(addrs))
		return c, err
	}
	a.pair, err = b.pairOf(func(i int) (x initArgs, err error) {
		x.Media = true
		x.QUIC, x.TLS = fmt.Sprintf("10.77.1.%d:7101", i+1), fmt.Sprintf("10.77.2.%d:7102", i+1)
		x.AnnounceQUIC, x.AnnounceTLS = x.QUIC, x.TLS
		if i == 1 {
			for k, ls := range []*[]*link.Link{&a.quic, &a.tls} {
				l := link.Between(devices[0][k], devices[1][k], link.Options{Seed: uint64(k + 1)})
				*ls = []*link.Link{l}
				t.Cleanup(func() { l.Close() })
			}
		}
		return x, nil
	})
	return err
}

func (a *apart) onLoopback(t *testing.T, b *bench) error {
	b.station = func() (*child, error) {
		c, err := b.start("side")
		if err != nil {
			return nil, err
		}
		return c, do(c, "wires", wiresArgs{nil, epoch.UnixNano()})
	}
	w, err := b.newWired(true)
	if err != nil {
		return err
	}
	t.Cleanup(w.away)
	a.pair, a.quic, a.tls = w.pair, w.udp, w.tcp
	return nil
}

const oneWay = 25 * time.Millisecond

// set changes both cables.
func (a *apart) set(loss float64) {
	for _, l := range slices.Concat(a.quic, a.tls) {
		l.Set(link.Options{Delay: oneWay, Loss: loss})
	}
}

func cut(yes bool, cables []*link.Link) {
	for _, l := range cables {
		l.Cut(yes)
	}
}

// speak lets both speak while something is done to the cables, and returns what
// Birch heard of Alder and Alder of Birch.
func (a *apart) speak(t *testing.T, meanwhile func()) (out [2]ears) {
	t.Helper()
	var from, to [2]uint32
	sides := []*child{a.a, a.b}
	for i, c := range sides {
		var err error
		if from[i], err = call[uint32](c, "listens", nothing{}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(200 * time.Millisecond) // what both said before they kept
	for i := range from {
		from[i] += 10
	}
	began := time.Now()
	meanwhile()
	for i := range to {
		to[i] = from[i] + uint32(time.Since(began)/packetEvery)
	}
	time.Sleep(500 * time.Millisecond) // what is under way
	for i, c := range sides {
		var err error
		if out[i], err = call[ears](c, "heard", heardArgs{"BA"[i], from[1-i], to[1-i]}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestTwoNetworks: a call between two networks over an emulated link, which is cut
// in mid-sentence, lossy, and gone. What each side heard is measured.
func TestTwoNetworks(t *testing.T) {
	b := &bench{options: options{quick: true, dir: t.TempDir()}}
	defer b.stop()
	a := layApart(t, b)
	defer a.close()
	if err := a.up(2); err != nil {
		t.Fatal(err)
	}
	if err := do(a.a, "ring", a.line); err != nil {
		t.Fatal(err)
	}
	if err := do(a.b, "phase", phaseArgs{a.line, calls.Ringing}); err != nil {
		t.Fatal(err)
	}
	if err := do(a.b, "lift", a.line); err != nil {
		t.Fatal(err)
	}
	sides := []*child{a.a, a.b}
	for i, c := range sides {
		if err := do(c, "join", joinArgs{a.line, []station.CallPerson{president, chairman}[i], "AB"[i]}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range sides {
		if err := do(c, "side", sideArgs{a.line, station.SideAct{Do: "ready"}}); err != nil {
			t.Fatal(err)
		}
	}
	hear := func() {
		t.Helper()
		for i, c := range sides {
			if err := do(c, "waits", "BA"[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	hear()
	log := func(what string, heard [2]ears) {
		for i, e := range heard {
			t.Logf("%s: side %d lost %d, %.1f %% in time, STOI %.3f, %v to %v under way", what, i+1, e.Lost, 100*e.InTime, e.Score, e.Least, e.Latest)
		}
	}

	for _, x := range []struct {
		what string
		l    []*link.Link
	}{{"QUIC cut", a.quic}, {"TLS cut", a.tls}} {
		stalled := watchStalls()
		heard := a.speak(t, func() {
			time.Sleep(500 * time.Millisecond)
			cut(true, x.l)
			time.Sleep(time.Second)
		})
		cut(false, x.l)
		worst := stalled()
		log(x.what, heard)
		for i, e := range heard {
			if e.Least < oneWay {
				t.Errorf("%s: a packet was under way for %v over a link of %v", x.what, e.Least, oneWay)
			}
			if e.Lost > 0 {
				t.Errorf("%s in mid-sentence: side %d lost %d packets; the machine stood still for %v", x.what, i+1, e.Lost, worst)
			}
		}
		if err := a.up(2); err != nil {
			t.Fatal(err)
		}
	}

	a.set(0.2)
	time.Sleep(2 * time.Second) // the trunk finds out
	heard := a.speak(t, func() { time.Sleep(3 * time.Second) })
	a.set(0)
	log("20 % lost on both", heard)
	for i, e := range heard {
		if e.Score < 0.92 {
			t.Errorf("20 %% lost: STOI of what side %d heard is %.3f, want 0.92 at least", i+1, e.Score)
		}
	}

	both := slices.Concat(a.quic, a.tls)
	cut(true, both)
	time.Sleep(100 * time.Millisecond)
	silent := a.speak(t, func() { time.Sleep(time.Second) })
	log("both cut", silent)
	for i, e := range silent {
		if e.InTime > 0 {
			t.Errorf("through cut cables side %d heard %.0f %%", i+1, 100*e.InTime)
		}
	}
	mended := time.Now()
	cut(false, both)
	hear()
	t.Logf("mended: both hear again after %v", time.Since(mended))
	if d := time.Since(mended); d > 5*time.Second {
		t.Errorf("both hear again after %v", d)
	}
	if err := do(a.a, "hangup", a.line); err != nil {
		t.Fatal(err)
	}
}
