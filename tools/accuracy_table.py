"""Figures with their targets, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

ANGLES = ("flexion", "adduction", "rotation")


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what was wanted beside what was measured.

    Attributes:
        name: What was measured.
        condition: On what.
        target: What is wanted; empty where the row only informs.
        measured: What came out.
        passed: None where the row only informs.
    """

    name: str
    condition: str
    target: str
    measured: str
    passed: bool | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A table with what has to be known to read it.

    Attributes:
        title: Heading.
        notes: One sentence each.
        figures: Rows.
        details: What the figures were made of, for JSON.
    """

    title: str
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    details: tuple[dict[str, object], ...] = ()


def markdown(section: Section) -> str:
    """A section as Markdown."""
    rows = [("figure", "condition", "target", "measured", "result")]
    rows += [(f.name, f.condition, f.target or "-", f.measured, verdict(f)) for f in section.figures]
    width = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, width, strict=True)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in width) + "|")
    return "\n".join([f"### {section.title}", "", *section.notes, "", *lines, ""])


def verdict(figure: Figure) -> str:
    """PASS, FAIL, or nothing where there is no target."""
    return "" if figure.passed is None else "PASS" if figure.passed else "**FAIL**"


def missed(sections: Iterable[Section]) -> int:
    """How many figures missed their target."""
    return sum(figure.passed is False for section in sections for figure in section.figures)


def at_most(name: str, condition: str, targets: Sequence[float], values: Sequence[float], digits: int = 2) -> Figure:
    """A row of values none of which may be above its target; a NaN fails."""
    return Figure(
        name,
        condition,
        "<= " + slashed(targets),
        slashed(values, digits),
        all(value <= target for value, target in zip(values, targets, strict=True)),
    )


def slashed(values: Iterable[float], digits: int = 2) -> str:
    """``0.5 / 1.0 / 0.5``; whole tenths keep one digit."""
    return " / ".join(_short(float(value), digits) for value in values)


def p90(values: Sequence[float]) -> float:
    """90th percentile; where more than a tenth is infinite (not measured at all) so is the result."""
    return float(np.percentile(values, 90, method="higher" if np.isinf(values).any() else "linear"))


def _short(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text[:-1] if digits == 2 and text.endswith("0") else text
