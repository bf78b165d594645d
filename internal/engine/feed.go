package engine

import (
	"encoding/json"

	"probity/internal/rule"
)

// feed is what is known of the windows that one condition feeds, beside the windows.
type feed struct {
	// Since is the event time from which on it has been fed; Never: from the first event.
	Since int64 `json:"since"`
	// Forgot is the bound behind which windows and alerts may have been forgotten; Never if none has been.
	Forgot int64 `json:"forgot"`
	// AtLeast, AtMost, Period and Facts are those of the rule under which the windows were last judged.
	AtLeast int    `json:"at_least"`
	AtMost  int    `json:"at_most,omitempty"`
	Period  int64  `json:"period"`
	Facts   string `json:"facts"`
	// Horizon is the event time before which memory was given up; 0: nothing was.
	Horizon int64 `json:"horizon,omitempty"`
	// Zone is the one whose days a baseline has counted; "" of other rules.
	Zone string `json:"zone,omitempty"`
}

// feedsFeed is the feed under which State keeps what it knows of each feed, by the feed as the key.
const feedsFeed = "feeds"

func (g *Generation) newFeed(r *rule.Compiled, since int64) *feed {
	return &feed{Since: since, Forgot: Never, AtLeast: r.AtLeast, AtMost: r.AtMost, Period: int64(r.Period), Facts: factsOf(r), Zone: g.zoneOf(r)}
}

// zoneOf names the zone in which a rule counts its periods.
func (g *Generation) zoneOf(r *rule.Compiled) string {
	if r.Normal == nil {
		return ""
	}
	return g.days.String()
}

// factsOf names the facts of a rule in their order: an entry's bits have no other names.
func factsOf(r *rule.Compiled) (text string) {
	for _, f := range r.Rule.Facts {
		text += f.Say + "\x00" + f.When + "\x00"
	}
	return text
}

func (f *feed) save(name string) Saved {
	b, err := json.Marshal(f)
	if err != nil {
		panic(err) // numbers and text
	}
	return Saved{Feed: feedsFeed, Key: name, State: b}
}

// know notes what is known of a feed.
func (s *State) know(name string, f *feed) {
	s.feeds[name] = f
	if r := s.gen.byFeed[name]; r != nil {
		s.fed[r.Index] = f
	}
}

// Warming reports since which event time a rule's state has been fed, if that is later than the first event: until its
// window is covered from there, a missing alert says little.
func (s *State) Warming(r *rule.Compiled) (since int64, ok bool) {
	f := s.feeds[r.Feed]
	if f == nil || f.Since == Never {
		return 0, false
	}
	return f.Since, true
}

// Forgotten reports whether what a rule held of an alert period that ends at end has been forgotten: a draft of it holds
// nothing but events later than allowed.
func (s *State) Forgotten(r *rule.Compiled, end int64) bool {
	f, spec := s.feeds[r.Feed], s.specs[r.Index]
	return f != nil && f.Forgot != Never && spec.Closes(spec.PeriodOf(end-1)) <= f.Forgot
}

// GivenUp reports whether memory was given up of an alert period that ends at end: a draft of it may hold less than was told.
func (s *State) GivenUp(r *rule.Compiled, end int64) bool {
	h := s.specs[r.Index].Horizon
	return h != 0 && end-int64(r.Period) < h
}

// Settle notes, once all shards have been applied and their drafts dressed, how far each rule has forgotten, and returns
// what is to be saved of that.
func (s *State) Settle() (out []Saved) {
	for i, r := range s.gen.Rules.Rules {
		f := s.fed[i]
		for _, sh := range s.shards {
			bound := sh.rules[i].forgot
			sh.rules[i].forgot = Never
			if bound == Never {
				continue
			}
			if f == nil {
				f = s.gen.newFeed(r, Never)
				s.know(r.Feed, f)
			}
			if bound > f.Forgot {
				f.Forgot = bound
				out = append(out, f.save(r.Feed))
			}
		}
	}
	return out
}
