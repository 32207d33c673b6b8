"""Before and after within a session, and rule B: new range wants slow reps before anything else.

What is gained by mobilising is transient (gone within half an hour in the studies that looked): here it only decides
what to do now. What stayed is told by the next session's cold pre-test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from imuhip.flags.flag import Flag, capital, change, slow_reps
from imuhip.flags.motion import CARDINAL, MDC_WITHIN_DEG, SIDE_MOTIONS, Motion
from imuhip.flags.session import Controls, MotionRow, SessionRow, controlled
from imuhip.records import record

MUCH_DEG = 10.0
"""A gain beyond this, hardly used in good reps, is red."""
REACHED_SHARE = 0.8
REACHED_REPS = 3
"""Good reps that reach 80 % of the new range count as using it; three do."""


@record
class Change:
    """A range before and after mobilising in one session, degrees.

    Attributes:
        motion: Which range.
        mode: ``active`` or ``passive``.
        before_deg: Before.
        after_deg: After.
    """

    motion: Motion
    mode: str
    before_deg: float
    after_deg: float

    @property
    def change_deg(self) -> float:
        """After minus before."""
        return self.after_deg - self.before_deg

    @property
    def real(self) -> bool:
        """Whether it is beyond the MDC, the least change that is not chance."""
        return abs(self.change_deg) > MDC_WITHIN_DEG

    @property
    def verdict(self) -> str:
        """What the change is, in words."""
        if self.real:
            return f"a real change: beyond the MDC of {MDC_WITHIN_DEG:.0f}"
        return f"no real change: within the MDC of {MDC_WITHIN_DEG:.0f}"

    def to_json(self) -> dict[str, Any]:
        """The change as an entry of the results."""
        motion = self.motion
        said = f"{motion.spoken}{' (passive)' if self.mode == 'passive' else ''}"
        return {
            "motion": motion.name,
            "side": motion.side,
            "position": motion.position,
            "mode": self.mode,
            "before_deg": round(self.before_deg, 2),
            "after_deg": round(self.after_deg, 2),
            "change_deg": round(self.change_deg, 2),
            "uncertainty_deg": MDC_WITHIN_DEG,
            "mdc_deg": MDC_WITHIN_DEG,
            "real": self.real,
            "message": f"{capital(said)}: {change(self.change_deg, MDC_WITHIN_DEG)}, {self.verdict}.",
        }


def changes(session: SessionRow) -> list[Change]:
    """Every range that was measured before and after mobilising.

    Args:
        session: The session.
    """
    found = []
    for motion, row in session.motions.items():
        for mode, before, after in (
            ("active", row.range_deg, row.after_deg),
            ("passive", row.passive_deg, row.passive_after_deg),
        ):
            if before is not None and after is not None:
                found.append(Change(motion, mode, before, after))
    return found


def session_gains(session: SessionRow, controls: Controls) -> Iterator[Flag]:
    """Rule B for every active range that was measured before and after mobilising.

    Args:
        session: The session.
        controls: What each exercise controls.

    Yields:
        A flag for each.
    """
    for found in changes(session):
        if found.mode == "active":
            yield _gain_flag(found, session.motions[found.motion], controls)


def _gain_flag(found: Change, row: MotionRow, controls: Controls) -> Flag:
    gain, new = found.change_deg, found.after_deg
    c = controlled(row.fresh_peaks_deg)
    reached = sum(peak >= REACHED_SHARE * new for peak in row.fresh_peaks_deg)
    closed = c is not None and c >= new - MDC_WITHIN_DEG
    evidence = {
        "before_deg": found.before_deg,
        "after_deg": new,
        "gain_deg": gain,
        "uncertainty_deg": MDC_WITHIN_DEG,
        "mdc_deg": MDC_WITHIN_DEG,
        "real": found.real,
        "controlled_after_deg": c,
        "good_reps_in_new_range": reached,
        "closed": closed,
    }
    name, by, reps = capital(found.motion.spoken), change(gain, MDC_WITHIN_DEG), slow_reps(found.motion, controls)
    if gain <= MDC_WITHIN_DEG:
        message = f"{name}: {by} after mobilising, {found.verdict}."
        return Flag("B", "green", found.motion, message, evidence)
    if closed:
        message = f"{name}: {by} after mobilising, and your slow reps have reached it under control. {_TRANSIENT}"
        return Flag("B", "green", found.motion, message, evidence)
    if gain > MUCH_DEG and reached < REACHED_REPS:
        done = "no good rep yet reaches" if not reached else f"only {reached} good rep{'s' * (reached > 1)} reached"
        message = (
            f"{name}: {by} of new range after mobilising, a lot at once, and {done} "
            f"{REACHED_SHARE * 100:.0f} % of it. Do {reps} into it before you run or load it, or leave it for today. "
            f"{_TRANSIENT}"
        )
        return Flag("B", "red", found.motion, message, evidence)
    message = f"{name}: {by} of new range after mobilising. Do {reps} in it now, up to {new:.0f} degrees. {_TRANSIENT}"
    return Flag("B", "amber", found.motion, message, evidence)


_TRANSIENT = "Range right after mobilising is transient: your next cold pre-test tells what stayed."


def carried_over_today(session: SessionRow) -> Iterator[Flag]:
    """Whether today's gain in the side motions showed up in flexion and extension.

    Args:
        session: The session.

    Yields:
        A flag for each flexion and extension of a side whose side motions gained beyond the MDC.
    """
    found = [one for one in changes(session) if one.mode == "active"]
    for side in ("left", "right", None):
        gained = [c for c in found if c.motion.side == side and c.motion.name in SIDE_MOTIONS and _gained(c)]
        if not gained:
            continue
        began = ", ".join(f"{c.motion.spoken} {change(c.change_deg, MDC_WITHIN_DEG)}" for c in gained)
        for name in CARDINAL:
            own = [c for c in found if c.motion.side == side and c.motion.name == name]
            yield from (_carry_flag(c, began, gained) for c in own)
            if not own:
                motion = Motion(name, None, side, gained[0].motion.reference)
                message = (
                    f"{capital(began)} after mobilising. Whether it shows up in {motion.spoken} is open: "
                    "test that before and after, too."
                )
                yield Flag("carry_over", "green", motion, message, {"span": "session", "carried_over": None})


def _gained(one: Change) -> bool:
    return one.change_deg > MDC_WITHIN_DEG


def _carry_flag(own: Change, began: str, gained: list[Change]) -> Flag:
    carried = _gained(own)
    answer = "showed up" if carried else "did not show up"
    message = (
        f"{capital(began)} after mobilising. Today it {answer} in {own.motion.spoken}: "
        f"{change(own.change_deg, MDC_WITHIN_DEG)}, {own.verdict}."
    )
    evidence = {
        "span": "session",
        "carried_over": carried,
        "change_deg": own.change_deg,
        "uncertainty_deg": MDC_WITHIN_DEG,
        "side_motions": [c.motion.name for c in gained],
        "side_changes_deg": [c.change_deg for c in gained],
    }
    return Flag("carry_over", "green", own.motion, message, evidence)
