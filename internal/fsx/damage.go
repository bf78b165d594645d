package fsx

import "fmt"

// Damage says that committed bytes are not what they were: the one kind of error at which a start refuses instead of
// cutting and going on. It is here so that every file's owner says it in the same words.
type Damage struct {
	File string
	At   string // where in the file: "byte 120", "line 3 (byte 120)", "row 7 of alerts"; may be ""
	What string
	Do   string // what the reader can do about it
}

func (d *Damage) Error() string {
	place := d.File
	if d.At != "" {
		place += ", " + d.At
	}
	return fmt.Sprintf("damage in %s: %s. %s", place, d.What, d.Do)
}
