"""Progress of long work, on stderr and only where somebody can see it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[float], None]
"""Takes the share of the work that is done, 0 to 1."""


@contextmanager
def progress(title: str) -> Iterator[Report | None]:
    """Show a progress bar while the block runs; nothing at all where stderr is not a terminal.

    Until a share is reported the bar only shows that something goes on.

    Args:
        title: What is being done, as in "Measuring".

    Yields:
        The function to report to, or None where nobody watches.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda share: bar.update(task, total=1.0, completed=share)
