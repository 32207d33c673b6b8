"""The command that checks the machine."""

from __future__ import annotations

import json

import click

from imuhip.cli import options
from imuhip.cli.output import say

PROBLEM = 1
"""Exit status when something is in the way."""


@click.command(epilog="Example: imuhip doctor")
@options.radio
@options.as_json
def doctor(radio: str | None, *, as_json: bool) -> None:
    """Check whether this machine can talk to sensors, and say the one thing to do next."""
    import asyncio

    problem = asyncio.run(_doctor(radio, as_json=as_json))
    if problem:
        raise SystemExit(PROBLEM)


async def _doctor(radio: str | None, *, as_json: bool) -> bool:
    from dataclasses import asdict

    from imuhip.radio.checks import Check, checks

    done: list[Check] = []
    async for check in checks(radio):
        done.append(check)
        if not as_json:
            sign = {True: "ok", False: "PROBLEM", None: "-"}[check.fine]
            say(f"  {sign:<8}{check.name}: {check.detail}\n")
    problem = next((check for check in done if check.fine is False), None)
    remedy = "Record with: imuhip record -o session.mcap" if problem is None else problem.remedy
    if as_json:
        say(json.dumps({"checks": [asdict(check) for check in done], "next": remedy}, indent=2) + "\n")
    else:
        say(f"Next: {remedy}\n")
    return problem is not None
