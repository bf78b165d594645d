package ruletest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"probity/internal/event"
)

// The limits of what is tried of one test.
const (
	allOrdersUpTo = 5   // events: every order is tried
	someOrders    = 100 // of longer timelines, seeded
	singlesUpTo   = 12  // events: one restart after each, one field of one event at a time
	fewBatches    = 25  // a long timeline is played in about so many: a batch saves its windows and drafts its alerts once
)

// trial gathers what became of a test's properties.
type trial struct {
	*rehearsal
	plays  int
	broken []Broken
}

// properties tries on a test what must hold of every rule:
//
//   - the alerts are the same in any order, whether nothing is ever forgotten or the watermark follows as closely as the
//     order allows; with doubled events; with the state saved and restored after any event; over one to four shards and in
//     any batches; and, for raw lines, through the daemon's own loop (see replay.go);
//   - a field that is missing adds no alert and changes none that has nothing to do with it (see deep_missing.go);
//   - one event fewer than the threshold, or one second past the window, gives no alert (see deep_near.go).
func (t *rehearsal) properties() (plays int, broken []Broken) {
	c := trial{rehearsal: t}
	c.orders()
	c.latecomers()
	c.doubled()
	c.restarts()
	c.splits()
	c.missingFields()
	c.nearMisses()
	c.replays()
	return c.plays, c.broken
}

func (t *trial) fail(property, format string, args ...any) {
	for _, b := range t.broken {
		if b.Property == property {
			return // the first tells enough
		}
	}
	t.broken = append(t.broken, Broken{property, fmt.Sprintf(format, args...)})
}

// same plays a course and demands the alerts of the timeline as written.
func (t *trial) same(property, how string, c course) {
	got, ok := t.walk(property, how, c)
	if !ok {
		return
	}
	got.Unknown = t.want.Unknown // it only explains a failure, and a restart begins its count anew
	if diff := gocmp.Diff(t.want, got); diff != "" {
		t.fail(property, "%s gives other alerts (- as written, + so):\n%s", how, diff)
	}
}

func (t *trial) walk(property, how string, c course) (outcome, bool) {
	t.plays++
	got, err := t.stage.walk(c)
	if err != nil {
		t.fail(property, "%s: %v", how, err)
	}
	return got, err == nil
}

// batch keeps long timelines bearable.
func (t *trial) batch() int { return max(1, len(t.timeline)/fewBatches) }

func (t *trial) orders() {
	if len(t.timeline) <= allOrdersUpTo {
		permutations(slices.Clone(t.timeline), 0, func(order []*event.Event) {
			t.same("orders", "the order "+t.named(order), course{events: order})
		})
		return
	}
	for seed := range uint64(someOrders) {
		order := slices.Clone(t.timeline)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		t.same("orders", fmt.Sprintf("the order of seed %d", seed), course{events: order, batch: t.batch()})
	}
}

func permutations(events []*event.Event, from int, visit func([]*event.Event)) {
	if from >= len(events)-1 {
		visit(events)
		return
	}
	for i := from; i < len(events); i++ {
		events[from], events[i] = events[i], events[from]
		permutations(events, from+1, visit)
		events[from], events[i] = events[i], events[from]
	}
}

// named is an order by the events' places in the timeline.
func (t *trial) named(order []*event.Event) string {
	places := make([]int, len(order))
	for i, ev := range order {
		places[i] = slices.Index(t.timeline, ev) + 1
	}
	return fmt.Sprint(places)
}

// latecomers lets every event come up to a lateness after its time, and the watermark follow by just that: what the windows
// forget on the way must change nothing.
func (t *trial) latecomers() {
	for i, lateness := range []time.Duration{time.Second, 10 * time.Minute, 6 * time.Hour, 7 * 24 * time.Hour} {
		for seed := range uint64(someOrders / 10) {
			r := rand.New(rand.NewPCG(seed, uint64(i)+2))
			arrival := map[*event.Event]int64{}
			for _, ev := range t.timeline {
				arrival[ev] = ev.Time() + r.Int64N(int64(lateness))
			}
			order := slices.Clone(t.timeline)
			slices.SortStableFunc(order, func(a, b *event.Event) int { return cmp.Compare(arrival[a], arrival[b]) })
			how := fmt.Sprintf("a lateness of %s, seed %d", lateness, seed)
			t.same("lateness", how, course{events: order, lateness: lateness, batch: t.batch()})
		}
	}
}

func (t *trial) doubled() {
	var twice []*event.Event
	for _, ev := range t.timeline {
		twice = append(twice, ev, ev)
	}
	again := append(slices.Clone(t.timeline), t.timeline...)
	for how, events := range map[string][]*event.Event{"each event twice": twice, "the timeline twice": again} {
		got, ok := t.walk("doubled", how, course{events: events, batch: t.batch()})
		if diff := gocmp.Diff(t.want.Alerts, got.Alerts); ok && diff != "" {
			t.fail("doubled", "%s gives other alerts (- once, + twice):\n%s", how, diff)
		}
	}
}

func (t *trial) restarts() {
	t.same("restarts", "a restart after every batch", course{events: t.timeline, batch: t.batch(), restart: func(int) bool { return true }})
	if len(t.timeline) > singlesUpTo {
		return
	}
	for at := 1; at < len(t.timeline); at++ {
		t.same("restarts", fmt.Sprintf("a restart after event %d", at), course{events: t.timeline, restart: func(n int) bool { return n == at }})
	}
}

func (t *trial) splits() {
	for shards := 1; shards <= 4; shards++ {
		for _, batch := range []int{t.batch(), 2, 3, 7, max(len(t.timeline), 1)} {
			how := fmt.Sprintf("%d shards and batches of %d", shards, batch)
			t.same("splits", how, course{events: t.timeline, shards: shards, batch: max(batch, t.batch()), restart: func(n int) bool { return n%4 == 0 }})
		}
	}
}
