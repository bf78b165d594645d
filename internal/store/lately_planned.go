//go:build !fault

package store

// shareOfLately is by what a build with the tag fault can have the memory of what was lately divided: see lately_planned_fault.go.
func shareOfLately() int { return 1 }
