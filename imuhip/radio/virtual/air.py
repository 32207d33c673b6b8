"""The air between virtual controllers: who hears whom, and what goes wrong.

bumble's ``LocalLink`` carries packets between controllers without loss or delay; here a controller can be out of range
(its connections then time out), and the air can hold packets back, as a jammed channel does, and deliver them at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bumble import core, hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink

SUPERVISION_TIMEOUT_S = 4.0
"""After this long without a packet a connection is lost; 4 s is what hosts commonly ask for."""

ACL_SIZE = 251
"""What one link-layer packet carries with the data length extension (Core specification, Vol 6, Part B, 4.5.10)."""


class AirController(Controller):
    """A controller in the air: one that can cancel a connection attempt and carries long packets.

    Args:
        name: For logs.
        air: Where it is.
        address: Its static random address.
        rssi_dbm: How strong it is heard.
    """

    le_acl_data_packet_length = ACL_SIZE
    le_features = Controller.le_features & ~(hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING)

    def __init__(self, name: str, air: Air, address: str, *, rssi_dbm: int = -55) -> None:
        super().__init__(name, link=air)
        self.random_address = hci.Address(address)
        self.rssi_dbm = rssi_dbm
        self.air = air

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Hand a packet to the host; without writing it out for a debug log first, which costs a fifth of the time."""
        if isinstance(packet, hci.HCI_LE_Advertising_Report_Event):
            for report in packet.reports:
                report.rssi = self.air.rssi_dbm(report.address)
        if self.host is not None:
            asyncio.get_running_loop().call_soon(self.host.on_packet, bytes(packet))

    def on_hci_reset_command(self, command: hci.HCI_Reset_Command) -> Any:
        """Begin anew for a new host: connections end, scans and attempts stop."""
        self.lose_connections(hci.HCI_ErrorCode.REMOTE_DEVICE_TERMINATED_CONNECTION_DUE_TO_POWER_OFF_ERROR)
        self.le_legacy_advertiser.stop()
        self.le_scan_enable = False
        self.pending_le_connection = None
        return super().on_hci_reset_command(command)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Cancel a pending connection, as controllers do and bumble's does not."""
        if self.pending_le_connection is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        peer = self.pending_le_connection.peer_address
        self.pending_le_connection = None
        asyncio.get_running_loop().call_soon(
            self.send_hci_packet,
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=peer.address_type,
                peer_address=peer,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            ),
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def lose_connections(self, reason: int) -> None:
        """End every connection for both sides, as when nothing was heard for too long."""
        for connection in list(self.le_connections.values()):
            other = self.air.find_le_controller(connection.peer_address)
            if other is not None and (theirs := other.le_connections.get(connection.self_address)) is not None:
                other.on_le_disconnected(theirs, reason)
            self.on_le_disconnected(connection, reason)


class Air(LocalLink):
    """Carries packets between controllers that are in range of each other."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._away: set[Controller] = set()
        self._held: dict[Controller, list[Callable[[], None]]] = {}
        self._timeouts: dict[Controller, asyncio.TimerHandle] = {}
        self._heard = 0

    def take_away(self, controller: AirController, *, timeout_s: float = SUPERVISION_TIMEOUT_S) -> None:
        """Carry a controller out of range: it is not heard, and its connections time out unless it is back before."""
        self._away.add(controller)
        self.hold(controller)
        self._timeouts[controller] = asyncio.get_running_loop().call_later(timeout_s, self._time_out, controller)

    def bring_back(self, controller: AirController) -> None:
        """Bring it back into range; what the link layer repeated meanwhile comes in a burst."""
        self._away.discard(controller)
        if (timer := self._timeouts.pop(controller, None)) is not None:
            timer.cancel()
        self.release(controller)

    def hold(self, controller: Controller) -> None:
        """Let nothing through to or from a controller; the link layer repeats it until :meth:`release`."""
        self._held.setdefault(controller, [])

    def carries(self, controller: Controller) -> bool:
        """Whether packets of a controller get through at present."""
        return controller not in self._held

    def rssi_dbm(self, address: hci.Address) -> int:
        """How strong a controller is heard, a little different each time."""
        sender = self.find_le_controller(address)
        steady = sender.rssi_dbm if isinstance(sender, AirController) else -60
        self._heard += 1
        return steady + (self._heard * 7) % 5 - 2

    def release(self, controller: Controller) -> None:
        """Deliver what was held back, at once."""
        for deliver in self._held.pop(controller, []):
            deliver()

    def _time_out(self, controller: AirController) -> None:
        self._timeouts.pop(controller, None)
        self._held[controller] = []
        controller.lose_connections(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Carry an advertisement or a connection request to all in range."""
        if sender_controller not in self._away:
            for other in sorted(self.controllers - self._away - {sender_controller}, key=lambda each: each.name):
                asyncio.get_running_loop().call_soon(other.on_ll_advertising_pdu, packet)

    def send_acl_data(
        self, sender_controller: Controller, destination_address: hci.Address, transport: Any, data: bytes
    ) -> None:
        """Carry data, in order."""
        receiver = self.find_le_controller(destination_address)
        if receiver is None or transport != core.PhysicalTransport.LE:
            return
        source = sender_controller.random_address
        self._carry(sender_controller, receiver, lambda: receiver.on_link_acl_data(source, transport, data))

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Carry what controllers say to each other."""
        sender, receiver = self.find_le_controller(sender_address), self.find_le_controller(receiver_address)
        if sender is not None and receiver is not None:
            self._carry(sender, receiver, lambda: receiver.on_ll_control_pdu(sender_address, packet))

    def _carry(self, sender: Controller, receiver: Controller, deliver: Callable[[], None]) -> None:
        for each in (sender, receiver):
            if each in self._held:
                self._held[each].append(deliver)
                return
        asyncio.get_running_loop().call_soon(deliver)
