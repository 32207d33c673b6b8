"""Raw notifications, the only input of the pipeline and the only sensor data a recording keeps."""

from __future__ import annotations

from imuhip.records import record
from imuhip.units import ByteArray, IntArray


@record
class SensorInfo:
    """Who sent the notifications with this sensor index.

    Attributes:
        index: Position in the recording's list of sensors; notifications refer to it.
        role: Where it is worn at the start, one of :data:`imuhip.units.ROLES`.
        model: The maker's model name, for people.
        driver: Name of the driver that decodes its notifications, a key of :data:`imuhip.packets.drivers.DRIVERS`.
        descriptor: The bytes read from the sensor at connect (scales, ranges, rate); the driver decodes them.
    """

    index: int
    role: str
    model: str
    driver: str
    descriptor: bytes


@record
class NotificationBlock:
    """Consecutive notifications in arrival order, of any sensors; one live notification is a block of one.

    Attributes:
        arrival_ns: (N,) int64, host monotonic time of arrival, not decreasing.
        sensor: (N,) int64, :attr:`SensorInfo.index` of the sender.
        data: (B,) uint8, the payloads one after the other.
        offset: (N + 1,) int64; payload i is ``data[offset[i]:offset[i + 1]]``.
    """

    arrival_ns: IntArray
    sensor: IntArray
    data: ByteArray
    offset: IntArray

    def __len__(self) -> int:
        return len(self.arrival_ns)
