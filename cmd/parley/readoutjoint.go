package main

import (
	"fmt"
	"io"
	"strings"

	"parley/internal/control"
	"parley/internal/station"
)

type readoutJointCmd struct {
	readoutOf
	Propose  string `type:"path" placeholder:"FILE" help:"Propose the text of this file, as parley readout draft writes it; - is standard input. Our signature goes with it."`
	Instead  string `placeholder:"ENTRY" help:"With --propose: in place of this proposal."`
	Sign     string `placeholder:"ENTRY" help:"Sign this proposal of the other side."`
	Read     string `placeholder:"ENTRY" help:"Acknowledge the signatures of this one: once all sides have, it stands for good."`
	Withdraw string `placeholder:"ENTRY" help:"Withdraw our signature."`
	Refuse   string `placeholder:"ENTRY" help:"Refuse this proposal."`
	Text     string `short:"m" help:"What else is to be said."`
	namedQuotes
}

// namedQuotes lets through what is quoted.
type namedQuotes struct {
	Named []string `sep:"none" placeholder:"NAME=WHY" help:"Let through that it quotes this, which is not released; once for each. The refusal says the name."`
}

func (c namedQuotes) quotes() (out []station.NamedQuote, _ error) {
	for _, x := range c.Named {
		of, why, ok := strings.Cut(x, "=")
		if !ok || of == "" || why == "" {
			return nil, usagef("NAME=WHY", "%q names nothing with a reason", x)
		}
		out = append(out, station.NamedQuote{Of: of, Why: why})
	}
	return out, nil
}

func (readoutJointCmd) Help() string {
	return `A joint statement stands in the same words under every side's signature. It stands for good once each side has acknowledged the signatures of the others; until then each may withdraw its own.

Examples:

    parley --as "Amb Hale" readout joint 93ab40c1ee02d5f7:117 --propose joint.txt
    parley --as "Envoy Wu" readout joint 93ab40c1ee02d5f7:117 --sign 93ab40c1ee02d5f7:152
    parley --as "Amb Hale" readout joint 93ab40c1ee02d5f7:117 --read 93ab40c1ee02d5f7:152`
}

// Run does one of the acts.
func (c readoutJointCmd) Run(s *session) error {
	acts := map[string]string{"propose": c.Propose, "sign": c.Sign, "read": c.Read, "withdraw": c.Withdraw, "refuse": c.Refuse}
	act, id := "", ""
	for name, x := range acts {
		if x == "" {
			continue
		}
		if act != "" {
			return usagef("one act at a time", "--%s and --%s contradict each other", act, name)
		}
		act, id = name, x
	}
	switch act {
	case "":
		return usagef("for example --sign ENTRY", "choose one of --propose, --sign, --read, --withdraw and --refuse")
	case "propose":
		items, err := s.items(id)
		if err != nil {
			return err
		}
		named, err := c.quotes()
		if err != nil {
			return err
		}
		return c.file(s, "joint", control.ReadoutAct{Items: items, Text: c.Text, Before: c.Instead, Named: named})
	case "read":
		in, err := c.in(s, "acknowledging signatures", control.ReadoutAct{})
		if err != nil {
			return err
		}
		if err := s.station().AcknowledgeJoint(s.ctx, in.Line, in.Contact, id); err != nil {
			return err
		}
		return s.show(map[string]string{"read": id}, func(w io.Writer) { fmt.Fprintln(w, "Acknowledged.") })
	}
	return c.file(s, "judge-joint", control.ReadoutAct{ID: id, Step: act, Text: c.Text})
}

type readoutPublishCmd struct {
	readoutOf
	Version  int64  `placeholder:"NR" help:"Publish this approved version of our readout."`
	Joint    string `placeholder:"ENTRY" help:"Publish this joint statement."`
	Corrects string `placeholder:"ENTRY" help:"With --version: it corrects what our side published before."`
	Where    string `placeholder:"URL" help:"Where it is to be read."`
	Text     string `short:"m" help:"A note: what is corrected, or why now."`
	Insist   string `placeholder:"REASON" help:"Publish before the end of the embargo, for this reason. The record shows both times."`
	namedQuotes
}

func (readoutPublishCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" readout publish 93ab40c1ee02d5f7:117 --version 2 --where https://alder.example/readouts
    parley --as "Amb Hale" readout publish 93ab40c1ee02d5f7:117 --joint 93ab40c1ee02d5f7:152
    parley --as "Amb Hale" readout publish 93ab40c1ee02d5f7:117 --version 3 --corrects 93ab40c1ee02d5f7:160 -m "The date was wrong"`
}

// Run publishes.
func (c readoutPublishCmd) Run(s *session) error {
	if (c.Version == 0) == (c.Joint == "") {
		return usagef("--version publishes our readout, --joint a joint statement", "choose one of --version and --joint")
	}
	named, err := c.quotes()
	if err != nil {
		return err
	}
	p := station.PublishText{Named: named, Joint: c.Joint, Version: c.Version, Corrects: c.Corrects, Where: c.Where, Text: c.Text, Insist: c.Insist}
	return c.file(s, "publish", control.ReadoutAct{Publish: &p})
}
