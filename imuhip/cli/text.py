"""What a recording holds and what was measured, as a page of plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

NOTICE = "Training aid, not a medical device. Pain overrides any number here: stop on sharp or pinching groin pain."

Row = Sequence[str]


def summary_text(results: Mapping[str, Any], *, name: str) -> str:
    """The results of a session on one page.

    Args:
        results: The machine-readable results.
        name: What to call the recording.

    Returns:
        Lines of text, each ended.
    """
    sections = [
        [NOTICE],
        _recording_lines(results["recording"], name),
        _sensor_lines(results["recording"]["sensors"]),
        _calibration_lines(results["calibration"]),
        _test_lines(results["tests"]) or _untested_lines(results),
        _set_lines(results["sets"]),
        _flag_lines(results["flags"]),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def info_text(about: Mapping[str, Any], *, name: str) -> str:
    """What is in a recording, for people.

    Args:
        about: What :func:`imuhip.recording.recording_info` tells.
        name: What to call the recording.

    Returns:
        Lines of text, each ended.
    """
    sensors = [_info_sensor(sensor) for sensor in about["sensors"]]
    marks = [
        (
            f"  {clock(max(mark['start_s'], 0.0))}",
            "open" if mark["end_s"] is None else f"to {clock(max(mark['end_s'], 0.0))}",
            words(mark["kind"]),
            ", ".join(words(mark[key]) for key in ("name", "side", "position", "mode") if mark[key]),
            mark["note"],
        )
        for mark in about["marks"]
    ]
    made = ", ".join(part for part in (about["source"], about["program"]) if part)
    size = f"{about['size_bytes'] / 1e6:.1f} MB"
    sections = [
        [*_recording_lines(about, name), f"  {size}, made by {made}" if made else f"  {size}"],
        ["Sensors", *columns(sensors)],
        ["Marks", *columns(marks)] if marks else ["Marks", "  none"],
        ["Damage", *(f"  {damage}" for damage in about["damage"])] if about["damage"] else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _info_sensor(sensor: Mapping[str, Any]) -> Row:
    lost = [loss_words(sensor)] if sensor["lost"] is not None else []
    lost += _host_losses(sensor)
    return (
        f"  {words(sensor['role'])}",
        sensor["model"] or sensor["driver"],
        f"{sensor['rate_hz']:.1f} Hz" if sensor["rate_hz"] else "rate not known",
        "samples not readable" if sensor["samples"] is None else count(sensor["samples"], "sample"),
        count(sensor["notifications"], "notification"),
        ", ".join(lost),
    )


def _host_losses(sensor: Mapping[str, Any]) -> list[str]:
    causes = sensor["lost_notifications"].items()
    return [f"{count(number, 'notification')} lost: {words(cause)}" for cause, number in causes]


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


def _recording_lines(recording: Mapping[str, Any], name: str) -> list[str]:
    parts = [name, f"{clock(recording['duration_s'])} long"]
    if recording["started_utc"]:
        parts.append(f"started {recording['started_utc']}")
    if recording["wearer"]:
        parts.append(f"wearer {recording['wearer']}")
    return ["Recording", "  " + ", ".join(parts)]


def _sensor_lines(sensors: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        (f"  {words(one['role'])}", f"{one['rate_hz']:.1f} Hz", count(one["samples"], "sample"),
         ", ".join([loss_words(one), *_host_losses(one)]))
        for one in sensors
    ]
    lines = ["Sensors", *columns(rows)]
    if all(one["role"] != "pelvis" for one in sensors):
        lines.append("  no pelvis sensor: angles of segments against gravity only, no hip angles")
    return lines


def loss_words(sensor: Mapping[str, Any]) -> str:
    """What was lost of one sensor, in words.

    Args:
        sensor: Its entry in the results: ``samples``, ``lost``, ``lost_in_sensor``, ``filled``, ``gaps_s``,
            ``loss_visible``.

    Returns:
        As in "lost 12 (0.3 %), 0.4 s of gaps".
    """
    if not sensor["loss_visible"]:
        lost = "loss cannot be seen: samples are not numbered"
    elif sensor["lost"]:
        share = sensor["lost"] / (sensor["lost"] + sensor["samples"])
        lost = f"lost {sensor['lost']} ({share:.1%})".replace("%", " %")
        lost += f", {sensor['lost_in_sensor']} of them in the sensor" if sensor["lost_in_sensor"] else ""
    else:
        lost = "nothing lost"
    lost += f", {sensor['filled']} filled from its log" if sensor["filled"] else ""
    return f"{lost}, {sensor['gaps_s']:.1f} s of gaps" if sensor["gaps_s"] else lost


def _calibration_lines(calibrations: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["Calibration"]
    for calibration in calibrations:
        if calibration["method"] == "none":
            lines.append("  none: how the sensors sit could not be found out, so there are no angles")
        else:
            left_out = ", some angles are left out" if calibration["quality"] == "poor" else ""
            lines.append(f"  from {clock(calibration['start_s'])}: {calibration['quality']}{left_out}")
        lines += [f"    {warning}" for warning in calibration["warnings"]]
    return lines


def _test_lines(tests: Sequence[Mapping[str, Any]]) -> list[str]:
    if not tests:
        return []
    # Before and after matter only where something was mobilised in between.
    parts = ("position", "mode", "phase") if any(test["phase"] == "post" for test in tests) else ("position", "mode")
    rows: list[Row] = [("Range tests", "side", "how", "peak, deg", "trials, deg", "pelvis moved, deg")]
    rows += [
        (
            f"  {words(test['name'])}",
            test["side"] or "-",
            ", ".join(words(test[key]) for key in parts if test[key]) or "-",
            _peak(test),
            " ".join(f"{trial:.0f}" for trial in test["trials_deg"]) or "-",
            _number(test["pelvis_excursion_deg"]),
        )
        for test in tests
    ]
    lines = [*columns(rows), "  peak: the median of the trials \u00b1 half of its 95 % interval"]
    if any(test["relative_only"] for test in tests):
        lines.append("  change only: known as a change from the start pose, not as an absolute angle")
    if any(test["reference"] == "gravity" for test in tests):
        lines.append("  gravity: the angle of the segment against gravity; without a pelvis sensor it is no hip angle")
    return lines


def _untested_lines(results: Mapping[str, Any]) -> list[str]:
    if results["sets"] or all(calibration["method"] == "none" for calibration in results["calibration"]):
        return []
    return ["Range tests", "  none is marked; `imuhip plot` and `imuhip angles` show the whole session"]


def _peak(test: Mapping[str, Any]) -> str:
    if test["peak_deg"] is None:
        return "not known"
    peak = f"{test['peak_deg']:.0f}"
    if test["uncertainty_deg"] is not None:
        peak += f" \u00b1 {test['uncertainty_deg']:.0f}"
    if test["relative_only"]:
        peak += ", change only"
    return f"{peak}, gravity" if test["reference"] == "gravity" else peak


def _set_lines(sets: Sequence[Mapping[str, Any]]) -> list[str]:
    if not sets:
        return []
    rows: list[Row] = [("Exercises", "side", "from", "good reps", "controlled range, deg")]
    rows += [
        (
            f"  {words(one['exercise'])}",
            one["side"] or "-",
            clock(one["start_s"]),
            f"{one['good_reps']} of {len(one['reps'])}",
            _number(one["controlled_range_deg"]),
        )
        for one in sets
    ]
    return columns(rows)


def _flag_lines(flags: Sequence[Mapping[str, Any]]) -> list[str]:
    return ["Coaching", *(f"  {flag['level']}: {flag['message']}" for flag in flags)] if flags else []


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def words(name: str) -> str:
    """A name of the vocabulary as people write it: ``straight_leg_raise`` is "straight leg raise"."""
    return name.replace("_", " ")
