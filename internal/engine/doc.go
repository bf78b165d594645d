// Package engine judges events: it resolves persons, matches rules, and correlates matches by key into alerts. It has no
// goroutine, clock, logger or file, so that the same events give the same alerts wherever it runs; pipeline calls it, and so
// do the tools that test and explain rules.
//
// Two steps, so that both run on all cores. A Matcher (one a goroutine) turns an event into Matches; it keeps nothing from
// one event to the next. State holds the windows in shards by (rule, group key); Apply gives one shard its matches in order
// and returns what changed. What a batch changes is a function of the matches in it, not of how they were spread.
package engine
