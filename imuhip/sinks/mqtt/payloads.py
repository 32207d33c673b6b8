"""What is in the messages; TOPICS.md and schemas/ are their contract.

Every payload is a JSON object with ``v``, ``seq``, ``session``, ``t_us`` and ``quality``. Unknown is null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from imuhip import __version__
from imuhip.hip.stage import HipBlock
from imuhip.records import record

VERSION = 1
"""Of the contract: fields may be added within a version, never renamed."""

CONTENT_TYPE = "application/json"
QUALITY_LIMITS_DEG = (("good", 5.0), ("fair", 10.0))
"""Half-width of the 95 % interval up to which a number is good, or fair; beyond it is poor."""
QUALITIES = ("good", "fair", "poor", "none")
"""From the best to nothing known."""

CONVENTIONS = {
    "flexion_deg": "positive when the thigh goes forward",
    "adduction_deg": "positive towards the midline",
    "internal_rotation_deg": "positive when the kneecap turns towards the midline",
    "tilt_deg": "positive when the top of the pelvis goes forward",
    "list_deg": "positive when the right side of the pelvis goes up",
    "rotation_deg": "positive to the left; only its changes mean something",
    "uncertainty_deg": "half-width of the 95 % interval of flexion",
    "zero": "the wearer's upright stance",
}


@record
class Frame:
    """One frame on its way.

    Attributes:
        block: Where it is.
        index: Its row there.
        t_us: When it was measured, Unix microseconds.
        fed_s: When it was handed over, on the sink's clock.
    """

    block: HipBlock
    index: int
    t_us: int
    fed_s: float


@record
class Session:
    """What all messages of one run have in common.

    Attributes:
        id: Another one for every run, so that a subscriber tells a restart from a loss.
        source: ``live``, ``replay`` or ``virtual``.
        sensors: Model by role.
        rate_hz: Of the published angles.
    """

    id: str
    source: str
    sensors: Mapping[str, str]
    rate_hz: float

    def head(self, seq: int | None, t_us: int, quality: str) -> dict[str, Any]:
        """What every payload begins with."""
        return {"v": VERSION, "seq": seq, "session": self.id, "t_us": t_us, "quality": quality}


def encode(payload: Mapping[str, Any]) -> bytes:
    """JSON as it goes over the wire.

    Raises:
        ValueError: A number is not finite, which JSON cannot say.
    """
    return json.dumps(payload, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode("utf-8")


def quality_of(half_width_deg: float | None) -> str:
    """How good a number with this 95 % interval is; ``none`` where there is no number."""
    if half_width_deg is None:
        return "none"
    return next((name for name, limit in QUALITY_LIMITS_DEG if half_width_deg <= limit), "poor")


def worst(qualities: Sequence[str]) -> str:
    """The worst of some qualities; ``none`` where there are none."""
    return max(qualities, key=QUALITIES.index, default="none")


def angles(session: Session, seq: int, frames: Sequence[Frame]) -> dict[str, Any]:
    """The message of one or, batched, of several frames.

    Args:
        session: Whose.
        seq: Running number of the topic.
        frames: In their order; the newest is what a simple reader sees, all of them are in ``batch``.

    Returns:
        The payload.
    """
    newest = frames[-1]
    values = frame_values(newest)
    payload = session.head(seq, newest.t_us, quality_of_values(values)) | {"provisional": True} | values
    if len(frames) > 1:
        payload["batch"] = _batch(frames)
    return payload


def frame_values(frame: Frame) -> dict[str, Any]:
    """The angles of one frame, null where not known; without a pelvis sensor inclinations against gravity."""
    block, i = frame.block, frame.index
    if "pelvis" not in block.roles:
        segments = {
            role: {"inclination_deg": _number(block.inclination_deg(k)[i])} for k, role in enumerate(block.roles)
        }
        return {"reference": "gravity", "segments": segments}
    hips = {}
    for side, hip in block.sides.items():
        half_width = _number(hip.uncertainty_deg[i])
        known = half_width is not None and bool(hip.heading_known[i])
        hips[side] = {
            "flexion_deg": _number(hip.flexion_deg[i]),
            "adduction_deg": _number(hip.adduction_deg[i]),
            "internal_rotation_deg": _number(hip.internal_rotation_deg[i]),
            "uncertainty_deg": half_width,
            # Without the heading two of the three angles are missing.
            "quality": quality_of(half_width) if known or half_width is None else "poor",
        }
    tilt, tip, turn = block.pelvis_deg(slice(i, i + 1))[:, 0]
    pelvis = {"tilt_deg": _number(tilt), "list_deg": _number(tip), "rotation_deg": _number(turn)}
    return {"reference": "pelvis", "hips": hips, "pelvis": pelvis}


def meta(session: Session, seq: int, t_us: int) -> dict[str, Any]:
    """What a subscriber wants to know about the session."""
    return session.head(seq, t_us, "none") | {
        "program": f"imuhip {__version__}",
        "source": session.source,
        "sensors": {role: {"model": model} for role, model in session.sensors.items()},
        "angles_rate_hz": session.rate_hz,
        "conventions": CONVENTIONS,
        "note": "A training aid, not a medical device: live numbers are provisional.",
    }


def event(session: Session, *, id_: int, seq: int, t_us: int, quality: str, fields: Mapping[str, Any]) -> bytes:
    """A repetition, range result or flag; ``fields`` are those of the results' JSON contract."""
    head = session.head(seq, t_us, quality) | {"id": id_, "source": session.source}
    return encode(head | {key: value for key, value in fields.items() if key not in head})


def quality_of_values(values: Mapping[str, Any]) -> str:
    """How good the worst of some angles is."""
    if "segments" in values:
        return "fair" if any(s["inclination_deg"] is not None for s in values["segments"].values()) else "none"
    return worst([hip["quality"] for hip in values["hips"].values()])


def _batch(frames: Sequence[Frame]) -> dict[str, Any]:
    """All frames, column by column; a group that a frame does not have is unknown there."""
    each = [frame_values(frame) for frame in frames]
    batch: dict[str, Any] = {"t_us": [frame.t_us for frame in frames]}
    for group in ("hips", "segments"):
        names = dict.fromkeys(name for values in each for name in values.get(group, {}))
        if names:
            batch[group] = {name: _columns([v.get(group, {}).get(name, {}) for v in each]) for name in names}
    if any("pelvis" in values for values in each):
        batch["pelvis"] = _columns([values.get("pelvis", {}) for values in each])
    return batch


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _number(value: float) -> float | None:
    return round(float(value), 2) if math.isfinite(value) else None
