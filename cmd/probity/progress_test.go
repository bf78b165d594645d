package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// terminal returns both ends of a pseudo-terminal: what is written to screen can be read from master.
func terminal(t *testing.T) (master, screen *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("this machine gives no pseudo-terminal: ", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	return master, screen
}

func TestLongWorkShowsOnATerminalHowFarItIsAndShortWorkNothing(t *testing.T) {
	master, screen := terminal(t)
	synctest.Test(t, func(t *testing.T) {
		p := &progressLine{to: screen}
		p.show("rules read", 1, 300) // the work begins
		p.judged("")(5)
		time.Sleep(quietFor)
		p.show("rules read", 150, 300)
		p.show("rules read", 151, 300) // too soon to draw again
		time.Sleep(redrawEvery)
		p.judged("by the rules of head: ")(20_000)
		p.clear()
		p.clear() // nothing is left to take away
	})
	want := eraseLine + "150 of 300 rules read" + eraseLine + "by the rules of head: 20000 events judged" + eraseLine
	got := make([]byte, len(want)+64)
	fmt.Fprint(screen, "end") // so that more than was wanted would be seen
	n, err := io.ReadAtLeast(master, got, len(want)+len("end"))
	if err != nil || string(got[:n]) != want+"end" {
		t.Errorf("shown %q (%v), want %q", got[:n], err, want)
	}
}

func TestElsewhereThanOnATerminalProgressSaysNothing(t *testing.T) {
	var out strings.Builder
	synctest.Test(t, func(t *testing.T) {
		p := &progressLine{to: &out}
		p.show("rules read", 1, 300)
		time.Sleep(quietFor)
		p.show("rules read", 150, 300)
		p.clear()
	})
	if out.Len() > 0 {
		t.Errorf("said %q", out.String())
	}
}
