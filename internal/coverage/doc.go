// Package coverage says which rules can work with the sources and tables at hand, and what one would have to connect for the
// others. It reads no file, judges no event and knows no person: it asks the rules what they need (rule.Reach), the formats
// what they fill and the tables what they hold. The daemon tells its answer as a metric and on /readyz; the commands
// "coverage" and "config check" print it.
//
// # What it means
//
// A rule is
//
//	active    some event of some source can make it fire
//	partial   so, and there are ways to meet its condition that are never decided, or systems that it is blind in
//	inactive  nothing can make it fire: a field that it cannot do without is filled by no source's format, or a table that must
//	          answer is missing, empty, lacks a column, or is not said to be complete
//
// Inactive is certain: what is missing is unknown, and unknown never accuses. Active is not a promise: it says that what the
// rule asks can be known, and not that the rows of a table are right, fresh or many.
//
// A condition may be met in several ways, and of two alternatives that both lack something the one that lacks less is told as
// what to connect. Exceptions count: one that cannot be told to be out of the way holds every match back.
package coverage
