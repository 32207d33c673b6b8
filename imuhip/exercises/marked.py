"""A marked set: its repetitions while it runs, and the set when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from imuhip.exercises.catalogue import AXES, Catalogue, ExerciseEntry
from imuhip.exercises.control import RepFigures
from imuhip.exercises.finder import FIDGET_DEG, Found
from imuhip.exercises.following import KEPT_S, MAX_REP_S, Following
from imuhip.exercises.holds import Holds
from imuhip.exercises.kept_frames import KeptFrames
from imuhip.exercises.motion import HipTrack, SegmentTrack, Track
from imuhip.exercises.results import ExerciseSet
from imuhip.exercises.sets import SetFrame, concluded, without_fidgets
from imuhip.exercises.steps import per_step
from imuhip.hip.stage import HipBlock
from imuhip.records import record

KNOWN_SHARE = 0.5
"""Hip angles that are known for less of a set than this give way to a segment against gravity."""
BREATH_FIDGET_DEG = 0.5
"""A breath tips a sensor on the navel by a degree or two."""
TRUNK = ("pelvis", "chest", "abdomen")
SIDES = ("right", "left")


@record
class Marking:
    """What a mark says of a set.

    Attributes:
        name: Of the exercise.
        side: As marked.
        position: As marked.
        mode: As marked.
        start_s: From the recording's start.
        end_s: None while it is open.
    """

    name: str
    side: str | None
    position: str | None
    mode: str | None
    start_s: float
    end_s: float | None


class _Followed:
    """One track of a set; it is looked at, and what was found on it measured, when somebody wants to know.

    Args:
        following: The track.
        frames: Those of the set.
        rate_hz: Of the frames.
    """

    def __init__(self, following: Following, frames: KeptFrames, rate_hz: float) -> None:
        self.following = following
        self._frames = frames
        self._rate_hz = rate_hz
        self._ended = False
        self._waiting: list[tuple[Found, HipBlock | None]] = []
        self._reps: list[RepFigures] = []

    def end(self) -> None:
        """Nothing follows."""
        self._ended = True

    def look(self) -> None:
        """Find repetitions in what is new."""
        found = self.following.flush() if self._ended else self.following.find()
        self._waiting += [(one, self.following.frames_of(one, self._frames, self._rate_hz)) for one in found]

    def reps(self) -> list[RepFigures]:
        """Its repetitions."""
        self.look()
        measured = (self.following.measure_in(one, block) for one, block in self._waiting)
        self._reps += [rep for rep in measured if rep is not None]
        self._waiting.clear()
        return without_fidgets(self._reps)

    def leave(self) -> None:
        """Nobody will want to know."""
        self.following.forget()
        self._waiting.clear()


class MarkedSet:
    """The frames of one mark to its sets.

    Args:
        marking: What the mark says; may be replaced when it closes.
        catalogue: What the exercise is.
    """

    def __init__(self, marking: Marking, catalogue: Catalogue) -> None:
        self.marking = marking
        self.entry = catalogue.exercise(marking.name)
        self._limits = catalogue.limits if self.entry is None else self.entry.limits
        self._followed: list[_Followed] | None = None
        self._holds: Holds | None = None
        self._frames = KeptFrames()
        self._steps = 0
        self._unseen = 0
        self._rate_hz = 0.0

    def feed(self, block: HipBlock) -> None:
        """Take the next frames of the mark."""
        if self._followed is None:
            self._rate_hz = block.rate_hz
            tracks = _tracks(block, self.entry, self.marking.side)
            fidget = BREATH_FIDGET_DEG if self.entry is not None and self.entry.axis == "breath" else FIDGET_DEG
            self._followed = [
                _Followed(Following(t, self.entry, fidget_deg=fidget), self._frames, self._rate_hz) for t in tracks
            ]
            if self.entry is not None and self.entry.cycle == ("hold",):
                self._holds = Holds(tracks, self.entry.limits)
        self._steps += len(block) // per_step(block.rate_hz)
        if self._holds is not None:
            self._holds.feed(block)
            return
        self._frames.add(block)
        self._unseen += len(block)
        for each in self._followed:
            each.following.add(block)
        if self._unseen >= MAX_REP_S * self._rate_hz:
            self._look(block.start_index + len(block))

    def _look(self, now: int) -> None:
        """Look at all tracks, so that frames which none of them needs can be let go of."""
        self._unseen = 0
        for each in self._followed or []:
            each.look()
        needs = [each.following.needs_from(self._rate_hz) for each in self._followed or []]
        earliest = min((n for n in needs if n is not None), default=now)
        self._frames.let_go(max(earliest, now - round(KEPT_S * self._rate_hz)))

    def flush(self) -> None:
        """The mark has ended."""
        for each in self._followed or []:
            each.end()
        chosen = [] if self._holds is not None else self._chosen()
        for each in self._followed or []:
            if each in chosen:
                each.reps()
            each.leave()
        self._frames.clear()

    def sets(self, now_s: float) -> list[ExerciseSet]:
        """The set, or one for each leg where the legs take turns; of a mark that is still open, up to now."""
        if self._holds is not None:
            holds = self._holds.result()
            return [self._concluded(holds.track, holds.reps, now_s)]
        chosen = self._chosen()
        if not chosen:
            return [concluded(self._frame(None, now_s), [], self.entry, self._limits)]
        return [self._concluded(each.following.track, each.reps(), now_s) for each in chosen]

    def _chosen(self) -> list[_Followed]:
        """The track that the set is seen on, or one for each leg."""
        followed = self._followed or []
        if not followed:
            return []
        if self.entry is None or self.entry.legs != "alternating" or self.marking.side not in (None, "both"):
            return [self._best(followed)]
        sides = [side for side in SIDES if any(each.following.track.side == side for each in followed)]
        return [self._best([e for e in followed if e.following.track.side == side]) for side in sides]

    def _best(self, followed: Sequence[_Followed]) -> _Followed:
        """Of the hips the one that moves most, if it is known well enough; else the segment that moves most."""
        hips = [
            each
            for each in followed
            if each.following.track.reference == "pelvis" and each.following.known_steps >= KNOWN_SHARE * self._steps
        ]
        known = hips or followed
        return known[0] if len(known) == 1 else max(known, key=lambda e: sum(rep.range_deg for rep in e.reps()))

    def _concluded(self, track: Track, reps: Sequence[RepFigures], now_s: float) -> ExerciseSet:
        return concluded(self._frame(track, now_s), reps, self.entry, self._limits)

    def _frame(self, track: Track | None, now_s: float) -> SetFrame:
        marking = self.marking
        side, both_legs = marking.side, self.entry is not None and self.entry.legs == "both"
        if track is not None and (side is None or (side == "both" and not both_legs)):
            side = track.side or side
        return SetFrame(
            exercise=(marking.name or None) if self.entry is None else self.entry.name,
            side=side,
            position=marking.position,
            mode=marking.mode,
            marked=True,
            start_s=marking.start_s,
            end_s=now_s if marking.end_s is None else marking.end_s,
            reference="pelvis" if track is None else track.reference,
            signal="" if track is None else track.signal,
            notes=() if self.entry is None else self.entry.not_visible,
        )

    def closed(self, marking: Marking) -> None:
        """Learn what the mark says when it closes."""
        self.marking = replace(marking, start_s=self.marking.start_s)


def _tracks(block: HipBlock, entry: ExerciseEntry | None, side: str | None) -> list[Track]:
    """What to follow in an exercise: the hip where it can be known, and segments against gravity beside it."""
    tracks: list[Track] = []
    worn = [s for s in SIDES if s in block.sides and side in (s, "both", None)]
    if entry is not None and entry.axis in AXES and worn:
        if entry.legs == "both" and len(worn) > 1:
            tracks.append(HipTrack(worn, AXES[entry.axis], twist=entry.rotation == "swing_twist"))
        else:
            tracks += [HipTrack([s], AXES[entry.axis], twist=entry.rotation == "swing_twist") for s in worn]
    hangs = entry is not None and entry.hangs
    return [*tracks, *(SegmentTrack(role, hangs=hangs) for role in segments(block.roles, entry, side))]


def segments(roles: Sequence[str], entry: ExerciseEntry | None, side: str | None) -> list[str]:
    """Segments to follow against gravity: of the leg that works, those that the exercise is seen on."""
    legs = [role for role in roles if role not in TRUNK]
    own = [role for role in legs if side in (None, "both") or role.endswith((f"_{side}", "_moving"))]
    wanted = "" if entry is None else entry.gravity
    if wanted == "abdomen":
        return [role for role in roles if role == "abdomen"]
    if wanted in ("thigh", "shank"):
        return [role for role in own if role.startswith(wanted)] or own
    return own
