package stage

import "parley"

// scripted is a dispatch of the story: who writes it, in both languages, and
// what the other side answers.
type scripted struct {
	Precedence parley.Precedence
	Marker     parley.Marker
	Subject    string
	Text       string
	Reason     string // for FLASH
	Other      string // the translator's text in the other side's language
	Answer     *scripted
	Silent     bool // nobody answers
}

// question is the FLASH question of the story, and its answer.
var question = scripted{
	Precedence: parley.Flash, Marker: parley.Question, Subject: "Aircraft, 14.2N 115.1E",
	Text: "One aircraft, two engines, at 14.2N 115.1E at 1410Z, course 290, 9,000 m, without transponder, closing with a patrol of ours.\n\n" +
		"Is it yours? What does it intend?",
	Reason: "two aircraft are closing",
	Other:  "一架双发飞机，1410Z 位于北纬14.2度、东经115.1度，航向290，高度9000米，未开应答机，正接近我方巡逻机。\n\n是否贵方飞机？意图为何？",
	Answer: &answer,
}

var answer = scripted{
	Precedence: parley.Immediate, Marker: parley.Answer, Subject: "复：飞机，北纬14.2度 东经115.1度",
	Text:  "该机属我方，正在执行例行巡逻。应答机故障。\n\n已令其于1440Z转向090返航。无其他意图。",
	Other: "The aircraft is ours, on a routine patrol. Its transponder has failed.\n\nIt has been ordered to turn to 090 at 1440Z and return. There is no other intention.",
}

// notice goes the other way while one path is cut.
var notice = scripted{
	Precedence: parley.Priority, Marker: parley.Information, Subject: "巡逻机已返航",
	Text:  "该机已于1440Z转向090，高度7000米，现已返航。",
	Other: "The aircraft turned to 090 at 1440Z, is at 7,000 m and on its way back.",
}

// waiting is filed while every path is cut.
var waiting = scripted{
	Precedence: parley.Immediate, Marker: parley.Information, Subject: "Our patrol turns away",
	Text:  "Our patrol turns to 120 at 1455Z and keeps 15 miles from your aircraft.",
	Other: "我方巡逻机将于1455Z转向120，与贵方飞机保持15海里距离。",
}

// request is never answered, and that can be proved.
var request = scripted{
	Precedence: parley.Priority, Marker: parley.Request, Subject: "A call between principals, today 1800Z",
	Text:  "Our principal asks for a call with yours today at 1800Z, or a later hour that suits.",
	Other: "我方首长希望于今日1800Z与贵方首长通话，或由贵方另择合适时间。", Silent: true,
}

// after is sent when a station has come back, to show that the line works.
var after = scripted{
	Precedence: parley.Priority, Marker: parley.Information, Subject: "Nothing further",
	Text: "We have nothing further on this matter.", Other: "我方对此事无进一步意见。",
}

// generic answers what no script foresees.
var generic = map[string]scripted{
	"zh": {Precedence: parley.Priority, Marker: parley.Answer, Subject: "复：贵方来电", Text: "贵方来电收悉。我方正在核实，一小时内答复。",
		Other: "Your dispatch has been received. We are looking into it and will answer within an hour."},
	"en": {Precedence: parley.Priority, Marker: parley.Answer, Subject: "Re: your dispatch", Text: "Your dispatch has been received. We are looking into it and will answer within an hour.",
		Other: "贵方来电收悉。我方正在核实，一小时内答复。"},
}

// unknown is what the scripted translator writes under a text that the script
// does not know. It claims nothing.
var unknown = map[string]string{
	"zh": "（演示用的译员只认识剧本中的文本，此处无译文。）",
	"en": "(The demo's translator knows only the texts of the story: there is no translation here.)",
}

var script = []*scripted{&question, &answer, &notice, &waiting, &request, &after}

// scriptOf finds the script of a subject; nil when there is none.
func scriptOf(subject string) *scripted {
	for _, s := range script {
		if s.Subject == subject {
			return s
		}
	}
	for _, g := range generic {
		if g.Subject == subject {
			return &g
		}
	}
	return nil
}
