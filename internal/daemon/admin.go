package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"go.uber.org/zap"
)

// adminSocketName is the admin socket in the state folder, unless the configuration names another path.
const adminSocketName = "admin.sock"

// maxSocketPath is the longest path of a Unix socket on Linux.
const maxSocketPath = 107

func checkSocketPath(path string) error {
	if len(path) > maxSocketPath {
		return fmt.Errorf("%s: a path of %d bytes; a socket's has room for %d", path, len(path), maxSocketPath)
	}
	return nil
}

// adminSocket is where the admin socket is.
func (c *Config) adminSocket() string {
	return cmp.Or(c.Web.AdminSocket, filepath.Join(c.StateDir, adminSocketName))
}

// listenAdmin makes the socket that takes what changes something. The kernel lets its owner and root connect, nobody else: a
// port would let in every program of this machine, and every page that a browser on it shows.
func (d *Daemon) listenAdmin() (err error) {
	path := d.Config.adminSocket()
	if d.Config.Web.AdminSocket == "" {
		if err := checkSocketPath(path); err != nil {
			d.Logger.Warn("no admin socket; SIGHUP still reloads", zap.Error(err))
			return nil
		}
	}
	d.admin, err = net.Listen("unix", path)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err := removeDeadSocket(path); err != nil {
			return fmt.Errorf("web.admin_socket: %w", err)
		}
		d.admin, err = net.Listen("unix", path)
	}
	if err != nil {
		return fmt.Errorf("web.admin_socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("web.admin_socket: %w", err)
	}
	return nil
}

// removeDeadSocket removes a socket that a killed process left behind: not one that somebody listens on, nor anything else.
func removeDeadSocket(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s is there, and is no socket: name another path, or remove it", path)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		return errors.Join(fmt.Errorf("another process listens on %s", path), conn.Close())
	}
	return os.Remove(path)
}

// serveAdmin serves on the admin socket until the returned server is shut down.
func (d *Daemon) serveAdmin(running *sync.WaitGroup, failed context.CancelCauseFunc) *http.Server {
	server := d.adminServer()
	if d.admin != nil {
		running.Go(func() {
			if err := server.Serve(d.admin); !errors.Is(err, http.ErrServerClosed) {
				failed(err)
			}
		})
	}
	return server
}

func (d *Daemon) closeAdmin() error {
	if d.admin == nil {
		return nil
	}
	if err := d.admin.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
