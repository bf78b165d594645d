package listen

import "bytes"

// endings are what senders put behind a message: no part of it, RFC 6587, section 3.4.2.
const endings = "\r\n\x00"

// appendLine appends a message to dst as one line of the spool; see the package comment for the rule. escaped says that a
// byte had to be escaped.
func appendLine(dst, text []byte) (line []byte, escaped bool) {
	for {
		i := bytes.IndexAny(text, "\r\n\x00")
		if i < 0 {
			return append(append(dst, text...), '\n'), escaped
		}
		c := text[i]
		dst = append(append(dst, text[:i]...), '#', '0', '0'+c>>3, '0'+c&7) // below 64, so two octal digits
		text, escaped = text[i+1:], true
	}
}

// appendWhole appends text, whose lines are whole, as it is but for NULs.
func appendWhole(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, 0)
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i]...), "#000"...)
		text = text[i+1:]
	}
}
