// Package pipeline is the loop: follow, decode, evaluate, commit, deliver. It owns the loop's and the workers' goroutines;
// daemon runs it over live sources and a store on disk, replay and the rule tests over finite sources and a store in
// memory. There is no second way to evaluate.
//
// It works in micro-batches, fork and join: take what the sources have (one record when quiet, thousands when catching up);
// decode and match chunks of it on all cores; then, chunk by chunk in order, note watermarks and late events; hand the
// matches to the state's shards, all at once; commit once; wake the delivery. No channel lies between the stages, so the
// result does not depend on scheduling.
//
// What may not be lost is in one Commit: positions with framing state, windows, kept records, undecided matches, new
// revisions with their outbox rows, rejects, gaps, evidence. If it fails, the same Commit is tried again until it succeeds
// or the pipeline is stopped, and nothing is dropped.
//
// While it is written, the next batch is taken, decoded and matched, because that asks nothing of the store and decides nothing:
// a core is not left idle by an fsync. Everything else waits until the commit has settled: correlating, a reload, a turn of the
// day, the clock's decisions. So there is never more than one batch that was read and is not on its way to the disk.
//
// # The ledger
//
// Each stream's position holds an account of its bytes for each day, UTC, on which they were read (Account): what was there,
// and what became of it. What was there is measured by other means than reading counts: the size of each file that was left
// (source.Finished), of the open one the byte where a restart would go on. Framed records are counted as they come, events and
// rejects as the workers hand them back. It is committed with the records, so a kill neither loses nor doubles a byte of it.
//
// When a day has ended, one entry of kind "completeness" for each source goes to the evidence: there = judged + rejected +
// framing + lost + unaccounted, where framing is line ends, headers and blank lines, and lost is declared gaps; lost_unknown
// counts gaps without a length, of which nothing is in the sums. The entry takes the day out of the positions in the same
// commit. Entries of one day and source are to be added: a clock that was set back makes a second one. What does not add up, of
// a chunk, a file or a day, is told at once: unaccounted.
//
// The same turn of the day makes what is kept of whole files that have ended small, and drops it when the file has been gone
// from its folder for two turns (kindForget); of each source the one that has come furthest stays, because it says how far the
// source has come. A file that went before it had been read to its end is then a gap.
//
// # The journal
//
// Alerts are a function of the records and of a few decisions that do not follow from the records. Each of them is an entry of
// the journal, committed not later than the first thing that follows from it:
//
//	start        sources: lateness by name       the loop began; no stream is open
//	generation   generation, rules, tables, from a generation judges from here on
//	open         streams: source by stream       streams appeared, and hold back their source's watermark
//	end          streams                         whole files ended, and hold back nothing any more
//	idle         stream or source, watermark     the clock advanced a quiet one
//	sweep                                        undecided matches whose time was up were dropped
//	horizon      rule, horizon                   memory was short, and a rule gave up what it held before
//	own          own                             something happened to Probity itself that rules over alerts judge
//	forget       streams                         positions of whole files were dropped that had long gone from their folders
//
// Every entry says where: at counts, by stream, the records that had been judged or rejected since the stream's beginning; it
// names those whose count has changed since the entry before, and after a start all. The same count stands in each committed
// position, with a sum of the records' hashes. Entries without at are from before this was so, and cannot be repeated.
//
// A [Plan] is a journal that is repeated: the loop reads each stream up to its count in the next entry, and takes that
// decision when all have reached it; what it may not do by itself (find streams, sweep, advance by the clock) is left to the
// plan. Between two entries no watermark depends on anything but the records, so it does not matter how the work is cut. At the
// end the sums must agree: other records in the place of those that were judged are told, as are records that are missing.
// A forgotten stream counts its records from 0, if its name is used again; a plan counts on.
//
// What a plan cannot repeat: events later than allowed whose windows one interleaving had forgotten and another had not, and
// event times more than a day ahead of the clock that read them; and in which revision an alert first said that memory was
// short.
package pipeline
