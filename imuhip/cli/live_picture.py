"""From the state of a live session to what its viewer sees."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from imuhip.cli.guide import Marker
from imuhip.cli.live_view import LiveBars, LiveLines, Picture, SensorLine
from imuhip.cli.recorder import Recorder
from imuhip.cli.screens import View
from imuhip.cli.wording import loss_text
from imuhip.radio.live import LiveSession
from imuhip.radio.supervisor import Supervisor

if TYPE_CHECKING:
    from imuhip.pipeline import SensorHealth

LINE_S = 5.0
CLOCK_SETTLES_S = 10.0
"""By then the envelope of arrivals has seen the shortest delay of the link."""


def picture(session: LiveSession, recorder: Recorder, marker: Marker, began_ns: int) -> Picture:
    """Gather what is shown at this moment.

    Args:
        session: The sensors' connections.
        recorder: What became of their data.
        marker: What the wearer is told.
        began_ns: When the recording began.
    """
    now = recorder.snapshot
    lines = [
        sensor_line(each, role, health, lost)
        for each, role, health, lost in zip(session.supervisors, marker.roles, now.live.health, now.lost, strict=True)
    ]
    why = "" if marker.guides or not now.why_no_angles else f"No angles yet: {now.why_no_angles}"
    told = "\n".join(line for line in (marker.said, why) if line)
    return Picture((session.now_ns() - began_ns) * 1e-9, now.size_bytes, now.live, lines, told)


def sensor_line(supervisor: Supervisor, role: str, health: SensorHealth, lost_on_host: int) -> SensorLine:
    """Say how one sensor is.

    Args:
        supervisor: Its connection.
        role: Where it is worn now.
        health: Its data.
        lost_on_host: Notifications of it that this computer lost.
    """
    status, refill = supervisor.status, supervisor.refill
    fine = status.streaming_since_s is not None
    streaming_s = asyncio.get_running_loop().time() - (status.streaming_since_s or 0.0)
    settled = fine and streaming_s > CLOCK_SETTLES_S
    return SensorLine(
        role=role,
        link="streaming" if fine else f"{status.fault or 'connecting'}; still looking",
        fine=fine,
        rate_hz=health.rate_hz,
        loss=loss_text(health, refill.filled, refill.missing, lost_on_host),
        signal="" if status.rssi_dbm is None else f"{status.rssi_dbm} dBm",
        battery="" if status.battery_percent is None else f"battery {status.battery_percent} %",
        clock="clock steady" if settled else "clock settling" if fine else "",
    )


def view_for(title: str, *, keys: bool) -> View[Picture]:
    """Return a view that suits stdout.

    Args:
        title: What runs.
        keys: Whether keys do something.
    """
    from rich.console import Console

    console = Console()
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveBars(console, title, keys=keys)
    return LiveLines(sys.stdout, LINE_S)
