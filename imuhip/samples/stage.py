"""The first stage: notifications of one sensor to samples in SI units."""

from __future__ import annotations

import numpy as np

from imuhip.errors import InputError
from imuhip.packets.blocks import concat
from imuhip.packets.clock import ClockTraits
from imuhip.packets.columns import BadPacket, PacketColumns
from imuhip.packets.decoders import driver_of
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.samples.block import SampleBlock
from imuhip.units import FloatArray

KEPT_REASONS = 5
"""The first few bad packets tell what is wrong; a broken sensor sends hundreds a second, which are only counted."""


class SampleStage:
    """Turns one sensor's notifications into samples; what is not a packet is counted.

    Args:
        info: The sensor, with the driver's name and its descriptor.

    Attributes:
        traits: What the sensor can tell about time and loss.
        loss_visible: Whether lost samples can be counted.
        bad_packets: Notifications so far that were not packets.
        first_bad: The first :data:`KEPT_REASONS` of them, indices counted over all notifications of this sensor.

    Raises:
        PacketError: If the descriptor is not one of the driver's.
        InputError: If there is no driver of that name.
    """

    def __init__(self, info: SensorInfo) -> None:
        driver = driver_of(info.driver)
        if driver is None:
            raise InputError(
                f"sensor {info.index} ({info.role}) needs the unknown driver {info.driver!r}",
                remedy="Use the version of imuhip that made it, or a newer one",
            )
        self._driver = driver
        self._sensor = info.index
        self._scales = self._driver.scales(info.descriptor)
        self._fed = 0
        self._held = concat(())  # parts of what the sensor splits over notifications
        self.traits: ClockTraits = self._driver.traits(info.descriptor)
        self.loss_visible = self._driver.loss_visible
        self.bad_packets = 0
        self.first_bad: list[BadPacket] = []

    def feed(self, block: NotificationBlock) -> SampleBlock:
        """Decode the next notifications.

        Args:
            block: Notifications of this sensor only, in arrival order; may be empty.

        Returns:
            Their samples, in the order of the notifications.
        """
        block, self._held = self._driver.join(self._held, block)
        packets = self._driver.decode(block)
        self._count_bad(packets.bad)
        self._fed += len(block)
        motion = packets.motion.T
        return SampleBlock(
            sensor=self._sensor,
            arrival_ns=block.arrival_ns[packets.index],
            sequence=packets.sequence,
            tick_us=packets.tick_us,
            count=packets.count,
            drops=packets.drops,
            time_s=packets.time_s,
            # Component by component in memory, as the resampler takes them.
            acc_m_s2=np.multiply(motion[:3], self._scales.acc_m_s2, dtype=np.float64, order="C").T,
            gyr_rad_s=np.multiply(motion[3:], self._scales.gyr_rad_s, dtype=np.float64, order="C").T,
            mag=self._dense_mag(packets),
            period_s=self._period_s(packets),
        )

    def _count_bad(self, bad: tuple[BadPacket, ...]) -> None:
        self.bad_packets += len(bad)
        for event in bad[: KEPT_REASONS - len(self.first_bad)]:
            self.first_bad.append(BadPacket(self._fed + event.index, event.position, event.reason))

    def _dense_mag(self, packets: PacketColumns) -> FloatArray | None:
        # the descriptor decides whether there is a column, not what a packet happens to carry: chunking must not matter
        if self._scales.mag is None:
            return None
        mag = np.full((len(packets.motion), 3), np.nan)
        with np.errstate(invalid="ignore"):  # a NaN, "no value", may be a signalling one
            mag[packets.mag_row] = packets.mag * self._scales.mag
        return mag

    def _period_s(self, packets: PacketColumns) -> FloatArray | None:
        if self.traits.kind != "sensor_clock":
            return None
        return np.where(packets.period_ns > 0, packets.period_ns * 1e-9, 1 / self.traits.rate_hz)
