// Package window holds the state of correlations: for one rule and one group key, which events count, which of them are
// hits, and which alert periods they make. It knows event times and ids only: no clock, no rule text, no files. The engine
// calls it, one goroutine a key at a time.
//
// # event_count
//
// The definition, over the whole set of matching events of a key, is model in count_test.go: an event e is a hit if at
// least AtLeast events lie in (e.time − Timespan, e.time], ties included; an alert period is the hit's time divided by
// Period; the alert of a period holds the distinct events of all its hits' windows. A rule without a correlation is the
// case AtLeast 1, Timespan 1 ns. The result is a function of the set: order, batches and doubled events do not matter.
//
// # Memory
//
// An entry is forgotten when the watermark has passed its time by Timespan and what the rule keeps beyond it (how long an
// undecided match may wait, how long a source may repeat a record); an alert period when the watermark has passed its end
// by as much. Only events later than allowed can tell the difference.
//
// # Encoded form
//
// Byte 1 is the version (1). Then, each as an unsigned varint unless said: the number of entries, and for each the
// difference of its time to the one before (signed varint), 16 bytes of id, its facts; the number of open periods, and for
// each its index (signed varint) and entries in the same form. Decoding checks order and lengths; what does not check is
// an error, never a guess.
package window
