package main

import (
	"fmt"
	"io"
	"strings"

	"parley"
	"parley/internal/station"
)

type translationCmd struct {
	Texts   translationTextsCmd   `cmd:"" help:"List the approved texts of line tests, and choose those that ours use."`
	List    translationListCmd    `cmd:"" help:"List the translations of an entry, with their marks and disputes."`
	Add     translationAddCmd     `cmd:"" help:"Keep a translation of an entry."`
	Review  translationReviewCmd  `cmd:"" help:"Check another officer's translation."`
	Certify translationCertifyCmd `cmd:"" help:"Set the third mark on a translation that two others made and checked."`
	Dispute translationDisputeCmd `cmd:"" help:"Mark words of a translation as disputed."`
	Settle  translationSettleCmd  `cmd:"" help:"Say how a dispute about words ended."`
}

func (translationCmd) Help() string {
	return `A translation is our side only; the original is authentic. One officer makes it, another checks it, and where an administrator asks for three marks a third certifies it. The receipt "translated" goes to the other side with the last mark. With disputed words that are not settled nothing is certified. A test text is translated, checked and certified as an entry is, by its id: test:1.

Examples:

    parley translation texts
    parley --as Chen translation add 6f0e19c2a4b87d35:41 -l en -t text
    parley translation list 6f0e19c2a4b87d35:41
    parley --as "Amb Hale" translation certify 6f0e19c2a4b87d35:41 3`
}

type translationListCmd struct {
	Entry string `arg:"" help:"Entry, as generation:index; or a test text, as test:1."`
	Line  string `short:"L" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

func (translationListCmd) Help() string {
	return `Examples:

    parley translation list 6f0e19c2a4b87d35:41
    parley translation list test:1
    parley translation list 6f0e19c2a4b87d35:41 --json`
}

// Run lists.
func (c translationListCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	of, err := translationsOf(s, l.Key, c.Entry)
	if err != nil {
		return err
	}
	list := append([]station.Translation{}, of...)
	return s.show(list, func(w io.Writer) {
		fmt.Fprintln(w, strings.ToUpper(parley.OurSideOnly.String()))
		if len(list) == 0 {
			fmt.Fprintln(w, "No translation yet.")
			return
		}
		rows := [][]string{{"NUMBER", "LANGUAGE", "STATE", "MADE BY", "REVIEWED BY", "CERTIFIED BY"}}
		for _, t := range list {
			rows = append(rows, []string{fmt.Sprint(t.ID), t.Language, t.State, t.Maker, t.Reviewer, t.Certifier})
		}
		table(w, rows)
		for _, t := range list {
			for _, d := range t.Disputes {
				how := "open"
				if d.Settled != "" {
					how = "settled by " + d.Closer + ": " + d.Settled
				}
				fmt.Fprintf(w, "translation %d, DISPUTED WORDS %d  \"%s\", %s (%s), %s\n", t.ID, d.ID, oneLine(d.Words), oneLine(d.Note), oneLine(d.Officer), oneLine(how))
			}
		}
	})
}

// translationsOf are those of an entry or of a test text. The error is NotFound.
func translationsOf(s *session, line, id string) ([]station.Translation, error) {
	if !isTest(id) {
		i, err := s.station().Item(s.ctx, line, id)
		return i.Translations, err
	}
	texts, err := s.station().TestTexts(s.ctx, line)
	if err != nil {
		return nil, err
	}
	for _, t := range texts {
		if t.ID == id {
			return t.Translations, nil
		}
	}
	return nil, parley.Errorf(parley.NotFound, "no test text %q", id).WithHint("see what there is: parley translation texts")
}

// isTest reports whether an id is that of a test text.
func isTest(id string) bool { return strings.HasPrefix(id, "test:") }

type translationAddCmd struct {
	Entry    string `arg:"" help:"Entry, as generation:index; or a test text, as test:1."`
	Line     string `short:"L" help:"Line: its id, or the other side's code or name. Without it: the only one."`
	Language string `short:"l" help:"Language it is translated into (BCP 47). Without it: ours."`
	Text     string `short:"t" type:"path" placeholder:"FILE" help:"File with the translation. Without it: standard input."`
}

func (translationAddCmd) Help() string {
	return `Paragraphs that are parted by an empty line stand beside those of the original, in their order.

Examples:

    parley --as Chen translation add 6f0e19c2a4b87d35:41 -l en -t text
    echo "Is it yours?" | parley --as Chen translation add 6f0e19c2a4b87d35:41
    parley --as Chen translation add test:1 -l zh -t snow.txt`
}

// Run keeps it.
func (c translationAddCmd) Run(s *session) error {
	if err := s.officer("translating"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	if c.Language == "" && len(l.Us.Languages) > 0 {
		c.Language = l.Us.Languages[0]
	}
	text, err := sendCmd{Text: c.Text}.text(s)
	if err != nil {
		return err
	}
	keep := s.station().Translate
	if isTest(c.Entry) {
		keep = s.station().TranslateTest
	}
	t, err := keep(s.ctx, l.Key, c.Entry, c.Language, text)
	if err != nil {
		return err
	}
	return s.show(t, func(w io.Writer) {
		fmt.Fprintf(w, "translation %d is kept; another officer checks it: parley --as NAME translation review %s %d\n", t.ID, oneLine(c.Entry), t.ID)
	})
}

// marked is what an act on a translation has to tell.
type marked struct {
	Entry       string `json:"entry"`
	Translation int64  `json:"translation"`
	Act         string `json:"act"`
}

// onTranslation does one act on a translation of an entry.
func onTranslation(s *session, line, entry string, number int64, act, did string, do func(line string) error) error {
	if err := s.officer(act); err != nil {
		return err
	}
	l, err := s.line(line)
	if err != nil {
		return err
	}
	if err := do(l.Key); err != nil {
		if parley.KindOf(err) == parley.NotFound && parley.HintOf(err) == "" {
			return parley.Errorf(parley.NotFound, "%v", err).WithHint("see what there is: parley translation list %s", entry)
		}
		return err
	}
	return s.show(marked{entry, number, did}, func(w io.Writer) { fmt.Fprintf(w, "translation %d of %s: %s\n", number, oneLine(entry), did) })
}

type translationReviewCmd struct {
	Entry       string `arg:"" help:"Entry, as generation:index; or a test text, as test:1."`
	Translation int64  `arg:"" help:"Number of the translation."`
	Line        string `short:"L" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

func (translationReviewCmd) Help() string {
	return `Another officer than its maker checks it. Where two marks are enough, the other side is told that the entry is translated, if our side promises that.

Examples:

    parley --as "Lt Ruiz" translation review 6f0e19c2a4b87d35:41 3`
}

// Run reviews.
func (c translationReviewCmd) Run(s *session) error {
	return onTranslation(s, c.Line, c.Entry, c.Translation, "reviewing a translation", "reviewed", func(line string) error {
		return s.station().Review(s.ctx, line, c.Entry, c.Translation)
	})
}

type translationCertifyCmd struct {
	Entry       string `arg:"" help:"Entry, as generation:index; or a test text, as test:1."`
	Translation int64  `arg:"" help:"Number of the translation."`
	Line        string `short:"L" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

func (translationCertifyCmd) Help() string {
	return `An officer who neither made nor checked it sets the third mark. Disputed words are settled first.

Examples:

    parley --as "Amb Hale" translation certify 6f0e19c2a4b87d35:41 3`
}

// Run certifies.
func (c translationCertifyCmd) Run(s *session) error {
	return onTranslation(s, c.Line, c.Entry, c.Translation, "certifying a translation", "certified", func(line string) error {
		return s.station().Certify(s.ctx, line, c.Entry, c.Translation)
	})
}

type translationDisputeCmd struct {
	Entry       string `arg:"" help:"Entry, as generation:index; or a test text, as test:1."`
	Translation int64  `arg:"" help:"Number of the translation."`
	Words       string `arg:"" help:"The words, as they stand in the translation."`
	Note        string `short:"n" required:"" help:"What is wrong with them."`
	Line        string `short:"L" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

func (translationDisputeCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" translation dispute 6f0e19c2a4b87d35:41 3 "energy and infrastructure" --note "energy infrastructure: one thing, not two"`
}

// Run marks the words.
func (c translationDisputeCmd) Run(s *session) error {
	return onTranslation(s, c.Line, c.Entry, c.Translation, "disputing words", "words are disputed", func(line string) error {
		_, err := s.station().DisputeWords(s.ctx, line, c.Entry, c.Translation, c.Words, c.Note)
		return err
	})
}

type translationSettleCmd struct {
	Entry       string `arg:"" help:"Entry, as generation:index; or a test text, as test:1."`
	Translation int64  `arg:"" help:"Number of the translation."`
	Dispute     int64  `arg:"" help:"Number of the dispute; see parley translation list."`
	How         string `short:"n" required:"" help:"How it ended."`
	Line        string `short:"L" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

func (translationSettleCmd) Help() string {
	return `Examples:

    parley --as Chen translation settle 6f0e19c2a4b87d35:41 3 1 --how "one thing: the new translation says so"`
}

// Run settles.
func (c translationSettleCmd) Run(s *session) error {
	return onTranslation(s, c.Line, c.Entry, c.Translation, "settling disputed words", "the dispute is settled", func(line string) error {
		return s.station().SettleDispute(s.ctx, line, c.Entry, c.Translation, c.Dispute, c.How)
	})
}
