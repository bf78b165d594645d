// Package dipcheck draws a reproducible random sample of a team's transactions for a line manager's review, and writes it as a
// list with a form for the outcome. It is given the transactions, reads no log and records nothing itself: the daemon package
// gathers the frame by the decoders of replay, and the command records the draw in the evidence before anybody sees it.
//
// # The method
//
// The frame is every transaction of the team in the period, once each. Its hash is the SHA-256 of this text, the transactions
// in the order of their ids:
//
//	probity.dipcheck/1
//	<team> <first day> <last day>
//	<event id> <system> <weight>          one line each
//
// A transaction's weight is 1, and 4 more for every rule of low severity that marked it, up to 9. A transaction of weight w has
// w tickets; ticket k (from 0) is
//
//	HMAC-SHA-256(key: the seed, message: "<event id> <k>")
//
// and its best ticket is the least of them, compared as text in hex. Within each system, the sample is the transactions with
// the best tickets. For whole weights this is the sampling of Efraimidis and Spirakis (Weighted random sampling with a
// reservoir, 2006) with the hash for the uniform: the least of w uniform numbers is distributed as 1-(1-u)^(1/w) is. It is
// without replacement, it does not depend on the order of files or on the machine, and a hearing can recompute a ticket:
//
//	printf '%s' '<event id> 0' | openssl dgst -sha256 -hmac '<seed>'
//
// Rejected: a random number generator that is seeded (the sample then depends on the order in which transactions are read, and
// nobody can check one line alone), and logarithms (their last digit differs between machines).
//
// # Strata
//
// The systems share the sample by their size: each gets its share rounded down, but one at least if there are as many to give,
// and what is left goes to the largest remainders. A system that has fewer than its share gives the rest to the others. So a
// system with few transactions is looked at, and a busy one does not fill the list.
//
// # Nobody picks
//
// Same seed and same frame give the same sample. A transaction that is added, removed, or marked otherwise changes the frame's
// hash. Every draw is recorded, also those that somebody did not like, so that asking again until the sample pleases shows.
package dipcheck
