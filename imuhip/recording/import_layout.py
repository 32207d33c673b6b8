"""Reading a folder in the import layout: samples of each sensor, marks, session.

``<role>.csv`` with ``time_s,acc_x_m_s2,...,gyr_z_rad_s`` and optionally ``mag_x_ut..`` or ``mag_x_au..``;
``marks.csv``; ``session.json``. ``reference.csv`` is never read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import numpy as np

from imuhip.errors import ImportLayoutError
from imuhip.packets.import_codec import TIME_LIMIT_S
from imuhip.recording import plausible
from imuhip.recording.csv_table import Text, read_numbers, read_text, refuse_missing, whole_rows
from imuhip.records import record
from imuhip.units import ROLES, FloatArray, IntArray

TimeUnit = Literal["s", "ms", "us"]
AccUnit = Literal["m_s2", "g", "mg"]
GyrUnit = Literal["rad_s", "deg_s"]
MissingValues = Literal["refuse", "gap"]

ACC = tuple(f"acc_{axis}_m_s2" for axis in "xyz")
GYR = tuple(f"gyr_{axis}_rad_s" for axis in "xyz")
MAG = {unit: tuple(f"mag_{axis}_{unit}" for axis in "xyz") for unit in ("ut", "au")}
MOTION = ("time_s", *ACC, *GYR)
NOT_SENSORS = ("marks", "reference")

_LARGEST = 1e5
"""More than any sensor measures in any of the units, and in SI units still what a notification can hold."""

_OTHER_NAMES = {"time": "--time-unit", "acc": "--acc-unit", "gyr": "--gyr-unit"}


@record
class Options:
    """Units of the values in the files, and what a missing value means.

    Attributes:
        time_unit: Of ``time_s`` and of the times in marks.csv.
        acc_unit: Of ``acc_*``.
        gyr_unit: Of ``gyr_*``.
        nan: Refuse a missing value, or leave its line out so that it counts as a gap.
    """

    time_unit: TimeUnit = "s"
    acc_unit: AccUnit = "m_s2"
    gyr_unit: GyrUnit = "rad_s"
    nan: MissingValues = "refuse"


@record
class SensorSamples:
    """The samples of one sensor, in SI units.

    Attributes:
        role: Where it is worn.
        time_s: (N,) time of each sample on the import's clock, increasing.
        acc_m_s2: (N, 3) specific force.
        gyr_rad_s: (N, 3) angular rate.
        mag: (N, 3) magnetic field, NaN where a sample has none; or None.
        mag_unit: ``ut`` or ``au`` of ``mag``.
        left_out: Lines left out for missing values.
        ignored: Columns that the layout does not know.
    """

    role: str
    time_s: FloatArray
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray
    mag: FloatArray | None
    mag_unit: str | None
    left_out: int
    ignored: tuple[str, ...]

    @property
    def rate_hz(self) -> float:
        """Samples a second, from the median step."""
        return 1.0 / float(np.median(np.diff(self.time_s)))


def find_sensors(folder: Path) -> dict[str, Path]:
    """Find the files of the sensors.

    Args:
        folder: The folder to import.

    Returns:
        The file of each role, in the order of :data:`imuhip.units.ROLES`.

    Raises:
        ImportLayoutError: There are none, a role has two files, or a file's name is no role.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")
    except OSError as error:
        remedy = "Give a folder that holds a CSV file for each sensor"
        raise ImportLayoutError(f"cannot be read: {error.strerror or error}", path=folder, remedy=remedy) from error
    found: dict[str, Path] = {}
    for path in files:
        role = path.stem.strip().lower()
        if role in NOT_SENSORS:
            continue
        if role not in ROLES:
            near = get_close_matches(role, ROLES, n=1)
            remedy = f"Rename it to {near[0]}.csv" if near else f"Name it after where it was worn: {', '.join(ROLES)}"
            raise ImportLayoutError(f"{path.stem!r} is not a place to wear a sensor", path=path, remedy=remedy)
        if role in found:
            raise ImportLayoutError(
                f"{found[role].name} and {path.name} are both the {role} sensor", path=folder, remedy="Remove one"
            )
        found[role] = path
    if not found:
        raise ImportLayoutError(
            "holds no sensor's file", path=folder, remedy="Add one named after where the sensor was worn, as pelvis.csv"
        )
    return {role: found[role] for role in ROLES if role in found}


def read_sensor(path: Path, role: str, options: Options) -> SensorSamples:
    """Read and check the samples of one sensor.

    Args:
        path: Its file.
        role: Where it was worn.
        options: Units of the values.

    Returns:
        Its samples.

    Raises:
        ImportLayoutError: With line and column of what is wrong, and the option that converts where a unit is.
    """
    text = read_text(path, MOTION)
    _require_columns(text)
    mag_unit = _mag_unit(text)
    values = read_numbers(text)
    if options.nan == "refuse":
        refuse_missing(text, values, MOTION)
    rows = np.flatnonzero(whole_rows(text, values, MOTION))
    left_out = len(values) - len(rows)
    if left_out:
        values = values[rows]
    if len(values) < 2:
        raise text.error(f"has {len(values)} samples", remedy="Export it again")

    measured = (*ACC, *GYR, *(MAG[mag_unit] if mag_unit else ()))

    def columns(*names: str) -> FloatArray:
        return np.ascontiguousarray(values[:, [text.header.index(name) for name in names]])

    raw_time = columns("time_s")[:, 0]
    _refuse_jumps(text, raw_time, rows)
    _refuse_absurd(text, columns(*measured), measured, rows)
    _refuse_units(text, raw_time, columns(*ACC), columns(*GYR), options)
    return SensorSamples(
        role=role,
        time_s=raw_time / plausible.TIME_UNITS[options.time_unit],
        acc_m_s2=columns(*ACC) * plausible.ACC_UNITS[options.acc_unit],
        gyr_rad_s=columns(*GYR) * plausible.GYR_UNITS[options.gyr_unit],
        mag=columns(*MAG[mag_unit]) if mag_unit else None,
        mag_unit=mag_unit,
        left_out=left_out,
        ignored=tuple(name for name in text.header if name not in ("time_s", *measured)),
    )


def read_session(folder: Path) -> tuple[str, int | None]:
    """Read ``session.json``, where there is one.

    Args:
        folder: The folder to import.

    Returns:
        The wearer's pseudonym (empty where unknown) and the UTC of the first sample in ns (None where unknown).

    Raises:
        ImportLayoutError: The file is not what the layout says.
    """
    path = folder / "session.json"
    if not path.exists():
        return "", None
    try:
        session: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise ImportLayoutError(
            f"is not JSON: {error.msg}",
            path=path,
            place=f"line {error.lineno}",
            remedy="Correct it, or remove the file",
        ) from error
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise ImportLayoutError(f"cannot be read: {error}", path=path) from error
    if not isinstance(session, dict):
        raise ImportLayoutError('is not an object like {"started_utc": ..., "wearer": ...}', path=path)
    wearer, started = session.get("wearer") or "", session.get("started_utc")
    if not isinstance(wearer, str):
        raise ImportLayoutError("is not text", path=path, place="wearer")
    return wearer, None if started is None else _utc_ns(path, started)


def _utc_ns(path: Path, started: Any) -> int:
    try:
        moment = datetime.fromisoformat(started)
    except (TypeError, ValueError) as error:
        raise ImportLayoutError(
            f"{started!r} is not a date and time", path=path, place="started_utc", remedy="Write 2025-03-01T09:30:00Z"
        ) from error
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    if since.days < 0:
        raise ImportLayoutError(f"{started!r} is before 1970", path=path, place="started_utc")
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000


def _require_columns(text: Text) -> None:
    for column in MOTION:
        if column in text.header:
            continue
        kind = column.split("_")[0]
        other = [name for name in text.header if name.startswith(column[:5]) and name not in MOTION]
        remedy = "Add it"
        if other:
            remedy = f"If {other[0]} is in another unit, name it {column} and tell the unit with {_OTHER_NAMES[kind]}"
        raise text.error("is missing", line=text.first_line - 1, column=column, remedy=remedy)


def _mag_unit(text: Text) -> str | None:
    units = [unit for unit, names in MAG.items() if set(names) & set(text.header)]
    for unit in units:
        for name in MAG[unit]:
            if name not in text.header:
                raise text.error("is missing", line=text.first_line - 1, column=name, remedy="Add it")
    if len(units) > 1:
        raise text.error("has a magnetometer in two units", line=text.first_line - 1, remedy="Remove one of them")
    return units[0] if units else None


def _refuse_jumps(text: Text, raw_time: FloatArray, rows: IntArray) -> None:
    step = np.diff(raw_time)
    if bool((step > 0).all()):
        return
    at = int(np.argmax(step <= 0))
    before, after = raw_time[at : at + 2].tolist()
    reason = f"time jumps back from {before!r} to {after!r}" if after < before else f"the same time {after!r} twice"
    raise text.error(
        reason, line=text.line_of_row(int(rows[at + 1])), column="time_s", remedy="Sort the lines, or remove this one"
    )


def _refuse_absurd(text: Text, values: FloatArray, columns: Sequence[str], rows: IntArray) -> None:
    absurd = np.abs(values) > _LARGEST
    if absurd.any():
        row, column = divmod(int(np.argmax(absurd)), len(columns))
        reason = f"{values[row, column]:g} is more than any sensor measures"
        line = text.line_of_row(int(rows[row]))
        raise text.error(reason, line=line, column=columns[column], remedy="Correct it, or remove the line")


def _refuse_units(text: Text, raw_time: FloatArray, raw_acc: FloatArray, raw_gyr: FloatArray, options: Options) -> None:
    doubt = plausible.doubt_time(float(np.median(np.diff(raw_time))), options.time_unit)
    _refuse_unit(text, "time_s", "--time-unit", doubt)
    time_s = raw_time / plausible.TIME_UNITS[options.time_unit]
    if max(abs(time_s[0]), abs(time_s[-1])) > TIME_LIMIT_S:
        raise text.error(f"reaches {time_s[-1]:.3g} s", column="time_s", remedy="Count time from the session's start")
    doubt = plausible.doubt_acc(raw_acc, options.acc_unit)
    _refuse_unit(text, ", ".join(ACC), "--acc-unit", doubt)
    acc_m_s2 = raw_acc * plausible.ACC_UNITS[options.acc_unit]
    doubt = plausible.doubt_gyr(time_s, acc_m_s2, raw_gyr, options.gyr_unit)
    _refuse_unit(text, ", ".join(GYR), "--gyr-unit", doubt)


def _refuse_unit(text: Text, column: str, option: str, doubt: plausible.Doubt | None) -> None:
    if doubt is not None:
        remedy = f"Say so with {option} {doubt.unit}" if doubt.unit else doubt.remedy
        raise text.error(doubt.reason, column=column, remedy=remedy)
