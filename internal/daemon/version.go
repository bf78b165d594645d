package daemon

import "runtime/debug"

// version is what a package was built as: -ldflags "-X probity/internal/daemon.version=…" says it, as deploy/debian/build does.
var version string

// Version is this program's version and, from a working copy, its revision.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	stamped := info.Main.Version
	if stamped == "" || stamped == "(devel)" {
		stamped = "devel"
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				stamped += "+" + s.Value[:12]
			}
		}
	}
	return stamped
}
