"""Commands that keep sessions and show how they developed."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imuhip.cli import options
from imuhip.cli.manual import Manual
from imuhip.cli.measuring import measure
from imuhip.cli.output import say
from imuhip.cli.wording import count
from imuhip.errors import HistoryError, ImuhipError, OutputError
from imuhip.recording.output import refuse_existing, replacing

if TYPE_CHECKING:
    from imuhip.flags.session import Controls

EXIT_LEFT_OUT = 1
"""Exit status when not every recording could be added."""

one_wearer = click.option("--wearer", metavar="NAME", help="Whose: the pseudonym that recordings use.")
wearer_argument = click.argument("wearer", metavar="WEARER", help="The wearer's pseudonym.")


@click.group(cls=Manual, invoke_without_command=True, epilog="Example: imuhip history")
@one_wearer
@click.option("--motion", metavar="NAME", help="Draw one motion large: extension, abduction, ...")
@options.as_json
@options.database
@click.pass_context
def history(
    context: click.Context, *, wearer: str | None, motion: str | None, as_json: bool, database: Path | None
) -> None:
    """Show how range, controlled range and their gap developed over the sessions.

    The history is a database in your own data folder, readable by you only. It holds results, never raw data:
    recordings stay the source, and `rebuild` makes it anew from them. A gap is the range of the cold pre-test minus the
    range shown in slow, good repetitions.
    """
    context.obj = database
    if context.invoked_subcommand is not None:
        if wearer is not None or motion is not None or as_json:
            raise click.BadParameter(f"give options of `history {context.invoked_subcommand}` after its name")
        return
    from imuhip.cli.history_text import list_text, overview_text
    from imuhip.history.database import reading
    from imuhip.history.overview import overview
    from imuhip.history.sessions import known, wearers

    with reading(_path(context, database)) as connection:
        names = wearers(connection)
        if wearer is None and len(names) != 1:
            if as_json:
                listed = [{"wearer": name, "sessions": sessions} for name, sessions, _ in names]
                say(json.dumps({"wearers": listed}, indent=2) + "\n")
            else:
                say(list_text(names))
            return
        about = overview(connection, names[0][0] if wearer is None else known(connection, wearer))
    if motion is not None:
        name = motion.strip().replace(" ", "_").replace("-", "_")
        about["motions"] = [one for one in about["motions"] if one["motion"] == name]
        if not about["motions"]:
            raise HistoryError(f"{motion!r} has not been tested or trained by {about['wearer']}")
    if as_json:
        say(json.dumps(about, allow_nan=False) + "\n")  # without indent: many times quicker, and it can be long
    else:
        say(overview_text(about, large=motion is not None, encoding=sys.stdout.encoding or "ascii"))


@history.command(epilog="Example: imuhip history add session.mcap")
@click.argument("recordings", metavar="RECORDING...", nargs=-1, required=True, type=Path, help="Recordings (.mcap).")
@one_wearer
@click.option("--date", metavar="DATE", help="When it really was, if the clock was wrong: 2026-01-12T18:30.")
@options.database
@options.catalogue
@click.pass_context
def add(
    context: click.Context,
    recordings: Sequence[Path],
    *,
    wearer: str | None,
    date: str | None,
    database: Path | None,
    catalogue: Sequence[Path],
) -> None:
    """Measure recordings and keep the results.

    A recording that was added before is measured anew and replaces what it gave then. Sessions may come in any order:
    each is judged by those of earlier dates.
    """
    if date is not None and len(recordings) > 1:
        raise HistoryError("one date for several recordings", remedy="Add them one by one")
    for recording in recordings:
        _add(recording, _path(context, database), wearer=wearer, date=date, catalogue=catalogue)


@history.command(epilog="Example: imuhip history rebuild my_recordings/")
@click.argument("folder", metavar="FOLDER", type=Path, help="A folder with recordings; folders in it count.")
@click.option("--wearer", metavar="NAME", help="Whose the recordings are that name nobody.")
@options.database
@options.catalogue
@click.pass_context
def rebuild(
    context: click.Context, folder: Path, *, wearer: str | None, database: Path | None, catalogue: Sequence[Path]
) -> None:
    """Measure all recordings of a folder anew, with this version of the program.

    Sessions in the history whose recordings are not in the folder stay as they are. A history that is damaged is put
    aside, not deleted, and a new one begun.
    """
    from imuhip.errors import HistoryDamagedError
    from imuhip.history.database import check
    from imuhip.history.wearer import move_aside

    if not folder.is_dir():
        raise HistoryError("is not a folder", path=folder)
    recordings = sorted(folder.rglob("*.mcap"))
    if not recordings:
        raise HistoryError("no recording (.mcap) is in it", path=folder)
    path = _path(context, database)
    try:
        check(path)
    except HistoryDamagedError:
        _tell(f"The history is damaged; it was put aside as {move_aside(path)}.")
    failed = 0
    for recording in recordings:
        try:
            _add(recording, path, wearer=wearer, date=None, catalogue=catalogue, only_unnamed=True)
        except OutputError:
            raise
        except ImuhipError as error:
            failed += 1
            _tell(f"Left out: {error}")
    _tell(f"{count(len(recordings) - failed, 'recording')} in the history, {failed} left out.")
    if failed:
        raise SystemExit(EXIT_LEFT_OUT)


@history.command(epilog="Example: imuhip history export anna -o anna.json")
@wearer_argument
@options.output
@options.force
@options.database
@click.pass_context
def export(context: click.Context, wearer: str, output: Path, *, force: bool, database: Path | None) -> None:
    """Write everything that the history holds of a wearer as JSON."""
    from imuhip.history.wearer import export as export_wearer

    refuse_existing(output, force=force)
    held = export_wearer(_path(context, database), wearer)
    with replacing(output, force=force) as path:
        path.write_text(json.dumps(held, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    _tell(f"Wrote {output}: {count(len(held['sessions']), 'session')} of {wearer}.")


@history.command(epilog="Example: imuhip history delete anna")
@wearer_argument
@options.database
@click.pass_context
def delete(context: click.Context, wearer: str, database: Path | None) -> None:
    """Delete everything that the history holds of a wearer, for good.

    It is gone from the database's free pages, its log and its backups, too. Recordings and exports are files of your
    own and stay.
    """
    from imuhip.history.wearer import delete as delete_wearer
    from imuhip.history.wearer import put_aside

    path = _path(context, database)
    sessions = delete_wearer(path, wearer)
    _tell(f"Deleted {count(sessions, 'session')} of {wearer}. Recordings and exports are yours and were not touched.")
    for aside in put_aside(path):
        _tell(f"Note: {aside} is damaged, so nothing can be deleted from it; it may hold {wearer}. Delete the file.")


def flags_with_history(
    results: Mapping[str, Any], recording: Path, controls: Controls, database: Path | None
) -> list[dict[str, Any]]:
    """Judge a session by those before it.

    Args:
        results: The results of its recording.
        recording: The recording.
        controls: What each exercise controls.
        database: The history, None for the user's own.

    Returns:
        Its flags.

    Raises:
        HistoryError: The history cannot be read, or the session has no place in it.
    """
    from datetime import UTC, datetime

    from imuhip.flags.judge import judge
    from imuhip.history.database import default_path, reading
    from imuhip.history.dates import epoch_s, impossible
    from imuhip.history.recordings import sha256_of
    from imuhip.history.sessions import earlier, find

    with reading(database or default_path()) as connection:
        stored = find(connection, sha256_of(recording))
        if stored is not None:
            wearer, started_s = stored.wearer, stored.started_s
        else:
            about = results["recording"]
            if about["wearer"] is None or about["started_utc"] is None:
                missing = "wearer" if about["wearer"] is None else "date"
                remedy = f"Add it with `imuhip history add --{missing} ...` first"
                raise HistoryError(f"does not tell its {missing}", path=recording, remedy=remedy)
            wearer, started_s = about["wearer"], epoch_s(about["started_utc"])
        before = earlier(connection, wearer, started_s)
    doubt = impossible(started_s, datetime.now(UTC).timestamp())
    if doubt is not None:
        _tell(f"Note: {doubt}, so it is compared with no other session; add it with `imuhip history add --date`.")
        before = []
    return judge(results, controls, earlier=before, started_s=started_s)


def _add(
    recording: Path,
    path: Path,
    *,
    wearer: str | None,
    date: str | None,
    catalogue: Sequence[Path],
    only_unnamed: bool = False,
) -> None:
    """Measure one recording and add it."""
    from datetime import UTC, datetime

    from imuhip.catalogue_files import load_catalogue
    from imuhip.flags.judge import controls_of
    from imuhip.history.database import reading, writing
    from imuhip.history.dates import day_text
    from imuhip.history.recordings import place, sha256_of
    from imuhip.history.sessions import add as add_session
    from imuhip.history.sessions import find

    sha256 = sha256_of(recording)
    stored = None
    if path.is_file() and path.stat().st_size:
        with reading(path) as connection:  # also refuses a history that cannot be written before anything is measured
            stored = find(connection, sha256)
    results = measure(recording, catalogue=catalogue).results
    now_s = datetime.now(UTC).timestamp()
    new, notes = place(
        recording, results, sha256, stored, wearer=wearer, date=date, now_s=now_s, only_unnamed=only_unnamed
    )
    with writing(path) as connection:
        done = add_session(connection, new, controls_of(load_catalogue(catalogue)))
        notes += _date_notes(connection, new.wearer, new.started_s)
    _tell(f"{recording.name}: {done}; {new.wearer}, {day_text(new.started_s)}.")
    for note in notes:
        _tell(f"Note: {note}.")


def _date_notes(connection: Any, wearer: str, started_s: float) -> list[str]:
    from imuhip.history.dates import far_away
    from imuhip.history.sessions import all_sessions

    others = [s.started_s for s in all_sessions(connection, wearer) if s.started_s != started_s and not s.date_doubtful]
    far = far_away(started_s, others)
    return [] if far is None else [f"{far}; if a clock was wrong, add it again with --date"]


def _path(context: click.Context, database: Path | None) -> Path:
    """Where the history is: as said after the command, or before it, or the user's own."""
    from imuhip.history.database import default_path

    said = database
    if context.parent is not None and isinstance(context.parent.obj, Path):
        # The environment speaks up again after the command: what was typed before it outranks that.
        typed = context.get_parameter_source("database")
        if database is None or typed is None or typed.name == "ENVIRONMENT":
            said = context.parent.obj
    return said or default_path()


def _tell(message: str) -> None:
    """Say on stderr what was done; stdout is for results."""
    sys.stderr.write(f"{message}\n")
