"""Words and columns that every page of text shares."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

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
