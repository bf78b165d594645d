// Package fsx is the one seam between Probity and the disk where a fault can be put in: atomic replacement, append-only
// files, directories, removal and locks, each of them durable when it returns and each failing with an error that names
// the file.
//
// It knows no format and decides nothing about what a fault means. Called by store, evidence, source and notify; reading
// whole files and walking directories needs no seam and stays with package os.
//
// # Durable means
//
// Data is durable after fsync of the file; a new, renamed or removed name is durable after fsync of its directory. WriteFile,
// OpenAppend (when it creates), MkdirAll and Remove fsync the directory themselves. Append does not fsync: the caller
// groups appends and calls Sync once.
//
// # Faults
//
// FS.Fault is asked before every step that can fail, under one of the Op names, and whatever it returns happens: nil lets
// the step run, a *ShortWrite writes that many bytes first, any other error is the outcome. Callers with steps of their own
// that are worth a fault (the database's commit) announce them with Point. A test counts steps in Fault, fails the n-th, or
// copies the directory there, which is what a kill at that instant leaves behind. A build with the tag fault, and no other,
// takes one fault for the whole process from its environment: PlanVariable.
package fsx
