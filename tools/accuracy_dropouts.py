"""What a connection that drops in the middle of a set costs: from its return to the end of the set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from accuracy_sessions import SCRIPTS, WEARERS, Case, angle_errors, as_recorded, played_live, rms, session_of
from accuracy_simulated import FIRST_SEED, REFINED_DEG
from accuracy_table import Figure, Section, at_most, p90, slashed

from imuhip.hip.stage import HipBlock, join
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock
from imuhip.pipeline import refine
from imuhip.simulation.script import Side
from imuhip.simulation.simulate import SimulatedSession
from imuhip.simulation.transmit import silenced

SILENT_S = 3.0
FROM_SHARE = 0.35
"""Of a test or exercise: in its first or second repetition of three, its third of eight."""
SILENT = {"thigh's sensor": (1,), "both sensors": (0, 1)}

Event = NotificationBlock | Mark


@dataclass(frozen=True, slots=True)
class Dropout:
    """A session in which sensors fall silent in every test and exercise.

    Attributes:
        session: What is simulated.
        silent: A key of :data:`SILENT`.
    """

    session: Case
    silent: str


@dataclass(frozen=True, slots=True)
class After:
    """From the end of each dropout to the end of its set, in one session.

    Attributes:
        case: The session.
        refined_deg: (3,) RMSE of flexion, adduction, rotation.
        refined_known: Share of frames with all three.
        live_deg: (3,) likewise, live; infinite where nothing was known.
        live_known: Likewise.
    """

    case: Dropout
    refined_deg: tuple[float, ...]
    refined_known: float
    live_deg: tuple[float, ...]
    live_known: float


def dropouts(run: Callable[[Callable[[Dropout], After], Sequence[Dropout]], list[After]], seeds: int) -> Section:
    """Measure sessions on both sides.

    Args:
        run: Maps over the cases, in parallel.
        seeds: Sessions on each side, for each script and each way of falling silent.
    """
    cases = [
        Dropout(Case(script, WEARERS[2], side, first + k), silent)
        for k in range(seeds)
        for script in SCRIPTS
        for silent in SILENT
        for side, first in FIRST_SEED.items()
    ]
    measured = run(measure, cases)
    notes = (
        f"Real wearers with soft tissue, {seeds} sessions on each side; a connection drops for a while in mid-set, in",
        "every test and exercise, and nothing is refilled. RMSE of flexion / adduction / rotation in degrees, 90th",
        "percentile over sessions. Known: share of frames with all three. Target: as without a dropout.",
    )
    return Section("Dropouts in mid-set", notes, tuple(_figures(measured)))


def _figures(measured: Sequence[After]) -> Iterator[Figure]:
    for script in SCRIPTS:
        for silent in SILENT:
            own = [each for each in measured if (each.case.session.script, each.case.silent) == (script, silent)]
            name, condition = f"{script}, to the set's end, RMSE", f"{silent} silent for {SILENT_S:g} s"
            shares = [float(np.mean([getattr(each, way) for each in own])) for way in ("refined_known", "live_known")]
            known = [f"(known {100 * share:.0f} %)" for share in shares]
            refined, live = (
                [p90(axis) for axis in zip(*(getattr(each, way) for each in own), strict=True)]
                for way in ("refined_deg", "live_deg")
            )
            target = REFINED_DEG[script, WEARERS[2]]
            yield at_most(f"{name}, refined {known[0]}", condition, target, refined)
            yield Figure(f"{name}, live {known[1]}", condition, "", slashed(live))


def measure(case: Dropout) -> After:
    """Simulate one session, refined and live."""
    made, side = session_of(case.session), case.session.side
    spans = []
    for mark in made.marks:
        if mark.kind in {"test", "exercise"} and mark.end_ns is not None:
            start_ns = mark.start_ns + round(FROM_SHARE * (mark.end_ns - mark.start_ns))
            spans.append((start_ns, start_ns + round(SILENT_S * 1e9), mark.end_ns))
    silent = [(start_ns, back_ns) for start_ns, back_ns, _ in spans]
    events: list[Event] = []
    for event in as_recorded(made):
        events += [event] if isinstance(event, Mark) else silenced(event, SILENT[case.silent], silent)
    whole = refine(made.sensors, events)
    pipeline, blocks = played_live(made.sensors, events)
    after = [(back_ns, end_ns) for _, back_ns, end_ns in spans]
    refined = _after(made, side, join(whole.blocks), whole.start_ns, after)
    return After(case, *refined, *_after(made, side, join(blocks), pipeline.start_ns or 0, after))


def _after(
    made: SimulatedSession, side: Side, measured: HipBlock, start_ns: int, spans: Sequence[tuple[int, int]]
) -> tuple[tuple[float, ...], float]:
    """RMSE and share of known frames in some spans of host time."""
    error = angle_errors(made, side, measured, start_ns)
    frames = [[round((ns - start_ns) * 1e-9 * measured.rate_hz) for ns in span] for span in spans]
    own = np.concatenate([error[:, first:last] for first, last in frames], axis=1)
    return rms(own), float(np.isfinite(own).all(axis=0).mean())
