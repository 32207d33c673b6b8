"""What is new in a running session, a line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from imuhip.cli.flag_text import TELLING, overruled
from imuhip.cli.mobilise_text import work_words
from imuhip.cli.set_text import rep_words
from imuhip.cli.text import peak_words
from imuhip.cli.wording import clock, words

if TYPE_CHECKING:
    from imuhip.live_results import News


def news_line(news: News, now_s: float) -> str:
    """One result for somebody who is exercising.

    Args:
        news: The result.
        now_s: When it became known, from the recording's start.

    Returns:
        A line; empty for flags that say that all is as it was.
    """
    if news.kind == "rep" and news.of_set is not None:
        return f"{clock(news.fields['end_s'])}  {rep_words(news.of_set, news.fields, news.number)}"
    if news.kind == "range":
        return f"{clock(news.fields['end_s'])}  {_test(news.fields)}"
    if news.kind == "mobilise":
        return f"{clock(now_s)}  {work_words(news.fields)}"
    told = news.fields["evidence"].get("verdict") in TELLING
    if not told and (news.fields["level"] == "green" or overruled(news.fields)):
        return ""
    return f"{clock(now_s)}  {'note' if told else news.fields['level']}: {news.fields['message']}"


def _test(test: Mapping[str, Any]) -> str:
    what = ", ".join(words(test[key]) for key in ("name", "side", "position", "mode") if test[key])
    trials = " ".join(f"{trial:.0f}" for trial in test["trials_deg"])
    return f"{what}: {peak_words(test, unit=' deg')}; trials {trials}" if trials else f"{what}: no trial found"
