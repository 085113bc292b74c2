"""Holds a listening socket and starts servers on it, as systemd does. Never accepts a connection itself.

Usage: socket-holder.py COMMAND [ARGUMENT...]

Each line "start" on standard input starts COMMAND with the socket as descriptor 3. Standard output lists
events: "listening PORT", "started PID", "ended PID STATUS". The end of standard input kills the servers.
"""

import os
import socket
import subprocess
import sys
import threading

DESCRIPTOR = 3
# LISTEN_PID must be the id of the server itself, so a shell sets it and becomes the server.
BECOME = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'

held = socket.socket()
held.bind(("127.0.0.1", 0))
held.listen(1024)
if held.fileno() != DESCRIPTOR:
    os.dup2(held.fileno(), DESCRIPTOR)


def report(*words):
    print(*words, flush=True)


def reap(service):
    status = service.wait()
    report("ended", service.pid, status)


services = []
report("listening", held.getsockname()[1])
for line in sys.stdin:
    service = subprocess.Popen(
        ["sh", "-c", BECOME, "sh", *sys.argv[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        pass_fds=[DESCRIPTOR])
    services.append(service)
    report("started", service.pid)
    threading.Thread(target=reap, args=[service], daemon=True).start()
for service in services:
    service.kill()
