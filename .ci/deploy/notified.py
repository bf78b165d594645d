"""Runs a command as systemd would, and demands that it says READY, WATCHDOG, RELOADING and STOPPING."""
import os
import signal
import socket
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory() as folder:
    os.chmod(folder, 0o777)
    path = os.path.join(folder, "notify")
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(path)
    os.chmod(path, 0o777)
    told.settimeout(60)
    environment = {"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000", "STATE_DIRECTORY": "/var/lib/probity",
                   "RUNTIME_DIRECTORY": "/run/probity", "LANG": "C.UTF-8"}
    daemon = subprocess.Popen(sys.argv[1:], env=environment, cwd="/")

    def await_(word):
        while True:
            lines = told.recv(4096).decode().split("\n")
            if word in lines:
                print("   ", word, flush=True)
                return lines

    try:
        await_("READY=1")
        await_("WATCHDOG=1")
        daemon.send_signal(signal.SIGHUP)
        lines = await_("RELOADING=1")
        assert any(line.startswith("MONOTONIC_USEC=") for line in lines), lines
        await_("READY=1")
        daemon.send_signal(signal.SIGTERM)
        await_("STOPPING=1")
        status = daemon.wait(60)
        assert status == 0, f"status {status}"
    finally:
        if daemon.poll() is None:
            daemon.kill()
