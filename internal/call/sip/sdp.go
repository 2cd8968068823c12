package sip

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"parley"
)

// Payload types of packets within the station (package rtc has the same).
const (
	typePCMU = 0
	typePCMA = 8
	typeOpus = 111
)

const (
	maxSDP    = 4 << 10 // bytes of a session description
	maxMedia  = 8       // sections
	eventType = 101     // what we offer telephone events as
	suite     = "AES_CM_128_HMAC_SHA1_80"
	suiteKey  = 30 // octets of key and salt
)

// A talk is what a phone says of its media, read and found good.
type talk struct {
	port    uint16
	codec   uint8 // typePCMU or typePCMA
	events  uint8 // the payload type of telephone events; 0: none
	proto   string
	key     []byte // with which the phone encrypts; nil: it does not
	tag     string // of the key
	deaf    bool   // the phone does not want to hear now
	mute    bool   // it does not want to speak now
	section int    // which of them is the voice
	media   []sdp.MediaName
}

// parseTalk reads the session description of a phone, an offer or an answer. What
// it says of addresses is not believed: media goes to where the phone is. The
// error is of kind Malformed, Unsupported or Oversize.
func parseTalk(b []byte, secure bool) (*talk, error) {
	if len(b) > maxSDP {
		return nil, parley.Errorf(parley.Oversize, "the session description has %d bytes, and %d at most are read", len(b), maxSDP)
	}
	var d sdp.SessionDescription
	if err := d.Unmarshal(b); err != nil {
		return nil, parley.Errorf(parley.Malformed, "no session description: %s", parley.Clip(err.Error()))
	}
	if n := len(d.MediaDescriptions); n == 0 || n > maxMedia {
		return nil, parley.Errorf(parley.Unsupported, "the session description has %d sections", n)
	}
	t := &talk{section: -1}
	for i, m := range d.MediaDescriptions {
		t.media = append(t.media, m.MediaName)
		if t.section < 0 && m.MediaName.Media == "audio" && m.MediaName.Port.Value != 0 && t.voice(m, secure) {
			t.section = i
			for _, a := range append(slices.Clone(d.Attributes), m.Attributes...) {
				switch a.Key {
				case "sendonly", "inactive", "sendrecv", "recvonly":
					t.deaf, t.mute = a.Key == "sendonly" || a.Key == "inactive", a.Key == "recvonly" || a.Key == "inactive"
				}
			}
			t.deaf = t.deaf || nowhere(cmp.Or(m.ConnectionInformation, d.ConnectionInformation))
		}
	}
	if t.section < 0 {
		return nil, parley.Errorf(parley.Unsupported, "the phone offers no voice that we can carry: PCMU or PCMA, and SRTP by TLS alone")
	}
	return t, nil
}

// holds reports whether the phone is on hold: then it need not send anything.
func (t *talk) holds() bool { return t.deaf || t.mute }

// nowhere reports whether a phone says that it is at no address: the elder way to hold
// (RFC 3264, 8.4).
func nowhere(c *sdp.ConnectionInformation) bool {
	if c == nil || c.Address == nil {
		return false
	}
	a, err := netip.ParseAddr(c.Address.Address)
	return err == nil && a.IsUnspecified()
}

// voice reads one section, and reports whether it can be had.
func (t *talk) voice(m *sdp.MediaDescription, secure bool) bool {
	port := m.MediaName.Port.Value
	proto := strings.Join(m.MediaName.Protos, "/")
	encrypted := proto == "RTP/SAVP" || proto == "RTP/SAVPF"
	if port < 1024 || port > 65535 || !encrypted && proto != "RTP/AVP" && proto != "RTP/AVPF" || encrypted && !secure {
		return false
	}
	codec, events := -1, uint8(0)
	for _, f := range m.MediaName.Formats {
		n, err := strconv.ParseUint(f, 10, 7)
		switch {
		case err != nil:
		case n == typePCMU, n == typePCMA && codec != typePCMU:
			codec = int(n)
		case n >= 96 && events == 0 && isEvents(m, f):
			events = uint8(n)
		}
	}
	if codec < 0 {
		return false
	}
	var key []byte
	tag := ""
	for _, a := range m.Attributes {
		if a.Key == "crypto" && key == nil && encrypted {
			tag, key = parseKey(a.Value)
		}
	}
	if encrypted && key == nil {
		return false
	}
	t.port, t.codec, t.events, t.proto, t.key, t.tag = uint16(port), uint8(codec), events, proto, key, tag
	return true
}

func isEvents(m *sdp.MediaDescription, format string) bool {
	for _, a := range m.Attributes {
		if f, name, _ := strings.Cut(a.Value, " "); a.Key == "rtpmap" && f == format && strings.EqualFold(name, "telephone-event/8000") {
			return true
		}
	}
	return false
}

// parseKey reads a crypto attribute (RFC 4568); nil: none that we can use.
func parseKey(s string) (tag string, key []byte) {
	f := strings.Fields(s)
	if len(f) != 3 || !strings.EqualFold(f[1], suite) {
		return "", nil
	}
	if n, err := strconv.ParseUint(f[0], 10, 30); err != nil || n == 0 {
		return "", nil
	}
	text, ok := strings.CutPrefix(f[2], "inline:")
	if !ok {
		return "", nil
	}
	text, life, _ := strings.Cut(text, "|")
	if strings.Contains(life, ":") { // a master key identifier
		return "", nil
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != suiteKey {
		return "", nil
	}
	return f[0], key
}

func newKey() []byte {
	b := make([]byte, suiteKey)
	rand.Read(b)
	return b
}

// description writes ours: the answer to t, or an offer where it is nil. key is
// what we encrypt with; nil: we do not.
func description(at netip.AddrPort, id uint64, t *talk, key []byte) []byte {
	family := "IP4"
	if at.Addr().Is6() && !at.Addr().Is4In6() {
		family = "IP6"
	}
	host := at.Addr().Unmap()
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- %d %d IN %s %s", id, id, family, host)
	line("s=-")
	line("c=IN %s %s", family, host)
	line("t=0 0")
	proto, tag, events, codecs := "RTP/AVP", "1", uint8(eventType), []uint8{typePCMU, typePCMA}
	if key != nil {
		proto = "RTP/SAVP"
	}
	sections := []sdp.MediaName{{}}
	voice := 0
	if t != nil {
		proto, tag, events, codecs, sections, voice = t.proto, t.tag, t.events, []uint8{t.codec}, t.media, t.section
	}
	for i, m := range sections {
		if i != voice {
			line("m=%s 0 %s %s", m.Media, strings.Join(m.Protos, "/"), strings.Join(m.Formats, " "))
			continue
		}
		var formats []string
		for _, c := range codecs {
			formats = append(formats, strconv.Itoa(int(c)))
		}
		if events != 0 {
			formats = append(formats, strconv.Itoa(int(events)))
		}
		line("m=audio %d %s %s", at.Port(), proto, strings.Join(formats, " "))
		for _, c := range codecs {
			line("a=rtpmap:%d %s/8000", c, map[uint8]string{typePCMU: "PCMU", typePCMA: "PCMA"}[c])
		}
		if events != 0 {
			line("a=rtpmap:%d telephone-event/8000", events)
			line("a=fmtp:%d 0-15", events)
		}
		if key != nil {
			line("a=crypto:%s %s inline:%s", tag, suite, base64.StdEncoding.EncodeToString(key))
		}
		line("a=ptime:20")
		line("a=maxptime:60")
		switch {
		case t != nil && t.deaf && t.mute:
			line("a=inactive")
		case t != nil && t.deaf:
			line("a=recvonly")
		case t != nil && t.mute:
			line("a=sendonly")
		default:
			line("a=sendrecv")
		}
	}
	return []byte(b.String())
}
