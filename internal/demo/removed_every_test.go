//go:build fault

package demo

// everyColumn: all of them, and not only those that tell most.
const everyColumn = true
