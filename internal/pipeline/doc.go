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
// or the pipeline is stopped: nothing is read meanwhile, and nothing is dropped.
package pipeline
