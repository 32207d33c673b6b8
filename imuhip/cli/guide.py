"""The calibration by countdown, and marks by key press: what the wearer is told, and the marks that this leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from imuhip.marks import Mark
from imuhip.records import record

TESTS = (
    ("flexion", "supine"),
    ("straight_leg_raise", "supine"),
    ("abduction", "side_lying"),
    ("extension", "prone"),
    ("internal_rotation", "prone"),
    ("external_rotation", "prone"),
    ("internal_rotation", "seated"),
    ("external_rotation", "seated"),
    ("abduction", "standing"),
)
"""Key 1 to 9: a range test and its position."""

MOVE_STRAP_S = 20.0
"""For taking a strap off and on again."""

NOTE_NS = 3_000_000_000
"""The answer to a key stays this long before the countdown goes on in its place."""

KEYS = "1-9 test  s still  m mobilise  p pain  w strap to the other leg  q stop"


@record
class Step:
    """One step of the countdown.

    Attributes:
        text: What the wearer is told.
        ready_s: Time to get ready.
        hold_s: How long it takes; this part is marked.
        mark: Kind, name, side and position of the mark.
    """

    text: str
    ready_s: float
    hold_s: float
    mark: tuple[str, str, str | None, str]


def calibration_steps(roles: Sequence[str]) -> list[Step]:
    """Return the countdown for sensors in these places."""
    steps = [Step("Stand upright and still", 4.0, 5.0, ("calibration", "stance", None, "standing"))]
    for side in ("right", "left"):
        if any(role.endswith(side) for role in roles):
            text = f"Swing the {side} leg slowly forward and back, five times"
            steps.append(Step(text, 3.0, 15.0, ("calibration", "swing", side, "standing")))
    if "pelvis" in roles:
        steps.append(Step("Lie on your back and keep still", 12.0, 4.0, ("still", "second_pose", None, "supine")))
    return steps


class Marker:
    """Turns time and keys into marks; knows no clock.

    Args:
        roles: Of the recording's sensors.
        steps: The countdown, empty for none.
    """

    def __init__(self, roles: Sequence[str], steps: Sequence[Step] = ()) -> None:
        self._roles = list(roles)
        self._steps = list(steps)
        self._step_since_ns: int | None = None
        self._open: dict[str, Mark] = {}
        self._number = 0
        self._noted_ns: int | None = None
        self.said = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """Where each sensor is worn now."""
        return tuple(self._roles)

    @property
    def guides(self) -> bool:
        """Whether the countdown is under way."""
        return bool(self._steps)

    def watch(self, mark: Mark) -> None:
        """Say what a virtual wearer does.

        Args:
            mark: That the wearer made.
        """
        if mark.kind == "wear" and mark.sensor is not None:
            self._roles[mark.sensor] = mark.name
        what = ", ".join(_words(each) for each in (mark.name or mark.kind, mark.side, mark.position) if each)
        self.said = f"Virtual wearer: {what}" if mark.end_ns is None or mark.kind == "wear" else ""

    def at(self, now_ns: int) -> tuple[list[Mark], bool]:
        """Follow the countdown.

        Args:
            now_ns: Host time.

        Returns:
            Marks that open or close now, and whether a sound says so.
        """
        if not self._steps:
            return [], False
        self._step_since_ns = now_ns if self._step_since_ns is None else self._step_since_ns
        step, elapsed_s = self._steps[0], (now_ns - self._step_since_ns) * 1e-9
        kind, name, side, position = step.mark
        if elapsed_s < step.ready_s:
            self._count(f"{step.text}, in {math.ceil(step.ready_s - elapsed_s)} s", now_ns)
            return [], False
        if elapsed_s < step.ready_s + step.hold_s:
            self._count(f"{step.text}: {math.ceil(step.ready_s + step.hold_s - elapsed_s)} s", now_ns)
            if "guide" in self._open:
                return [], False
            return [self._begin("guide", Mark(0, kind, now_ns, None, name, side, None, position))], True
        self._steps.pop(0)
        self._step_since_ns = now_ns
        self.said = self._steps[0].text if self._steps else "The calibration is over; now your session"
        return self._end("guide", now_ns), True

    def press(self, key: str, now_ns: int) -> list[Mark]:
        """Take a key.

        Args:
            key: One character.
            now_ns: Host time.

        Returns:
            Marks that open or close by it.
        """
        before, self.said = self.said, ""
        marks = self._pressed(key, now_ns)
        self._noted_ns = now_ns if self.said else self._noted_ns
        self.said = self.said or before
        return marks

    def _pressed(self, key: str, now_ns: int) -> list[Mark]:
        if key in "123456789" and key:
            name, position = TESTS[int(key) - 1]
            mark = Mark(0, "test", now_ns, None, name, self._side(), "active", position)
            return self._toggle("test", key, mark, f"{_words(name)}, {_words(position)}")
        if key == "s":
            return self._toggle("still", key, Mark(0, "still", now_ns, None), "still pose")
        if key == "m":
            return self._toggle("mobilise", key, Mark(0, "mobilise", now_ns, None), "mobilising")
        if key == "p":
            self.said = "Pain marked. Stop what hurts; pain overrides any number here"
            return [self._numbered(Mark(0, "pain", now_ns, now_ns))]
        if key == "w":
            return self._move(now_ns)
        return []

    def close(self, now_ns: int) -> list[Mark]:
        """Close what is still open at the end of a recording."""
        return [mark for slot in list(self._open) for mark in self._end(slot, now_ns)]

    def _count(self, text: str, now_ns: int) -> None:
        """Go on with the countdown, unless a key has just been answered."""
        if self._noted_ns is None or now_ns - self._noted_ns >= NOTE_NS:
            self.said = text

    def _side(self) -> str | None:
        sides = {role.rsplit("_", 1)[1] for role in self._roles if role.endswith(("_left", "_right"))}
        return sides.pop() if len(sides) == 1 else None

    def _toggle(self, slot: str, key: str, mark: Mark, what: str) -> list[Mark]:
        running = self._open.get(slot)
        marks = self._end(slot, mark.start_ns)
        if running is not None and (running.name, running.position) == (mark.name, mark.position):
            self.said = f"{what}: ended"
            return marks
        self.said = f"{what}: {key} ends it"
        return [*marks, self._begin(slot, mark)]

    def _move(self, now_ns: int) -> list[Mark]:
        """The thigh's (or shank's) strap moves to the other leg; a short recalibration follows."""
        movable = [k for k, role in enumerate(self._roles) if role.endswith(("_left", "_right"))]
        if len(movable) != 1:
            self.said = "Both legs wear a sensor" if movable else "No sensor is worn on a leg"
            return []
        sensor = movable[0]
        segment, side = self._roles[sensor].rsplit("_", 1)
        self._roles[sensor] = role = f"{segment}_{'left' if side == 'right' else 'right'}"
        marks = self.close(now_ns)
        stance, *rest = calibration_steps([role])
        moved = f"Move the strap to the {_words(role)}, then stand upright and still"
        self._steps = [replace(stance, text=moved, ready_s=MOVE_STRAP_S), *rest]
        self._step_since_ns = self._noted_ns = None
        return [*marks, self._numbered(Mark(0, "wear", now_ns, now_ns, role, sensor=sensor))]

    def _begin(self, slot: str, mark: Mark) -> Mark:
        self._open[slot] = self._numbered(mark)
        return self._open[slot]

    def _end(self, slot: str, now_ns: int) -> list[Mark]:
        mark = self._open.pop(slot, None)
        return [] if mark is None else [replace(mark, end_ns=now_ns)]

    def _numbered(self, mark: Mark) -> Mark:
        self._number += 1
        return replace(mark, id=self._number)


def _words(name: str) -> str:
    return name.replace("_", " ")
