import subprocess
import sys

from imuhip.packets.decoders import driver_of
from imuhip.packets.drivers import DRIVERS
from imuhip.packets.own_decoder import OwnDecoder


def test_every_driver_is_found_by_its_name_and_nothing_else_is() -> None:
    for name, driver in DRIVERS.items():
        found = driver_of(name)
        assert found is driver or (isinstance(found, OwnDecoder) and isinstance(driver, OwnDecoder))
    assert driver_of("no such driver") is None


def test_measuring_loads_no_radio_commands_and_no_other_makers_driver() -> None:
    code = (
        "import sys, imuhip.session\n"
        "print(*{f'imuhip.packets.{name}' for name in ('commands', 'gatt', 'dot', 'vendor')} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "\n"
