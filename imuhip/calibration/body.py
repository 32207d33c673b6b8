"""Which sensor is worn where, and since when."""

from __future__ import annotations

from collections.abc import Sequence

from imuhip.records import record

THIGHS = {"thigh_right": "right", "thigh_left": "left"}


@record
class Mounting:
    """One strapping-on of a sensor.

    Attributes:
        sensor: Index of the sensor.
        role: Where it is worn.
        start: First step of the digest in which it holds.
    """

    sensor: int
    role: str
    start: int = 0


@record
class Body:
    """All mountings of a session, in the order of their unknowns."""

    mountings: tuple[Mounting, ...]

    @staticmethod
    def from_roles(roles: Sequence[str]) -> Body:
        """One mounting for each sensor, from the start."""
        return Body(tuple(Mounting(i, role) for i, role in enumerate(roles)))

    def moved(self, sensor: int, role: str, start: int) -> Body:
        """The body after a sensor has been strapped on elsewhere."""
        return Body((*self.mountings, Mounting(sensor, role, start)))

    def at(self, sensor: int, step: int) -> int:
        """Index of the mounting of a sensor at a step."""
        held = [e for e, m in enumerate(self.mountings) if m.sensor == sensor and m.start <= step]
        return held[-1] if held else next(e for e, m in enumerate(self.mountings) if m.sensor == sensor)

    def worn(self, role: str, step: int) -> int | None:
        """Index of the mounting that puts a sensor on ``role`` at a step, or None."""
        sensors = {m.sensor for m in self.mountings}
        return next((e for s in sorted(sensors) if self.mountings[e := self.at(s, step)].role == role), None)

    def end(self, mount: int) -> int | None:
        """First step at which a mounting no longer holds, or None."""
        own = self.mountings[mount]
        later = [m.start for m in self.mountings[mount + 1 :] if m.sensor == own.sensor]
        return min(later, default=None)
