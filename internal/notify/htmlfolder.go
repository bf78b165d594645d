package notify

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// othersPerm is what others than owner and group may do with the folder: nothing.
const othersPerm = 0o007

// groupID finds a group by name or number; -1 if none is named.
func groupID(name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	if id, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(id), nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("group: %w", err)
	}
	return strconv.Atoi(g.Gid)
}

// folder makes the folder, and holds it to its role: it belongs to the role's group, what is made in it does too (set-group-ID,
// so that no page belongs to another group for an instant), and others have no access. What the owner and the group may do is
// left as it is found: a force may let its role remove pages.
func (s *htmlSink) folder() error {
	if err := s.fs.MkdirAll(s.dir, dirPerm); err != nil {
		return fmt.Errorf("making the folder of pages: %w", err)
	}
	info, err := os.Stat(s.dir)
	if err != nil {
		return fmt.Errorf("the folder of pages: %w", err)
	}
	mode := info.Mode().Perm() &^ othersPerm
	keep := info.Mode() & os.ModeSetgid
	if s.group >= 0 {
		mode, keep = mode|0o050, os.ModeSetgid
		if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Gid) != s.group {
			if err := os.Chown(s.dir, -1, s.group); err != nil {
				return s.cannot("give it to its group", err)
			}
			info = nil // a change of the group may take bits away
		}
	}
	if info != nil && info.Mode().Perm() == mode && info.Mode()&os.ModeSetgid == keep {
		return nil
	}
	if err := os.Chmod(s.dir, mode|keep); err != nil {
		return s.cannot("close it to others", err)
	}
	return nil
}

func (s *htmlSink) cannot(do string, err error) error {
	return fmt.Errorf("the folder of pages: cannot %s: %w; make it yourself: install -d -o DAEMON -g GROUP -m 2750 %s", do, err, s.dir)
}
