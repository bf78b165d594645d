package pipeline

import (
	"encoding/json"
	"maps"

	"probity/internal/engine"
	"probity/internal/evidence"
	"probity/internal/store"
)

// The kinds of journal entries; see the package comment.
const (
	kindStart      = "start"
	kindGeneration = "generation"
	kindOpen       = "open"
	kindEnd        = "end"
	kindIdle       = "idle"
	kindSweep      = "sweep"
	kindHorizon    = "horizon"
	kindOwn        = "own"
	kindForget     = "forget"
)

// journal adds a decision to the commit that it is part of, and to the evidence.
func (p *Pipeline) journal(c *store.Commit, kind string, body map[string]any) {
	c.Journal = append(c.Journal, p.entry(kind, body))
	c.Evidence = append(c.Evidence, evidence.Entry{Kind: kind, Body: body})
}

// happened adds what happened to Probity itself to the commit: the rules over alerts judge it in the same commit. A plan says
// itself what had happened.
func (p *Pipeline) happened(o engine.Own, c *store.Commit) {
	if p.Plan != nil {
		return
	}
	p.own = append(p.own, o)
	c.Journal = append(c.Journal, p.entry(kindOwn, map[string]any{"own": o}))
}

// note keeps a decision for the next commit: until then nothing follows from it, and a restart takes it anew.
func (p *Pipeline) note(kind string, body map[string]any) {
	p.noted = append(p.noted, p.entry(kind, body))
}

// entry says where the decision was taken: how many records of each stream had been judged, where that has changed since
// the entry before.
func (p *Pipeline) entry(kind string, body map[string]any) store.JournalEntry {
	body["at"] = maps.Clone(p.moved)
	clear(p.moved)
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // texts and numbers
	}
	return store.JournalEntry{Kind: kind, Body: b}
}

// noteStart says which sources are read from here on, and how late their records may come.
func (p *Pipeline) noteStart() {
	lateness := map[string]string{}
	for _, s := range p.Sources {
		lateness[s.Name] = s.Lateness.String()
	}
	p.note(kindStart, map[string]any{"sources": lateness})
}

func (p *Pipeline) noteOpened(streams map[string]string) {
	if len(streams) > 0 {
		p.note(kindOpen, map[string]any{"streams": streams})
	}
}
