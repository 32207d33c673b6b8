"""One connection as a driver sees it: subscriptions, requests and their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakCharacteristicNotFoundError

from imuhip.errors import LinkError, PacketError
from imuhip.packets.drivers import RadioDriver
from imuhip.packets.gatt import Request
from imuhip.radio.adapter import FOREIGN, translated

REQUEST_S = 5.0
"""A read, write or answer takes a few connection intervals; bluetoothd itself gives up after 30 s, a wearer sooner."""


class RefusalError(LinkError):
    """The sensor understood and will not do it; the connection is fine."""


class Talk:
    """One connection; requests go one at a time.

    Args:
        client: A connected client.
        driver: Knows the sensor's model.
        on_samples: Takes each notification that belongs into the recording.
        notify_options: For every subscription.
    """

    def __init__(
        self,
        client: BleakClient,
        driver: RadioDriver,
        on_samples: Callable[[bytes], None],
        notify_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._notify_options = dict(notify_options or {})
        self._client = client
        self._driver = driver
        self._on_samples = on_samples
        self._lock = asyncio.Lock()
        self._subscribed: set[str] = set()
        self._asked: Request | None = None
        self._answer: asyncio.Future[bytes] | None = None

    async def set_up(self, rate_hz: float) -> bytes:
        """Subscribe, set the sensor up and ask what it is.

        Args:
            rate_hz: The rate to ask for.

        Returns:
            The descriptor for the recording.

        Raises:
            LinkError: The connection broke, or the sensor refused.
        """
        driver = self._driver
        await self.subscribe()
        await self.ask_all(driver.configure(rate_hz))
        info: dict[str, bytes] = {}
        for uuid in driver.info_uuids:
            try:
                info[uuid] = await self.ask(Request(uuid))
            except LinkError as error:
                if not isinstance(error.__cause__, BleakCharacteristicNotFoundError):
                    raise
        try:
            return driver.describe(rate_hz, info)
        except PacketError as error:
            raise LinkError(f"what the sensor says about itself makes no sense ({error.reason})") from error

    async def start(self, rate_hz: float) -> None:
        """Start the samples of a sensor that is set up.

        Args:
            rate_hz: The rate that it was set up for.

        Raises:
            LinkError: The connection broke, or the sensor refused.
        """
        await self.ask_all(self._driver.start(rate_hz))

    async def subscribe(self) -> None:
        """Subscribe to all that the sensor says; what succeeded before is not done again.

        Raises:
            LinkError: The connection broke, or the sensor refused.
        """
        for uuid in self._driver.notify_uuids:
            if uuid not in self._subscribed:
                await self._subscribe(uuid)
                self._subscribed.add(uuid)

    async def ask_all(self, requests: Iterable[Request]) -> None:
        """Make requests whose answers hold nothing but consent, in order.

        Raises:
            LinkError: The connection broke, or the sensor refused.
        """
        for request in requests:
            await self.ask(request)

    async def ask(self, request: Request) -> bytes:
        """Make one request.

        Returns:
            The value of its answer; empty for a write without one.

        Raises:
            RefusalError: The sensor will not do it.
            LinkError: The connection broke, or the sensor does not answer.
        """
        async with self._lock:
            try:
                async with asyncio.timeout(REQUEST_S):
                    return await self._ask(request)
            except FOREIGN as error:
                raise translated(error, "talking to the sensor") from error
            finally:
                self._asked = self._answer = None

    async def _ask(self, request: Request) -> bytes:
        if request.data is None:
            return bytes(await self._client.read_gatt_char(request.uuid))
        if request.answered:
            self._asked, self._answer = request, asyncio.get_running_loop().create_future()
        await self._client.write_gatt_char(request.uuid, request.data, response=request.acknowledged)
        value = b"" if self._answer is None else await self._answer
        if request.pause_s:
            await asyncio.sleep(request.pause_s)
        return value

    async def _subscribe(self, uuid: str) -> None:
        # A plain function: a coroutine would become a task per notification, with late stamps.
        def receive(_: BleakGATTCharacteristic, data: bytearray) -> None:
            value = bytes(data)
            if self._driver.carries_samples(uuid, value):
                self._on_samples(value)
            self._settle(uuid, value)

        try:
            async with asyncio.timeout(REQUEST_S):
                await self._client.start_notify(uuid, receive, **self._notify_options)
        except FOREIGN as error:
            raise translated(error, "subscribing") from error

    def _settle(self, uuid: str, value: bytes) -> None:
        if self._asked is None or self._answer is None or self._answer.done():
            return
        answer = self._driver.answer(self._asked, uuid, value)
        if answer is None:
            return
        if answer.problem:
            self._answer.set_exception(RefusalError(f"the sensor refused: {answer.problem}"))
        else:
            self._answer.set_result(answer.value)
