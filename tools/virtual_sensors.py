"""Virtual sensors in a process of their own, for a host in another one.

Run ``python tools/virtual_sensors.py``, and in another terminal give every command the radio it offers::

    imuhip scan --radio bumble:tcp-client:127.0.0.1:6402

Lines on stdin make things happen: ``tap pelvis``, ``drop thigh_right``, ``away thigh_right 30``, ``mute pelvis 5``,
``reboot pelvis``, ``unbond pelvis``, ``begin`` (after ``--stand``), ``quit``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path

from imuhip.errors import ImuhipError
from imuhip.radio.pace import run
from imuhip.radio.virtual.air import Air
from imuhip.radio.virtual.firmware import Firmware
from imuhip.radio.virtual.vendor_sensors import MODELS
from imuhip.radio.virtual.wearer import SCENARIOS, VirtualWearer
from imuhip.radio.virtual.world import SETTLE_S, VirtualSensor, put_on_air, serve

TRANSPORT = "tcp-server:127.0.0.1:6402"


class Commands:
    """What lines on stdin do.

    Args:
        air: Where the sensors are.
        sensors: By role.
        wearer: Moves them.
    """

    def __init__(self, air: Air, sensors: Mapping[str, VirtualSensor], wearer: VirtualWearer) -> None:
        self._air, self._sensors, self._wearer = air, sensors, wearer
        self.done = asyncio.Event()

    async def obey(self, line: str) -> str:
        """Do what a line says; returns what there is to tell."""
        word, *rest = line.split()
        if word == "quit":
            self.done.set()
            return "bye"
        if word == "begin":
            self._wearer.begin(asyncio.get_running_loop().time() + SETTLE_S)
            return f"the session begins in {SETTLE_S:g} s"
        if not rest or rest[0] not in self._sensors:
            return f"which sensor? {', '.join(self._sensors)}"
        role, seconds = rest[0], 5.0
        if len(rest) > 1:
            try:
                seconds = float(rest[1])
            except ValueError:
                return f"{rest[1]} is no number of seconds"
        sensor = self._sensors[role]
        match word:
            case "tap":
                self._wearer.tap(role, asyncio.get_running_loop().time() + 0.2)
            case "drop":
                await sensor.peripheral.drop()
            case "away":
                self._air.take_away(sensor.controller)
                await asyncio.sleep(seconds)
                self._air.bring_back(sensor.controller)
            case "mute":
                sensor.peripheral.firmware.muted = True  # type: ignore[attr-defined]  # all of ours have it
                await asyncio.sleep(seconds)
                sensor.peripheral.firmware.muted = False  # type: ignore[attr-defined]
            case "reboot":
                await sensor.peripheral.reboot()
            case "unbond":
                await sensor.peripheral.forget_bonds()
            case _:
                return "tap, drop, away, mute, reboot, unbond, begin or quit"
        return f"{word} {role}: done"

    async def listen(self) -> None:
        """Obey stdin, line by line, until it ends or says quit."""
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        jobs: set[asyncio.Task[None]] = set()
        while line := (await reader.readline()).decode():
            if line.strip():
                job = asyncio.create_task(self._tell(line))
                jobs.add(job)
                job.add_done_callback(jobs.discard)

    async def _tell(self, line: str) -> None:
        print(await self.obey(line), flush=True)


def wearer_of(options: argparse.Namespace) -> VirtualWearer:
    """Return who wears the sensors: a simulated or a recorded session."""
    if options.recording is not None:
        return VirtualWearer.of_recording(options.recording)
    return VirtualWearer.of_scenario(options.scenario, options.seed, both_thighs=options.both)


async def main(options: argparse.Namespace) -> None:
    """Serve until told to quit."""
    wearer = wearer_of(options)
    made: dict[str, Firmware] = {}
    for index, role in enumerate(wearer.roles):
        model = options.model[min(index, len(options.model) - 1)]
        if model in MODELS:
            made[role] = MODELS[model](role, wearer)
    air = Air()
    sensors = await put_on_air(air, wearer, seed=options.seed, firmwares=made, encrypted=options.encrypted)
    async with serve(air, options.transport):
        client = options.transport.replace("server", "client")
        print(f"{len(sensors)} sensors on the air ({', '.join(sensors)}): --radio bumble:{client}", flush=True)
        if not options.stand:
            wearer.begin(asyncio.get_running_loop().time() + SETTLE_S)
        commands = Commands(air, sensors, wearer)
        listening = asyncio.create_task(commands.listen())
        with contextlib.suppress(asyncio.CancelledError):
            await commands.done.wait()
        listening.cancel()


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transport", default=TRANSPORT, help="bumble transport to wait for a host on")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="range_test")
    parser.add_argument("--recording", type=Path, help="play this recording instead of a scenario")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--both", action="store_true", help="a sensor on each thigh")
    parser.add_argument("--stand", action="store_true", help="stand still until told to begin")
    parser.add_argument("--encrypted", action="store_true", help="talk only over a bond")
    parser.add_argument(
        "--model", nargs="+", choices=["imuhip", *MODELS], default=["imuhip"], help="of each sensor, pelvis first"
    )
    return parser.parse_args()


if __name__ == "__main__":
    try:
        run(main(parsed()))
    except ImuhipError as error:
        sys.exit(f"virtual_sensors: {error}")
    except KeyboardInterrupt:
        pass
