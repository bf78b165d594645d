// Package strictyaml reads the YAML of configuration, formats and rules into Go structs and reports everything that is
// wrong with it at once, each problem with its file, line, column and what to do.
//
// The YAML itself is parsed by goccy/go-yaml; what is ours is the walk from its syntax tree to a struct, because the
// library stops at the first error and Probity's users want all of them. Keys are matched by the struct's json tags, so
// that the same tags give the JSON Schema. Unknown keys, doubled keys, wrong types and anchors are problems. It is called
// by decode, rule and daemon, and reads no files.
package strictyaml
