"""What a recording holds and what was measured, as a page of plain text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from imuhip.cli.flag_text import change_lines, coaching_lines
from imuhip.cli.mobilise_text import mobilise_lines
from imuhip.cli.set_text import set_lines
from imuhip.cli.wording import Row, clock, columns, count, words, wrapped

NOTICE = "Training aid, not a medical device. Pain overrides any number here: stop on sharp or pinching groin pain."


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
        [*_recording_lines(results["recording"], name), *_damage_lines(results["recording"]["damage"])],
        _sensor_lines(results["recording"]["sensors"]),
        _calibration_lines(results["calibration"]),
        [*_test_lines(results["tests"]), *_not_measured_lines(results)] or _untested_lines(results),
        mobilise_lines(results.get("mobilise", ())),
        set_lines(results["sets"]),
        change_lines(results.get("changes", ())),
        coaching_lines(results["flags"]),
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


def _recording_lines(recording: Mapping[str, Any], name: str) -> list[str]:
    parts = [name, f"{clock(recording['duration_s'])} long"]
    if recording["started_utc"]:
        parts.append(f"started {recording['started_utc']}")
    if recording["wearer"]:
        parts.append(f"wearer {recording['wearer']}")
    return ["Recording", "  " + ", ".join(parts)]


def _damage_lines(damage: Sequence[str]) -> list[str]:
    if not damage:
        return []
    return [f"  damaged at {count(len(damage), 'place')}: `imuhip info` tells where and what is lost"]


def _sensor_lines(sensors: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        (
            f"  {words(one['role'])}",
            f"{one['rate_hz']:.1f} Hz",
            count(one["samples"], "sample"),
            ", ".join([loss_words(one), *_host_losses(one)]),
        )
        for one in sensors
    ]
    lines = ["Sensors", *columns(rows)]
    if all(one["role"] != "pelvis" for one in sensors):
        lines.append("  no pelvis sensor: angles of segments against gravity only, no hip angles")
    elif not any(one["role"].startswith("thigh_") for one in sensors):
        lines.append("  no thigh sensor: angles of the pelvis only, no hip angles")
    return lines


def loss_words(sensor: Mapping[str, Any]) -> str:
    """What was lost of one sensor, in words.

    Args:
        sensor: Its entry in the results: ``samples``, ``lost``, ``lost_in_sensor``, ``filled``, ``gaps_s``,
            ``loss_visible``.

    Returns:
        As in "lost 12 (0.3 %), 0.4 s of gaps".
    """
    if sensor["samples"] == 0:
        return "nothing came"
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
    rows: list[Row] = [("Range tests", "side", "how", "peak, deg", "trials, deg", "pelvis moved, deg (part)")]
    rows += [
        (
            f"  {words(test['name'])}",
            test["side"] or "-",
            ", ".join(words(test[key]) for key in parts if test[key]) or "-",
            peak_words(test) if test["trials_deg"] or test["peak_deg"] is not None else "no trial found",
            " ".join(f"{trial:.0f}" for trial in test["trials_deg"]) or "-",
            _pelvis_part(test),
        )
        for test in tests
    ]
    lines = [*columns(rows), "  peak: the median of the trials \u00b1 half of its 95 % interval"]
    if any(test["relative_only"] for test in tests):
        lines.append("  change only: known as a change from the start pose, not as an absolute angle")
    if any(test["reference"] == "gravity" for test in tests):
        lines.append("  gravity: the angle of the segment against gravity; without a pelvis sensor it is no hip angle")
    for note in dict.fromkeys(f"{words(test['name'])}: {note}" for test in tests for note in test.get("notes", ())):
        lines += wrapped(note)
    return [*lines, *_never_cold_lines(tests), *_sides_lines(tests)]


def _never_cold_lines(tests: Sequence[Mapping[str, Any]]) -> list[str]:
    """Ranges that were tested only after mobilising: nothing that a history can compare."""
    cold = {(t["name"], t["position"], t["side"]) for t in tests if t["phase"] == "pre"}
    late = dict.fromkeys((t["name"], t["position"], t["side"]) for t in tests if t["phase"] == "post")
    never = [each for each in late if each not in cold]
    names = [" ".join(words(part) for part in (side, name, position) if part) for name, position, side in never]
    return wrapped(f"tested only after mobilising, which no history compares: {', '.join(names)}") if names else []


def _not_measured_lines(results: Mapping[str, Any]) -> list[str]:
    """Marked tests that gave no result, and why."""
    lines = []
    for test in results.get("not_measured", ()):
        what = ", ".join(words(test[key]) for key in ("name", "side", "position") if test[key])
        lines.append(f"  not measured: {what}, at {clock(max(test['start_s'], 0.0))}: {test['why']}")
    return lines if results["tests"] or not lines else ["Range tests", *lines]


def _sides_lines(tests: Sequence[Mapping[str, Any]]) -> list[str]:
    """Left against right where a test was done on both: a difference counts beyond what both may be off."""
    known = [t for t in tests if t["peak_deg"] is not None]
    measured = {(t["name"], t["position"], t["mode"], t["phase"], t["side"]): t for t in known}
    # Cold, the first test counts and later ones only confirm it; after mobilising the last one does.
    for test in reversed([t for t in known if t["phase"] == "pre"]):
        measured[test["name"], test["position"], test["mode"], test["phase"], test["side"]] = test
    rows: list[Row] = []
    for (*what, side), left in measured.items():
        right = measured.get((*what, "right"))
        if side != "left" or right is None:
            continue
        difference = left["peak_deg"] - right["peak_deg"]
        chance = math.hypot(left["uncertainty_deg"] or 0.0, right["uncertainty_deg"] or 0.0)
        verdict = f"{abs(difference):.0f} more on the {'left' if difference > 0 else 'right'}"
        if abs(difference) <= chance:
            verdict = "no difference beyond the uncertainty"
        name = ", ".join(words(part) for part in what[: 4 if what[3] == "post" else 3] if part)
        rows.append((f"    {name}", f"left {peak_words(left)}", f"right {peak_words(right)}", verdict))
    return ["  left against right, deg", *columns(rows)] if rows else []


def _pelvis_part(test: Mapping[str, Any]) -> str:
    """How far the pelvis moved, and which part of the thigh's way against the floor that is."""
    moved, whole = test["pelvis_excursion_deg"], test["thigh_deg"]
    if moved is None:
        return "-"
    return f"{moved:.0f} ({moved / whole:.0%})".replace("%", " %") if whole else f"{moved:.0f}"


def _untested_lines(results: Mapping[str, Any]) -> list[str]:
    if results["sets"] or all(calibration["method"] == "none" for calibration in results["calibration"]):
        return []
    return ["Range tests", "  none is marked; `imuhip plot` and `imuhip angles` show the whole session"]


def peak_words(test: Mapping[str, Any], *, unit: str = "") -> str:
    """The peak of a test with its uncertainty, and what kind of number it is.

    Args:
        test: As in the results.
        unit: Said where no heading says it.
    """
    if test["peak_deg"] is None:
        return "not known"
    peak = f"{test['peak_deg']:.0f}"
    if test["uncertainty_deg"] is not None:
        peak += f" \u00b1 {test['uncertainty_deg']:.0f}"
    peak += unit
    if test["relative_only"]:
        peak += ", change only"
    return f"{peak}, gravity" if test["reference"] == "gravity" else peak
