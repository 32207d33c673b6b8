"""The key q is seen at once, and the terminal is left as it was."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator

import pytest

from imuhip.cli.keys import quit_key

pty = pytest.importorskip("pty", reason="pseudo-terminals are a POSIX matter")
termios = pytest.importorskip("termios", reason="pseudo-terminals are a POSIX matter")


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The far end of a terminal that is our stdin."""
    far, near = pty.openpty()
    with os.fdopen(near, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield far
    os.close(far)


def test_q_is_seen_without_enter_and_other_keys_are_not(keyboard: int) -> None:
    with quit_key() as pressed:
        assert not pressed()
        os.write(keyboard, b"x")
        assert not pressed()
        os.write(keyboard, b"q")
        assert pressed()
        assert pressed(), "asked again, it still was"


def test_the_terminal_is_restored_after_an_interrupt(keyboard: int) -> None:
    before = termios.tcgetattr(sys.stdin)
    with pytest.raises(KeyboardInterrupt), quit_key():
        raise KeyboardInterrupt
    assert termios.tcgetattr(sys.stdin) == before


def test_no_key_is_read_where_stdin_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("q"))
    with quit_key() as pressed:
        assert not pressed()
