"""Words and columns that every page of text shares."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imuhip.pipeline import SensorHealth

WIDTH = 110
Row = Sequence[str]


def count(number: int, noun: str) -> str:
    """A number of things as people write it: ``1 mark``, ``2 marks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def clock(seconds: float) -> str:
    """Minutes and seconds as people read them: ``4:07``; from an hour on ``1:04:07``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def columns(rows: Iterable[Row]) -> list[str]:
    """Align rows of cells into columns two spaces apart."""
    rows = list(rows)
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def words(name: str) -> str:
    """A name of the vocabulary as people write it: ``straight_leg_raise`` is "straight leg raise"."""
    return name.replace("_", " ")


def wrapped(text: str, *, indent: str = "  ") -> list[str]:
    """A text in lines of a page, the later ones indented further."""
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ")


def loss_text(health: SensorHealth, filled: int = 0, missing: int = 0, lost_on_host: int = 0) -> str:
    """Say what of a sensor was lost, and what is being fetched from its log.

    Args:
        health: Its data.
        filled: Samples that came from the log; they are among those that came late.
        missing: Samples that are still asked for.
        lost_on_host: Notifications that this computer lost.
    """
    if not health.loss_visible:
        return "loss not visible"
    lost = max(health.stats.lost - missing, 0)
    in_sensor = min(health.stats.device_drops, lost)
    late = max(health.stats.late - filled, 0)
    parts = [f"lost {lost}"]
    parts += [f"{in_sensor} of them in the sensor"] if in_sensor else []
    parts += [f"{count(lost_on_host, 'notification')} on this computer"] if lost_on_host else []
    parts += [f"filled {filled}"] if filled else []
    parts += [f"{late} came late"] if late else []
    parts += [f"fetching {missing}"] if missing else []
    return ", ".join(parts)
