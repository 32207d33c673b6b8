"""Servers that are no brokers, or bad ones, on loopback."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

CONNACK_311, CONNACK_5 = b"\x20\x02\x00\x00", b"\x20\x03\x00\x00\x00"

Behaviour = Callable[[socket.socket, threading.Event], None]


def stall(connection: socket.socket, over: threading.Event) -> None:
    """Take the connection and do nothing."""
    over.wait()


def stall_after_welcome(connection: socket.socket, over: threading.Event) -> None:
    """Answer to CONNECT as a broker does, then read nothing any more."""
    welcome(connection)
    over.wait()


def trickle(connection: socket.socket, over: threading.Event) -> None:
    """Answer to CONNECT, then read one byte a second."""
    welcome(connection)
    while not over.wait(1.0):
        if not connection.recv(1):
            return


def reset(connection: socket.socket, over: threading.Event) -> None:
    """Tear the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_after_welcome(connection: socket.socket, over: threading.Event) -> None:
    """Answer to CONNECT, read a little, then tear the connection."""
    welcome(connection)
    connection.recv(20)
    reset(connection, over)


def babble(connection: socket.socket, over: threading.Event) -> None:
    """Answer with what is no MQTT."""
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(range(256)) * 8)
    over.wait(0.2)


def babble_after_welcome(connection: socket.socket, over: threading.Event) -> None:
    """Answer to CONNECT, then with what is no MQTT."""
    welcome(connection)
    connection.sendall(b"\x30\xff\xff\xff\x7f" + bytes(range(256)) * 64)
    over.wait(0.5)


def welcome(connection: socket.socket) -> None:
    """Answer to CONNECT as a broker does."""
    connect = connection.recv(4096)
    version = connect[connect.index(b"MQTT") + 4]
    connection.sendall(CONNACK_5 if version == 5 else CONNACK_311)


def old_broker(port: int, *, says_so: bool) -> Behaviour:
    """Stand before a broker and let MQTT 3.1.1 through only; refuse MQTT 5 as the standard says, or hang up."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connect = connection.recv(4096)
        if connect[connect.index(b"MQTT") + 4] == 5:
            connection.sendall(b"\x20\x02\x00\x01" if says_so else b"")
            return
        with socket.create_connection(("127.0.0.1", port)) as broker:
            broker.sendall(connect)
            back = threading.Thread(target=_pump, args=(broker, connection), daemon=True)
            back.start()
            _pump(connection, broker)
            back.join(5)

    return behave


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


BEHAVIOURS = [stall, stall_after_welcome, trickle, reset, reset_after_welcome, babble, babble_after_welcome]


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[int]:
    """Run a server; yields its port."""
    over = threading.Event()
    open_: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def handle(connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            behaviour(connection, over)
        connection.close()

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                open_.append(connection)
                threads.append(threading.Thread(target=handle, args=(connection,), daemon=True))
                threads[-1].start()

    server = socket.create_server(("127.0.0.1", 0))
    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield int(server.getsockname()[1])
    finally:
        over.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        accepting.join(5)
        for connection in open_:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
