"""Commands from subscribers: whatever arrives becomes a command, or a reason why it does not.

The broker decides who may send; here everything is taken for hostile all the same: short, plain JSON, known words.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from imuhip.marks import MARK_KINDS, MODES, POSITIONS, SIDES, Mark
from imuhip.records import record

LONGEST_BYTES = 4096
LONGEST_TEXT = 200
HIGHEST_ID = 2**53
"""Ids are Unix microseconds; JavaScript counts exactly up to here."""
ACTIONS = ("moment", "start", "end")


class CommandError(Exception):
    """A command cannot be taken; the message says why, without anything from its payload."""


@record
class MarkCommand:
    """Something happens now (``moment``), begins or ends."""

    action: str
    kind: str
    name: str = ""
    side: str | None = None
    mode: str | None = None
    position: str | None = None
    value: float | None = None
    note: str = ""


@record
class StopCommand:
    """The session shall end."""


@record
class ResendCommand:
    """Events from an id on shall be sent again."""

    from_id: int


Command = MarkCommand | StopCommand | ResendCommand


def parse_command(name: str, payload: bytes, *, retained: bool = False) -> Command:
    """Read a command.

    Args:
        name: The topic's last level.
        payload: Its message.
        retained: Whether the broker kept it from earlier: such a command would act anew at every connection.

    Returns:
        The command.

    Raises:
        CommandError: It is not one.
    """
    if retained:
        raise CommandError("it is retained: publish commands without the retain flag")
    if len(payload) > LONGEST_BYTES:
        raise CommandError(f"it is longer than {LONGEST_BYTES} bytes")
    try:
        fields = json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise CommandError("it is not JSON") from error
    if not isinstance(fields, dict):
        raise CommandError("it is not a JSON object")
    version = fields.get("v", 1)
    if isinstance(version, bool) or version != 1:
        raise CommandError("v is not 1")
    if name == "mark":
        return _mark(fields)
    if name == "stop":
        return StopCommand()
    if name == "resend":
        return ResendCommand(_integer(fields, "from_id"))
    raise CommandError("there is no such command")


class OpenMarks:
    """Turns mark commands into marks, closing those that were opened.

    Args:
        first_id: Id of the first mark; the session's other marks must stay below it.
    """

    def __init__(self, first_id: int = 1_000_000) -> None:
        self._next_id = first_id
        self._open: list[Mark] = []

    def take(self, command: MarkCommand, now_ns: int) -> Mark | None:
        """Make the mark of a command.

        Args:
            command: What was sent.
            now_ns: Host time.

        Returns:
            The mark; None for an end of what has not begun.
        """
        if command.action == "end":
            for mark in reversed(self._open):
                if (mark.kind, mark.name) == (command.kind, command.name):
                    self._open.remove(mark)
                    return replace(mark, end_ns=max(now_ns, mark.start_ns))
            return None
        self._next_id += 1
        mark = Mark(
            self._next_id,
            command.kind,
            now_ns,
            now_ns if command.action == "moment" else None,
            name=command.name,
            side=command.side,
            mode=command.mode,
            position=command.position,
            value=command.value,
            note=command.note,
        )
        if command.action == "start":
            # An unbounded list could be filled by a sender who never ends anything.
            self._open = [*self._open[-15:], mark]
        return mark

    def close(self, now_ns: int) -> list[Mark]:
        """Close what is still open, at the session's end.

        Args:
            now_ns: Host time.

        Returns:
            The marks, complete.
        """
        closed = [replace(mark, end_ns=max(now_ns, mark.start_ns)) for mark in self._open]
        self._open = []
        return closed


def _mark(fields: dict[str, Any]) -> MarkCommand:
    # Straps that move are for the wearer's own recorder: it alone knows the sensors.
    kinds = tuple(kind for kind in MARK_KINDS if kind != "wear")
    kind = _one_of(fields, "kind", kinds)
    action = _one_of(fields, "action", ACTIONS, "moment")
    if kind is None or action is None:
        raise CommandError("kind is missing")
    value = fields.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9):
        raise CommandError("value is not a number")
    return MarkCommand(
        action=action,
        kind=kind,
        name=_text(fields, "name"),
        side=_one_of(fields, "side", SIDES),
        mode=_one_of(fields, "mode", MODES),
        position=_one_of(fields, "position", POSITIONS),
        value=None if value is None else float(value),
        note=_text(fields, "note"),
    )


def _one_of(fields: dict[str, Any], key: str, allowed: tuple[str, ...], default: str | None = None) -> str | None:
    value = fields.get(key)
    if value is None:
        return default
    if not isinstance(value, str) or value not in allowed:
        raise CommandError(f"{key} is not one of {', '.join(allowed)}")
    return value


def _text(fields: dict[str, Any], key: str) -> str:
    value = fields.get(key, "")
    # Printable: a note is shown on terminals later, where control characters act.
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
        raise CommandError(f"{key} is not a plain text of up to {LONGEST_TEXT} characters")
    return value


def _integer(fields: dict[str, Any], key: str) -> int:
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= HIGHEST_ID:
        raise CommandError(f"{key} is not a whole number from 0 to {HIGHEST_ID}")
    return value


def _no_constant(text: str) -> Any:
    raise ValueError(text)  # NaN and Infinity are no JSON
