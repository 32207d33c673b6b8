"""Orientation of every segment in one earth, live."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from imuhip import rotation
from imuhip.calibration.calibrator import Due
from imuhip.calibration.result import Calibration
from imuhip.orientation.correction import Correction, heading_between
from imuhip.orientation.filter import OrientationFilter
from imuhip.records import record
from imuhip.timeline.bridge import LOST_RAD, BridgedBlock
from imuhip.units import BoolArray, FloatArray, IntArray

FADE_S = 2.0
"""Corrections fade in over this time, so that a live angle never jumps."""
SETTLE_S = 2.0
"""Live, a filter that started anew needs this long until its tilt is right."""
LEVEL_AGAIN_S = 3.0
"""A filter's tilt comes back to what gravity shows with VQF's time constant."""
BACK_PER_S = 2.0 / LEVEL_AGAIN_S
"""So its variance comes back at twice the rate."""
LOST_HEADING_SD_RAD = np.deg2rad(45.0)
"""No angle of a hip is shown whose heading is known no better than this."""
HISTORY_FRAMES = 1024
"""Frames that are remembered, to find the filter's orientation at a knot of the recent past."""


@record
class Spread:
    """Standard deviations of one hip over N frames, rad: of tilts against gravity, and of the heading."""

    level_sd_rad: FloatArray
    heading_sd_rad: FloatArray


@record
class SegmentBlock:
    """Segments over N frames.

    Attributes:
        start_index: Frame number of the first.
        rate_hz: Frames per second.
        roles: Segment under each sensor.
        quat_earth_from_segment: (K, N, 4).
        known: (K, N).
        spreads: By side of the hip.
        quat_earth_from_sensor: (K, N, 4) of the sensors themselves, whatever is known of their mounts.
        levelled: (K, N) whether that is right against gravity, whatever its heading.
    """

    start_index: int
    rate_hz: float
    roles: tuple[str, ...]
    quat_earth_from_segment: FloatArray
    known: BoolArray
    spreads: Mapping[str, Spread]
    quat_earth_from_sensor: FloatArray
    levelled: BoolArray


class LiveSegments:
    """Frames to segments with what is known so far.

    Args:
        roles: Where each sensor is worn at the start.
        rate_hz: Rate of the frames.
    """

    def __init__(self, roles: Sequence[str], rate_hz: float) -> None:
        sensors = len(roles)
        self._rate_hz = rate_hz
        self._roles = list(roles)
        self._filter = OrientationFilter(sensors, rate_hz)
        self._calibration: Calibration | None = None
        self._corrections = [Correction.constant(0.0) for _ in roles]
        self._mounts = [_MountFade.fixed(rotation.IDENTITY) for _ in roles]
        self._settle()
        self._usable = np.zeros(sensors, dtype=np.bool_)
        self._history = np.zeros((sensors, HISTORY_FRAMES, 4))
        self._restarted = np.zeros(sensors, dtype=np.int64)
        self._slips: list[tuple[int, int, float]] = []

    def wear(self, sensor: int, role: str) -> None:
        """A sensor is being strapped on elsewhere: its segment is unknown until it has been calibrated there."""
        self._roles[sensor] = role
        self._usable[sensor] = False

    def apply(self, due: Due) -> None:
        """Change over to a new calibration, smoothly, from its frame on; frames before it have been fed."""
        calibration, frame = due.calibration, due.from_frame
        fade = round(FADE_S * self._rate_hz)
        mounts = [calibration.mount_of(role, frame) for role in self._roles]
        usable = [m is not None and m.sensor == k and m.usable for k, m in enumerate(mounts)]
        # What was not shown before cannot jump, and need not be waited for.
        continues = [
            bool(self._usable[k]) and usable[k] and self._restarted[k] <= self._known_since()
            for k in range(len(mounts))
        ]
        headings = self._headings(calibration)
        if any(continues):
            # Only headings between sensors matter: the first that goes on keeps its own, so that the others, faded or
            # new, are right against it.
            first = continues.index(True)
            headings = headings - (headings[first] - self._corrections[first].at(frame)[0])
        lost = self._lost_roles(frame)
        for k, mount in enumerate(mounts):
            old, heading, fades = self._corrections[k], float(headings[k]), continues[k] and self._roles[k] not in lost
            self._corrections[k] = old.fading(frame, heading, fade) if fades else Correction.constant(heading)
            if mount is not None and mount.sensor == k:
                target = mount.quat_sensor_from_segment
                fading = self._mounts[k].fading(frame, target, fade)
                self._mounts[k] = fading if continues[k] else _MountFade.fixed(target)
        self._settle()
        self._usable = np.array(usable)
        self._slips = [slip for slip in self._slips if slip[0] >= int(calibration.knot_frame[-1])]
        self._calibration = calibration

    def _lost_roles(self, frame: int) -> set[str]:
        """Thighs of which nobody knew where they face: no angle was shown that could jump."""
        if self._calibration is None:
            return set()
        spreads = self._spreads(self._calibration, np.array([frame]))
        return {f"thigh_{side}" for side, spread in spreads if spread.heading_sd_rad[0] > LOST_HEADING_SD_RAD}

    def _headings(self, calibration: Calibration) -> FloatArray:
        """(K,) what turns each filter into the calibration's earth, at its last knot."""
        before = (int(calibration.knot_frame[-1]) - 1) % HISTORY_FRAMES
        return heading_between(calibration.quat_earth_from_sensor[:, -1], self._history[:, before])

    def feed(self, block: BridgedBlock) -> SegmentBlock:
        """Segments of the next frames, none of which reaches beyond the next calibration."""
        quat, restarted = self._filter.feed(block, self._calibration)
        frames = block.start_index + np.arange(len(block))
        self._remember(quat, block.start_index)
        # In order of time, whatever the block: sums of the same numbers in another order have other bits.
        if block.slip_rad.any():
            for i, k in np.argwhere(((block.slip_rad > 0.0) & (block.slip_rad < LOST_RAD)).T).tolist():
                self._slips.append((block.start_index + i, k, float(block.slip_rad[k, i]) ** 2))
        shown, settled = self._known_after_gaps(frames, restarted)
        known, levelled = block.known & shown, block.known & settled
        segments = self._turned(quat, frames)
        spreads = {} if self._calibration is None else dict(self._spreads(self._calibration, frames))
        roles = tuple(self._roles)
        return SegmentBlock(block.start_index, self._rate_hz, roles, segments, known, spreads, quat, levelled)

    def _known_since(self) -> int:
        """Frame up to which the calibration in use knows the headings."""
        return -1 if self._calibration is None else int(self._calibration.knot_frame[-1])

    def _settle(self) -> None:
        """Find what all sensors are turned by once corrections and mounts change no more, and from which frame on."""
        self._steady_from = max(
            *(int(correction.frame[-1]) for correction in self._corrections), *(mount.last for mount in self._mounts)
        )
        turn = np.stack([correction.last for correction in self._corrections])[:, None]
        mount = np.stack([mount.end for mount in self._mounts])[:, None]
        # Both products are linear in what lies between: this is what they make of each of its four components.
        self._steady = rotation.multiply(rotation.multiply(turn, np.eye(4)), mount).swapaxes(1, 2)

    def _known_after_gaps(self, frames: IntArray, restarted: BoolArray) -> tuple[BoolArray, BoolArray]:
        """(K, N) where a sensor is calibrated, settled, and went on since; and where its tilt has settled."""
        since = self._restarted[:, None]
        if restarted.any():
            since = np.maximum.accumulate(np.where(restarted, frames, since), axis=1)
            self._restarted = since[:, -1].copy()
        settled = frames >= since + round(SETTLE_S * self._rate_hz)
        shown = self._usable[:, None] & (since <= self._known_since()) & settled
        # At its start VQF takes the tilt from the first force, so there is nothing to wait for.
        return shown, settled | (since == 0)

    def _turned(self, quat: FloatArray, frames: IntArray) -> FloatArray:
        """Earth from segment, (K, N, 4), of what the filters say."""
        changing = int(np.searchsorted(frames, self._steady_from))
        out = np.empty_like(quat)
        if changing:
            now = frames[:changing]
            turns = np.stack([each.turns(now) for each in self._corrections])
            mounts = rotation.normalise(np.stack([each.between(now) for each in self._mounts]))
            out[:, :changing] = rotation.multiply(rotation.multiply(turns, quat[:, :changing]), mounts)
        rotation.transform(self._steady, [quat[:, changing:, i] for i in range(4)], out=out[:, changing:])
        return out

    def _remember(self, quat: FloatArray, start: int) -> None:
        recent = quat[:, -HISTORY_FRAMES:]
        first = start + quat.shape[1] - recent.shape[1]
        self._history[:, np.arange(first, first + recent.shape[1]) % HISTORY_FRAMES] = recent

    def _spreads(self, calibration: Calibration, frames: IntArray) -> list[tuple[str, Spread]]:
        age_s = np.maximum(frames - int(calibration.knot_frame[-1]), 0) / self._rate_hz
        out = []
        for side, hip in calibration.hips.items():
            drift = hip.drift_sd_rad_s * age_s
            heading, level = self._slipped(side, frames)
            heading += float(hip.heading_sd_rad[-1]) ** 2 + drift * drift
            level += float(hip.level_sd_rad[-1]) ** 2
            out.append((side, Spread(np.sqrt(level), np.sqrt(heading))))
        return out

    def _slipped(self, side: str, frames: IntArray) -> tuple[FloatArray, FloatArray]:
        """Variance (N,) by which a hip's heading slipped in gaps, and its tilt, which comes back."""
        own = ("pelvis", f"thigh_{side}")
        at, heading, level = [-(1 << 60)], [0.0], [0.0]
        for frame, sensor, variance in self._slips:
            if self._roles[sensor] in own:
                heading.append(heading[-1] + variance)
                level.append(level[-1] * math.exp((at[-1] - frame) / self._rate_hz * BACK_PER_S) + variance)
                at.append(frame)
        last = np.searchsorted(np.array(at), frames, side="right") - 1
        back = np.exp((np.array(at)[last] - frames) * (BACK_PER_S / self._rate_hz))
        return np.array(heading)[last], np.array(level)[last] * back


@record
class _MountFade:
    """A mounting that changes over to another between two frames."""

    first: int
    last: int
    start: FloatArray
    end: FloatArray

    @staticmethod
    def fixed(quat: FloatArray) -> _MountFade:
        return _MountFade(-1, 0, quat, quat)

    def fading(self, frame: int, target: FloatArray, fade_frames: int) -> _MountFade:
        now = rotation.normalise(self.between(np.array([frame])))[0]
        return _MountFade(frame, frame + fade_frames, now, target if now @ target >= 0 else -target)

    def between(self, frames: IntArray) -> FloatArray:
        """(N, 4), not yet of length one."""
        share = np.interp(frames, (self.first, self.last), (0.0, 1.0))[:, None]
        return self.start + share * (self.end - self.start)
