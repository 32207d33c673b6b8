"""bleak's scanner over bumble.

Handed to bleak by its public hook: ``BleakScanner(..., backend=BumbleScanner, host=host)``.
"""

from __future__ import annotations

import uuid
from typing import Any

from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.exc import BleakError
from bumble import core
from bumble.device import Advertisement, Device

from imuhip.radio.bumble_host import BumbleHost
from imuhip.radio.tasks import unbroken

_SHORT_NAME, _NAME, _TX_POWER, _SERVICE_DATA_16, _SERVICE_DATA_128, _MAKER = 0x08, 0x09, 0x0A, 0x16, 0x21, 0xFF
_UUID_SIZES = {0x02: 2, 0x03: 2, 0x04: 4, 0x05: 4, 0x06: 16, 0x07: 16}
_BASE = bytes.fromhex("00001000800000805f9b34fb")


def uuid_text(raw: bytes) -> str:
    """A UUID of 2, 4 or 16 bytes, little-endian, as bleak writes it."""
    return str(uuid.UUID(bytes=raw[::-1] if len(raw) == 16 else raw[::-1].rjust(4, b"\0") + _BASE))


def advertisement_data(advertisement: Advertisement) -> AdvertisementData:
    """Read an advertisement; structures that are cut short are left out.

    Args:
        advertisement: As bumble gathered it, scan response included.

    Returns:
        The same for bleak.
    """
    name: str | None = None
    power: int | None = None
    services: list[str] = []
    maker: dict[int, bytes] = {}
    service_data: dict[str, bytes] = {}
    for kind, value in advertisement.data.ad_structures:
        if kind in (_SHORT_NAME, _NAME):
            name = bytes(value).decode("utf-8", "replace")
        elif kind == _TX_POWER and len(value) == 1:
            power = int.from_bytes(value, "little", signed=True)
        elif kind in _UUID_SIZES:
            size = _UUID_SIZES[kind]
            services += [uuid_text(value[at : at + size]) for at in range(0, len(value) - size + 1, size)]
        elif kind == _MAKER and len(value) >= 2:
            maker[int.from_bytes(value[:2], "little")] = bytes(value[2:])
        elif kind in (_SERVICE_DATA_16, _SERVICE_DATA_128):
            size = 2 if kind == _SERVICE_DATA_16 else 16
            if len(value) >= size:
                service_data[uuid_text(value[:size])] = bytes(value[size:])
    return AdvertisementData(name, maker, service_data, sorted(set(services)), power, advertisement.rssi, ())


class BumbleScanner(BaseBleakScanner):
    """Scans with a :class:`BumbleHost`.

    Args:
        detection_callback, service_uuids: As bleak passes them.
        scanning_mode: ``active`` or ``passive``.
        host: The host.
    """

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str = "active",
        *,
        host: BumbleHost,
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._host = host
        self._active = scanning_mode == "active"

    async def start(self) -> None:
        """See bleak."""
        self.seen_devices = {}
        self._host.require_power()
        device = self._host.device
        device.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        try:
            await unbroken(device.start_scanning(active=self._active))
        except core.BaseBumbleError as error:
            device.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
            raise BleakError(str(error) or "the controller does not answer") from error

    async def stop(self) -> None:
        """See bleak."""
        device = self._host.device
        device.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        try:
            await unbroken(device.stop_scanning())
        except core.BaseBumbleError as error:
            raise BleakError(str(error) or "the controller does not answer") from error

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        data = advertisement_data(advertisement)
        if not self.is_allowed_uuid(data.service_uuids):
            return
        address = advertisement.address.to_string(with_type_qualifier=False)
        device = self.create_or_update_device(address, address, data.local_name, advertisement.address, data)
        self.call_detection_callbacks(device, data)
