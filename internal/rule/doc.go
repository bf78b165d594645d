// Package rule reads rules, checks them against a Schema and compiles them into a Set that the engine evaluates. It knows
// nothing of windows, tables' contents, files or clocks; daemon, ruletest and engine call it.
//
// # Conditions
//
// A condition is written in expr (expr-lang.org) and compiled to a boolean skeleton (and, or, not, any, all, ?:) over
// atoms. An atom is a comparison or a call; atoms are interned, so that rules which share one evaluate it once an event.
// Atoms speak of terms: a field, a lookup in a table, or the element of the list that an any or all walks.
//
// A condition has one of four verdicts, in this order:
//
//	False < UnknownField < Undecided < True
//
// Both unknowns are Kleene's unknown. They differ in what can still change them: a field that the record does not carry
// will never be known (UnknownField), a table that does not say may say so tomorrow (Undecided). Negations are pushed
// down to the atoms when the condition is compiled, so that and is the minimum and or is the maximum of that order; an
// atom over anything unknown is unknown, negated or not. has(field) is True or False, but of a field that
// the record has and that is not valid UTF-8, where nobody can say.
//
// The expr program of an atom is the reference for its meaning. Where an atom has one of the common forms (field op
// constant, field in list, field matches pattern, field op field, a lookup alone) a closure stands in for it, and a condition
// runs as closures over these; plan_test.go compares them with programs and with the skeleton as it is written.
//
// # Loading
//
// Files are read on all cores and compiled one after another in their order: reading YAML is four fifths of the work and files
// are apart from each other, while compiling numbers the terms and atoms that rules share, and these numbers, like the order
// of the problems, must not depend on scheduling. Compiling every rule into a set of its own and joining the sets was rejected:
// each atom's closure holds numbers, so joining would be compiling again.
//
// # What is refused
//
// Sources over 8 KiB or 500 nodes, nesting over 64, predicates nested over 2, now(), keys(), values(), toPairs() (time and
// map order would make an alert depend on the machine), ?. and ?? (a default would turn missing into a value), let and
// sequences, has() within an atom, and lookups within a predicate other than that of any and all, which are unrolled.
//
// # The index
//
// Which values of event.dataset, event.action and object.type a rule needs is read from its skeleton. For the events that have
// the same three there is a bucket of the rules that these can satisfy, with what they leave open of each condition.
//
// In a bucket, rules hang behind gates: what a rule compares one more field with, a text or one of several, a beginning, a
// least number. Of all that a condition compares, the gate is what lets the fewest events through. An event that lacks the field
// leaves the rules behind the gate unknown at best. They are counted as unknown, unless what else they ask is False, which
// is asked once for all rules that ask the same else; so a thousand rules about a field that a log never has cost little
// more than one.
package rule
