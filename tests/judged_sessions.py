"""Results of sessions as the analysis gives them, made by hand, for the tests of flags and history."""

from __future__ import annotations

from typing import Any

CONTROLS = {
    "bridge": ("extension", "prone"),
    "hip_extension": ("extension", "prone"),
    "clamshell": ("external_rotation", "seated"),
    "lateral_raise": ("abduction", "side_lying"),
    "bike_pedals": ("flexion", "supine"),
}
DAY_S = 86400.0


def range_test(
    name: str = "extension",
    trials: tuple[float, ...] = (11.0, 10.0, 9.0),
    *,
    side: str = "right",
    position: str | None = "prone",
    phase: str = "pre",
    mode: str = "active",
    start_s: float = 60.0,
    reference: str = "pelvis",
) -> dict[str, Any]:
    """An entry of ``tests``."""
    return {
        "name": name, "side": side, "mode": mode, "position": position, "phase": phase, "start_s": start_s,
        "end_s": start_s + 20, "trials_deg": list(trials), "peak_deg": sorted(trials)[len(trials) // 2],
        "uncertainty_deg": 2.0, "relative_only": False, "start_deg": 0.5, "pelvis_excursion_deg": 3.0,
        "thigh_deg": 15.0, "reference": reference,
    }  # fmt: skip


def level(name: str, value: float, **others: Any) -> dict[str, Any]:
    """A test whose three trials all read the same."""
    return range_test(name, (value,) * 3, **others)


def exercise_set(
    exercise: str = "bridge",
    peaks: tuple[float, ...] = (5.0, 6.0, 4.0),
    *,
    side: str | None = "right",
    good: bool = True,
    start_s: float = 300.0,
    reference: str = "pelvis",
) -> dict[str, Any]:
    """An entry of ``sets``."""
    reps = [
        {
            "start_s": start_s + 6 * i, "top_s": start_s + 6 * i + 2, "end_s": start_s + 6 * i + 6, "range_deg": 40.0,
            "peak_deg": peak, "lift_s": 2.0, "hold_s": 1.5, "lower_s": 2.5, "peak_speed_deg_s": 30.0, "sparc": -1.5,
            "off_axis": 0.1, "good": good, "faults": [] if good else [{"id": "flung", "value": 0.5, "limit": 1.5}],
        }
        for i, peak in enumerate(peaks)
    ]  # fmt: skip
    return {
        "exercise": exercise, "side": side, "start_s": start_s, "end_s": start_s + 60,
        "good_reps": len(reps) if good else 0, "controlled_range_deg": None, "reference": reference, "reps": reps,
    }  # fmt: skip


def session(
    *entries: dict[str, Any],
    pain: tuple[dict[str, Any], ...] = (),
    mobilise: tuple[tuple[float, float], ...] = (),
    started_utc: str | None = "2026-01-12T10:00:00.000Z",
    wearer: str | None = "anna",
    roles: tuple[str, ...] = ("pelvis", "thigh_right"),
) -> dict[str, Any]:
    """Results of a session; entries are tests and sets."""
    return {
        "recording": {
            "started_utc": started_utc, "wearer": wearer, "duration_s": 900.0, "time_offset_s": 0.0,
            "sensors": [{"role": role, "samples": 90000, "rate_hz": 100.0, "lost": 0, "gaps_s": 0.0} for role in roles],
        },
        "calibration": [
            {
                "start_s": 0.0, "method": "joint least squares", "quality": "good", "warnings": ["a warning"],
                "mounts": [{"role": role, "sd_deg": [1.0, 2.0, 1.0]} for role in roles],
            }
        ],
        "tests": [entry for entry in entries if "trials_deg" in entry],
        "sets": [entry for entry in entries if "reps" in entry],
        "flags": [],
        "pain": list(pain),
        "mobilise": [{"start_s": a, "end_s": b, "name": "lateral_hip", "side": "right"} for a, b in mobilise],
    }  # fmt: skip


def ache(site: str = "groin", value: float | None = 5.0, side: str | None = "right") -> dict[str, Any]:
    """An entry of ``pain``."""
    return {"start_s": 100.0, "site": site, "side": side, "value": value, "test": None, "note": ""}


def usual(extension: float = 10.0, **others: Any) -> dict[str, Any]:
    """A session of everyday: extension tested twice and bridges done."""
    entries = [level("extension", extension), level("extension", extension, start_s=90.0), exercise_set()]
    return session(*entries, **others)
