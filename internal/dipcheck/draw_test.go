package dipcheck

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func drawFrame(t *rapid.T) Frame {
	f := Frame{Team: "RESPONSE-LLA-1", From: "2026-01-01", To: "2026-01-31"}
	for i := range rapid.IntRange(0, 60).Draw(t, "size") {
		x := Transaction{ID: fmt.Sprintf("%032x", i), System: rapid.SampledFrom([]string{"niche", "pnc", "storm"}).Draw(t, "system"), Time: noon, Subject: "S1"}
		for k := range rapid.IntRange(0, 3).Draw(t, "marks") {
			x.Marks = append(x.Marks, fmt.Sprint("rule", k))
		}
		f.Transactions = append(f.Transactions, x)
	}
	return f
}

func TestSameSeedAndFrameGiveTheSameSampleInWhateverOrderTheFrameComes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		n := rapid.IntRange(1, 70).Draw(t, "n")
		first, sample := (&Frame{f.Team, f.From, f.To, slices.Clone(f.Transactions)}).Take(n, "hat")
		again := rapid.Permutation(f.Transactions).Draw(t, "another order")
		again = append(again, again[:len(again)/2]...) // and some of them twice, as a source may repeat records
		second, other := (&Frame{f.Team, f.From, f.To, again}).Take(n, "hat")
		if diff := cmp.Diff(first, second) + cmp.Diff(sample, other); diff != "" {
			t.Fatal(diff)
		}
		if len(f.Transactions) > 0 {
			if err := first.Check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestASampleIsWithoutReplacementAndSharedAmongTheSystems(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		n := rapid.IntRange(1, 70).Draw(t, "n")
		d, sample := f.Take(n, rapid.String().Draw(t, "seed"))
		if want := min(n, len(f.Transactions)); len(sample) != want {
			t.Fatalf("%d of %d in the sample, want %d", len(sample), len(f.Transactions), want)
		}
		seen, by := map[string]bool{}, map[string]int{}
		for _, x := range sample {
			if seen[x.ID] {
				t.Fatalf("%s is in the sample twice", x.ID)
			}
			seen[x.ID] = true
			by[x.System]++
		}
		for _, s := range d.Strata {
			exact := float64(n) * float64(s.Size) / float64(len(f.Transactions))
			switch {
			case by[s.System] != s.Sampled || s.Sampled > s.Size:
				t.Fatalf("%+v, and %d are in the sample", s, by[s.System])
			case n >= len(d.Strata) && s.Sampled == 0:
				t.Fatalf("%s is not looked at: %+v", s.System, d.Strata)
			case n < len(f.Transactions) && math.Abs(float64(s.Sampled)-exact) > float64(len(d.Strata)):
				t.Fatalf("%s got %d where its share is %.1f: %+v", s.System, s.Sampled, exact, d.Strata)
			}
		}
	})
}

func TestAChangedFrameShowsByItsHash(t *testing.T) {
	frame := func() Frame {
		return Frame{Team: "T", From: "2026-01-01", To: "2026-01-31", Transactions: []Transaction{
			{ID: "01", System: "niche"}, {ID: "02", System: "pnc", Marks: []string{"r"}},
		}}
	}
	f := frame()
	want, _ := f.Take(1, "hat")
	for what, change := range map[string]func(*Frame){
		"a transaction less":    func(f *Frame) { f.Transactions = f.Transactions[:1] },
		"another one in place":  func(f *Frame) { f.Transactions[0].ID = "03" },
		"a mark less":           func(f *Frame) { f.Transactions[1].Marks = nil },
		"of another system":     func(f *Frame) { f.Transactions[0].System = "crime" },
		"of another team":       func(f *Frame) { f.Team = "U" },
		"of a day less":         func(f *Frame) { f.To = "2026-01-30" },
		"a transaction more":    func(f *Frame) { f.Transactions = append(f.Transactions, Transaction{ID: "09", System: "pnc"}) },
		"of a day later begins": func(f *Frame) { f.From = "2026-01-02" },
	} {
		f := frame()
		change(&f)
		if got, _ := f.Take(1, "hat"); got.Frame == want.Frame {
			t.Errorf("%s: the hash is the same", what)
		}
	}
}

// A ticket is what the package comment says, so that it can be recomputed with openssl.
func TestATicketCanBeRecomputedByHand(t *testing.T) {
	ticket := func(text string) string {
		mac := hmac.New(sha256.New, []byte("hat"))
		mac.Write([]byte(text))
		return hex.EncodeToString(mac.Sum(nil))
	}
	// printf '%s' '0a1b 0' | openssl dgst -sha256 -hmac 'hat'
	if got, want := ticket("0a1b 0"), "049f3e9e5c3a081f41e93486c41d03dfaad4c0a4fcba00b42d6a3679a0f2e5dd"; got != want {
		t.Errorf("the ticket is %s, openssl says %s", got, want)
	}
	a, b := Transaction{ID: "0a", System: "pnc"}, Transaction{ID: "0b", System: "pnc", Marks: []string{"r"}}
	least := ticket("0b 0")
	for k := range 5 {
		least = min(least, ticket(fmt.Sprint("0b ", k)))
	}
	want := "0a"
	if least < ticket("0a 0") {
		want = "0b"
	}
	f := Frame{Transactions: []Transaction{a, b}}
	if _, sample := f.Take(1, "hat"); sample[0].ID != want {
		t.Errorf("%s is drawn, by hand it is %s", sample[0].ID, want)
	}
}

// Among nine plain transactions a marked one is drawn five times as often as each: five tickets of fourteen.
func TestMarkedTransactionsAreDrawnAsOftenAsTheirWeightSays(t *testing.T) {
	const draws = 4000
	f := Frame{Transactions: []Transaction{{ID: "marked", System: "pnc", Marks: []string{"r"}}}}
	for i := range 9 {
		f.Transactions = append(f.Transactions, Transaction{ID: fmt.Sprint("plain", i), System: "pnc"})
	}
	hits := map[string]int{}
	for seed := range draws {
		_, sample := f.Take(1, fmt.Sprint(seed))
		hits[sample[0].ID]++
	}
	near := func(id string, share float64) {
		want := share * draws
		if spread := 4 * math.Sqrt(want*(1-share)); math.Abs(float64(hits[id])-want) > spread {
			t.Errorf("%s was drawn %d times of %d, want %.0f give or take %.0f", id, hits[id], draws, want, spread)
		}
	}
	near("marked", 5.0/14)
	near("plain0", 1.0/14)
	near("plain8", 1.0/14)
}

func TestARecordThatDoesNotAddUpIsRefused(t *testing.T) {
	f := Frame{Team: "T", From: "2026-01-01", To: "2026-01-31", Transactions: []Transaction{{ID: "01", System: "niche"}, {ID: "02", System: "pnc"}}}
	good, _ := f.Take(2, "hat")
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Draw){
		"no team": func(d *Draw) { d.Team = "" }, "no seed": func(d *Draw) { d.Seed = "" }, "a day": func(d *Draw) { d.From = "january" },
		"a hash": func(d *Draw) { d.Frame = "00" }, "a frame of another size": func(d *Draw) { d.Size = 3 }, "of another schema": func(d *Draw) { d.Schema = "x" },
		"more sampled than there are": func(d *Draw) { d.Strata[0].Sampled = 2 }, "fewer than asked for": func(d *Draw) { d.Strata[0].Sampled = 0 },
		"below nothing": func(d *Draw) { d.Excluded = -1 },
	} {
		bad := good
		bad.Strata = slices.Clone(good.Strata)
		change(&bad)
		if bad.Check() == nil {
			t.Errorf("%s: it is taken", what)
		}
	}
}
