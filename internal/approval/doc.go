// Package approval says who answers for the rules: it fetches a git repository of rules, takes nothing that nobody who may has
// signed, and lets the daemon see for itself, without git, whether the rules that it reads are the signed ones. Called by
// "probity rules fetch" (Fetch) and by daemon, for each generation (Judge). It logs nothing and decides nothing about alerts.
//
// # What Fetch leaves in a folder
//
//	repo.git                 a bare clone: nothing is ever run out of it
//	revisions/COMMIT/        the files of a revision, and REVISION
//	current                  a symbolic link to one of them; replaced in one step
//	lock                     held by the fetch that is at work
//
// The configuration of the daemon names current/… under rules.paths.
//
// # REVISION
//
// JSON: format (1), repository, ref, commit, and objects, the raw git objects that lead from a signature to the files: the tag (if the
// tag is what is signed), the commit, and every tree below it, each in base64 under its id. So
//
//	signature → tag → commit → trees → ids of the files
//
// can be walked with hashes alone. Whoever may write the folder may write REVISION, too: it is believed in nothing. The tag or
// commit must bear a signature of a key in the daemon's own list (rules.allowed_signers, in the form of ssh-keygen's
// ALLOWED SIGNERS; or rules.keyring for OpenPGP), the other objects must have the ids that lead to them, and each file that is read must
// have the id in its tree. A rule file that was changed, added or taken away is found, and so is a REVISION of another commit.
//
// # Who is kept out
//
// Somebody who can write the rules' folder but neither the list of signers nor the daemon's configuration; somebody who can
// push to the repository and has no key in the list; whoever carries the repository. An older signed revision that is put back is told by the time
// of its signature. Root of the machine is not kept out: what root does, the witnesses of the evidence log are for.
//
// # Choices
//
// Signatures are verified by ssh-keygen and gpgv, the programs that made them and that know all of certificates, validity and
// revocation; they are given files and no configuration. Rejected: letting the daemon ask git, whose configuration lies in the
// very folder that is in doubt and names programs to run; signing the fetched files again with a key of this machine, which
// would say that the machine approves. Most repositories name objects by SHA-1: whoever can make two files of one SHA-1 could
// have one of them signed and show the other. git refuses the known way of making them; a repository made with
// --object-format=sha256 has no such doubt, and is read as well.
package approval
