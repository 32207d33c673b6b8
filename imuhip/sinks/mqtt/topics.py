"""Topic names: ``imuhip/v1/<site>/<wearer>/...``."""

from __future__ import annotations

import re

from imuhip.errors import BrokerError
from imuhip.records import record

ROOT = "imuhip/v1"
DEFAULT_SITE = "home"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
"""Names are levels of topics, parts of file names and identifiers of Home Assistant: what all three allow."""

EVENTS = ("rep", "range", "flag")
"""What is never lost by us: QoS 1 from the spool, with an id."""
COMMANDS = ("mark", "stop", "resend")


@record
class Identity:
    """Whose results are published.

    Attributes:
        site: Where, for brokers that serve several.
        wearer: The wearer's pseudonym.

    Raises:
        BrokerError: A name does not fit into a topic.
    """

    site: str
    wearer: str

    def __post_init__(self) -> None:
        for what, name in (("site", self.site), ("wearer", self.wearer)):
            if not NAME.fullmatch(name):
                raise BrokerError(
                    f"the {what} {name!r} cannot be part of a topic",
                    remedy=f"Give --{what} with up to 32 letters, digits, - and _, starting with a letter or digit; "
                    "a pseudonym, never a real name",
                )

    @property
    def base(self) -> str:
        """What all topics of the wearer begin with."""
        return f"{ROOT}/{self.site}/{self.wearer}"

    def topic(self, name: str) -> str:
        """Return one of the wearer's topics."""
        return f"{self.base}/{name}"

    @property
    def key(self) -> str:
        """An identifier for files and for Home Assistant; a dot, which no name has, keeps two pairs apart."""
        return f"{self.site}.{self.wearer}"
