// Package event is the record that Probity judges: typed fields under the names of the Elastic Common Schema, the bytes
// they came from, and the Schema that says which fields and lookups a rule may name.
//
// It holds no policy and does no input or output. Decoders fill events, the engine reads them, alerts quote them as
// Records. An Event is reused by its worker: its strings alias the bytes of the record it was decoded from and live as long
// as those do, so whoever keeps one past the batch keeps a Kept, made by a Keeper, or a Record, which own their memory.
//
// # Missing is not empty
//
// A field that the log does not carry, or carries as an empty text, has Kind Missing. There is no default value: a
// condition over a missing field is unknown, never false (see package rule).
package event
