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
// # Stopping
//
// The first SIGTERM ends reading; what was read is committed; the sinks get ten seconds for what is due, and what is left
// waits in the outbox for the next start. Nothing depends on stopping well: a kill at any instant loses nothing either.
package daemon
