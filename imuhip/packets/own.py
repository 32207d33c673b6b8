"""The driver of sensors that speak our own protocol: how to set them up.

References:
    firmware_protocol/PROTOCOL.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from imuhip.errors import PacketError
from imuhip.packets import commands
from imuhip.packets.descriptor import decode_descriptor
from imuhip.packets.gatt import Advertisement, Answer, Capabilities, Request
from imuhip.packets.own_decoder import OwnDecoder

_IDENTIFY_S = 10


class OwnDriver(OwnDecoder):
    """Decodes what firmware_protocol sends, and makes its commands."""

    model = "imuhip sensor"
    capabilities = Capabilities(
        time="sensor_clock",
        loss_seen_by="sequence",
        rates_hz=(52.0, 100.0, 104.0, 200.0, 208.0),
        rate_hz=100.0,
        bonds=True,
        refills=True,
        identifies=True,
        tells_battery=True,
    )
    notify_uuids = (commands.CONTROL_UUID, commands.DATA_UUID)
    info_uuids = (commands.DESCRIPTOR_UUID,)

    @property
    def battery(self) -> Request | None:
        """See :class:`imuhip.packets.drivers.RadioDriver`."""
        return _request(commands.AskBattery())

    def recognise(self, advertisement: Advertisement) -> bool:
        """See :class:`imuhip.packets.drivers.RadioDriver`."""
        return commands.SERVICE_UUID in advertisement.service_uuids

    def configure(self, rate_hz: float) -> tuple[Request, ...]:
        """See :class:`imuhip.packets.drivers.RadioDriver`; the sensor takes the nearest it can and describes it."""
        return (_request(commands.Configure(round(rate_hz * 1000), 0, 0)),)

    def describe(self, rate_hz: float, info: Mapping[str, bytes]) -> bytes:
        """See :class:`imuhip.packets.drivers.RadioDriver`; the sensor tells all of it."""
        del rate_hz  # the sensor's descriptor says what rate it took
        data = info.get(commands.DESCRIPTOR_UUID, b"")
        decode_descriptor(data)
        return data

    def start(self, rate_hz: float) -> tuple[Request, ...]:
        """See :class:`imuhip.packets.drivers.RadioDriver`."""
        del rate_hz
        return (_request(commands.Start()),)

    def stop(self) -> tuple[Request, ...]:
        """See :class:`imuhip.packets.drivers.RadioDriver`."""
        return (_request(commands.Stop()),)

    def identify(self) -> tuple[Request, ...]:
        """See :class:`imuhip.packets.drivers.RadioDriver`."""
        return (_request(commands.Identify(_IDENTIFY_S)),)

    def resend(self, first: int, count: int) -> Request | None:
        """See :class:`imuhip.packets.drivers.RadioDriver`."""
        return _request(commands.Resend(first % 2**32, count))

    def battery_percent(self, value: bytes) -> int | None:
        """See :class:`imuhip.packets.drivers.RadioDriver`."""
        told = commands.decode_reply(value).value
        if not isinstance(told, commands.Battery):
            raise PacketError("not a reply about the battery", position=0)
        return told.percent

    def carries_samples(self, uuid: str, value: bytes) -> bool:
        """See :class:`imuhip.packets.drivers.RadioDriver`."""
        del value
        return uuid == commands.DATA_UUID

    def answer(self, request: Request, uuid: str, value: bytes) -> Answer | None:
        """See :class:`imuhip.packets.drivers.RadioDriver`; the answer's value is the whole reply."""
        if uuid != commands.CONTROL_UUID or not request.data or value[:1] != bytes((request.data[0] | commands.REPLY,)):
            return None
        try:
            reply = commands.decode_reply(value)
        except PacketError as error:
            return Answer(f"the sensor's reply cannot be read ({error})", value)
        return Answer(_problem(reply), value)


def _problem(reply: commands.Reply) -> str:
    """Say what a sensor refused; "" where it did as asked, or measures already and keeps its settings."""
    configures = reply.code == commands.code_of(commands.Configure(0, 0, 0))
    if reply.status == commands.Status.OK or (configures and reply.status == commands.Status.NOT_NOW):
        return ""
    near = reply.value
    if not isinstance(near, commands.Configure):
        return commands.MEANING[reply.status]
    nearest = f"{near.rate_mhz / 1000:g} Hz, {near.acc_range_g} g and {near.gyr_range_deg_s} deg/s"
    return f"{commands.MEANING[reply.status]}; the nearest it can do is {nearest}"


def _request(command: commands.Command) -> Request:
    return Request(commands.CONTROL_UUID, commands.encode_command(command), answered=True)
