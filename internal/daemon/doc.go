// Package daemon is the running system: it reads the configuration, builds sources, generation, store, sinks and pipeline
// from it, reloads rules and tables, serves HTTP, tells systemd, and stops in order. It judges nothing itself and tells no
// names: its logs, metrics and pages speak of sources, rules, tables, sinks and files. cmd/probity and the demo call it.
//
// # The configuration
//
// One YAML file, strict: an unknown key is an error, and every problem is reported at once with its place and what to do.
// Relative paths are relative to the file's folder. A flag stands over the environment (PROBITY_STATE_DIR,
// PROBITY_IDENTITY_KEY_FILE), that over the file, and that over what systemd says (STATE_DIRECTORY,
// CREDENTIALS_DIRECTORY); a secret's path may be written credential:NAME. Check builds all that New builds and starts
// nothing, so that "config check" and "run" cannot disagree. The JSON Schemas in deploy are generated from the structs.
//
// # Reload
//
// A signal, a request or a changed file makes the daemon read rules, tables and the configuration's part about them anew
// and build a whole generation. It is put in force between two batches, or it is refused with its problems and the old one
// stays: there is no mixture. What is outside of a generation (sources, formats, sinks, state folder, web, pipeline) needs
// a restart, and a reload that would change it is refused, so that what runs is always what the file says or what the
// refusal names. Directory events only say that it is time to look; whether something changed is decided by the files'
// sizes, times and inodes, so that symbolic-link swaps, editors and network file systems are all the same.
//
// Files that change while they are read are read again: two halves of two exports are a set that nobody wrote.
//
// # The archive of generations
//
// Before the commit that puts a generation in force, what it was made of is made durable under state_dir/generations, from the
// very bytes that were compiled:
//
//	files/<SHA-256>             contents of rules, overlays (built-in ones too), tables and their sidecars, each once
//	<generation>/manifest.json  format 1: names, hashes and settings; see type manifest
//
// A generation's hash covers all that its manifest says, so what is built out of the archive must have the hash that it goes
// by, or it is refused: another version of the program may read rules otherwise. Formats are not part of a generation: they
// are outside of what a reload may change. Nothing is ever removed: a generation is needed as long as the journal or an alert
// names it, and the journal is kept whole. An unchanged table costs nothing, a changed one its size; they hold names, so that
// the files are for the daemon's user alone. A contents file was chosen over a copy a generation because a people table of
// 50 MB would otherwise be kept once for every edit of a rule.
//
// Repeat judges a run again by its journal and this archive; package pipeline says what the journal holds.
//
// # HTTP
//
// The listener tells (metrics, health) and changes nothing; what changes something is asked for on a Unix socket, since a port
// lets in every program of the machine. TLS and logins are prometheus/exporter-toolkit's, so that its configuration is the one
// that a platform team writes for its exporters; rejected was a shorter reader of the same form, for ten modules less, since
// it would be a second implementation of logins. Three ways lead from its file into the log (at the start, with a request, with
// a handshake); withoutSecrets stands on each.
//
// # Stopping
//
// The first SIGTERM ends reading; what was read is committed; the sinks get ten seconds for what is due, and what is left
// waits in the outbox for the next start. Nothing depends on stopping well: a kill at any instant loses nothing either.
package daemon
