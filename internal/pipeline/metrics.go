package pipeline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"probity/internal/alert"
	"probity/internal/engine"
	"probity/internal/source"
	"probity/internal/store"
)

// metrics are what the pipeline tells. No label names a person or a record.
type metrics struct {
	records, bytes, eventsRead, late, sourceErrors *prometheus.CounterVec // by source
	illegible                                      *prometheus.CounterVec // by source
	rejects, gaps                                  *prometheus.CounterVec // by source, reason
	lagSeconds, lagBytes, watermarkAt, lastEvent   *prometheus.GaugeVec   // by source
	lastRead                                       *prometheus.GaugeVec   // by source
	absent                                         *prometheus.GaugeVec   // by source
	unaccounted                                    *prometheus.CounterVec // by source

	evaluated, matches, undecided, suppressed, unknown, errors, seconds *prometheus.CounterVec // by rule, severity
	alerts, revisions                                                   *prometheus.CounterVec
	bySystem                                                            *prometheus.CounterVec // by dataset, severity
	stranded                                                            prometheus.Counter
	info, exceptionsExpired                                             *prometheus.GaugeVec

	batchRecords, batchSeconds, commitSeconds prometheus.Histogram
	commits, commitFailures                   prometheus.Counter
	expired, alertErrors                      prometheus.Counter
	rulesLoaded, stateBytes, stateWindows     prometheus.Gauge
	stateLimit                                prometheus.Gauge
	horizon                                   *prometheus.GaugeVec // by rule, severity

	counted string // hash of the generation whose rules the counters are of
	byRule  []ruleCounters
}

// ruleCounters are the counters of one rule. To find seven of them by their labels takes longer than judging an event, and with
// thousands of rules a batch has a count for most.
type ruleCounters struct {
	evaluated, matches, undecided, suppressed, unknown, errors, seconds prometheus.Counter
}

// of returns the counters of a rule of the generation, made when it is first evaluated.
func (m *metrics) of(g *engine.Generation, i int) *ruleCounters {
	if m.counted != g.Hash || len(m.byRule) != len(g.Rules.Rules) {
		m.counted, m.byRule = g.Hash, make([]ruleCounters, len(g.Rules.Rules))
	}
	c := &m.byRule[i]
	if c.evaluated == nil {
		id, severity := g.Rules.Rules[i].ID, string(g.Rules.Rules[i].Severity)
		*c = ruleCounters{
			evaluated: m.evaluated.WithLabelValues(id, severity), matches: m.matches.WithLabelValues(id, severity),
			undecided: m.undecided.WithLabelValues(id, severity), suppressed: m.suppressed.WithLabelValues(id, severity),
			unknown: m.unknown.WithLabelValues(id, severity), errors: m.errors.WithLabelValues(id, severity),
			seconds: m.seconds.WithLabelValues(id, severity),
		}
	}
	return c
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return f.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	one := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	histogram := func(name, help string, first, factor float64, n int) prometheus.Histogram {
		return f.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(first, factor, n)})
	}
	return &metrics{
		records:      counter("probity_records_total", "Records read, decoded or rejected.", "source"),
		bytes:        counter("probity_bytes_total", "Bytes read.", "source"),
		eventsRead:   counter("probity_events_total", "Events decoded.", "source"),
		late:         counter("probity_events_late_total", "Events that came later than their source is allowed.", "source"),
		illegible:    counter("probity_events_invalid_utf8_total", "Events with fields that are not valid UTF-8, which are unknown to rules.", "source"),
		sourceErrors: counter("probity_source_errors_total", "Errors while looking for or reading a source's files.", "source"),
		rejects:      counter("probity_rejects_total", "Records kept among the rejects.", "source", "reason"),
		gaps:         counter("probity_gaps_total", "Stretches of bytes lost before they could be read.", "source", "reason"),
		lagSeconds:   gauge("probity_source_lag_seconds", "Reading time less event time of the newest event read.", "source"),
		lagBytes:     gauge("probity_source_lag_bytes", "Bytes known to wait unread.", "source"),
		watermarkAt:  gauge("probity_source_watermark_timestamp_seconds", "Event time before which nothing is expected any more.", "source"),
		absent:       gauge("probity_source_columns_absent", "Columns that the format reads and the log does not have.", "source"),
		unaccounted:  counter("probity_source_unaccounted_bytes_total", "Bytes by which what was there differs from what was judged, rejected or declared lost; anything but 0 is a fault.", "source"),
		lastRead:     gauge("probity_source_last_read_timestamp_seconds", "When a record was read last, by this machine's clock; the start if none has been.", "source"),
		lastEvent:    gauge("probity_source_last_event_timestamp_seconds", "Event time of the newest event read.", "source"),

		evaluated:         counter("probity_rule_evaluations_total", "Times a rule was evaluated: for events that have the dataset, action and type it wants. Where many rules share these, of one more field, too, what it compares that with, or lack the field: so other rules change this number, and no other.", "rule", "severity"),
		matches:           counter("probity_rule_matches_total", "Matches of a rule that count towards a hit.", "rule", "severity"),
		undecided:         counter("probity_rule_undecided_total", "Matches held back because a table does not say.", "rule", "severity"),
		suppressed:        counter("probity_rule_suppressed_total", "Matches held back by an exception.", "rule", "severity"),
		unknown:           counter("probity_rule_unknown_total", "Conditions that a missing field left unknown.", "rule", "severity"),
		errors:            counter("probity_rule_errors_total", "Run-time errors of a rule's expressions.", "rule", "severity"),
		seconds:           counter("probity_rule_evaluation_seconds_total", "Time spent evaluating a rule, sampled.", "rule", "severity"),
		alerts:            counter("probity_alerts_total", "Alerts raised.", "rule", "severity"),
		bySystem:          counter("probity_alert_datasets_total", "Alerts raised, once for each system that the records of the first revision are from.", "dataset", "severity"),
		revisions:         counter("probity_alert_revisions_total", "Revisions of alerts, the first included.", "rule", "severity"),
		stranded:          one("probity_alert_revisions_stranded_total", "Revisions that no sink may have, because they are about everybody who would stand in."),
		exceptionsExpired: gauge("probity_rule_exceptions_expired", "Exceptions of a rule that have expired and hold nothing back any more.", "rule", "severity"),
		info:              gauge("probity_generation_info", "The rules and tables in force.", "generation"),

		batchRecords:   histogram("probity_batch_records", "Records a batch.", 1, 4, 9),
		batchSeconds:   histogram("probity_batch_seconds", "Time from a batch being read to its commit.", 0.0005, 2, 14),
		commitSeconds:  histogram("probity_commit_seconds", "Time a commit takes.", 0.0005, 2, 14),
		commits:        one("probity_commits_total", "Commits."),
		commitFailures: one("probity_commit_failures_total", "Commits that failed and were tried again."),
		expired:        one("probity_undecided_expired_total", "Undecided matches that no table decided in time."),
		alertErrors:    one("probity_alert_errors_total", "Alerts whose text could not be completed."),
		stateBytes:     f.NewGauge(prometheus.GaugeOpts{Name: "probity_state_bytes", Help: "Memory that the windows of all rules take, about."}),
		stateLimit:     f.NewGauge(prometheus.GaugeOpts{Name: "probity_state_limit_bytes", Help: "Memory that windows may take before rules give up what is oldest; 0 is no bound."}),
		stateWindows:   f.NewGauge(prometheus.GaugeOpts{Name: "probity_state_windows", Help: "Windows held: one a rule and group key."}),
		horizon:        gauge("probity_rule_horizon_timestamp_seconds", "Event time before which a rule gave up what it held, because memory was short.", "rule", "severity"),
		rulesLoaded:    f.NewGauge(prometheus.GaugeOpts{Name: "probity_rules", Help: "Rules in force."}),
	}
}

// lossReasons are those of source; the first loss is to show as a rise from 0.
var lossReasons = []string{source.GapTruncated, source.GapReplaced, source.GapDeleted, source.GapCorrupt, source.GapIncomplete, source.GapLate, source.GapUnframed}

// source makes a source's series, so that they read 0 before the first record.
func (m *metrics) source(s Source) {
	name := s.Name
	for _, c := range []*prometheus.CounterVec{m.records, m.bytes, m.eventsRead, m.late, m.illegible, m.sourceErrors, m.unaccounted} {
		c.WithLabelValues(name)
	}
	m.lagBytes.WithLabelValues(name)
	for _, reason := range lossReasons {
		m.gaps.WithLabelValues(name, reason)
	}
	for _, severity := range alert.Severities {
		m.bySystem.WithLabelValues(s.Dataset, string(severity))
	}
	m.lastRead.WithLabelValues(name).SetToCurrentTime()
}

func (m *metrics) watermark(source string, at int64) {
	if at != engine.Never {
		m.watermarkAt.WithLabelValues(source).Set(float64(at) / 1e9)
	}
}

// events counts what a task read.
func (m *metrics) events(s *stream, t *task, late int) {
	name := s.source.Name
	m.records.WithLabelValues(name).Add(float64(len(t.records)))
	m.eventsRead.WithLabelValues(name).Add(float64(len(t.times)))
	m.late.WithLabelValues(name).Add(float64(late))
	m.illegible.WithLabelValues(name).Add(float64(t.illegible))
	m.lagBytes.WithLabelValues(name).Set(float64(t.chunk.Lag))
	if len(t.records) > 0 {
		m.lastRead.WithLabelValues(name).SetToCurrentTime()
	}
	for i := range t.rejects {
		m.rejects.WithLabelValues(name, t.rejects[i].Reason).Inc()
	}
	if n := len(t.times); n > 0 {
		at := float64(t.times[n-1]) / 1e9
		m.lastEvent.WithLabelValues(name).Set(at)
		m.lagSeconds.WithLabelValues(name).Set(float64(time.Now().UnixNano())/1e9 - at)
	}
}

// rules counts what the matchers did, without the matches that are hidden, and clears their counts.
func (m *metrics) rules(g *engine.Generation, counts []engine.RuleCounts, hidden map[int]withheld) {
	for i := range counts {
		c := &counts[i]
		if c.Evaluated == 0 {
			continue
		}
		counters := m.of(g, i)
		counters.evaluated.Add(float64(c.Evaluated))
		h := hidden[i]
		counters.matches.Add(float64(less(c.Matches, &h.counted)))
		counters.undecided.Add(float64(less(c.Undecided, &h.undecided)))
		counters.suppressed.Add(float64(c.Suppressed))
		if h != hidden[i] {
			hidden[i] = h
		}
		counters.unknown.Add(float64(c.Unknown))
		counters.errors.Add(float64(c.Errors))
		counters.seconds.Add(float64(c.Nanoseconds) / 1e9)
		*c = engine.RuleCounts{}
	}
}

// less is n without what is hidden, as far as that goes; the rest of it is of another worker's count.
func less(n uint64, hidden *uint64) uint64 {
	off := min(n, *hidden)
	*hidden -= off
	return n - off
}

// generation makes the series of the rules in force.
func (m *metrics) generation(g *engine.Generation) {
	m.info.Reset()
	m.exceptionsExpired.Reset()
	m.info.WithLabelValues(g.Hash).Set(1)
	m.rulesLoaded.Set(float64(len(g.Rules.Rules)))
	for _, r := range g.Rules.Rules {
		for _, c := range []*prometheus.CounterVec{m.matches, m.undecided, m.suppressed, m.unknown, m.errors, m.alerts} {
			c.WithLabelValues(r.ID, string(r.Severity))
		}
	}
}

// committed counts what a commit made true.
func (m *metrics) committed(j *judged, c *store.Commit, withheld func(id string) bool, took time.Duration) {
	m.commits.Inc()
	m.commitSeconds.Observe(took.Seconds())
	for _, ch := range j.batch {
		m.bytes.WithLabelValues(ch.stream.source.Name).Add(float64(ch.Bytes))
	}
	if j.records > 0 {
		m.batchRecords.Observe(float64(j.records))
		m.batchSeconds.Observe(time.Since(j.started).Seconds())
	}
	for _, a := range c.Alerts {
		if withheld(a.ID) {
			continue
		}
		id, severity := a.Rule.ID, string(a.Rule.Severity)
		m.revisions.WithLabelValues(id, severity).Inc()
		if a.Revision == 1 {
			m.alerts.WithLabelValues(id, severity).Inc()
			m.systems(a, a.Rule.Severity)
		}
	}
}

// systems counts an alert for each system that its records are from. A record of a round over alerts is from Probity itself.
func (m *metrics) systems(a *alert.Alert, severity alert.Severity) {
	for _, dataset := range a.Datasets() {
		m.bySystem.WithLabelValues(dataset, string(severity)).Inc()
	}
}
