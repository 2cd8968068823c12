package api

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley"
	"parley/internal/station"
)

// scrapeLimit is how long one scrape may ask the station.
const scrapeLimit = 5 * time.Second

// metricsOf serves the figures of a station in the Prometheus format. They are
// taken when they are asked for.
func metricsOf(st Station) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), figures{st})
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: 2})
}

// figures reads a station.
type figures struct{ st Station }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("parley_"+name, help, labels, nil)
}

var (
	lampUp     = desc("line_up", "1 when the lamp of the line is up or partly up, 0 when it is down or unknown.", "line")
	lampProved = desc("line_proved_age_seconds", "Seconds since the other side last proved to be there; absent when it never did.", "line")
	pathUp     = desc("path_up", "1 when the path answers.", "line", "peer", "path")
	pathRTT    = desc("path_round_trip_seconds", "Last round trip of the path.", "line", "peer", "path")
	pathBytes  = desc("path_bytes_total", "Bytes over the path since the station started.", "line", "peer", "path", "way")
	logSize    = desc("log_entries", "Entries of the current generation of a party's log, as held here.", "line", "party")
	testMissed = desc("tests_missed", "Line tests without answer, in a row.", "line")
	clockOff   = desc("clock_offset_seconds", "Their clock less ours.", "line")
	waiting    = desc("waiting", "Entries and drafts that wait for somebody.", "line", "what")
	alarms     = desc("alarms_open", "Alarms that nobody has silenced.")
)

// Describe names every figure.
func (figures) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{lampUp, lampProved, pathUp, pathRTT, pathBytes, logSize, testMissed, clockOff, waiting, alarms} {
		ch <- d
	}
}

// Collect takes every figure, or reports that the station did not say.
func (f figures) Collect(ch chan<- prometheus.Metric) {
	ctx, stop := context.WithTimeout(context.Background(), scrapeLimit)
	defer stop()
	lines, err := f.st.Lines(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(lampUp, err)
		return
	}
	for _, l := range lines {
		f.line(ctx, ch, l)
	}
	list, err := f.st.Alarms(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(alarms, err)
		return
	}
	open := 0
	for _, a := range list {
		if !a.Silenced {
			open++
		}
	}
	ch <- prometheus.MustNewConstMetric(alarms, prometheus.GaugeValue, float64(open))
}

func (f figures) line(ctx context.Context, ch chan<- prometheus.Metric, l station.Line) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{l.Key}, labels...)...)
	}
	gauge(lampUp, truth(l.Lamp.State == station.LampUp || l.Lamp.State == station.LampPartly))
	if !l.Lamp.Proved.IsZero() {
		gauge(lampProved, time.Since(l.Lamp.Proved).Seconds())
	}
	for _, p := range l.Paths {
		gauge(pathUp, truth(p.Up), string(p.Peer), p.Name)
		gauge(pathRTT, p.RTT.Seconds(), string(p.Peer), p.Name)
		for way, n := range map[string]uint64{"in": p.BytesIn, "out": p.BytesOut} {
			ch <- prometheus.MustNewConstMetric(pathBytes, prometheus.CounterValue, float64(n), l.Key, string(p.Peer), p.Name, way)
		}
	}
	for _, log := range l.Logs {
		if log.Current {
			gauge(logSize, float64(log.Size), string(log.Party))
		}
	}
	gauge(testMissed, float64(l.Tests.Missed))
	gauge(clockOff, l.Tests.Clock.Seconds())
	board, err := f.st.Board(ctx, station.Officer{Offices: []parley.Office{parley.Watch}}, l.Key)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(waiting, err)
		return
	}
	drill := 0
	for _, w := range []struct {
		list []station.Item
		on   string
	}{{board.WaitingUs, "us"}, {board.WaitingThem, "them"}, {board.Flash, "flash"}} {
		real := 0
		for i := range w.list {
			if w.list[i].Exercise == "" {
				real++
			} else if w.on != "flash" { // one that waits for us too
				drill++
			}
		}
		gauge(waiting, float64(real), w.on)
	}
	gauge(waiting, float64(drill), "exercise")
	gauge(waiting, float64(len(board.Drafts)), "release")
}

func truth(v bool) float64 {
	if v {
		return 1
	}
	return 0
}
