"""Sets as text: what a set was like in a line or two, and what to do better, in coaching words."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from imuhip.cli.wording import clock, count, words, wrapped
from imuhip.exercises.as_json import set_json
from imuhip.exercises.results import ExerciseSet

Set = Mapping[str, Any]
Rep = Mapping[str, Any]
Told = Callable[[Set, Rep, float, float], str]


def set_lines(sets: Sequence[Set]) -> list[str]:
    """The sets of a session.

    Args:
        sets: As in the results.

    Returns:
        A heading and its lines; nothing without sets.
    """
    if not sets:
        return []
    lines = ["Exercises"]
    for one in sets:
        lines += _one_set(one)
    if any(one["reference"] == "gravity" for one in sets):
        lines.append("  against gravity: the angle of the segment; without a pelvis sensor it is no hip angle")
    return [*lines, *_both_sides(sets), *_not_visible(sets)]


def fault_words(one: Set, rep: Rep) -> list[str]:
    """The faults of a repetition in words, as in "was flung: lifted in 0.5 s, aim for 2 s".

    Args:
        one: The set.
        rep: One of its repetitions.
    """
    return [_FAULTS[fault["id"]](one, rep, fault["value"], fault["limit"]) for fault in rep["faults"]]


def last_rep_lines(exercise: ExerciseSet) -> list[str]:
    """The last repetition of a set that is going on: its number, its tempo, and what to do better.

    Args:
        exercise: The set so far.
    """
    one = set_json(exercise)
    name = words(one["exercise"] or "reps")
    if not one["reps"]:
        return [f"{name}: no rep yet"]
    rep = one["reps"][-1]
    faults = fault_words(one, rep)
    head = f"{name}: {count(len(one['reps']), 'rep')}, {one['good_reps']} good; last {_way(one, rep)}"
    return [head, *faults] if faults else [head, "good"]


def rep_words(one: Set, rep: Rep, number: int) -> str:
    """One repetition in a line: its tempo, and that it was good or what to do better.

    Args:
        one: Its set.
        rep: The repetition.
        number: In the set, from 1.
    """
    name = ", ".join(words(part) for part in (one["exercise"] or "movement that nobody marked", one["side"]) if part)
    return f"{name}, rep {number}: {_way(one, rep)}; {'; '.join(fault_words(one, rep)) or 'good'}"


def _way(one: Set, rep: Rep) -> str:
    """Tempo and range of one repetition."""
    tempo = _tempo({**one, "reps": [rep]})
    moves = "lift_s" in one["aim"] or not one["aim"]
    return ", ".join(part for part in (tempo, f"{rep['range_deg']:.0f} deg" if moves else "") if part)


def _one_set(one: Set) -> list[str]:
    name = words(one["exercise"] or "movement that nobody marked")
    side = f", {one['side']}" if one["side"] else ""
    head = f"  {name}{side}, from {clock(one['start_s'])}: "
    reps = one["reps"]
    if not reps:
        return [f"{head}no repetition found" if one["signal"] else f"{head}no sensor is worn where it shows"]
    lines = [f"{head}{count(len(reps), 'rep')}, {one['good_reps']} good"]
    for text in (_tempo(one), _range(one), *_fault_lines(one)):
        lines += wrapped(text, indent="    ")
    if one["less_smooth"]:
        lines.append(f"    less smooth than the others: {_numbers(one['less_smooth'])}")
    return lines


def _tempo(one: Set) -> str:
    """Medians of the phases."""
    verbs = one["words"]
    if "inhale_s" in one["aim"]:
        verbs = ["breathed in", "breathed out"]
    parts = []
    for label, key in ((verbs[0], "lift_s"), ("held", "hold_s"), (verbs[1], "lower_s")):
        values = [rep[key] for rep in one["reps"] if rep[key] is not None]
        if values and (key != "hold_s" or not one["aim"] or "hold_s" in one["aim"]):
            parts.append(f"{label} {'for' if key == 'hold_s' else 'in'} {statistics.median(values):.1f} s")
    return ", ".join(parts)


def _range(one: Set) -> str:
    if "lift_s" not in one["aim"] and one["aim"]:
        return ""
    median = statistics.median(rep["range_deg"] for rep in one["reps"])
    how = f" of the {_segment(one['signal'])} against gravity" if one["reference"] == "gravity" else ""
    parts = [f"range {median:.0f} deg{how}"]
    if one["range_cv"] is not None:
        even = "even" if one["consistent"] else "uneven"
        spread = f"{one['range_cv']:.0%} in range, {one['duration_cv']:.0%} in time".replace("%", " %")
        parts.append(f"{even} from rep to rep ({spread})")
    if one["controlled_range_deg"] is not None:
        target = one["controls"]["test"] if one["controls"] and one["reference"] != "gravity" else ""
        parts.append(_controlled(one["controlled_range_deg"], target))
    return "; ".join(parts)


def _segment(role: str) -> str:
    """A role as people say it: "left thigh"."""
    part, _, which = role.partition("_")
    return f"{which} {part}".strip()


def _controlled(angle_deg: float, motion: str = "") -> str:
    """How far control reaches; a bridge may well end before the hip is straight.

    Args:
        angle_deg: The controlled range.
        motion: Whose, as a test's name; empty where the line has said it.
    """
    whole = round(angle_deg)
    if whole >= 0:
        return f"under control up to {whole} deg" + (f" of {words(motion)}" if motion else "")
    zero = "straight" if motion in ("", "extension", "thomas") else "neutral"
    return f"under control to {-whole} deg short of {zero}" + ("" if zero == "straight" else f" {words(motion)}")


def _fault_lines(one: Set) -> Iterable[str]:
    """One line for a fault of one repetition; a fault that comes back is told once, with its worst case."""
    by_fault: dict[str, list[tuple[int, float, float]]] = {}
    for number, rep in enumerate(one["reps"], 1):
        for fault in rep["faults"]:
            by_fault.setdefault(fault["id"], []).append((number, fault["value"], fault["limit"]))
    for name, cases in by_fault.items():
        number, value, limit = max(cases, key=lambda case: _badness(case[1], case[2]))
        text = _FAULTS[name](one, one["reps"][number - 1], value, limit)
        if len(cases) == 1:
            yield f"rep {number} {text}"
        else:
            yield f"{_numbers([case[0] for case in cases])}, most in rep {number}: {text}"


def _badness(value: float, limit: float) -> float:
    """How far beyond its limit a value is, whichever side is wrong."""
    low, high = sorted((abs(value), abs(limit)))
    return high / max(low, 1e-6)


def _numbers(numbers: Sequence[int]) -> str:
    """Numbers as people list them: "reps 1-3 and 5"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    texts = [text for run in runs for text in ([f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run))]
    joined = " and ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else texts[0]
    return f"{'rep' if len(numbers) == 1 else 'reps'} {joined}"


def _too_fast(phase: int) -> Told:
    def told(one: Set, _: Rep, value: float, limit: float) -> str:
        verb, key = one["words"][phase], ("lift_s", "lower_s")[phase]
        usual, word = (("lifted", "flung"), ("lowered", "dropped"))[phase]
        head = f"was {word}" if verb == usual else "was hurried"
        if value < limit:
            return f"{head}: {verb} in {value:.1f} s, aim for {one['aim'].get(key, limit):.0f} s"
        return f"{head}: {verb} in a rush, {value:.1f} times its mean speed; spread it evenly"

    return told


def _stopped(_: Set, rep: Rep, value: float, limit: float) -> str:
    if limit >= 1:
        return f"came in {value:.0f} pieces: make it one smooth way"
    del rep
    return f"stopped on the way, for {value:.0%} of it: keep moving".replace("%", " %")


def _no_hold(one: Set, _: Rep, value: float, limit: float) -> str:
    aim = max(one["aim"].get("hold_s", limit), limit)
    return f"was held for {_apart(value, limit, digits=1)} s, aim for {aim:.0f} s"


def _unsteady(_: Set, rep: Rep, value: float, limit: float) -> str:
    if rep["drift_deg"] is not None:
        return f"slipped by {_apart(value, limit)} deg while it was held, stay within {limit:.0f}"
    unit = "deg/s" if limit >= 4 else "deg"
    return f"was not held still ({_apart(value, limit, digits=1)} {unit}, stay within {limit:.0f})"


def _plain(text: str) -> Told:
    return lambda _one, _rep, value, limit: text.format(
        value=_apart(value, limit), limit=limit, share=_apart(100 * value, 100 * limit), most=100 * limit
    )


def _apart(value: float, limit: float, *, digits: int = 0) -> str:
    """A value with as many digits as show that it is not its limit: "5.3 deg, stay within 5"."""
    while digits < 2 and round(value, digits) == round(limit, digits):
        digits += 1
    return f"{value:.{digits}f}"


def _short(one: Set, rep: Rep, value: float, limit: float) -> str:
    del rep, limit
    return f"was short: {value:.0f} deg, your full reps go {one['usual_range_deg']:.0f}"


_FAULTS: Mapping[str, Told] = {
    "flung": _too_fast(0),
    "dropped": _too_fast(1),
    "stopped": _stopped,
    "shaky": _plain("trembled: a smaller range or a rest may steady it"),
    "no_hold": _no_hold,
    "unsteady_hold": _unsteady,
    "off_axis": _plain("left its line: {share} % of the movement went another way, stay below {most:.0f} %"),
    "pelvis_pitch": _plain("tipped the pelvis by {value} deg, stay within {limit:.0f}"),
    "pelvis_list": _plain("tilted the pelvis sideways by {value} deg, stay within {limit:.0f}"),
    "pelvis_rotation": _plain("rolled the pelvis by {value} deg, stay within {limit:.0f}"),
    "short_range": _short,
    "start_drift": _plain("began {value} deg away from the first start pose: come all the way back"),
}


def _both_sides(sets: Sequence[Set]) -> list[str]:
    """Left against right for exercises that were done on both."""
    lines = []
    for name in dict.fromkeys(one["exercise"] for one in sets if one["exercise"]):
        sides = {
            side: [one for one in sets if one["exercise"] == name and one["side"] == side] for side in ("left", "right")
        }
        if all(sides.values()):
            lines.append(f"    {words(name)}")
            lines += [f"      {side + ':':6} {_side_words(own)}" for side, own in sides.items()]
    return ["  left against right", *lines] if lines else []


def _side_words(sets: Sequence[Set]) -> str:
    reps = [rep for one in sets for rep in one["reps"]]
    good = sum(one["good_reps"] for one in sets)
    text = f"{good} of {len(reps)} good"
    if reps:
        text += f", range {statistics.median(rep['range_deg'] for rep in reps):.0f} deg"
    controlled = [one["controlled_range_deg"] for one in sets if one["controlled_range_deg"] is not None]
    if not controlled:
        return text
    target = next((one["controls"]["test"] for one in sets if one["controls"] and one["reference"] != "gravity"), "")
    return f"{text}, {_controlled(max(controlled), target)}"


def _not_visible(sets: Sequence[Set]) -> list[str]:
    """What the sensors cannot see, once for each exercise."""
    notes = {one["exercise"]: one["notes"] for one in sets if one["exercise"] and one["notes"]}
    if not notes:
        return []
    lines = ["  what the sensors cannot see"]
    for name, each in notes.items():
        lines += wrapped(f"{words(name)}: {' '.join(each)}", indent="    ")
    return lines
