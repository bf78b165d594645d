package triage

import (
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"probity/internal/route"
)

func TestTheKernelSaysWhoAsks(t *testing.T) {
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		t.Skipf("this machine has no name for group %s: %v", u.Gid, err)
	}
	for name, r := range map[string]route.Role{
		"by name": {Users: []string{u.Username}}, "by number": {Users: []string{u.Uid}}, "by group": {Groups: []string{g.Name}}, "by the group's number": {Groups: []string{g.Gid}},
	} {
		b := &book{cases: someCases(), now: monday}
		client, _ := serve(t, b, map[string]route.Role{"iso": r}, "")
		if _, err := client.Show(t.Context(), "a"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if want := fmt.Sprintf(`"by":%q,"uid":%s`, u.Username, u.Uid); len(b.entries) != 1 || !strings.Contains(b.entries[0], want) {
			t.Errorf("%s: recorded %q", name, b.entries)
		}
	}
	client, _ := serve(t, &book{cases: someCases(), now: monday}, map[string]route.Role{"iso": {Users: []string{"somebody-else"}}}, "")
	if _, err := client.Show(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "has no role") {
		t.Errorf("without a role: %v", err)
	}
}

// TestAnotherUserIsAnotherUser asks from a thread that is another user to the kernel. The thread ends with its goroutine.
func TestAnotherUserIsAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	const uid = 54321
	dir := shortDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := dir + "/s"
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked
		ended <- func() error {
			if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uid, uid, uid); e != 0 {
				return e
			}
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			return unix.Connect(fd, &unix.SockaddrUnix{Name: path})
		}()
	}()
	if err := <-ended; err != nil { // a connection does not wait to be accepted
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c, err := identify(conn)
	if err != nil || c.UID == nil || *c.UID != uid || c.User != strconv.Itoa(uid) {
		t.Errorf("%+v, %v", c, err)
	}
}
