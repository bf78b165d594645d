// Package bench measures how fast Probity judges, on the machine that it runs on: it writes logs of which every line has the
// same length, replays them with everything on, and times beside that what nobody can be faster than. It judges nothing itself:
// what is measured is daemon's own replay. Only the command calls it.
//
// # What is measured
//
//	whole     probity replay with rules, tables, windows, and each batch committed to a state folder on disk, evidence included
//	          (no sink is configured, so nothing is delivered, and no key, so no checkpoint is signed)
//	decode    the same files framed and decoded by the same decoders on the same cores, and nothing done with the events
//	fastjson  the same JSON lines parsed by valyala/fastjson on the same cores, each core its share of the file, the values not read
//	newline   the same bytes searched for newlines
//
// A machine that others use too is faster now and slower then, by half and more. So a round runs every one of them once, in turn,
// in an order that is turned from round to round; a ratio is taken within a round; and what is told is the median of the rounds.
// Where several others want the same cores, the CPU that something took says more than how long it took, and the ratios are given of
// both.
// Figures of two runs of the command are not to be compared: put both into one run, or compare ratios.
//
// The stages are shares of the processor's samples of all whole rounds (runtime/pprof, one hundred a second of CPU), by the functions
// that stand on the stack (stages.go), times the CPU that the system says the round took. What collects garbage beside the stages is a
// stage of its own; what a stage must collect before it may allocate is the stage's.
//
// # The lines
//
// They follow from the seed. Each system's log is of its own format: m365 flat JSON of 400 bytes, niche CSV of 250, pnc between
// pipes of 250, the newline included. rms is what niche's lines say as flat JSON of 400 bytes, so that one can tell what a format
// costs from what its system's rules cost. 2,000 people do what they are paid to do: they are on duty, and 98 of 100 records that
// they open belong to a case of theirs. All of them are invented.
//
// # What else is on the machine
//
// Rules and tables are compiled before, once. A run begins with an empty state folder and no metrics, and that is timed: with thousands
// of rules, 200,000 lines and more are needed to tell what a rule costs from what its start does.
//
// Files are warm: they were written just before. Peak memory is the process's resident set at its highest within a round, so it has
// in it what the bench itself holds: compiled rules of all variants, some megabytes.
package bench
