"""A table of a catalogue, read key by key; every mistake names file, entry and remedy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from imuhip.errors import CatalogueError
from imuhip.exercises.catalogue import Range

Table = dict[str, Any]
MAX_DEG, MAX_S = 360.0, 600.0
"""Beyond these a number is a slip of the pen."""


@dataclass(slots=True)
class Entry:
    """A table that is read key by key; what is left over at the end is a mistake.

    Attributes:
        file: To be named in errors.
        place: Entry, the same.
        table: What has not been read yet.
    """

    file: str
    place: str
    table: Table

    def fail(self, reason: str, remedy: str) -> CatalogueError:
        """The error about this entry."""
        return CatalogueError(reason, path=self.file, place=self.place, remedy=remedy)

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty."""
        value = self.table.pop(key, default)
        if not isinstance(value, str) or not value:
            raise self.fail(f"{key} is {value!r}", f"Give {key} as a text")
        return value

    def choice(self, key: str, options: Iterable[str], default: str | None = None) -> str:
        """One of some texts."""
        value = self.text(key, default)
        if value not in (known := tuple(options)):
            raise self.fail(f"{key} {value!r} is not known", f"Choose one of {', '.join(known)}")
        return value

    def texts(self, key: str, options: Iterable[str] = ()) -> tuple[str, ...]:
        """A list of texts, each one of ``options`` where there are any."""
        value = self.table.pop(key, [])
        known = tuple(options)
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self.fail(f"{key} is {value!r}", f"Give {key} as a list of texts")
        for each in value:
            if known and each not in known:
                raise self.fail(f"{key} {each!r} is not known", f"Choose from {', '.join(known)}")
        return tuple(value)

    def flag(self, key: str) -> bool:
        """True or false; false where it is not said."""
        value = self.table.pop(key, False)
        if not isinstance(value, bool):
            raise self.fail(f"{key} is {value!r}", f"Give {key} as true or false")
        return value

    def number(self, key: str, default: float | None = None, *, high: float = MAX_S) -> float:
        """A number from 0 to ``high``."""
        return self._number(key, self.table.pop(key, default), 0.0, high)

    def range(self, key: str, default: Range | None = None, *, low: float = 0.0, high: float = MAX_DEG) -> Range:
        """Two numbers, the smaller first."""
        value = self.table.pop(key, default)
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise self.fail(f"{key} is {value!r}", f"Give {key} as [least, most]")
        least, most = (self._number(key, each, low, high) for each in value)
        if least > most:
            raise self.fail(f"{key} runs from {least:g} down to {most:g}", "Write the smaller number first")
        return least, most

    def part(self, key: str) -> Entry:
        """A table within, to be read in the same way."""
        value = self.table.pop(key, {})
        if not isinstance(value, dict):
            raise self.fail(f"{key} is {value!r}", f"Write {key} as {{ name = number, ... }}")
        return Entry(self.file, f"{self.place}, {key}", dict(value))

    def finish(self) -> None:
        """Refuse what is left over."""
        if self.table:
            unknown = next(iter(self.table))
            raise self.fail(f"{unknown!r} is not known here", "Correct its name or leave it out")

    def _number(self, key: str, value: object, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.fail(f"{key} is {value!r}", f"Give {key} as a number")
        if not low <= value <= high:
            what = "is negative" if value < 0 <= low else f"is outside {low:g} to {high:g}"
            raise self.fail(f"{key} {value:g} {what}", f"Give {key} between {low:g} and {high:g}")
        return float(value)
