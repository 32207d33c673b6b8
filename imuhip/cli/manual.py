"""Groups of commands, and their manual."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

EXIT_INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells know it: 128 and the signal's number."""


class Manual(click.Group):
    """A group of commands whose help shows each with an example, which is its epilog."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click hands it over
        """Name the commands in the order in which they were added, not by the alphabet."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, an example under each.

        Args:
            ctx: The command line's context.
            formatter: The help formatter to write to.
        """
        commands = {name: command for name in self.list_commands(ctx) if (command := self.get_command(ctx, name))}
        width = max(map(len, commands))
        with formatter.section("Commands"):
            indent = " " * (formatter.current_indent + width + 2)
            for name, command in commands.items():
                summary = (command.help or "").split("\n\n")[0]
                formatter.write_dl([(name.ljust(width), " ".join(summary.split()))])
                formatter.write(f"{indent}$ {(command.epilog or '').removeprefix('Example: ')}\n")


class Program(Manual):
    """The whole program: it imports a command when that is asked for.

    Args:
        places: Where each command is, as ``module.name`` in ``imuhip.cli``.
        settings: What any group takes.
    """

    def __init__(self, places: Mapping[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the commands in the order of their table."""
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; for a name that is none all of them, so that the error can suggest one.

        Args:
            ctx: The command line's context.
            cmd_name: What was typed.

        Returns:
            The command, None where there is none of that name.
        """
        for name in [cmd_name] if cmd_name in self._places else self._places:
            if name not in self.commands:
                module, attribute = self._places[name].split(".")
                self.add_command(getattr(import_module(f"imuhip.cli.{module}"), attribute), name)
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run what was asked for; Ctrl-C ends it without a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise SystemExit(EXIT_INTERRUPTED) from None
