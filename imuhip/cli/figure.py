"""The picture of a session: hip and pelvis angles over time."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imuhip.cli.wording import clock, words
from imuhip.errors import ImuhipError, InputError, OutputError
from imuhip.records import record
from imuhip.units import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HIP_ANGLES = ("flexion", "adduction", "internal_rotation")
PELVIS_ANGLES = {"tilt": "tilt", "list": "list", "rotation": "rotation, changes only"}
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
"""Okabe and Ito's blue, vermilion, green, purple and orange: told apart with any colour vision."""

PICTURES = (".png", ".svg", ".pdf")

SHADED_KINDS = {"test": "#cfe2f3", "exercise": "#d9ead3", "walk": "#eeeeee", "mobilise": "#fce5cd"}


@record
class Interval:
    """A marked stretch of the recording, in seconds from its start."""

    start_s: float
    end_s: float
    kind: str
    label: str


@record
class Panel:
    """One set of axes: its label, the columns drawn in it by legend, and which hip it is (empty: none)."""

    label: str
    columns: Mapping[str, str]
    hip: str = ""


def check_drawable(output: Path) -> None:
    """Refuse early, in words, what could only fail after the measuring.

    Args:
        output: The picture to make.

    Raises:
        ImuhipError: matplotlib, an extra, is not installed.
        OutputError: It draws no pictures of this kind.
    """
    if find_spec("matplotlib") is None:
        raise ImuhipError('Drawing needs matplotlib. Install it with: pip install "imuhip[plot]"')
    if output.suffix.lower() not in PICTURES:
        kinds = ", ".join(PICTURES)
        raise OutputError(
            f"{output.suffix or 'a name without a suffix'} tells no kind of picture",
            path=output,
            remedy=f"Let it end in one of {kinds}",
        )


def read_reference(path: Path) -> dict[str, FloatArray]:
    """Read another measurement of the same angles to draw over ours.

    Args:
        path: A CSV file with ``time_s`` on the recording's own clock and columns named as in the angle table.

    Returns:
        Its columns, (N,) each, empty fields as NaN.

    Raises:
        InputError: It cannot be read, is not numeric, or has no column that the table has.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=path, remedy="Check its name") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("is not a CSV file", path=path, remedy="Name its columns as `imuhip angles` does") from error
    header, body = (rows[0], rows[1:]) if rows else ([], [])
    if "time_s" not in header:
        raise InputError("has no column time_s", path=path, place="line 1", remedy="Add it")
    try:
        values = np.array([[float(cell or "nan") for cell in row] for row in body], dtype=np.float64)
        columns = dict(zip(header, values.reshape(-1, len(header)).T.copy(), strict=True))
    except ValueError as error:
        raise InputError(f"is not a table of numbers: {error}", path=path, remedy="Export it again") from error
    if len(body) < 2 or not any(name.endswith("_deg") for name in header):
        raise InputError("holds no angles", path=path, remedy="Name its columns as `imuhip angles` does")
    return columns


def marked_intervals(marks: Sequence[Mapping[str, Any]]) -> list[Interval]:
    """Choose the marks that a picture shades.

    Args:
        marks: As :func:`imuhip.recording.recording_info` tells them.

    Returns:
        Tests, exercises and the like, in the order given; repetitions and still poses would only clutter.
    """
    return [
        Interval(
            mark["start_s"],
            mark["end_s"],
            mark["kind"],
            " ".join(words(mark[key]) for key in ("name", "side", "position") if mark[key]) or words(mark["kind"]),
        )
        for mark in marks
        if mark["kind"] in SHADED_KINDS and mark["end_s"] is not None
    ]


def draw(
    table: Mapping[str, FloatArray],
    intervals: Sequence[Interval],
    *,
    title: str,
    offset_s: float = 0.0,
    reference: Mapping[str, FloatArray] | None = None,
) -> Figure:
    """Draw the angle table, one panel per hip and one for the pelvis.

    Args:
        table: Columns of the angle table, (N,) each, NaN where an angle is not known.
        intervals: What to shade.
        title: Heads the picture.
        offset_s: Subtracted from ``time_s`` of table and reference: the recording's start on its own clock.
        reference: Columns of another measurement with a ``time_s`` of its own.

    Returns:
        The figure, not yet written.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    time_s = table["time_s"] - offset_s
    panels = _panels(table)
    # An hour at 100 Hz is more than Agg draws as one path.
    with mpl.rc_context({"agg.path.chunksize": 10_000}):
        figure = Figure(figsize=(12, 1.0 + 2.9 * max(len(panels), 1)), dpi=110, layout="constrained")
        figure.suptitle(title)
        all_axes = figure.subplots(max(len(panels), 1), 1, sharex=True, squeeze=False)[:, 0]
        for axes, panel in zip(all_axes, panels, strict=False):
            _draw_panel(axes, panel, time_s, table)
            _shade(axes, intervals, labelled=axes is all_axes[0])
            if reference is not None:
                _overlay(axes, panel, time_s, table, {**reference, "time_s": reference["time_s"] - offset_s})
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize="small", frameon=False)
        all_axes[-1].set_xlabel("time from the recording's start, min:s")
        all_axes[-1].xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(max(seconds, 0.0))))
        if len(time_s):
            all_axes[-1].set_xlim(time_s[0], time_s[-1])
            all_axes[-1].xaxis.set_major_locator(MultipleLocator(_tick_s(time_s[-1] - time_s[0])))
        if not panels:
            all_axes[0].set_title("no angles in this recording")
    return figure


def _panels(table: Mapping[str, FloatArray]) -> list[Panel]:
    panels = [
        Panel(f"{side} hip, deg", {words(name): f"hip_{side}_{name}_deg" for name in HIP_ANGLES}, f"hip_{side}")
        for side in ("right", "left")
        if f"hip_{side}_flexion_deg" in table
    ]
    if "pelvis_tilt_deg" in table:
        panels.append(Panel("pelvis, deg", {label: f"pelvis_{name}_deg" for name, label in PELVIS_ANGLES.items()}))
    segments = [name.removesuffix("_inclination_deg") for name in table if name.endswith("_inclination_deg")]
    if segments:
        panels.append(Panel("against gravity, deg", {words(name): f"{name}_inclination_deg" for name in segments}))
    return panels


def _draw_panel(axes: Axes, panel: Panel, time_s: FloatArray, table: Mapping[str, FloatArray]) -> None:
    for (name, column), colour in zip(panel.columns.items(), COLOURS, strict=False):
        axes.plot(time_s, _without_turns(table[column]), color=colour, linewidth=0.9, label=name)
    first = table[next(iter(panel.columns.values()))]
    uncertainty = table.get(f"{panel.hip}_uncertainty_deg")
    if uncertainty is not None:  # of flexion, the first
        low, high = first - uncertainty, first + uncertainty
        axes.fill_between(time_s, low, high, color=COLOURS[0], alpha=0.2, linewidth=0, label="flexion, 95 % interval")
    unknown = np.all([np.isnan(table[column]) for column in panel.columns.values()], axis=0)
    if unknown.all():
        axes.text(
            0.5,
            0.5,
            "not known: `imuhip analyze` says why",
            transform=axes.transAxes,
            ha="center",
            backgroundcolor="white",
        )
        axes.set_yticks([])
    for start, end in _runs(unknown):
        axes.axvspan(
            time_s[start], time_s[end - 1], facecolor="none", edgecolor="#999999", hatch="///", linewidth=0, alpha=0.5
        )
    axes.axhline(0.0, color="black", linewidth=0.5)
    axes.set_ylabel(panel.label)
    axes.grid(alpha=0.3)


def _shade(axes: Axes, intervals: Sequence[Interval], *, labelled: bool) -> None:
    for interval in intervals:
        axes.axvspan(interval.start_s, interval.end_s, color=SHADED_KINDS.get(interval.kind, "#eeeeee"), zorder=0)
        if labelled:
            axes.text(
                interval.start_s,
                1.02,
                interval.label,
                transform=axes.get_xaxis_transform(),
                fontsize="x-small",
                rotation=35,
                rotation_mode="anchor",
            )


def _overlay(
    axes: Axes,
    panel: Panel,
    time_s: FloatArray,
    table: Mapping[str, FloatArray],
    reference: Mapping[str, FloatArray],
) -> None:
    """Draw the reference with its mean moved onto ours, since its zero is its own."""
    for name, column in panel.columns.items():
        theirs = reference.get(column)
        if theirs is None:
            continue
        ours = np.interp(reference["time_s"], time_s, table[column], left=np.nan, right=np.nan)
        both = np.isfinite(ours) & np.isfinite(theirs)
        if not both.any():
            continue
        shift = float(np.mean(ours[both] - theirs[both]))
        rmse = float(np.sqrt(np.mean((ours[both] - theirs[both] - shift) ** 2)))
        label = f"reference {name}\nRMSE {rmse:.1f} deg,\nmeans matched"
        axes.plot(reference["time_s"], theirs + shift, color="black", linestyle="--", linewidth=0.8, label=label)


def _tick_s(span_s: float) -> float:
    """A distance between ticks that reads well in minutes and seconds, at most a dozen ticks."""
    return next((step for step in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600) if span_s / step <= 12), 1800)


def _without_turns(angle_deg: FloatArray) -> FloatArray:
    """Break the line where an angle goes from 180 to -180 degrees."""
    turned = np.abs(np.diff(angle_deg, prepend=angle_deg[:1])) > 180.0
    return np.where(turned, np.nan, angle_deg)


def _runs(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Start and end (exclusive) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
