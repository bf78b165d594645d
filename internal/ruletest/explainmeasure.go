package ruletest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/engine"
	"probity/internal/rule"
	"probity/internal/window"
)

// UsualExplained is what a baseline makes of the period that holds an event.
type UsualExplained struct {
	From       time.Time    `json:"from"`
	To         time.Time    `json:"to"`
	Observed   int64        `json:"observed"`
	Own        *alert.Usual `json:"own,omitempty"`   // none: it is not compared with, or there is nothing of it
	Peers      *alert.Usual `json:"peers,omitempty"` // likewise
	Group      string       `json:"group,omitempty"`
	Least      int          `json:"least,omitempty"`       // periods of the key's own past that are needed
	LeastPeers int          `json:"least_peers,omitempty"` // peers that are needed
	Above      int          `json:"above"`
	Needs      int64        `json:"needs"` // so much fires; 0: there is too little to compare with
}

// SourceExplained is what the window of a rule that watches a source holds around an event.
type SourceExplained struct {
	Before  *time.Time    `json:"before,omitempty"`  // silence: the event before
	Next    *time.Time    `json:"next,omitempty"`    // silence: the event after
	Numbers []alert.Range `json:"numbers,omitempty"` // gap: those that are remembered when the event has been judged, the last ones
	Number  *uint64       `json:"number,omitempty"`  // gap: the event's own
}

// measure explains what shapes hold that have more than events to count.
func (x *Explainer) measure(w *WindowExplained, key string, all, this []engine.Match, at int64) {
	switch x.rule.Type {
	case rule.BaselineType:
		x.usual(w, key, at)
	case rule.SilenceType:
		w.Source = around(all, at)
	case rule.GapType:
		w.Source = x.numbers(key, all, this, at)
	}
}

// usual asks the engine for the comparison, over all keys.
func (x *Explainer) usual(w *WindowExplained, key string, at int64) {
	if x.whole == nil {
		x.whole = engine.NewState(x.generation, 1)
		for _, matches := range x.counted {
			x.whole.Apply(matches, []int64{engine.Never}, engine.Serially)
		}
	}
	c, ok := x.whole.Compare(x.rule, key, at)
	if !ok {
		return
	}
	n := x.rule.Normal
	u := &UsualExplained{
		From: c.From, To: c.To, Observed: c.Observed, Own: c.Own, Peers: c.Peers, Group: c.Group, Above: n.Above, Needs: c.Exceeds + 1,
	}
	if n.History > 0 {
		u.Least = n.Least
	}
	if n.Peers != nil {
		u.LeastPeers = n.LeastPeers
	}
	w.Usual, w.Fires, w.Have, w.Need = u, c.Hit, int(c.Observed), int(u.Needs)
	w.After, w.To = c.From.Add(-1), c.To.Add(-1)
}

// around finds the events next to an event's time.
func around(all []engine.Match, at int64) *SourceExplained {
	s := &SourceExplained{}
	for i := range all {
		switch t := utc(all[i].Entry.Time); {
		case all[i].Entry.Time < at:
			s.Before = &t
		case all[i].Entry.Time > at:
			s.Next = &t
			return s
		}
	}
	return s
}

// maxNumbersShown bounds the stretches of numbers that are shown.
const maxNumbersShown = 5

// numbers asks the engine which numbers it remembers once the event has been judged.
func (x *Explainer) numbers(key string, all, this []engine.Match, at int64) *SourceExplained {
	s := &SourceExplained{}
	if len(this) > 0 {
		n := this[0].Entry.Value
		s.Number = &n
	}
	judged := at + 2*int64(x.rule.Grace)
	state := engine.NewState(x.generation, 1)
	state.Apply(slices.DeleteFunc(slices.Clone(all), func(m engine.Match) bool { return m.Entry.Time > judged }), []int64{judged}, engine.Serially)
	if held := state.Held(x.rule, key); held != nil {
		s.Numbers = ranges(held.Numbers())
	}
	s.Numbers = s.Numbers[max(0, len(s.Numbers)-maxNumbersShown):]
	return s
}

// ranges joins neighbours that are remembered for different times.
func ranges(runs []window.Run) (out []alert.Range) {
	for _, r := range runs {
		if n := len(out); n > 0 && out[n-1].Last+1 == r.Lo {
			out[n-1].Last = r.Hi
		} else {
			out = append(out, alert.Range{First: r.Lo, Last: r.Hi})
		}
	}
	return out
}

// holds reports whether an alert of measures is about the event at an instant.
func holds(a *alert.Alert, at int64) bool {
	return slices.ContainsFunc(a.Measures, func(m alert.Measure) bool { return m.From.Equal(utc(at)) })
}

// measures prints what the window of a shape that measures holds.
func (p *explainPrinter) measures(w *WindowExplained) {
	if u := w.Usual; u != nil {
		p.line(2, "the period from %s to %s: %d observed", stamp(u.From), stamp(u.To), u.Observed)
		if u.Least > 0 {
			p.line(3, "own past: %s", u.compared(u.Own, u.Least, "such periods"))
		}
		switch {
		case u.LeastPeers > 0 && u.Group == "":
			p.line(3, "peers: the record does not say whose peer it is, so there is nobody to compare with")
		case u.LeastPeers > 0:
			p.line(3, "peers (%s): %s", shown(u.Group), u.compared(u.Peers, u.LeastPeers, "others"))
		}
	}
	s := w.Source
	if s == nil {
		return
	}
	if w.Shape == rule.SilenceType {
		p.line(2, "the event before it: %s; the next: %s", stampOrNone(s.Before), stampOrNone(s.Next))
		return
	}
	if s.Number != nil {
		p.line(2, "its number: %d", *s.Number)
	}
	p.line(2, "numbers remembered once it has been judged, what was told as missing among them: %s", cmp.Or(rangesText(s.Numbers), "none"))
}

// compared writes what an observation is compared with.
func (u *UsualExplained) compared(with *alert.Usual, least int, among string) string {
	if with == nil {
		return fmt.Sprintf("no %s, %d are needed: nothing to compare with", among, least)
	}
	text := fmt.Sprintf("median %d, spread %d, of %d %s", with.Median, with.Spread, with.Among, among)
	if with.Among < least {
		return fmt.Sprintf("%s; %d are needed: too few to compare with", text, least)
	}
	return fmt.Sprintf("%s; unusual is more than %d + %d × %d = %d", text, with.Median, u.Above, with.Spread, with.Median+int64(u.Above)*with.Spread)
}

// verdict says how far a period is from firing.
func (u *UsualExplained) verdict(fires bool) string {
	switch {
	case fires:
		return "it fires when the period is over, if no more events change that"
	case u.Needs <= 0:
		return "it does not fire: there is too little to compare with"
	}
	return fmt.Sprintf("it does not fire: %d in this period would, %d more than there were", u.Needs, u.Needs-u.Observed)
}

// verdictOfSource says what a rule that watches a source makes of an event.
func (w *WindowExplained) verdictOfSource() string {
	switch {
	case w.Shape == rule.SilenceType && w.Fires:
		return "it fires: nothing follows within the timespan"
	case w.Shape == rule.SilenceType && w.Source != nil && w.Source.Next == nil:
		return "it does not fire yet: nothing follows, but until is within the timespan"
	case w.Shape == rule.SilenceType:
		return "it does not fire: another event follows within the timespan"
	case w.Fires:
		return "it fires: numbers before its own are missing"
	}
	return "it does not fire: no number is missing before its own, no lower one is remembered, or the missing ones came after all"
}

func rangesText(rs []alert.Range) string {
	texts := make([]string, len(rs))
	for i, r := range rs {
		texts[i] = fmt.Sprintf("%d–%d", r.First, r.Last)
		if r.First == r.Last {
			texts[i] = fmt.Sprint(r.First)
		}
	}
	return strings.Join(texts, ", ")
}

func stampOrNone(t *time.Time) string {
	if t == nil {
		return "none among those given"
	}
	return stamp(*t)
}
