"""Holds a listening socket and starts services on it, as systemd does: it never accepts a connection itself.

Usage: socket-holder.py COMMAND [ARGUMENT...]

Each line "start" on standard input starts COMMAND, with the socket as descriptor 3. Standard output tells what
happened: "listening PORT", "started PID", "ended PID STATUS". When standard input ends, so do the services.
"""

import os
import socket
import subprocess
import sys
import threading

DESCRIPTOR = 3
# LISTEN_PID is the id of the service itself: a shell puts it there and becomes the service.
BECOME = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'

held = socket.socket()
held.bind(("127.0.0.1", 0))
held.listen(1024)
if held.fileno() != DESCRIPTOR:
    os.dup2(held.fileno(), DESCRIPTOR)


def tell(*words):
    print(*words, flush=True)


def reap(service):
    status = service.wait()
    tell("ended", service.pid, status)


services = []
tell("listening", held.getsockname()[1])
for line in sys.stdin:
    service = subprocess.Popen(
        ["sh", "-c", BECOME, "sh", *sys.argv[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        pass_fds=[DESCRIPTOR])
    services.append(service)
    tell("started", service.pid)
    threading.Thread(target=reap, args=[service], daemon=True).start()
for service in services:
    service.kill()
