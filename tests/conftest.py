"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

# One profile everywhere: a loaded machine must not turn slowness into failures, and a failure must repeat.
settings.register_profile("imuhip", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("imuhip")

# A shell's background job ignores Ctrl-C, and so would every command that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings beside the checkout; they are not ours to ship."""
    folder = REPOSITORY.parent / "shared" / "data"
    if folder.is_dir():
        return folder
    reason = "needs the real recordings in ../shared/data"
    if os.environ.get("IMUHIP_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason}, and IMUHIP_REQUIRE_ALL=1 forbids to skip")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The recordings shipped with the project."""
    return REPOSITORY / "recordings"
