// Package demo shows Probity at work: it simulates a police force, lets its logs grow in a temporary folder, runs the real
// daemon on them, prints each alert as it comes, and says at the end what was found and what was missed. It judges nothing
// itself, and it is one of the two commands whose standard output names persons, all of them invented. cmd/probity calls it.
//
// # What is real
//
// Everything but the force: configuration file, formats, rules, tables, state folder, sinks and HTTP listener are those of
// "probity run", in process so that nothing has to be installed. The simulator shares no code and no number with the rules.
//
// # What it proves
//
// Run returns nil only if every byte written was read, nothing was rejected, every committed revision arrived at every
// sink, the alert file ends with the very revisions that the state folder holds, and the evidence chain is whole.
//
// # Leaving nothing behind
//
// Everything lies in one folder, which is removed on every way out of Run: the end, an error, a signal, a broken pipe, a
// panic in the caller. kill -9, or a panic in another goroutine, leaves it to the system's cleaning of temporary folders.
package demo
