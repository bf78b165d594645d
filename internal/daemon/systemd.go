package daemon

import (
	"context"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
)

// systemd tells the service manager how the daemon is. Without one (no NOTIFY_SOCKET) all of it does nothing.
type systemd struct{}

func (systemd) ready() { tell(sd.SdNotifyReady) }

func (systemd) stopping() { tell(sd.SdNotifyStopping) }

// reloading goes with the time at which it began, as Type=notify-reload asks for.
func (systemd) reloading() {
	tell(sd.SdNotifyReloading + "\n" + sd.SdNotifyMonotonicUsec())
}

// feedWatchdog tells systemd, twice in its interval, that the daemon is alive, for as long as it is.
func (systemd) feedWatchdog(ctx context.Context, alive func() bool) {
	interval, err := sd.SdWatchdogEnabled(false)
	if err != nil || interval == 0 {
		return
	}
	tick := time.NewTicker(interval / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if alive() {
				tell(sd.SdNotifyWatchdog)
			}
		}
	}
}

// tell passes over an error: there is nobody else to tell.
func tell(state string) { _, _ = sd.SdNotify(false, state) }
