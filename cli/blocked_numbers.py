"""`communityconnect block-numbers` and its kin: numbers come in by standard input, never as arguments (R3).

An argument stands in the shell's history and in the list of processes.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from database.encryption import keyring_of
from database.engine import connect
from settings import Settings, SettingsError
from web.staff.numbers.blocked import BlockedNumbers, NotANumber, Why, e164

Say = Callable[[str], None]


def block(settings: Settings, lines: Iterable[str], *, why: str, until: datetime | None, say: Say) -> None:
    """Put the numbers, one a line, on the list. All of them, or none.

    Raises:
        SettingsError: a line is no number, or the reason none of those that there are.
    """
    if why not in set(Why):
        raise SettingsError(f"--why {why}: there is no such reason; one of: {', '.join(Why)}")
    numbers = numbers_of(lines)
    with _on_list(settings) as on_list:
        added = sum(on_list.add(number, why=Why(why), until=until) for number in numbers)
    say(f"{added} numbers are on the list now ({why}), {len(numbers) - added} were there already")


def unblock(settings: Settings, lines: Iterable[str], *, say: Say) -> None:
    """Take the numbers, one a line, off the list.

    Raises:
        SettingsError: a line is no number.
    """
    numbers = numbers_of(lines)
    with _on_list(settings) as on_list:
        gone = sum(on_list.remove(number) for number in numbers)
    say(f"{gone} numbers are off the list, {len(numbers) - gone} were not on it")


def show(settings: Settings, *, say: Say) -> None:
    """The list, for staff: numbers in clear."""
    with _on_list(settings) as on_list:
        entries = on_list.all()
    for entry in entries:
        until = "" if entry.until is None else f", until {entry.until:%Y-%m-%d}"
        say(f"{entry.number}  {entry.reason}{until}")
    if not entries:
        say("no number is on the list")


@contextmanager
def _on_list(settings: Settings) -> Iterator[BlockedNumbers]:
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        yield BlockedNumbers(engine=engine, keyring=keyring_of(settings))
    finally:
        engine.dispose()


def numbers_of(lines: Iterable[str]) -> list[str]:
    """The lines that say something, each checked before the first is taken."""
    numbers: list[str] = []
    try:
        lines = list(lines)
    except UnicodeDecodeError:
        raise SettingsError("what came by standard input is not text in UTF-8; nothing was changed") from None
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            numbers.append(e164(line))
        except NotANumber as error:
            raise SettingsError(f"line {place}: {error}; nothing was changed") from None
    return numbers
