package rtc

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pion/webrtc/v4"

	"parley"
)

// wanted is an offer that was read and found good.
type wanted struct {
	sdp              string // as pion gets it: without addresses, and without what we do not use
	voices, pictures int    // slots
	mic, camera      bool
}

// section is what an offer says of one medium.
type section struct {
	kind, mid, protocol string
	direction           string
	codecs              []string // "opus/48000" and the like
}

// Most that an offer holds beside its length.
const (
	mostFormats = 128
	mostLines   = 300 // attributes of one section
)

// readOffer reads the offer of a browser. The error is of kind Malformed,
// Unsupported or Oversize.
func readOffer(text string) (*wanted, error) {
	if len(text) > MaxOffer {
		return nil, parley.Errorf(parley.Oversize, "the offer has %d bytes, and %d at most are read", len(text), MaxOffer)
	}
	sd := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}
	parsed, err := sd.Unmarshal()
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "the offer is no session description: %s", parley.Clip(err.Error()))
	}
	switch n := len(parsed.MediaDescriptions); {
	case n == 0:
		return nil, parley.Errorf(parley.Malformed, "the offer has no sections")
	case n > Voices+Pictures:
		return nil, parley.Errorf(parley.Unsupported, "the offer has %d sections, and a call has %d at most", n, Voices+Pictures)
	}
	group, _ := parsed.Attribute("group")
	bundled := strings.Fields(strings.TrimPrefix(group, "BUNDLE"))
	w := &wanted{}
	var mids []string
	for _, m := range parsed.MediaDescriptions {
		if len(m.MediaName.Formats) > mostFormats || len(m.Attributes) > mostLines {
			return nil, parley.Errorf(parley.Unsupported, "a section of the offer has %d formats and %d lines", len(m.MediaName.Formats), len(m.Attributes))
		}
		s := section{kind: m.MediaName.Media, protocol: strings.Join(m.MediaName.Protos, "/"), direction: "sendrecv"}
		kept := m.Attributes[:0]
		secret := 0
		for _, a := range m.Attributes {
			switch a.Key {
			case "mid":
				s.mid = a.Value
			case "sendrecv", "sendonly", "recvonly", "inactive":
				s.direction = a.Key
			case "rtpmap":
				if _, codec, ok := strings.Cut(a.Value, " "); ok {
					s.codecs = append(s.codecs, strings.ToLower(codec))
				}
			case "ice-ufrag", "ice-pwd", "fingerprint":
				secret++
			case "candidate", "end-of-candidates", "remote-candidates", "rid", "simulcast", "crypto":
				continue
			}
			kept = append(kept, a)
		}
		m.Attributes = kept
		for _, key := range []string{"ice-ufrag", "ice-pwd", "fingerprint"} {
			if _, ok := parsed.Attribute(key); ok {
				secret++
			}
		}
		if secret < 3 {
			return nil, parley.Errorf(parley.Malformed, "section %q of the offer lacks its fingerprint or the name and password of its checks", parley.Clip(s.mid))
		}
		if s.mid == "" || slices.Contains(mids, s.mid) || !slices.Contains(bundled, s.mid) {
			return nil, parley.Errorf(parley.Malformed, "section %q of the offer has no name of its own in the one bundle", parley.Clip(s.mid))
		}
		mids = append(mids, s.mid)
		if err := w.add(s); err != nil {
			return nil, err
		}
	}
	if w.voices == 0 {
		return nil, parley.Errorf(parley.Unsupported, "the offer has nothing to hear by")
	}
	clean, err := parsed.Marshal()
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "the offer cannot be written as it was read: %s", parley.Clip(err.Error()))
	}
	w.sdp = string(clean)
	return w, nil
}

// add counts one section, or says why it cannot be had.
func (w *wanted) add(s section) error {
	if s.protocol != "UDP/TLS/RTP/SAVPF" {
		return parley.Errorf(parley.Unsupported, "a section of the offer is for %q over %q: calls have audio and video by UDP, encrypted", parley.Clip(s.kind), parley.Clip(s.protocol))
	}
	n, most, codec, sends := &w.voices, Voices, "opus/48000/2", &w.mic
	switch s.kind {
	case "audio":
	case "video":
		n, most, codec, sends = &w.pictures, Pictures, "vp8/90000", &w.camera
	default:
		return parley.Errorf(parley.Unsupported, "a section of the offer is for %q: calls have audio and video", parley.Clip(s.kind))
	}
	if *n++; *n > most {
		return parley.Errorf(parley.Unsupported, "the offer has over %d sections of %s", most, s.kind)
	}
	switch {
	case s.direction == "recvonly":
	case s.direction == "sendrecv" && *n == 1:
		*sends = true
	default:
		return parley.Errorf(parley.Unsupported, "section %d of %s is %s: the first may send and receive, and every other only receives", *n, s.kind, s.direction)
	}
	if !slices.Contains(s.codecs, codec) {
		return parley.Errorf(parley.Unsupported, "section %d of %s lacks %s, which every browser has", *n, s.kind, codec)
	}
	return nil
}

// finish makes pion's answer the one that a browser gets: with the addresses that
// it can reach, and with nothing that still is to come.
func finish(answer string, hosts []netip.Addr, at uint16) string {
	var out []string
	sections := 0
	opus := ""
	for line := range strings.SplitSeq(strings.ReplaceAll(answer, "\r\n", "\n"), "\n") {
		switch {
		case line == "", strings.HasPrefix(line, "a=candidate:"), line == "a=end-of-candidates", strings.HasPrefix(line, "a=ice-options:"):
			continue
		case strings.HasPrefix(line, "m="):
			if sections++; sections == 2 {
				out = append(out, candidates(hosts, at)...)
			}
		case strings.HasSuffix(line, " opus/48000/2"):
			opus = "a=fmtp:" + strings.TrimPrefix(strings.TrimSuffix(line, "opus/48000/2"), "a=rtpmap:")
		case opus != "" && strings.HasPrefix(line, opus):
			line = opus + opusFmtp // pion gives the browser its own back
		}
		out = append(out, line)
	}
	if sections == 1 {
		out = append(out, candidates(hosts, at)...)
	}
	return strings.Join(out, "\r\n") + "\r\n"
}

// candidates are the lines that name where the station is (RFC 8839).
func candidates(hosts []netip.Addr, at uint16) []string {
	var out []string
	for i, h := range hosts {
		out = append(out, fmt.Sprintf("a=candidate:%d 1 udp %d %s %d typ host", i+1, 126<<24|(65535-i)<<8|255, h, at))
	}
	return append(out, "a=end-of-candidates")
}
