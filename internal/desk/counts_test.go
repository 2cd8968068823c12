package desk_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"parley"
	"parley/internal/station"
)

// TestExerciseIsCountedApart: what waits in an exercise is in no count of what
// is real, and stands in a list of its own.
func TestExerciseIsCountedApart(t *testing.T) {
	b := watch(t)
	board, err := b.st.Board(t.Context(), station.Officer{}, "")
	if err != nil {
		t.Fatal(err)
	}
	split := func(list []station.Item) (real, drill int) {
		for _, it := range list {
			if it.Exercise == "" {
				real++
			} else {
				drill++
			}
		}
		return real, drill
	}
	us, usDrill := split(board.WaitingUs)
	them, themDrill := split(board.WaitingThem)
	if us == 0 || usDrill == 0 || them == 0 || themDrill == 0 {
		t.Fatalf("the bench lacks one of the four: %d %d %d %d", us, usDrill, them, themDrill)
	}
	page := b.get("/watch").want(t, 200).body
	count := func(n int, of string) string { return fmt.Sprintf(`<span class="sum-n">%d</span> %s`, n, of) }
	for _, want := range []string{count(us, "Waiting for us"), count(them, "Waiting for them"),
		fmt.Sprintf(`<h2 id="us-h">Waiting for us <span class="count">%d</span>`, us), fmt.Sprintf(`<h2 id="them-h">Waiting for them <span class="count">%d</span>`, them)} {
		if !strings.Contains(page, want) {
			t.Errorf("the board lacks %q", want)
		}
	}
	panel := regexp.MustCompile(`(?s)id="them".*?</section>`).FindString(page)
	real, drill, ok := strings.Cut(panel, `<h3 class="sub">EXERCISE`)
	if !ok || strings.Contains(real, "corridor opened") || !strings.Contains(drill, "corridor opened") || strings.Count(drill, `class="row`) < themDrill {
		t.Errorf("what waits for them in the exercise does not stand apart:\n%s", panel)
	}
	if n := strings.Count(real, "<li class=\"row"); n != them {
		t.Errorf("%d rows wait for them, want %d", n, them)
	}
	panel = regexp.MustCompile(`(?s)id="receipts".*?</section>`).FindString(b.get("/station").want(t, 200).body)
	if !strings.Contains(panel, fmt.Sprintf(`<span class="count">%d</span></h2>`, them)) || strings.Index(panel, "corridor opened") < strings.Index(panel, "EXERCISE EXERCISE") {
		t.Errorf("receipts outstanding:\n%s", panel)
	}
}

// TestQuietOfficesAreOnTheBoard: offices that are due for a check call are named
// where the watch looks, in words, with the way to them.
func TestQuietOfficesAreOnTheBoard(t *testing.T) {
	b := watch(t)
	b.get("/watch").want(t, 200, "!Send a check call to")
	b.st.Quiet = "birch/envoy, birch/watch"
	b.get("/watch").want(t, 200, "Send a check call to", `href="`+birch+`/offices"`, "· envoy</bdi>", "· watch</bdi>", "no sign of life for 30 days")
	b.cookies["parley-alder-lang"] = "zh"
	b.get("/watch").want(t, 200, "发查询呼叫给", "30 天无任何在线迹象")
}

// TestUsageStandsBesideTheBounds: what a peer has used of its day.
func TestUsageStandsBesideTheBounds(t *testing.T) {
	a := watch(t).get("/station").want(t, 200, "Entries read today", "60 MiB of 64 MiB", "3 MiB of 1 GiB", "since", "close to the bound")
	if n := strings.Count(a.body, "close to the bound"); n != 1 {
		t.Errorf("%d bounds are close, want 1", n)
	}
}

// TestLadderSaysWhatOfAnAnswer: an answer is no report of theirs. One that was
// not asked for is not missed.
func TestLadderSaysWhatOfAnAnswer(t *testing.T) {
	b := watch(t)
	for _, it := range b.st.Items {
		answered := ""
		for _, s := range it.Ladder {
			if s.Name == parley.Answered.String() && !s.Promised && s.At.IsZero() {
				answered = s.Name
			}
		}
		if answered == "" || !it.Ours {
			continue
		}
		page := b.get("/line/"+it.Line+"/item/"+it.ID).want(t, 200).body
		step := regexp.MustCompile(`(?s)<span class="step-name">answered</span>.*?</li>`).FindString(page)
		want := "no answer asked for"
		if it.Marker == parley.Question || it.Marker == parley.Request {
			want = "no answer yet"
		}
		if !strings.Contains(step, want) || strings.Contains(step, "report") {
			t.Errorf("%s, %s: %s", it.Subject, it.Marker, step)
		}
	}
}
