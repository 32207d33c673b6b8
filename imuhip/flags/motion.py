"""Which range was tested, how it is called, and which change of it is real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imuhip.records import record

CARDINAL = ("flexion", "extension")
"""The two motions of running."""
SIDE_MOTIONS = ("abduction", "adduction", "internal_rotation", "external_rotation")
"""The motions that side-door mobility work aims at."""

MDC_WITHIN_DEG = 4.0
"""Minimal detectable change within a session, straps untouched: 2.77 SEM with a SEM of 1-1.5 degrees."""

_SAGITTAL, _FRONTAL, _SHANK_ROTATION, _THIGH_ROTATION = 5.5, 6.9, 6.9, 8.3
"""Minimal detectable change between sessions, deg: 2.77 SEM, SEM 2.0, 2.5, 2.5 and 3.0."""

_MDC_BETWEEN_DEG: Mapping[str, float] = {
    "flexion": _SAGITTAL,
    "extension": _SAGITTAL,
    "straight_leg_raise": _SAGITTAL,
    "thomas": _SAGITTAL,
    "abduction": _FRONTAL,
    "adduction": _FRONTAL,
    "internal_rotation": _THIGH_ROTATION,
    "external_rotation": _THIGH_ROTATION,
    "ninety_ninety": _THIGH_ROTATION,
}
_SPOKEN = {
    "straight_leg_raise": "straight leg raise",
    "thomas": "Thomas test",
    "ninety_ninety": "90/90 rotation",
}
_PLACES = {
    "standing": "standing",
    "supine": "on your back",
    "prone": "on your front",
    "side_lying": "on your side",
    "seated": "sitting",
}


@record
class Motion:
    """The identity of a range: only equal ones are ever compared.

    Attributes:
        name: Name of the test.
        position: Position of the test, None where it was not said.
        side: ``left`` or ``right``, None where it was not said.
        reference: What it was measured against: ``pelvis``, ``gravity`` (no pelvis sensor), or ``shank`` (rotation by
            a sensor on the shank, which sees what the skin of the thigh hides).
    """

    name: str
    position: str | None
    side: str | None
    reference: str = "pelvis"

    @property
    def mdc_deg(self) -> float:
        """Change between two sessions beyond which it is real, deg."""
        if self.reference == "shank":
            return _SHANK_ROTATION
        return _MDC_BETWEEN_DEG.get(self.name, _THIGH_ROTATION)

    @property
    def spoken(self) -> str:
        """How a coach calls it: ``right hip extension on your front``; no hip angle without a pelvis sensor."""
        against_gravity = self.reference == "gravity"
        part = "leg" if against_gravity else "hip"
        name = _SPOKEN.get(self.name, f"{part} {self.name.replace('_', ' ')}")
        place = "" if self.position is None else _PLACES.get(self.position, self.position)
        return " ".join(filter(None, (self.side or "", name, place, "against gravity" if against_gravity else "")))


def in_order(motion: Motion) -> tuple[int, str, str, str]:
    """Sorts motions as people list them: those of running first, then by position, and sides beside each other."""
    names = [*_MDC_BETWEEN_DEG, motion.name]
    return names.index(motion.name), motion.position or "", motion.reference, motion.side or ""


def motion_of(test: Mapping[str, Any], roles: Sequence[str]) -> Motion:
    """The motion that a test of the results measured.

    Args:
        test: An entry of ``tests``.
        roles: Where sensors were worn.
    """
    reference = "gravity" if test.get("reference") == "gravity" else "pelvis"
    rotating = _MDC_BETWEEN_DEG.get(test["name"]) == _THIGH_ROTATION
    if rotating and f"thigh_{test['side']}" not in roles and f"shank_{test['side']}" in roles:
        reference = "shank"
    return Motion(test["name"], test.get("position"), test.get("side"), reference)
