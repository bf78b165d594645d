package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/store"
)

// diary keeps the accounts that were committed, and refuses commits while it is told to.
type diary struct {
	*store.Memory
	refuse bool
	days   []Account
	gaps   []string
}

func (d *diary) Commit(c *store.Commit) error {
	if d.refuse {
		return fmt.Errorf("%w: %w", errKilled, store.ErrRefused)
	}
	for _, e := range c.Evidence {
		b, err := json.Marshal(e.Body)
		if err != nil {
			return err
		}
		switch e.Kind {
		case KindCompleteness:
			var a Account
			if err := json.Unmarshal(b, &a); err != nil {
				return err
			}
			d.days = append(d.days, a)
		case "gap":
			d.gaps = append(d.gaps, string(b))
		}
	}
	return d.Memory.Commit(c)
}

// drive turns the loop until there is nothing more to read, at most n batches.
func drive(t testing.TB, p *Pipeline, n int) {
	p.looked = time.Time{}
	must(t, p.find())
	for quiet := 0; quiet < 3 && n > 0; {
		p.retire()
		b, err := p.take()
		must(t, err)
		if len(b) == 0 {
			quiet++
			continue
		}
		n--
		j := p.judge(b)
		c, err := p.correlate(j)
		must(t, err)
		must(t, p.commitNow(context.Background(), j, c))
	}
	p.retire()
}

var firstDay = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func aRow(n int) string { return fmt.Sprintf("2026-03-02T10:00:%02dZ,c%d,view\n", n%60, n) }

// Whatever is written when, and whenever days end and kills fall: the entries of the days that ended and the accounts that run
// are what was written, once.
func TestDaysAddUpToWhatWasWritten(t *testing.T) {
	a := newAccounts(t)
	closed := 0
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		must(t, err)
		must(t, os.Mkdir(filepath.Join(dir, "drop"), 0o700))
		d := &diary{Memory: store.NewMemory()}
		now, written, files := firstDay, 0, 0
		o := Options{Follow: true, Workers: 1, Batch: rapid.SampledFrom([]int{2, 8192}).Draw(rt, "batch")}
		var p *Pipeline
		start := func() {
			if p != nil {
				p.close()
			}
			p = a.pipeline(t, dir, d, o)
			must(t, p.turnDay(context.Background(), now))
		}
		write := func(name, text string) {
			f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			must(t, err)
			_, err = f.WriteString(text)
			must(t, errors.Join(err, f.Close()))
			written += len(text)
		}
		start()
		acts := map[string]func(*rapid.T){
			"write": func(*rapid.T) { write("log", strings.Repeat(line("10:00:00", "r")+"\nno time\n", 3)) },
			"drop": func(*rapid.T) {
				files++
				write(fmt.Sprintf("drop/%d.csv", files), "ts,user,verb\n"+aRow(1)+aRow(2))
			},
			"grow": func(*rapid.T) {
				if files > 0 {
					write("drop/1.csv", aRow(3))
				}
			},
			"read": func(rt *rapid.T) {
				start() // else a file that has just been read to its end is not looked at for 200 ms
				drive(t, p, rapid.SampledFrom([]int{1, 3, 1000}).Draw(rt, "batches"))
			},
			"midnight": func(*rapid.T) {
				now = now.Add(24 * time.Hour)
				must(t, p.turnDay(context.Background(), now))
			},
			"killed at midnight": func(*rapid.T) {
				now, d.refuse = now.Add(24*time.Hour), true
				if err := p.turnDay(context.Background(), now); !errors.Is(err, errKilled) {
					rt.Fatal(err)
				}
				d.refuse = false
				start()
			},
		}
		names := slices.Sorted(maps.Keys(acts))
		for range rapid.IntRange(3, 14).Draw(rt, "acts") {
			acts[rapid.SampledFrom(names).Draw(rt, "act")](rt)
		}
		start()
		drive(t, p, 1000)
		p.close()
		closed += len(d.days)
		total := sums(t, d)
		for i := range d.days {
			if !d.days[i].AddsUp() {
				rt.Fatalf("a day does not add up: %+v", d.days[i])
			}
			total.Add(&d.days[i])
		}
		if total.There != int64(written) || !total.AddsUp() || len(d.gaps) > 0 {
			rt.Fatalf("%d bytes were written; the accounts are %+v; gaps %v", written, total, d.gaps)
		}
	})
	if closed == 0 {
		t.Error("a poor test: no day ended")
	}
}

// dropped is a folder of whole files that have been read.
func dropped(t *testing.T, names ...string) (*accounts, *diary, string) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "drop"), 0o700))
	for i, name := range names {
		must(t, os.WriteFile(filepath.Join(dir, "drop", name), []byte("ts,user,verb\n"+aRow(3*i)+aRow(3*i+1)+aRow(3*i+2)), 0o600))
	}
	return newAccounts(t), &diary{Memory: store.NewMemory()}, dir
}

func ids(t testing.TB, st committer, dir string) (out []string) {
	rows, err := st.Streams()
	must(t, err)
	for id := range maps.Keys(rows) {
		out = append(out, strings.TrimPrefix(id, "drop:"+dir+"/drop/"))
	}
	slices.Sort(out)
	return out
}

func TestTheRowOfAWholeFileGoesSomeDaysAfterTheFile(t *testing.T) {
	a, d, dir := dropped(t, "a.csv", "b.csv", "c.csv")
	p := a.pipeline(t, dir, d, Options{Follow: true})
	turn := func(days int) {
		t.Helper()
		must(t, p.turnDay(context.Background(), firstDay.AddDate(0, 0, days)))
	}
	restart := func() {
		p.close()
		p = a.pipeline(t, dir, d, Options{Follow: true})
	}
	turn(0)
	drive(t, p, 1000)
	before, _ := d.Streams()
	must(t, os.Remove(filepath.Join(dir, "drop", "a.csv")))
	must(t, os.Remove(filepath.Join(dir, "drop", "c.csv"))) // that has come furthest
	turn(1)
	rows, _ := d.Streams()
	for id := range rows {
		if n, was := len(rows[id].State), len(before[id].State); n >= was {
			t.Errorf("%s: %d bytes are kept, %d were", filepath.Base(id), n, was)
		}
	}
	turn(2)
	if diff := cmp.Diff([]string{"a.csv", "b.csv", "c.csv"}, ids(t, d, dir)); diff != "" {
		t.Errorf("after a day: %s", diff)
	}
	restart()
	floor := p.floor[&p.Sources[slices.IndexFunc(p.Sources, func(s Source) bool { return s.WholeFiles })]]
	turn(3)
	if diff := cmp.Diff([]string{"b.csv", "c.csv"}, ids(t, d, dir)); diff != "" {
		t.Errorf("after two days: %s", diff)
	}
	restart()
	if again := p.floor[&p.Sources[slices.IndexFunc(p.Sources, func(s Source) bool { return s.WholeFiles })]]; again != floor {
		t.Errorf("the source had come to %d, and goes on at %d", floor, again)
	}
	drive(t, p, 1000) // b.csv is still there, and not read again
	rows, _ = d.Streams()
	if b, err := readPosition(rows["drop:"+dir+"/drop/b.csv"].State); err != nil || b.Records != 3 {
		t.Errorf("%d records, %v", b.Records, err)
	}
	for i := range d.days {
		if !d.days[i].AddsUp() {
			t.Errorf("%+v", d.days[i])
		}
	}
	p.close()
}

func TestAFileThatComesBackInTimeIsNotReadAgain(t *testing.T) {
	a, d, dir := dropped(t, "a.csv", "b.csv")
	path := filepath.Join(dir, "drop", "a.csv")
	p := a.pipeline(t, dir, d, Options{Follow: true})
	must(t, p.turnDay(context.Background(), firstDay))
	drive(t, p, 1000)
	must(t, os.Rename(path, path+".away"))
	must(t, os.Rename(path+".away", filepath.Join(dir, "away")))
	must(t, p.turnDay(context.Background(), firstDay.AddDate(0, 0, 1)))
	must(t, os.Rename(filepath.Join(dir, "away"), path))
	for day := 2; day < 6; day++ {
		must(t, p.turnDay(context.Background(), firstDay.AddDate(0, 0, day)))
	}
	p.close()
	p = a.pipeline(t, dir, d, Options{Follow: true})
	must(t, p.turnDay(context.Background(), firstDay.AddDate(0, 0, 6)))
	drive(t, p, 1000)
	p.close()
	if got := sums(t, d); got.Records != 0 || len(ids(t, d, dir)) != 2 {
		t.Errorf("%+v %v", got, ids(t, d, dir))
	}
}

// A whole file that is deleted half read, while the daemon is down, was lost in silence: nobody ever opened it again.
func TestAWholeFileThatWentHalfReadIsDeclaredLost(t *testing.T) {
	a, d, dir := dropped(t, "a.csv", "b.csv")
	p := a.pipeline(t, dir, d, Options{Follow: true, Batch: 1, Turn: 1})
	must(t, p.turnDay(context.Background(), firstDay))
	drive(t, p, 2)
	p.close()
	must(t, os.Remove(filepath.Join(dir, "drop", "a.csv")))
	p = a.pipeline(t, dir, d, Options{Follow: true})
	must(t, p.turnDay(context.Background(), firstDay.Add(time.Hour)))
	drive(t, p, 1000)
	for day := range 5 {
		must(t, p.turnDay(context.Background(), firstDay.AddDate(0, 0, day+1)))
	}
	p.close()
	if len(d.gaps) != 1 || !strings.Contains(d.gaps[0], `a.csv","reason":"deleted-unread"`) {
		t.Errorf("gaps: %v", d.gaps)
	}
	unknown := int64(0)
	for i := range d.days {
		unknown += d.days[i].LostUnknown
	}
	if unknown != 1 || !slices.Equal(ids(t, d, dir), []string{"b.csv"}) {
		t.Errorf("%d losses in the accounts; rows %v", unknown, ids(t, d, dir))
	}
}

// A journal in which a stream was forgotten counts its records from its first file on, also where the name was used again.
func TestAPlanCountsOnWhereAStreamWasForgotten(t *testing.T) {
	entry := func(kind, body string) store.JournalEntry {
		return store.JournalEntry{Kind: kind, Body: json.RawMessage(body)}
	}
	plan, err := NewPlan([]store.JournalEntry{
		entry(kindStart, `{"at":{},"sources":{"drop":"0s"}}`),
		entry(kindGeneration, `{"at":{},"generation":"g"}`),
		entry(kindOpen, `{"at":{},"streams":{"drop:a":"drop","drop:b":"drop"}}`),
		entry(kindEnd, `{"at":{"drop:a":5,"drop:b":2},"streams":["drop:a","drop:b"]}`),
		entry(kindForget, `{"at":{},"streams":["drop:a","drop:b"]}`),
		entry(kindOpen, `{"at":{},"streams":{"drop:a":"drop"}}`),
		entry(kindEnd, `{"at":{"drop:a":3},"streams":["drop:a"]}`),
	}, map[string]store.StreamState{"drop:a": {State: []byte(`{"records":3}`)}})
	must(t, err)
	if diff := cmp.Diff(map[string]int64{"drop:a": 8, "drop:b": 2}, plan.last); diff != "" {
		t.Error(diff)
	}
	if got := plan.steps[6].At["drop:a"]; got != 8 {
		t.Errorf("the last end is at %d records", got)
	}
}

func TestARepetitionForgetsWhereTheRunDid(t *testing.T) {
	s := newStage(t)
	l := &logs{lines: map[string][]string{"drop:3": {line("10:00:00", "r")}, "drop:4": {line("10:00:01", "r")}}, ended: map[string]bool{}}
	var journal []store.JournalEntry
	for _, e := range []string{
		`start {"at":{},"sources":{"drop":"20s"}}`,
		`generation {"at":{},"generation":"` + s.generations[0].Hash + `"}`,
		`open {"at":{},"streams":{"drop:3":"drop","drop:4":"drop"}}`,
		`end {"at":{"drop:3":1,"drop:4":1},"streams":["drop:3","drop:4"]}`,
		`forget {"at":{},"streams":["drop:3"]}`,
	} {
		kind, body, _ := strings.Cut(e, " ")
		journal = append(journal, store.JournalEntry{Kind: kind, Body: json.RawMessage(body)})
	}
	plan, err := NewPlan(journal, map[string]store.StreamState{"drop:4": {Source: "drop", State: []byte(`{"records":1}`)}})
	must(t, err)
	plan.Generation = s.generation
	must(t, plan.Read(s.sources(l, nil, true)))
	st, err := s.repeatPlan(plan, Options{Workers: 1})
	if err != nil && !strings.Contains(err.Error(), "drop:4: 1 records stand there") { // whose sum was made up
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"drop:4"}, ids(t, st, "")); diff != "" {
		t.Error(diff)
	}
}
