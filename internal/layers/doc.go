// Package layers holds no code: its tests hold the order of the packages. They read the import declarations of every Go file
// of the module and fail, with the reason, where one points up or sideways, or where a package that must be a function of
// its input reaches for a clock, a file or the network. To add a package, give it its place in rows; internal/README.md
// shows the same table to readers.
package layers
