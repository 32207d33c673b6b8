"""What flags add to the results of a session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from imuhip.exercises.catalogue import MobiliseEntry
from imuhip.flags.judge import judge
from imuhip.flags.mobilising import mobilise_entries
from imuhip.flags.pain import pain_entries
from imuhip.flags.session import Controls, observe
from imuhip.flags.within import changes
from imuhip.marks import Mark


def judged(
    results: Mapping[str, Any],
    marks: Iterable[Mark],
    start_ns: int,
    controls: Controls,
    areas: Mapping[str, MobiliseEntry] | None = None,
) -> dict[str, Any]:
    """Add what was marked and what the rules say.

    Args:
        results: The machine-readable results, tests and sets complete.
        marks: The session's marks.
        start_ns: Host time of the session's first sample.
        controls: What each exercise controls.
        areas: What the catalogue says of mobilising work.

    Returns:
        The results with ``pain``, ``mobilise``, ``changes`` (each range before and after mobilising) and the ``flags``
        of the session by itself.
    """
    marks = list(marks)
    complete = {
        **results,
        "pain": pain_entries(marks, start_ns),
        "mobilise": mobilise_entries(
            marks, start_ns, tests=results["tests"], areas=areas, now_s=results["recording"].get("duration_s")
        ),
    }
    complete["changes"] = [change.to_json() for change in changes(observe(complete, controls))]
    complete["flags"] = judge(complete, controls)
    return complete
