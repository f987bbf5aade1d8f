"""Doors for those who run the service: an agency's folder, settings, and signals that are sent by hand."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from unittest import mock

from calls.clock import REAL_TIME
from calls.contracts import KnownCall, Signal
from calls.timetable import Wait, next_step
from database.encryption import KeyringError, keyring_of
from policy.agency import FILES, load_agency
from policy.boundaries import BOUNDARIES, read_boundaries
from policy.check import check_folder
from policy.new_folder import make_folder
from policy.wording_file import read_wording
from policy.yaml_file import AgencyError, read_yaml
from settings import SettingsError, load_settings, networks
from starter.push.senders import senders_of
from tests.builders import NOON, a_call, minutes
from tests.conftest import AGENCIES
from tests.fuzz.door import Database, Door, Target
from tests.starter.pushing import SECRETS
from web.staff.access.oidc_setup import oidc_setup_of
from workflows.by_hand import ByHand
from workflows.heard import heard

_WHOLE_ONE_IN: Final = 16
"""The whole folder takes half a second: it is asked for with one input in so many, by what stands in it."""
_CLOCK: Final = '{"real_origin": "2026-01-15T17:00:00Z", "virtual_origin": "2024-11-22T05:00:00Z", "speed": 60}'
_MOST_LINES: Final = 300
_LONGEST_LINE: Final = 2_000
_YAML_WORDS: Final = (
    "&a ",
    "*a",
    "<<: *a",
    "!!python/object:",
    "? ",
    "- ",
    ": ",
    "{",
    "[",
    "'",
    '"',
    "|",
    ">-",
    "%YAML",
    "---",
    "...",
    "\t",
    "1e999",
    "09:00",
    "14 d",
    "0x1",
)


# An agency's folder


@contextmanager
def folder_door(_database: Database) -> Iterator[Target]:
    """The first line names the file, the rest stands in it. Of those that can be read some go on to the folder."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as home:
        folder = Path(home) / "ottawa"
        shutil.copytree(AGENCIES / "ottawa", folder)

        def target(given: bytes) -> None:
            first, _, content = given.partition(b"\n")
            name = first.decode("ascii", "ignore")
            if name not in _READ:
                return
            before = (folder / name).read_bytes() if (folder / name).exists() else None
            (folder / name).write_bytes(content)
            try:
                _read(folder, name)
            finally:
                if before is None:
                    (folder / name).unlink()
                else:
                    (folder / name).write_bytes(before)

        yield target


_READ: Final = (*FILES, BOUNDARIES, "texts/en.po", "texts/fr.po")


def _read(folder: Path, name: str) -> None:
    try:
        if name.startswith("texts/"):
            read_wording(folder)
        elif name == BOUNDARIES:
            areas = load_agency(folder).open_data
            assert areas is not None
            assert areas.areas is not None
            read_boundaries(folder / name, areas.areas)
        else:
            read_yaml(folder / name, FILES[name])
    except AgencyError as error:
        _are_lines(error.problems)
        return
    if sum((folder / name).read_bytes()) % _WHOLE_ONE_IN == 0:
        _are_lines([str(finding) for finding in check_folder(folder)])


def _are_lines(problems: Iterable[str]) -> None:
    lines = list(problems)
    assert len(lines) <= _MOST_LINES, len(lines)
    for line in lines:
        assert line.isprintable(), line
        assert len(line) <= _LONGEST_LINE, len(line)


def folder_seeds() -> Iterable[bytes]:
    for name in (*FILES, "texts/en.po", "texts/fr.po"):
        yield name.encode() + b"\n" + (AGENCIES / "ottawa" / name).read_bytes()[:6_000]
    with tempfile.TemporaryDirectory() as home:
        make_folder("north-bay", place=Path(home))
        for name in ("policy.yaml", "cad.yaml", "call_types.yaml"):
            yield name.encode() + b"\n" + (Path(home) / "north-bay" / name).read_bytes()[:6_000]
    ring = [[0, 0], [1, 0], [1, 1], [0, 0]]
    feature = {
        "type": "Feature",
        "properties": {"GEO_LEVEL": "area", "GEO_ID": "x"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    yield BOUNDARIES.encode() + b"\n" + json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


# Settings


@contextmanager
def settings_door(_database: Database) -> Iterator[Target]:
    """A line for each variable. Everything that is made of the settings before a process begins is made."""

    def target(given: bytes) -> None:
        pairs = [line.partition(b"=") for line in given.replace(b"\0", b"").split(b"\n")]
        named = {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs if name}
        load_settings.cache_clear()
        try:
            with mock.patch.dict(os.environ, {**named, "COMMUNITYCONNECT_SECRETS_FOLDER": "/var/empty"}, clear=True):
                _begin()
        except (SettingsError, KeyringError) as error:
            _says_no_secret(str(error), named)
        finally:
            load_settings.cache_clear()

    Path("/var/empty").mkdir(exist_ok=True)
    yield target


def _begin() -> None:
    settings = load_settings()
    keyring_of(settings)
    senders_of(settings)
    networks(settings.web_proxies, variable="WEB_PROXIES")
    oidc_setup_of(settings)


def _says_no_secret(said: str, named: dict[str, str]) -> None:
    lines = said.split("\n")
    assert all(len(line) <= _LONGEST_LINE for line in lines)
    secrets = (
        "DATABASE_URL",
        "COMMUNITYCONNECT_CAD_DATABASE_URL",
        "TWILIO_AUTH_TOKEN",
        "COMMUNITYCONNECT_CONSOLE_DEMO_PASSWORD",
    )
    for name in secrets:
        assert len(value := named.get(name, "")) < 8 or value not in said, name


def settings_seeds() -> Iterable[bytes]:
    keys = {"COMMUNITYCONNECT_ENCRYPTION_KEYS": f"k1:{'f' * 43}=", "COMMUNITYCONNECT_LOOKUP_KEY": f"{'f' * 43}="}
    more = {
        "DATABASE_URL": "postgresql://user:pass-word-1@localhost/name",
        "COMMUNITYCONNECT_CLOCK": _CLOCK,
        "COMMUNITYCONNECT_CAD_KEYS": ",".join(f"{key}:{secret}" for key, secret in SECRETS.items()),
        "COMMUNITYCONNECT_CAD_CERTIFICATES": "cad:" + "ab" * 32,
        "COMMUNITYCONNECT_CAD_PROXIES": "10.0.0.5,10.1.0.0/24",
        "COMMUNITYCONNECT_WEB_PROXIES": "2001:db8::/32",
        "COMMUNITYCONNECT_OIDC_ISSUER": "https://id.example.org/realms/x",
        "COMMUNITYCONNECT_OIDC_CLIENT_ID": "console",
        "COMMUNITYCONNECT_OIDC_CLIENT_SECRET": "a-client-secret",
        "COMMUNITYCONNECT_OIDC_ROLES": "operator:desk,supervisor:sergeants",
        "COMMUNITYCONNECT_OIDC_ROLES_CLAIM": "realm_access.roles",
        "COMMUNITYCONNECT_TWILIO_TIMEOUT_SECONDS": "10",
        "COMMUNITYCONNECT_METRICS_PORT": "9100",
        "COMMUNITYCONNECT_PUBLIC_ORIGIN": "https://texts.example.org",
        "TEMPORAL_DEPLOYMENT_NAME": "cc",
        "TEMPORAL_WORKER_BUILD_ID": "1",
    }
    yield "\n".join(f"{name}={value}" for name, value in {**keys, **more}.items()).encode()
    for name, value in more.items():
        yield "\n".join(f"{one}={of}" for one, of in {**keys, name: value}.items()).encode()


# Signals that are sent by hand


@contextmanager
def signal_door(_database: Database) -> Iterator[Target]:
    """A line for each signal: its name, and its arguments in JSON, none or many. What the workflow does with each is
    done here without Temporal; then it is asked what is owed at several times."""
    policy = load_agency(AGENCIES / "ottawa").policy
    told = a_call(policy)
    silent = a_call(policy, call_type_code="ASSAULT", call_type_group="assault")

    def target(given: bytes) -> None:
        for call in (told, silent):
            by_hand, known, clock = ByHand(), call, REAL_TIME
            for line in given.split(b"\n")[:6]:
                name, _, arguments = line.partition(b" ")
                signal = next((one for one in Signal if one.value.encode() == name), Signal.UPDATED)
                change = heard(_decoded(arguments), now=NOON + minutes(5))
                if change is None:
                    continue
                clock = change.clock or clock
                if change.call is not None and change.call.version > known.version and _is_of(change.call, known):
                    by_hand.hear(known, change.call)
                    known = change.call
                elif change.call is None and change.clock is None:
                    by_hand.note(signal, now=clock.at(NOON + minutes(6)))
                _can_be_asked(by_hand.over(known), by_hand)

    def _can_be_asked(call: KnownCall, by_hand: ByHand) -> None:
        for after in (0, 3, 60, 60 * 24 * 20):
            now = NOON + timedelta(minutes=after)
            step = next_step(
                call=call, texts=(), timetable=policy.timetable, now=now, held_by_hand=by_hand.held is True
            )
            assert not isinstance(step, Wait) or step.until > now

    yield target


def _decoded(arguments: bytes) -> list[object]:
    """As Temporal's converter does: JSON, each argument by itself; what is none never comes to the workflow."""
    try:
        said = json.loads(b"[" + arguments + b"]")
    except (ValueError, RecursionError):
        return []
    return list(said)


def _is_of(one: KnownCall, other: KnownCall) -> bool:
    return (one.facts.agency, one.facts.cad_id) == (other.facts.agency, other.facts.cad_id)


def signal_seeds() -> Iterable[bytes]:
    policy = load_agency(AGENCIES / "ottawa").policy
    told = a_call(policy, version=2, dispatched_at=NOON + minutes(4), cleared_at=NOON + minutes(40))
    call = json.dumps({"call": told.model_dump(mode="json", exclude_none=True)})
    yield b"dispatched\ncleared null\nreopened {}\nheld\nreleased\nreclassified"
    yield b"updated " + call.encode()
    yield b"cancelled\nupdated " + call.encode() + b', {"more": 1}'
    yield f'updated {{"clock": {_CLOCK}}}'.encode()
    yield b'requeued "now"\narrived [1]\nupdated {"call": {"version": 1e999}}'


FILE_DOORS: Final = (
    Door(
        name="folder",
        what="an agency's folder: each of its files, and `agency check` of the whole",
        held="read, or refused in lines for people, each printable and of bounded length; no bomb of aliases",
        open=folder_door,
        seeds=folder_seeds,
        words=_YAML_WORDS,
        seconds=2,
        longest=6_500,
        besides=("tests/policy/test_broken_folders.py",),
    ),
    Door(
        name="settings",
        what="the environment, and what each process makes of it before it begins",
        held="read, or refused in a line that names the variable and repeats no secret",
        open=settings_door,
        seeds=settings_seeds,
        words=("=", "\n", "COMMUNITYCONNECT_", ",", ":", "nan", "inf", "1e999", "[::1]", "0.0.0.0/0"),
        besides=("tests/cli/test_settings.py",),
    ),
    Door(
        name="signal",
        what="signals sent to a call's workflow by hand, from Temporal's UI or its API",
        held="heard or dropped, never raised (it would hang the call); what is owed can be asked at any time, and "
        "a wait ends in the future",
        open=signal_door,
        seeds=signal_seeds,
        words=(
            *(f"{signal.value} " for signal in Signal),
            '"call"',
            '"clock"',
            '"version"',
            '"facts"',
            "null",
            "{}",
            "1e308",
        ),
        besides=("tests/workflows/test_poison.py",),
    ),
)
