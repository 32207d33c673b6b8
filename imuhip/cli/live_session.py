"""A live session from the first connection to the last word."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imuhip.catalogue_files import load_catalogue
from imuhip.cli.earlier import earlier_than
from imuhip.cli.guide import Marker, calibration_steps
from imuhip.cli.keys import keyboard
from imuhip.cli.live_picture import picture, view_for
from imuhip.cli.outlet import MqttOutlet
from imuhip.cli.pairing import paired_targets
from imuhip.cli.publishing import Target as MqttTarget
from imuhip.cli.publishing import publishing
from imuhip.cli.recorder import Keeper, Recorder, Unkept
from imuhip.cli.wording import clock, loss_text, words
from imuhip.marks import Mark
from imuhip.radio.adapter import Adapter
from imuhip.radio.agent import pairing_agent
from imuhip.radio.live import LiveSession
from imuhip.radio.opening import open_radio, require_bumble
from imuhip.radio.supervisor import Target
from imuhip.recording import Anchor, RecordingWriter, SessionInfo
from imuhip.records import record

if TYPE_CHECKING:
    from imuhip.radio.virtual.wearer import VirtualWearer

UI_S = 0.05
"""Between two looks at the keyboard."""


@record
class Wishes:
    """The command's options."""

    output: Path | None
    force: bool = False
    radio: str | None = None
    notify_by_socket: bool = False
    scenario: str | None = None
    seed: int = 1
    speed: float | None = 1.0
    minutes: float | None = None
    calibrate: bool = True
    wait_s: float = 20.0
    wearer: str = ""
    mqtt: MqttTarget | None = None
    catalogues: tuple[Path, ...] = ()
    history: bool = False
    database: Path | None = None


@record
class Source:
    """Where a session's sensors come from."""

    adapter: Adapter
    targets: Sequence[Target]
    wearer: VirtualWearer | None


async def record_session(wishes: Wishes) -> None:
    """Record a session as wished.

    Args:
        wishes: What, from where, to where.

    Raises:
        BrokerError: Results cannot be published as wished.
        RadioError: No sensor can be reached.
        OutputError: The recording cannot be written (any more).
    """
    if wishes.mqtt is not None:
        wishes.mqtt.resolve(wishes.wearer)  # what cannot be published is said before anyone straps sensors on
    stop = asyncio.Event()
    with _stopping(stop):
        async with _source(wishes) as source:
            session = LiveSession(source.adapter, source.targets)
            anchor = Anchor(utc_ns=time.time_ns(), monotonic_ns=session.now_ns())
            try:
                roles = ", ".join(target.role.replace("_", " ") for target in source.targets)
                _tell(f"Connecting to {roles} ...")
                sensors = await session.connect(wait_s=wishes.wait_s, stop=stop)
                if stop.is_set():
                    _tell("Stopped before anything was recorded.")
                    return
                came_from = "radio" if source.wearer is None else "simulation"
                info = SessionInfo(tuple(sensors), wearer=wishes.wearer, anchor=anchor, source=came_from)
                earlier = earlier_than(info, wishes.database) if wishes.history else None
                known = load_catalogue(wishes.catalogues)
                # The recording is complete before a broker is waited for.
                with _outlet(wishes, info) as outlet, _keeper(wishes, info) as writer:
                    recorder = Recorder(writer, sensors, catalogue=known, outlet=outlet, earlier=earlier)
                    try:
                        await _run(wishes, source, session, recorder, outlet, stop)
                        missing = session.missing()
                    finally:
                        await session.close()
                    shown = len(recorder.snapshot.live.told)
                    recorder.finish()
                    for line in recorder.snapshot.live.told[shown:]:  # the view has gone, the last results come now
                        _tell(line)
            finally:
                await session.close()
    _tell_result(wishes, recorder, session, missing)


@contextlib.contextmanager
def _keeper(wishes: Wishes, info: SessionInfo) -> Iterator[Keeper]:
    if wishes.output is None:
        yield Unkept()
        return
    durable = wishes.scenario is None or wishes.speed is not None
    with RecordingWriter(wishes.output, info, force=wishes.force, durable=durable) as writer:
        yield writer


@contextlib.contextmanager
def _outlet(wishes: Wishes, info: SessionInfo) -> Iterator[MqttOutlet | None]:
    if wishes.mqtt is None:
        yield None
        return
    source = "live" if wishes.scenario is None else "virtual"
    # Sensors must not wait for a broker: it may come later.
    with publishing(wishes.mqtt, info, source=source, first_answer_s=0.0) as outlet:
        _tell(f"Publishing to {outlet.where}, as soon as it answers.")
        yield outlet
    _tell(outlet.summary())


async def _run(
    wishes: Wishes,
    source: Source,
    session: LiveSession,
    recorder: Recorder,
    outlet: MqttOutlet | None,
    stop: asyncio.Event,
) -> None:
    """Record until something says stop."""
    loop = asyncio.get_running_loop()
    sensors = [target.role for target in source.targets]
    marker = Marker(sensors, calibration_steps(sensors) if wishes.calibrate else ())
    if wishes.minutes is not None:
        loop.call_later(wishes.minutes * 60, stop.set)
    if source.wearer is not None:
        _let_wearer_begin(source.wearer, session, marker, stop)
    watching = asyncio.create_task(_watch(wishes, session, recorder, marker, outlet, stop), name="view")
    watching.add_done_callback(lambda _: stop.set())
    try:
        await session.feed(recorder, stop)
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    for mark in marker.close(session.now_ns()) + ([] if outlet is None else outlet.closing(session.now_ns())):
        recorder.mark(mark)


def _let_wearer_begin(wearer: VirtualWearer, session: LiveSession, marker: Marker, stop: asyncio.Event) -> None:
    from imuhip.radio.virtual.world import SETTLE_S

    loop = asyncio.get_running_loop()
    wearer.begin(loop.time() + SETTLE_S)
    host_at_zero_ns = session.now_ns() - round(loop.time() * 1e9)

    def act(mark: Mark) -> None:
        session.mark(mark)
        marker.watch(mark)

    for mark in wearer.marks(host_at_zero_ns):
        at_ns = mark.start_ns if mark.end_ns is None else mark.end_ns
        loop.call_at((at_ns - host_at_zero_ns) * 1e-9, act, mark)
    loop.call_later(SETTLE_S + wearer.duration_s + 1.0, stop.set)


async def _watch(
    wishes: Wishes,
    session: LiveSession,
    recorder: Recorder,
    marker: Marker,
    outlet: MqttOutlet | None,
    stop: asyncio.Event,
) -> None:
    """Look at the keyboard and for commands, and draw, by the wall's clock: faster life is not drawn more often."""
    began_ns, shown_s = session.now_ns(), -1e9
    title = "Publishing" if wishes.output is None else f"Recording {wishes.output.name}"
    with keyboard() as typed, view_for(title, keys=wishes.scenario is None) as view:
        try:
            while not stop.is_set():
                marks, sound = marker.at(session.now_ns())
                for key in typed().lower():
                    if key == "q":
                        stop.set()
                    marks += marker.press(key, session.now_ns())
                if outlet is not None:
                    outlet.links(marker.roles, [each.status for each in session.supervisors])
                    asked, ended = outlet.asked(session.now_ns(), live=True)
                    marks += asked
                    if ended:
                        stop.set()
                for mark in marks:
                    session.mark(mark)
                if sound:
                    view.ring()
                if time.monotonic() - shown_s >= view.interval_s:
                    shown_s = time.monotonic()
                    view.show(picture(session, recorder, marker, began_ns))
                await asyncio.sleep(UI_S)
        finally:  # this task is cancelled at the end
            view.show(picture(session, recorder, marker, began_ns))


@contextlib.asynccontextmanager
async def _source(wishes: Wishes) -> AsyncIterator[Source]:
    if wishes.scenario is not None:
        require_bumble()
        from imuhip.radio.virtual.wearer import VirtualWearer
        from imuhip.radio.virtual.world import open_world, targets_of

        worn = VirtualWearer.of_scenario(wishes.scenario, wishes.seed)
        async with open_world(worn, seed=wishes.seed) as world:
            yield Source(world.adapter, targets_of(world), worn)
    else:
        targets = paired_targets()
        async with (
            open_radio(wishes.radio, notify_by_socket=wishes.notify_by_socket) as adapter,
            pairing_agent(wishes.radio, interactive=False),  # for bonds that a sensor has lost
        ):
            yield Source(adapter, targets, None)


@contextlib.contextmanager
def _stopping(stop: asyncio.Event) -> Iterator[None]:
    """Let Ctrl-C and a request to terminate end the session in order."""
    loop = asyncio.get_running_loop()
    handled: list[signal.Signals] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # Windows; not the main thread
            loop.add_signal_handler(number, stop.set)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


def _tell_result(wishes: Wishes, recorder: Recorder, session: LiveSession, missing: Sequence[str]) -> None:
    now = recorder.snapshot
    sensors = []
    for health, each, lost in zip(now.live.health, session.supervisors, now.lost, strict=True):
        loss = loss_text(health, each.refill.filled, each.refill.missing, lost)
        sensors.append(f"{words(health.role)} {health.rate_hz:.1f} Hz, {loss}")
    long = f"{clock(now.live.elapsed_s)} long; {'; '.join(sensors)}"
    if wishes.output is None:
        _tell(f"Ended: {long}. Nothing was recorded.")
        return
    _tell(f"Wrote {wishes.output}: {long}.")
    if missing:
        _tell(f"Not there at the end: {', '.join(missing)}. What came after is not in the recording.")
    if now.why_no_angles:
        _tell(f"No angles were known while it was recorded: {now.why_no_angles}.")
    _tell(f"Measure it with: imuhip analyze {wishes.output}")


def _tell(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
