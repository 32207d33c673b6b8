"""What the history's database looks like, step by step from its first version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

APPLICATION_ID = 0x494D4850
"""Tells the file from other programs' databases: "IMHP"."""

Step = Sequence[str]

FIRST: Step = (
    "CREATE TABLE wearers (id INTEGER PRIMARY KEY, pseudonym TEXT NOT NULL UNIQUE)",
    """CREATE TABLE sessions (
        id INTEGER PRIMARY KEY,
        wearer_id INTEGER NOT NULL REFERENCES wearers ON DELETE CASCADE,
        sha256 TEXT NOT NULL,               -- of the recording
        started_utc TEXT NOT NULL,
        started_s REAL NOT NULL,            -- the same in seconds since 1970
        date_doubtful INTEGER NOT NULL,     -- left out of every comparison
        duration_s REAL NOT NULL,
        mobilised_until_s REAL,
        program TEXT NOT NULL,
        more TEXT NOT NULL,
        UNIQUE (wearer_id, started_utc),
        UNIQUE (wearer_id, sha256)
    )""",
    """CREATE TABLE tests (
        session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        number INTEGER NOT NULL,
        name TEXT, side TEXT, mode TEXT, position TEXT, phase TEXT, start_s REAL, end_s REAL, trials_deg TEXT,
        peak_deg REAL, uncertainty_deg REAL, relative_only INTEGER, start_deg REAL, pelvis_excursion_deg REAL,
        thigh_deg REAL, reference TEXT, more TEXT NOT NULL,
        PRIMARY KEY (session_id, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE sets (
        session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        number INTEGER NOT NULL,
        exercise TEXT, side TEXT, start_s REAL, end_s REAL, good_reps INTEGER, controlled_range_deg REAL,
        reference TEXT, more TEXT NOT NULL,
        PRIMARY KEY (session_id, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE reps (
        session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        set_number INTEGER NOT NULL,
        number INTEGER NOT NULL,
        start_s REAL, top_s REAL, end_s REAL, range_deg REAL, peak_deg REAL, lift_s REAL, hold_s REAL, lower_s REAL,
        peak_speed_deg_s REAL, sparc REAL, off_axis REAL, faults TEXT, good INTEGER, more TEXT NOT NULL,
        PRIMARY KEY (session_id, set_number, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE mounting (
        session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        number INTEGER NOT NULL,
        start_s REAL, method TEXT, quality TEXT, mounts TEXT, warnings TEXT, more TEXT NOT NULL,
        PRIMARY KEY (session_id, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE pain (
        session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        number INTEGER NOT NULL,
        start_s REAL, site TEXT, side TEXT, value REAL, test TEXT, note TEXT, more TEXT NOT NULL,
        PRIMARY KEY (session_id, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE flags (
        session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        number INTEGER NOT NULL,
        span TEXT NOT NULL,                 -- what it was judged by: 'session' alone, or 'sessions' before it
        rule TEXT, level TEXT, motion TEXT, side TEXT, position TEXT, message TEXT, evidence TEXT, more TEXT NOT NULL,
        PRIMARY KEY (session_id, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE motions (                -- what rules compare, taken from tests and reps when they were added
        session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        number INTEGER NOT NULL,
        name TEXT NOT NULL, position TEXT, side TEXT, reference TEXT NOT NULL,
        range_deg REAL, repeat_deg REAL, uncertainty_deg REAL, after_deg REAL, passive_deg REAL,
        passive_after_deg REAL, controlled_deg REAL, more TEXT NOT NULL,
        PRIMARY KEY (session_id, number)
    ) WITHOUT ROWID""",
    "CREATE INDEX sessions_by_date ON sessions (wearer_id, started_s)",
)
"""``more`` holds as JSON what a later version of the results adds, so that an export is always complete."""

STEPS: Sequence[Step] = (FIRST,)
"""Step n makes version n + 1 out of version n. Released steps never change; a new one is added at the end."""

COLUMNS: Mapping[str, Sequence[str]] = {
    "tests": (
        "name", "side", "mode", "position", "phase", "start_s", "end_s", "trials_deg", "peak_deg", "uncertainty_deg",
        "relative_only", "start_deg", "pelvis_excursion_deg", "thigh_deg", "reference",
    ),
    "sets": ("exercise", "side", "start_s", "end_s", "good_reps", "controlled_range_deg", "reference"),
    "reps": (
        "start_s", "top_s", "end_s", "range_deg", "peak_deg", "lift_s", "hold_s", "lower_s", "peak_speed_deg_s",
        "sparc", "off_axis", "faults", "good",
    ),
    "mounting": ("start_s", "method", "quality", "mounts", "warnings"),
    "pain": ("start_s", "site", "side", "value", "test", "note"),
    "flags": ("rule", "level", "motion", "side", "position", "message", "evidence"),
    "motions": (
        "name", "position", "side", "reference", "range_deg", "repeat_deg", "uncertainty_deg", "after_deg",
        "passive_deg", "passive_after_deg", "controlled_deg",
    ),
}  # fmt: skip
"""Columns of each table that are keys of the results."""
JSON_COLUMNS = frozenset(("trials_deg", "faults", "mounts", "warnings", "evidence"))
BOOLEAN_COLUMNS = frozenset(("relative_only", "good"))
