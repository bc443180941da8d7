"""Loopback ports for tests that run side by side.

Not those that bind() to port 0 gives: these are of the range from which the kernel serves every outgoing connection, and between asking for
one and the program's listening on it another connection may have it. The ports here lie below that range, and each process has its own block.
"""
import os
import socket

SPAN = 16384   # ports below the ephemeral ones, in blocks of BLOCK
BLOCK = 64

_given = 0


def _ephemeral_from():
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
            return int(f.read().split()[0])
    except (OSError, ValueError):
        return 32768


def free_port():
    """A TCP port on which nobody listens now, never the same twice in a process until it has had a whole span."""
    global _given
    low = max(1024, _ephemeral_from() - SPAN)
    while True:
        port = low + (os.getpid() * BLOCK + _given) % SPAN
        _given += 1
        if _given > SPAN:
            raise OSError("no free port between %d and %d" % (low, low + SPAN))
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
