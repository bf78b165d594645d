// Package evaluate marks alerts against the truth: which planted misuse was found, by which rules, how long after it began,
// and which alerts are about something else. It judges no events, reads no files and knows nothing of the simulator that
// planted the misuse, beyond the lines of its truth.jsonl; demo calls it, and so does the command that evaluates a run.
//
// # What counts as found
//
// A misuse is found if an alert that is still open is about one of its events and about its person. The event is known by
// dataset and native id, as the audited system numbers it: that is what truth and evidence have in common. An alert quotes
// its first records only and lists the others by id; an id is understood if any alert quotes that record. The person must
// be in the alert's group key, or be user or requestor of the very record. An alert about the right person for another
// reason is not a find, nor is one about the right record and somebody else. An alert of a rule over alerts is about what the
// alerts that it quotes are about.
//
// # What a report may not hold
//
// No person and no record: it goes to people who tune rules, not to those who may read alerts.
package evaluate
