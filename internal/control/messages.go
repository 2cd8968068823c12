package control

import (
	"time"

	"parley"
	"parley/internal/station"
)

// What travels in each direction, one type per shape of act. Field names are
// the wire names in lower case.

// Self is who this station is.
type Self struct {
	Code parley.PartyCode `json:"code"`
	Name string           `json:"name"`
}

type onLine struct {
	Line string `json:"line"`
}

type onItem struct {
	Line   string `json:"line"`
	Item   string `json:"item"`
	Header bool   `json:"header_only,omitempty"`
}

type onDraft struct {
	Draft      int64  `json:"draft"`
	Version    int64  `json:"version,omitempty"`
	Precedence string `json:"precedence,omitempty"`
	Note       string `json:"note,omitempty"`
}

type recordQuery struct {
	Line   string         `json:"line"`
	Filter station.Filter `json:"filter"`
}

type newOfficer struct {
	Name    string          `json:"name"`
	Offices []parley.Office `json:"offices"`
}

type onOfficer struct {
	Officer int64         `json:"officer"`
	Office  parley.Office `json:"office,omitempty"`
}

type newToken struct {
	Officer int64         `json:"officer"`
	Office  parley.Office `json:"office"`
	Name    string        `json:"name"`
	Life    time.Duration `json:"life"`
}

type madeToken struct {
	Token  station.Token `json:"token"`
	Secret string        `json:"secret"`
}

type onToken struct {
	Token int64 `json:"token"`
}

type onPath struct {
	Line string `json:"line"`
	Path string `json:"path"`
	Cut  bool   `json:"cut"`
}

type leaving struct {
	Line   string `json:"line"`
	Reason string `json:"reason"`
}

type limit struct {
	Limit int `json:"limit"`
}

type released struct {
	Item string `json:"item"`
}

type wordsOn struct {
	Line  string   `json:"line"`
	Words []string `json:"words"`
}

type seatToken struct {
	Token string `json:"token"`
}

type file struct {
	File []byte `json:"file"`
}
