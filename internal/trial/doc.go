// Package trial replays forces whose misuse is known, and hands what came of it to evaluate, which marks it. It writes nothing,
// judges nothing, and knows no simulator: a force is a folder with a configuration and truth.jsonl, whoever made it.
// cmd/probity calls it.
//
// # A force's folder
//
//	probity.yaml (or .yml)   the configuration that "probity replay" reads: sources, tables, rules
//	truth.jsonl              the planted misuse, a line each; see evaluate.Truth
//	lookalikes.jsonl         legitimate acts that resemble misuse, in the same form; may be missing
//
// Staff are the rows of the people table whose status is not left; days are those of the logs in which anything happened.
package trial
