package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"probity/internal/alert"
	"probity/internal/fsx"
	"probity/internal/neutral"
	"probity/internal/page"
)

const (
	defaultResend       = time.Minute
	leastResend         = 5 * time.Second
	defaultResolveAfter = time.Hour

	// resolvedFor is how long an alert that has ended is still told, for instances that missed its end (Prometheus: the same).
	resolvedFor = 15 * time.Minute

	postedAtOnce = 64 // alerts in one request
)

// alertmanager tells the state of alerts to one or several instances of Prometheus Alertmanager, by its API v2.
//
// The API is level-triggered, and an instance that restarts has forgotten everything: so what an alert is now is told at its
// every revision, and again every resend until it has ended and resolvedFor has passed. Each time endsAt is the moment at
// which it will end by itself, so that no alert resolves because Probity is stopped, and none stays if it never comes back.
type alertmanager struct {
	poster
	name         string
	urls         []string // of /api/v2/alerts
	names        bool
	runbook      string
	resend       time.Duration
	resolveAfter time.Duration
	beside       beside
	own          *annotations

	shown map[string]*shownAlert // by alert id: what was told and is told again
	next  time.Time              // when that is due
}

// shownAlert is an alert as Alertmanager has it.
type shownAlert struct {
	seq int64 // row of what lasts, as of a restart or of the delivery
	was postedAlert
}

// postedAlert is the API's postableAlert. Alertmanager tells alerts apart by their labels.
type postedAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

func alertmanagerKind() kind {
	return kind{
		keys:  append([]string{"url", "urls", "resend", "resolve_after", "names", "runbook", "pages", "annotations"}, posterKeys...),
		check: checkAlertmanager,
		build: newAlertmanager,
	}
}

func checkAlertmanager(c Config) (flaws []Flaw) {
	if len(c.URLs) == 0 {
		flaws = append(flaws, checkURL("url", c.URL)...)
	} else if c.URL != "" {
		flaws = append(flaws, Flaw{"url", "stands beside urls", "give one of them"})
	}
	for i, u := range c.URLs {
		flaws = append(flaws, checkURL("urls."+strconv.Itoa(i), u)...)
	}
	if c.Resend != 0 && c.Resend.Std() < leastResend {
		flaws = append(flaws, Flaw{"resend", "is shorter than " + leastResend.String(), "leave it out for " + defaultResend.String()})
	}
	if c.ResolveAfter < 0 {
		flaws = append(flaws, Flaw{"resolve_after", "is negative", "leave it out for " + defaultResolveAfter.String()})
	}
	if c.Runbook != "" {
		if u, err := url.Parse(runbookOf(c.Runbook, "rule", "id")); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(runbookOf(c.Runbook, "", ""), "{}") {
			flaws = append(flaws, Flaw{"runbook", "is no address of a page", "write https://host/path/{rule}, where {rule} becomes the rule's id and {reference} the alert's"})
		}
	}
	return slices.Concat(flaws, checkAnnotations(c), checkPoster(c))
}

func newAlertmanager(c Config, _ *fsx.FS) (Sink, error) {
	m := &alertmanager{
		name: c.Name, names: c.Names, runbook: c.Runbook,
		resend:       cmp.Or(c.Resend.Std(), defaultResend),
		resolveAfter: cmp.Or(c.ResolveAfter.Std(), defaultResolveAfter),
		shown:        map[string]*shownAlert{},
		beside:       nothing{},
	}
	for _, u := range append(slices.Clone(c.URLs), c.URL) {
		if u != "" {
			m.urls = append(m.urls, strings.TrimRight(u, "/")+"/api/v2/alerts")
		}
	}
	var err error
	if m.own, err = newAnnotations(c); err != nil {
		return nil, fmt.Errorf("annotations: %w", err)
	}
	m.poster, err = newPoster(c)
	return m, err
}

// Name implements Sink.
func (m *alertmanager) Name() string { return m.name }

// Deliver tells what the first revision of the batch makes of its alert.
func (m *alertmanager) Deliver(ctx context.Context, mark int64, batch []alert.Delivery) (int, int64, error) {
	d := batch[0]
	a, err := revisionIn(d)
	if err != nil {
		return 0, mark, err
	}
	now := time.Now()
	is := m.posted(a, now, now)
	if d.Folded > 0 {
		is.Annotations["folded"] = strconv.Itoa(d.Folded)
	}
	cases, err := m.beside.Cases([]string{a.ID})
	if err != nil {
		return 0, mark, err
	}
	if c, ok := cases[a.ID]; ok && c.State() == alert.Closed && c.ClosedRevision >= a.Revision { // closed before it came here
		is.end(now)
	}
	post := []postedAlert{is}
	if before := m.shown[a.ID]; before != nil && !maps.Equal(before.was.Labels, is.Labels) {
		// Other labels are another alert to Alertmanager: a new severity or marking ends the one that it has.
		ended := before.was
		ended.EndsAt = now
		post = append(post, ended)
	}
	if took, err := m.tell(ctx, post); took == 0 {
		return 0, mark, err
	}
	if len(m.shown) == 0 {
		m.next = now.Add(m.resend)
	}
	m.shown[a.ID] = &shownAlert{d.Seq, is}
	return 1, mark, nil
}

// Restore implements lasting.
func (m *alertmanager) Restore(standing []alert.Delivery) {
	now := time.Now()
	m.next = now // an instance may have restarted as well
	for _, d := range standing {
		if a, err := revisionIn(d); err == nil { // it arrived, so it was read before
			m.shown[a.ID] = &shownAlert{d.Seq, m.posted(a, d.Arrived, now)}
		}
	}
}

// Next implements lasting.
func (m *alertmanager) Next() time.Time {
	if len(m.shown) == 0 {
		return time.Time{}
	}
	return m.next
}

// Review implements reviewing: it has what is shown told again at once. After a start all of it is told again anyway.
func (m *alertmanager) Review(_ context.Context, ids []string) error {
	if slices.ContainsFunc(ids, func(id string) bool { return m.shown[id] != nil }) {
		m.next = time.Now()
	}
	return nil
}

func (m *alertmanager) inform(b beside) { m.beside = b }

// end ends an alert now, unless it has ended before.
func (p *postedAlert) end(now time.Time) {
	if !p.EndsAt.After(now) {
		return
	}
	p.EndsAt = now
	p.Annotations = maps.Clone(p.Annotations)
	p.Annotations["status"] = string(alert.Closed)
	if p.StartsAt.After(now) {
		p.StartsAt = now
	}
}

// endClosed ends what was closed. What is reopened fires by the revision that reopens it, which is delivered.
func (m *alertmanager) endClosed(ids []string, now time.Time) error {
	cases, err := m.beside.Cases(ids)
	if err != nil {
		return fmt.Errorf("asking what was closed: %w", err)
	}
	for id, c := range cases {
		if s := m.shown[id]; s != nil && c.State() == alert.Closed {
			s.was.end(now)
		}
	}
	return nil
}

// Repeat implements lasting.
func (m *alertmanager) Repeat(ctx context.Context) (ended []int64, err error) {
	now := time.Now()
	ids := slices.Sorted(maps.Keys(m.shown))
	if err := m.endClosed(ids, now); err != nil {
		return nil, err
	}
	var part error
	for some := range slices.Chunk(ids, postedAtOnce) {
		post := make([]postedAlert, len(some))
		for i, id := range some {
			post[i] = m.shown[id].was
		}
		took, err := m.tell(ctx, post)
		if f, _ := errors.AsType[*Failure](err); took == 0 && f.Extent != Refused { // which may concern one alert of many
			f.Extent = Down
			return nil, f
		}
		part = cmp.Or(part, err)
	}
	m.next = now.Add(m.resend)
	for _, id := range ids {
		if s := m.shown[id]; now.After(s.was.EndsAt.Add(resolvedFor)) {
			ended = append(ended, s.seq)
			delete(m.shown, id)
		}
	}
	return ended, part
}

// posted is what a revision that arrived makes of its alert, as of now.
func (m *alertmanager) posted(a *alert.Alert, arrived, now time.Time) postedAlert {
	p := postedAlert{
		Labels: map[string]string{"alertname": a.Rule.ID, "rule": a.Rule.ID, "severity": string(a.Rule.Severity), "reference": a.ID, "marking": a.Marking},
		Annotations: map[string]string{
			"summary": fmt.Sprintf("%s: %d %s between %s and %s", a.Rule.Title, a.Count, plural(a.Count, "event"), minute(a.First), minute(a.Last)),
			"status":  string(a.Status), "revision": strconv.Itoa(a.Revision),
		},
		StartsAt: a.First, EndsAt: arrived,
	}
	if a.Status != alert.Withdrawn {
		p.EndsAt = latest(a.Period.End, arrived).Add(m.resolveAfter)
	}
	if p.StartsAt.After(p.EndsAt) || p.StartsAt.After(now) { // a clock is ahead; Alertmanager refuses what ends before it starts
		p.StartsAt = arrived
	}
	if m.names {
		p.Annotations["summary"] = neutral.Terminal(a.Summary)
		if a.Reason != "" {
			p.Annotations["reason"] = neutral.Terminal(a.Reason)
		}
	}
	if m.runbook != "" {
		p.Annotations["runbook_url"] = runbookOf(m.runbook, a.Rule.ID, a.ID)
	}
	own, err := m.own.of(page.Item{Alert: a})
	if err != nil { // it was tried at load, and the alert does not wait for it
		own = map[string]string{"annotations": "a template of the configuration does not fit this alert"}
	}
	maps.Copy(p.Annotations, own)
	return p
}

// tell posts to all instances at once and returns how many took it. Instances share silences, not alerts: each must hear it.
// What one missed it is told with the next resend, so one that takes it is enough for an arrival.
func (m *alertmanager) tell(ctx context.Context, alerts []postedAlert) (took int, err error) {
	body, err := json.Marshal(alerts)
	if err != nil {
		return 0, failure(Refused, "the alert makes no JSON: %w", err)
	}
	errs := make([]error, len(m.urls))
	var posting sync.WaitGroup
	for i, u := range m.urls {
		posting.Go(func() { errs[i] = m.post(ctx, u, body, http.Header{}) })
	}
	posting.Wait()
	var worst *Failure
	for i, err := range errs {
		f, failed := errors.AsType[*Failure](err)
		switch {
		case !failed:
			took++
		case worst == nil || f.Extent < worst.Extent: // the one that is down may yet take what the other refused
			worst = &Failure{Extent: f.Extent, RetryAfter: f.RetryAfter, Err: fmt.Errorf("instance %d of %d: %w", i+1, len(m.urls), f.Err)}
		}
	}
	if worst == nil {
		return took, nil
	}
	if took > 0 {
		worst.Extent = Stuck
	}
	return took, worst
}

func runbookOf(pattern, rule, reference string) string {
	return strings.NewReplacer("{rule}", url.PathEscape(rule), "{reference}", url.PathEscape(reference)).Replace(pattern)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

func plural(n int, one string) string {
	if n == 1 {
		return one
	}
	return one + "s"
}
