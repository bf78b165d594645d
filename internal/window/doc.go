// Package window holds the state of correlations: for one rule and one group key, which events count, which of them are
// hits, and which alert periods they make. It knows event times and ids only: no clock, no rule text, no files. The engine
// calls it, one goroutine a key at a time.
//
// # Definitions
//
// Over the whole set of matching events of a key. A window is (e.time − Timespan, e.time], ties included; an alert period is
// a hit's time divided by Period, and the alert of a period holds the distinct events of all its hits.
//
//	event_count       e is a hit if its window holds at least AtLeast events (count.go)
//	value_count       … at least AtLeast distinct values (value.go)
//	temporal          … an event of every step, that belong together (temporal.go)
//	temporal_ordered  … in the order of the steps (temporal.go)
//	absence           e is a hit if no link lies around it (absence.go)
//	new_value         e is a hit if its value was not seen before (newvalue.go)
//	value_sum         … values that add up to AtLeast (sum.go)
//	baseline          a bucket of time is a hit if it holds far more than is usual (baseline.go)
//	silence           e is a hit if nothing follows it in time (silence.go)
//	gap               e is a hit if the numbers before its own are missing (gap.go)
//	clock_skew        a bucket of time is a hit if the clocks differ in all of it (skew.go)
//
// The brute-force models in model_test.go and model_measures_test.go say the same in plain lines, and the tests compare. The
// counts and the sum with a lower bound alone, and the sequences, fire at once: more events only add. Counts with an upper
// bound (bounded.go), absence, new_value, baseline, silence and gap wait for the watermark. Windows of alerts, which are
// revised and withdrawn, are worked out anew (revised.go). A rule without a correlation is event_count with AtLeast 1,
// Timespan 1 ns. But for clock_skew the result is a function of the set: order, batches and doubled events do not matter.
//
// # Memory
//
// An entry is forgotten when the watermark has passed its time by the shape's reach and what the rule keeps beyond it (how
// long an undecided match may wait, how long a source may repeat a record); an alert period when the watermark has passed
// its end by as much. Only events later than allowed can tell the difference: a shape that waits says nothing of them where what
// was beside them may be forgotten (Window.Forgot), because it would accuse for want of memory.
//
// Most windows of a large state hold one entry and nothing else, so what only some need stands behind pointers (rest.go).
//
// # Encoded form
//
// Byte 1 is the version, 4; byte 2 has bits for what follows beside the entries, from the lowest: the watermark up to which
// deferred entries were judged (signed varint), the time of the key's first event (signed varint), open periods, and what the
// shapes that measure hold. Then, in this order: those two; the number of entries (unsigned varint) and the entries; the number
// of open periods, and for each its index (signed varint), entries in the same form and measures (codec_measures.go); and, each
// behind its number, what the shapes that measure hold in place of entries: past buckets, spans, cells, runs, and 1 with the
// drift or 0.
//
// An entry is the difference of its time to the one before (signed varint), a byte with bits for what is not zero, 16 bytes of
// id, and by these bits, from the lowest: its facts (unsigned varint), its step (1 byte), its value (8 bytes, little-endian),
// its captured fields (their number plus 1, and each with its length).
//
// Behind that may stand changes (change.go), in the order in which they were made: 1, bits as in byte 2, of which only the lower
// two may be set, the two instants that these say, as they are now; the number of entries that were added and these, in any
// order; and how many entries were then taken from the front.
//
// Version 3 had every part, without byte 2 and without the bits of entries, and 0 for captured fields that there are not;
// version 2 was as 3 without measures and what the shapes hold that measure. Both are read. Decoding checks order and lengths;
// what does not check is an error.
package window
