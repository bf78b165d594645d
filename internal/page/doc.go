// Package page writes an alert for a person to read and decide by: the page that its role opens, the list of a folder's pages,
// the mail that leads there and the daily digest. It does no input or output and knows no sink; notify calls it.
//
// # Who sees what
//
// A View is all of an alert, and a page of it goes where only one role can read. A Notice is what a mail may hold, and has no
// field in which a name could stand unless View is set. Subjects are made of a Notice whose View is nil, always. So a template,
// ours or a force's own, cannot tell a name that it was not given.
//
// Every text of a View, Notice or Digest is neutralised already (package neutral) and html/template escapes it for its place:
// who is watched can write into the logs. The pages have no script and fetch nothing, and a policy in them (CSP) forbids both.
//
// A View's Beside is what is known of an alert beside its revision, as of the moment of writing: how it was closed, other alerts,
// and with each record the lines around it. It is nil where nothing is known.
//
// # Templates
//
// A force's template file is read after the built-in ones and redefines what it names:
//
//	html sink          page, style                            html/template   View
//	e-mail, text       subject, text                          text/template   Notice
//	                   digest_subject, digest_text            text/template   Digest
//	e-mail, HTML       html, style                            html/template   Notice
//	                   digest_html                            html/template   Digest
//
// It is executed at load over alerts that have everything, nothing, and a withdrawal; it must show the marking, a digest also what is beyond the alert budget (Folded), and may hold no
// script, style sheet, frame or picture from elsewhere. The built-in ones are the *.tmpl files of this folder: copy one to begin.
package page
