package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// report is the outcome of one measure: rows of figures, side by side.
type report struct {
	Measure string   `json:"measure"`
	What    string   `json:"what"`
	Command string   `json:"command"`
	Machine string   `json:"machine"`
	Go      string   `json:"go"`
	Date    string   `json:"date"`
	Load    string   `json:"load"` // of the machine when the measure ended
	Took    float64  `json:"took"` // seconds, the making of stations and records included
	Columns []string `json:"columns"`
	Rows    []row    `json:"rows"`
	Notes   []string `json:"notes,omitempty"`
	Judged  []judged `json:"judged,omitempty"`
	More    []table  `json:"more,omitempty"` // what has other columns

	forwarded []forwarded // of calls, to be judged beside Galene
}

// forwarded is what a core forwards in a second, in one size of call.
type forwarded struct {
	name         string
	ours, galene float64 // packets heard; 0: not measured
	ourMoves     float64 // packets received and sent by servers
	galeneMoves  float64
}

// table is rows of one kind.
type table struct {
	What    string   `json:"what"`
	Columns []string `json:"columns"`
	Rows    []row    `json:"rows"`
}

func (t *table) add(name string, cells ...cell) {
	t.Rows = append(t.Rows, row{Name: name, Cells: cells})
}

// judged is a figure beside its target.
type judged struct {
	Name   string `json:"name"`
	Figure cell   `json:"figure"`
	Floor  cell   `json:"floor"` // null where the target has none
	Ratio  cell   `json:"ratio"` // figure by floor; null where there is none
	Target string `json:"target"`
	Met    bool   `json:"met"`
}

// atMost judges a figure that is to be small.
func (r *report) atMost(name string, figure, most float64, unit string) {
	r.Judged = append(r.Judged, judged{Name: name, Figure: num(figure), Floor: none, Ratio: none, Target: fmt.Sprintf("<= %g %s", most, unit), Met: figure <= most})
}

// atLeast judges a figure that is to be large.
func (r *report) atLeast(name string, figure, least float64, unit string) {
	r.Judged = append(r.Judged, judged{Name: name, Figure: num(figure), Floor: none, Ratio: none, Target: fmt.Sprintf(">= %g %s", least, unit), Met: figure >= least})
}

// ofFloor judges a figure by its floor: small where most is asked, else large.
func (r *report) ofFloor(name string, figure, floor, bound float64, most bool) {
	x, sign, met := figure/floor, ">=", figure/floor >= bound
	if most {
		sign, met = "<=", x <= bound
	}
	r.Judged = append(r.Judged, judged{Name: name, Figure: num(figure), Floor: num(floor), Ratio: num(x), Target: fmt.Sprintf("%s %g of the floor", sign, bound), Met: met})
}

// printJudged prints every figure that has a target.
func printJudged(w io.Writer, all []judged, took time.Duration) error {
	if len(all) == 0 {
		return nil
	}
	met := 0
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "figure\tvalue\ttarget\tfloor\tratio\t\n")
	for _, j := range all {
		word := "NOT MET"
		if j.Met {
			word = "met"
			met++
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", j.Name, j.Figure, j.Target, j.Floor, j.Ratio, word)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d of %d targets met, in %.0f s\n", met, len(all), took.Seconds())
	return err
}

// row is one thing measured. A cell that is not a number was not measured.
type row struct {
	Name  string  `json:"name"`
	Cells []cell  `json:"cells"`
	Ratio float64 `json:"-"`
}

// cell is a number with how it is printed.
type cell struct {
	Value float64
	Unit  string
}

// MarshalJSON gives the number alone, null when there is none; the unit stands
// in the column.
func (c cell) MarshalJSON() ([]byte, error) {
	if math.IsNaN(c.Value) || math.IsInf(c.Value, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(c.Value)
}

func (c cell) String() string {
	if math.IsNaN(c.Value) || math.IsInf(c.Value, 0) {
		return "-"
	}
	switch a := math.Abs(c.Value); {
	case c.Value == math.Trunc(c.Value) && a < 1e9:
		return fmt.Sprintf("%.0f", c.Value)
	case a >= 1000:
		return fmt.Sprintf("%.0f", c.Value)
	case a >= 100:
		return fmt.Sprintf("%.1f", c.Value)
	case a >= 0.01:
		return fmt.Sprintf("%.2f", c.Value)
	}
	return fmt.Sprintf("%.4f", c.Value)
}

var none = cell{Value: math.NaN()}

func num(v float64) cell { return cell{Value: v} }

func count[T int | int64 | uint64](v T) cell { return cell{Value: float64(v)} }

func millis(d time.Duration) cell { return cell{Value: milli(d)} }

func milli(d time.Duration) float64 { return float64(d) / 1e6 }

func (r *report) add(name string, cells ...cell) {
	r.Rows = append(r.Rows, row{Name: name, Cells: cells})
}

func (r *report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// describe writes on what and when the figures were taken.
func (r *report) describe(dir, command string) {
	r.Command, r.Go, r.Date = command, runtime.Version(), time.Now().UTC().Format("2006-01-02 15:04 MST")
	r.Machine = fmt.Sprintf("%d x %s, %s/%s, %s on %s", runtime.NumCPU(), cpuModel(), runtime.GOOS, runtime.GOARCH, kernel(), fileSystem(dir))
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		r.Load = strings.Join(strings.Fields(string(b))[:3], " ")
	}
}

func (r *report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	fmt.Fprintf(w, "%s: %s\n  %s\n  %s, %s, %s, load %s, %.0f s\n", r.Measure, r.What, r.Command, r.Machine, r.Go, r.Date, r.Load, r.Took)
	for _, t := range append([]table{{"", r.Columns, r.Rows}}, r.More...) {
		if err := t.print(w); err != nil {
			return err
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "  - %s\n", n)
	}
	_, err := fmt.Fprintln(w)
	return err
}

func (x *table) print(w io.Writer) error {
	if x.What != "" {
		fmt.Fprintf(w, "  %s\n", x.What)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\t%s\t\n", strings.Join(x.Columns, "\t"))
	for _, x := range x.Rows {
		cells := make([]string, len(x.Cells))
		for i, c := range x.Cells {
			cells[i] = c.String()
		}
		fmt.Fprintf(t, "%s\t%s\t\n", x.Name, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "processor"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return "processor"
}

func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown kernel"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// fileSystem names the file system of dir: a figure from a RAM disk is none.
func fileSystem(dir string) string {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return "unknown file system"
	}
	names := map[int64]string{0xEF53: "ext4", 0x58465342: "xfs", 0x9123683E: "btrfs", 0x01021994: "tmpfs (NOT A DISK)", 0x794c7630: "overlay"}
	if n := names[int64(s.Type)]; n != "" {
		return n
	}
	return fmt.Sprintf("file system %#x", s.Type)
}

// quantile returns the q-quantile of ds, which it sorts; 0 of none.
func quantile(ds []time.Duration, q float64) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	sort.Slice(ds, func(i, j int) bool { return ds[i] < ds[j] })
	return ds[min(len(ds)-1, int(q*float64(len(ds))))]
}

// ratio is a over b; not a number when b is nothing.
func ratio(a, b time.Duration) cell {
	if b == 0 {
		return none
	}
	return num(float64(a) / float64(b))
}

// perSecond is n things in d.
func perSecond(n int, d time.Duration) float64 { return float64(n) / max(d.Seconds(), 1e-9) }
