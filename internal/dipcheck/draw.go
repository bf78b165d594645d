package dipcheck

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Schema names the method and the form of a Draw.
const Schema = "probity.dipcheck/1"

// The weights.
const (
	plainWeight = 1
	markWeight  = 4 // more, for every rule of low severity that marked it
	mostWeight  = 9
)

// Transaction is one record of the frame.
type Transaction struct {
	ID       string    `json:"id"` // the event's
	System   string    `json:"system"`
	Time     time.Time `json:"time"`
	Subject  string    `json:"subject"`            // whose transaction it is: the requester where one of the team is, else the operator
	Person   string    `json:"person"`             // the same, by name
	Operator string    `json:"operator,omitempty"` // who typed it, if somebody else
	Action   string    `json:"action"`
	Object   string    `json:"object,omitempty"`
	Query    string    `json:"query,omitempty"`
	Reason   string    `json:"reason,omitempty"` // what the log says why: reference, code, text
	Path     string    `json:"log.file.path"`
	Line     int       `json:"log.line"`        // from 1
	Marks    []string  `json:"marks,omitempty"` // rules of low severity
}

// Weight is how many tickets it has.
func (t *Transaction) Weight() int {
	return min(plainWeight+markWeight*len(t.Marks), mostWeight)
}

// Frame is what a sample is drawn from.
type Frame struct {
	Team         string
	From, To     string // days, both included
	Transactions []Transaction
}

// Order sorts the transactions by id and drops what stands there twice.
func (f *Frame) Order() {
	slices.SortFunc(f.Transactions, func(a, b Transaction) int { return strings.Compare(a.ID, b.ID) })
	f.Transactions = slices.CompactFunc(f.Transactions, func(a, b Transaction) bool { return a.ID == b.ID })
}

// Hash is the SHA-256 of the frame's text, hex. The frame must be in order.
func (f *Frame) Hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s %s %s\n", Schema, f.Team, f.From, f.To)
	for i := range f.Transactions {
		t := &f.Transactions[i]
		fmt.Fprintf(h, "%s %s %d\n", t.ID, t.System, t.Weight())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Stratum is one system's part.
type Stratum struct {
	System  string `json:"system"`
	Size    int    `json:"size"`   // of the frame
	Marked  int    `json:"marked"` // by rules of low severity
	Sampled int    `json:"sampled"`
}

// Draw is a draw as it is recorded. It holds no name of a person and no record's reference.
type Draw struct {
	Schema   string    `json:"schema"`
	Team     string    `json:"team"`
	From     string    `json:"from"` // days, both included
	To       string    `json:"to"`
	N        int       `json:"n"` // asked for
	Seed     string    `json:"seed"`
	Frame    string    `json:"frame_sha256"`
	Size     int       `json:"frame_size"`
	Strata   []Stratum `json:"strata"`
	Sample   string    `json:"sample_sha256"` // of the sample's ids, a line each, in its order
	Excluded int       `json:"excluded"`      // transactions of the manager who reviews, which are not in the frame
	Unknown  int       `json:"unknown"`       // transactions of the period whose person is not known, so that no team has them
}

// Take draws n transactions of the frame by a seed. The frame is put in order.
func (f *Frame) Take(n int, seed string) (Draw, []Transaction) {
	f.Order()
	d := Draw{Schema: Schema, Team: f.Team, From: f.From, To: f.To, N: n, Seed: seed, Frame: f.Hash(), Size: len(f.Transactions)}
	systems := map[string][]*Transaction{}
	for i := range f.Transactions {
		t := &f.Transactions[i]
		systems[t.System] = append(systems[t.System], t)
	}
	for _, name := range slices.Sorted(maps.Keys(systems)) {
		s := Stratum{System: name, Size: len(systems[name])}
		for _, t := range systems[name] {
			if len(t.Marks) > 0 {
				s.Marked++
			}
		}
		d.Strata = append(d.Strata, s)
	}
	share(n, d.Strata)
	var sample []Transaction
	for _, s := range d.Strata {
		for _, t := range best(systems[s.System], seed)[:s.Sampled] {
			sample = append(sample, *t)
		}
	}
	slices.SortFunc(sample, func(a, b Transaction) int {
		return cmp.Or(strings.Compare(a.System, b.System), a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID))
	})
	h := sha256.New()
	for i := range sample {
		fmt.Fprintln(h, sample[i].ID)
	}
	d.Sample = hex.EncodeToString(h.Sum(nil))
	return d, sample
}

// best orders transactions by their best tickets.
func best(list []*Transaction, seed string) []*Transaction {
	tickets := make(map[*Transaction]string, len(list))
	mac := hmac.New(sha256.New, []byte(seed))
	for _, t := range list {
		for k := range t.Weight() {
			mac.Reset()
			fmt.Fprintf(mac, "%s %d", t.ID, k)
			ticket := hex.EncodeToString(mac.Sum(nil))
			if have, ok := tickets[t]; !ok || ticket < have {
				tickets[t] = ticket
			}
		}
	}
	out := slices.Clone(list)
	slices.SortFunc(out, func(a, b *Transaction) int { return strings.Compare(tickets[a], tickets[b]) })
	return out
}

// share gives each stratum its part of n. Ties go to the first by name.
func share(n int, strata []Stratum) {
	all := 0
	for _, s := range strata {
		all += s.Size
	}
	n = min(n, all)
	if n == 0 {
		return
	}
	left := n
	for i := range strata {
		strata[i].Sampled = n * strata[i].Size / all // at most its size
		left -= strata[i].Sampled
	}
	remainder := func(s *Stratum) int { return n*s.Size - s.Sampled*all }
	if n >= len(strata) {
		for i := range strata {
			if strata[i].Sampled == 0 {
				strata[i].Sampled, left = 1, left-1
			}
		}
	}
	for ; left > 0; left-- {
		to := pick(strata, func(a, b *Stratum) bool { return remainder(a) > remainder(b) }, func(s *Stratum) bool { return s.Sampled < s.Size })
		strata[to].Sampled++
	}
	for ; left < 0; left++ { // those that were given one at least have taken too much
		from := pick(strata, func(a, b *Stratum) bool { return remainder(a) < remainder(b) }, func(s *Stratum) bool { return s.Sampled > 1 })
		strata[from].Sampled--
	}
}

// pick returns the first stratum that is allowed and that no other one allowed comes before.
func pick(strata []Stratum, before func(a, b *Stratum) bool, allowed func(*Stratum) bool) int {
	at := -1
	for i := range strata {
		if s := &strata[i]; allowed(s) && (at < 0 || before(s, &strata[at])) {
			at = i
		}
	}
	return at
}

// Check refuses what is no record of a draw: the daemon writes what it is told into its evidence.
func (d *Draw) Check() error {
	isHash := func(s string) bool {
		b, err := hex.DecodeString(s)
		return err == nil && len(b) == sha256.Size
	}
	isDay := func(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil }
	size, sampled := 0, 0
	for _, s := range d.Strata {
		size, sampled = size+s.Size, sampled+s.Sampled
		if s.System == "" || s.Size < 1 || s.Sampled < 0 || s.Sampled > s.Size || s.Marked < 0 || s.Marked > s.Size {
			return fmt.Errorf("a draw: stratum %q does not add up", s.System)
		}
	}
	switch {
	case d.Schema != Schema:
		return fmt.Errorf("a draw of schema %q; this program writes %s", d.Schema, Schema)
	case d.Team == "" || len(d.Team) > MaxText || d.Seed == "" || len(d.Seed) > MaxText:
		return fmt.Errorf("a draw: team and seed have 1 to %d bytes", MaxText)
	case !isDay(d.From) || !isDay(d.To) || !isHash(d.Frame) || !isHash(d.Sample):
		return fmt.Errorf("a draw: days are written 2026-01-31, hashes in 64 hex digits")
	case size != d.Size || sampled != min(d.N, d.Size) || d.N < 1 || d.Excluded < 0 || d.Unknown < 0:
		return fmt.Errorf("a draw: its numbers do not add up")
	}
	return nil
}

// MaxText is how long the name of a team and a seed may be, in bytes.
const MaxText = 200
