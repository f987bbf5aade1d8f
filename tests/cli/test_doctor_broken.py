"""`communityconnect doctor` against set-ups that are really broken: each is named, with its mend, nothing else is."""

import json
import os
import shutil
import subprocess
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client

from calls.issues import FIND_ISSUES_SCHEDULE
from cli.doctor.examination import examine
from cli.finding import Finding
from cli.reconcile_schedule import SCHEDULE_ID
from cli.set_up import RETENTION, set_up_temporal
from database.encryption import new_key
from local.ports import free_port
from settings import Settings, child_environment, python
from tests.activities.broken_tls import broken_tls
from tests.carrier.carrier_box import running_carrier, running_service
from tests.cli.ground import (
    Ground,
    always_ok,
    answering,
    bare_namespace,
    behind_a_slow_clock,
    keep_histories,
    well,
)
from tests.servers import drop_database

Changes = dict[str, str]
Breaks = Callable[[Ground], AbstractContextManager[Changes]]
ZONE = "America/Toronto"
KEYS, LOOKUP = "COMMUNITYCONNECT_ENCRYPTION_KEYS", "COMMUNITYCONNECT_LOOKUP_KEY"
ORIGIN = "COMMUNITYCONNECT_PUBLIC_ORIGIN"
NOBODY = "127.0.0.1:9"


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A set-up. `found`: what is named, by its beginning; `detail` and `mend`: words of the first of them. `also`: what
    follows from it. `works`: a warning."""

    found: str
    detail: str
    mend: str
    breaks: Breaks
    also: tuple[str, ...] = ()
    works: bool = False


def set_to(**changes: str) -> Breaks:
    """By settings alone."""

    @contextmanager
    def breaks(_: Ground) -> Iterator[Changes]:
        yield {name: value.replace("NEW_KEY", new_key()) for name, value in changes.items()}

    return breaks


def database(*statements: str) -> Breaks:
    """By what was done to a copy of the database."""
    return lambda ground: ground.copy(*statements)


def folder(file: str, before: str, after: str) -> Breaks:
    """By what somebody wrote into the agency's folder."""
    return lambda ground: ground.agency(file, before, after)


def temporal(do: Callable[[Client], object], undo: Callable[[Client], object]) -> Breaks:
    """By what was done in Temporal."""

    @contextmanager
    def breaks(ground: Ground) -> Iterator[Changes]:
        ground.in_temporal(do)
        try:
            yield {}
        finally:
            ground.in_temporal(undo)

    return breaks


def set_up(client: Client) -> object:
    return set_up_temporal(client, zone=ZONE, say=lambda _: None)


@contextmanager
def a_key_that_was_lost(ground: Ground) -> Iterator[Changes]:
    stored = ground.opt_out(encryption_keys=f"old:{new_key()}", lookup_key=ground.environment[LOOKUP])
    with ground.copy("DELETE FROM opt_out", stored) as changes:
        yield changes


@contextmanager
def the_same_key_twice(ground: Ground) -> Iterator[Changes]:
    _, _, key = ground.environment[KEYS].partition(":")
    with ground.copy("DELETE FROM opt_out") as changes:
        yield {**changes, LOOKUP: key}


@contextmanager
def a_database_in_ascii(ground: Ground) -> Iterator[Changes]:
    name = f"ascii_{uuid4().hex[:8]}"
    ground.execute(
        "postgres", f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    )
    yield {"DATABASE_URL": ground.database(name)}
    drop_database(ground.server, name)


@contextmanager
def a_wrong_password(ground: Ground) -> Iterator[Changes]:
    yield {"DATABASE_URL": ground.environment["DATABASE_URL"].replace("_service:", "_service:wrong")}


@contextmanager
def an_owner_who_serves(ground: Ground) -> Iterator[Changes]:
    yield {"DATABASE_URL": ground.box.owner_url}


@contextmanager
def a_bare_namespace(ground: Ground) -> Iterator[Changes]:
    name = f"bare-{uuid4().hex[:8]}"
    ground.in_temporal(lambda client: bare_namespace(client, name))
    yield {"TEMPORAL_NAMESPACE": name}


@contextmanager
def without_workers(ground: Ground) -> Iterator[Changes]:
    """A namespace that is set up, and in which nobody works."""
    name = f"idle-{uuid4().hex[:8]}"

    async def make(_: Client) -> None:
        await set_up_temporal(
            await Client.connect(ground.environment["TEMPORAL_ADDRESS"], namespace=name), zone=ZONE, say=lambda _: None
        )

    ground.in_temporal(make)
    yield {"TEMPORAL_NAMESPACE": name}


@contextmanager
def another_carrier(ground: Ground) -> Iterator[Changes]:
    with (
        running_service() as elsewhere,
        running_carrier(elsewhere, ground.folder / uuid4().hex) as carrier,
        ground.agency("agency.yaml", "+13438036032", "+13435550100") as changes,
    ):
        yield {**changes, "COMMUNITYCONNECT_TWILIO_ADDRESS": carrier.url}


@contextmanager
def a_slow_clock(ground: Ground) -> Iterator[Changes]:
    with behind_a_slow_clock(ground.box.phones_url) as address:
        yield {"COMMUNITYCONNECT_TWILIO_ADDRESS": address}


@contextmanager
def another_site(_: Ground) -> Iterator[Changes]:
    with answering(always_ok, "GET", "POST", "HEAD") as address:
        yield {ORIGIN: address}


@contextmanager
def a_certificate_of_nobodys(_: Ground) -> Iterator[Changes]:
    with broken_tls(b"", trusted=False) as address:
        yield {ORIGIN: address, "COMMUNITYCONNECT_WEB_PROXIES": "127.0.0.1"}


@contextmanager
def another_name_for_the_web(ground: Ground) -> Iterator[Changes]:
    yield {ORIGIN: f"http://localhost:{ground.box.ports.web}"}


@contextmanager
def old_zone_data(ground: Ground) -> Iterator[Changes]:
    """A machine that has never heard of summer time."""
    place = ground.folder / "zoneinfo" / "America"
    place.mkdir(parents=True, exist_ok=True)
    from importlib.resources import files

    place.joinpath("Toronto").write_bytes(files("tzdata.zoneinfo").joinpath("America", "Panama").read_bytes())
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(place.parent)])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        yield {}
    finally:
        zoneinfo.reset_tzpath(before)
        zoneinfo.ZoneInfo.clear_cache()


@contextmanager
def a_taken_port(_: Ground) -> Iterator[Changes]:
    with answering(always_ok, "GET") as address:
        yield {"COMMUNITYCONNECT_METRICS_PORT": address.rpartition(":")[2]}


@contextmanager
def a_full_disk(ground: Ground) -> Iterator[Changes]:
    place = ground.folder / "small"
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], check=True)
    try:
        yield {"COMMUNITYCONNECT_CAD_FOLDER": str(place)}
    finally:
        subprocess.run(["umount", str(place)], check=True)


def may_mount() -> bool:
    """In a container it is often forbidden, to root too."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    trying = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(trying, capture_output=True, check=False).returncode == 0


DAYS = RETENTION.days
SILENT = "INSERT INTO cad_feed (feed, way, taken, repeated, rejected, unknown, since_real, last_record_real) VALUES "
SKEWED = (
    "CREATE SCHEMA ahead",
    "CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
    " $$ SELECT pg_catalog.clock_timestamp() + interval '3 minutes' $$",
    "GRANT USAGE ON SCHEMA ahead TO PUBLIC",
    "ALTER DATABASE THIS SET search_path = ahead, pg_catalog, public",
)
SETUP = "communityconnect setup"

BROKEN = {
    "a setting that is written wrongly": Broken(
        found="settings",
        detail="no setting COMMUNITYCONNECT_WEB_PROXYS",
        mend="write COMMUNITYCONNECT_WEB_PROXIES",
        breaks=set_to(COMMUNITYCONNECT_WEB_PROXYS="10.0.0.5"),
    ),
    "an agency's folder that contradicts itself": Broken(
        found="agency folder",
        detail="zone",
        mend="communityconnect agency check",
        breaks=folder("policy.yaml", "zone: America/Toronto", "zone: America/Torronto"),
    ),
    "no keys": Broken(
        found="keys",
        detail="COMMUNITYCONNECT_ENCRYPTION_KEYS is not set",
        mend="communityconnect new-key",
        breaks=set_to(COMMUNITYCONNECT_ENCRYPTION_KEYS=""),
    ),
    "a key that is cut off": Broken(
        found="keys",
        detail="'k1'",
        mend="communityconnect new-key",
        breaks=set_to(COMMUNITYCONNECT_ENCRYPTION_KEYS="k1:c2hvcnQ="),
    ),
    "one key for two things": Broken(
        found="keys apart", detail="are one and the same", mend="communityconnect new-key", breaks=the_same_key_twice
    ),
    "the key of what is stored was lost": Broken(
        found="stored data", detail="'old' is not among", mend="put the old key back", breaks=a_key_that_was_lost
    ),
    "another lookup key": Broken(
        found="stored data",
        detail="no STOP holds",
        mend="put the old key back",
        breaks=set_to(COMMUNITYCONNECT_LOOKUP_KEY="NEW_KEY"),
    ),
    "no PostgreSQL": Broken(
        found="database",
        detail="does not answer",
        mend="start PostgreSQL",
        breaks=set_to(DATABASE_URL=f"postgresql://u:p@{NOBODY}/x"),
    ),
    "a wrong password of the database": Broken(
        found="database",
        detail="does not let communityconnect_service in",
        mend="DATABASE_URL",
        breaks=a_wrong_password,
    ),
    "no such database": Broken(
        found="database",
        detail="no such database",
        mend="CREATE DATABASE",
        breaks=lambda ground: set_to(DATABASE_URL=ground.database("nowhere"))(ground),
    ),
    "a database that is only read": Broken(
        found="database",
        detail="is read-only",
        mend="RESET default_transaction_read_only",
        breaks=database("ALTER DATABASE THIS SET default_transaction_read_only = on"),
    ),
    "a database without French": Broken(
        found="database", detail="SQL_ASCII", mend="ENCODING 'UTF8'", breaks=a_database_in_ascii
    ),
    "a database that was never set up": Broken(
        found="migrations",
        detail="at none",
        mend=SETUP,
        breaks=lambda ground: ground.copy(template="template0"),
    ),
    "a database of a newer version": Broken(
        found="migrations",
        detail="of a newer version",
        mend="deploy the newer version",
        breaks=database("UPDATE alembic_version SET version_num = '9999'"),
    ),
    "a right that is missing": Broken(
        found="rights",
        detail="may not use: text",
        mend=SETUP,
        breaks=database("REVOKE UPDATE ON text FROM communityconnect_service"),
    ),
    "a right to vacuum that is missing": Broken(
        found="survey's tables",
        detail="may not vacuum",
        mend=SETUP,
        breaks=database("REVOKE MAINTAIN ON survey_held FROM communityconnect_service"),
    ),
    "a service that owns its tables": Broken(
        found="audit log",
        detail="its trigger alone",
        mend="COMMUNITYCONNECT_OWNER_DATABASE_URL",
        works=True,
        breaks=an_owner_who_serves,
    ),
    "a clock that differs from the database's": Broken(
        found="clock", detail="180 s behind the database's", mend="NTP", breaks=database(*SKEWED)
    ),
    "a clock that differs from the web's": Broken(
        found="clock", detail=" s ahead of that of 127.0.0.1", mend="NTP", breaks=a_slow_clock
    ),
    "old zone data": Broken(found="zone data", detail=ZONE, mend="tzdata", breaks=old_zone_data),
    "no Temporal": Broken(
        found="temporal", detail="does not answer", mend="TEMPORAL_ADDRESS", breaks=set_to(TEMPORAL_ADDRESS=NOBODY)
    ),
    "a certificate for Temporal that is not there": Broken(
        found="temporal",
        detail="/nowhere/client.pem",
        mend="mend that variable",
        breaks=set_to(
            TEMPORAL_TLS_CLIENT_CERT_PATH="/nowhere/client.pem", TEMPORAL_TLS_CLIENT_KEY_PATH="/nowhere/client.key"
        ),
    ),
    "no such namespace": Broken(
        found="temporal namespace elsewhere",
        detail="is not there",
        mend="TEMPORAL_NAMESPACE",
        breaks=set_to(TEMPORAL_NAMESPACE="elsewhere"),
    ),
    "histories that are soon forgotten": Broken(
        found="histories",
        detail="kept for 1 days",
        mend=SETUP,
        works=True,
        breaks=temporal(lambda client: keep_histories(client, 1), lambda client: keep_histories(client, DAYS)),
    ),
    "a search attribute that is not registered": Broken(
        found="search attributes",
        detail="CallType",
        mend=SETUP,
        breaks=a_bare_namespace,
        also=("workers on calls", "workers on reconciler"),
    ),
    "a schedule that is missing": Broken(
        found="reconciler's schedule",
        detail="is missing",
        mend=SETUP,
        breaks=temporal(lambda client: client.get_schedule_handle(SCHEDULE_ID).delete(), set_up),
    ),
    "a schedule that somebody paused": Broken(
        found="schedule of emerging issues",
        detail="is paused",
        mend="unpause find-issues",
        breaks=temporal(
            lambda client: client.get_schedule_handle(FIND_ISSUES_SCHEDULE).pause(),
            lambda client: client.get_schedule_handle(FIND_ISSUES_SCHEDULE).unpause(),
        ),
    ),
    "a schedule of another zone": Broken(
        found="schedule of emerging issues",
        detail="is not as this version",
        mend=SETUP,
        breaks=folder("policy.yaml", "zone: America/Toronto", "zone: America/Halifax"),
        also=("schedule of forgetting", "schedule of open data"),
    ),
    "no worker": Broken(
        found="workers on calls",
        detail="nobody is texted",
        mend="communityconnect worker",
        breaks=without_workers,
        also=("workers on reconciler",),
    ),
    "a wrong token of Twilio's": Broken(
        found="twilio",
        detail="refuses us",
        mend="TWILIO_AUTH_TOKEN",
        also=("webhooks",),
        breaks=set_to(TWILIO_AUTH_TOKEN="wrong"),
    ),
    "no Twilio": Broken(
        found="twilio",
        detail="does not answer",
        mend="COMMUNITYCONNECT_TWILIO_ADDRESS",
        breaks=set_to(COMMUNITYCONNECT_TWILIO_ADDRESS=f"http://{NOBODY}"),
    ),
    "a proxy in the environment that nobody can read": Broken(
        found="twilio",
        detail="cannot be asked",
        mend="HTTPS_PROXY",
        also=("public origin",),
        breaks=set_to(HTTP_PROXY="socks5://127.0.0.1:1"),
    ),
    "a number of somebody else's": Broken(
        found="our number",
        detail="+13435550199 is not a number of this account",
        mend="agency.yaml",
        breaks=folder("agency.yaml", "+13438036032", "+13435550199"),
    ),
    "texts to our number that go elsewhere": Broken(
        found="our number",
        detail="a STOP would be lost",
        mend="/twilio/inbound",
        also=("our number",),
        breaks=another_carrier,
    ),
    "a public address that is not https": Broken(
        found="public origin",
        detail="is not https",
        mend="https://…",
        also=("our number", "our number"),
        breaks=set_to(COMMUNITYCONNECT_PUBLIC_ORIGIN="http://texts.example.org"),
    ),
    "no web": Broken(
        found="public origin",
        detail="does not answer",
        mend="communityconnect web",
        also=("our number", "our number"),
        breaks=set_to(COMMUNITYCONNECT_PUBLIC_ORIGIN=f"http://{NOBODY}"),
    ),
    "a certificate that nobody trusts": Broken(
        found="public origin",
        detail="certificate",
        mend="of the proxy",
        also=("our number", "our number"),
        breaks=a_certificate_of_nobodys,
    ),
    "another site at our address": Broken(
        found="webhooks",
        detail="takes what nobody signed",
        mend="mend the proxy",
        also=("our number", "our number"),
        breaks=another_site,
    ),
    "a web that knows itself by another address": Broken(
        found="webhooks",
        detail="HTTP 403",
        mend="COMMUNITYCONNECT_PUBLIC_ORIGIN",
        also=("our number", "our number"),
        breaks=another_name_for_the_web,
    ),
    "everybody is a proxy": Broken(
        found="web proxies",
        detail="0.0.0.0/0 is everybody",
        mend="COMMUNITYCONNECT_WEB_PROXIES",
        breaks=set_to(COMMUNITYCONNECT_WEB_PROXIES="0.0.0.0/0"),
    ),
    "a provider of sign-in that is none": Broken(
        found="console's sign-in",
        detail="does not answer as one",
        mend="COMMUNITYCONNECT_OIDC_ISSUER",
        breaks=lambda ground: set_to(
            COMMUNITYCONNECT_OIDC_ISSUER=ground.box.phones_url,
            COMMUNITYCONNECT_OIDC_CLIENT_ID="console",
            COMMUNITYCONNECT_CONSOLE_DEMO_PASSWORD="",
        )(ground),
    ),
    "nobody can sign in": Broken(
        found="console's sign-in",
        detail="nobody can sign in",
        mend="COMMUNITYCONNECT_OIDC_ISSUER",
        breaks=set_to(COMMUNITYCONNECT_CONSOLE_DEMO_PASSWORD=""),
    ),
    "no way in for CAD": Broken(
        found="CAD",
        detail="nobody is ever texted",
        mend="COMMUNITYCONNECT_CAD_KEYS",
        works=True,
        breaks=set_to(COMMUNITYCONNECT_CAD_KEYS=""),
    ),
    "a secret of CAD's that anybody guesses": Broken(
        found="CAD's keys",
        detail="COMMUNITYCONNECT_CAD_KEYS cannot be used",
        mend="docs/cad-push.md",
        breaks=set_to(COMMUNITYCONNECT_CAD_KEYS="cad.1:secret"),
    ),
    "a folder of CAD's that is not there": Broken(
        found="CAD's folder",
        detail="/nowhere",
        mend="COMMUNITYCONNECT_CAD_FOLDER",
        breaks=set_to(COMMUNITYCONNECT_CAD_FOLDER="/nowhere"),
    ),
    "a database of CAD's that does not answer": Broken(
        found="CAD's database",
        detail="does not answer",
        mend="COMMUNITYCONNECT_CAD_DATABASE_URL",
        breaks=set_to(COMMUNITYCONNECT_CAD_DATABASE_URL=f"postgresql+psycopg://u:p@{NOBODY}/cad"),
    ),
    "a feed of CAD's that is silent": Broken(
        found="CAD feed county",
        detail="nothing new for too long",
        mend="communityconnect cad feeds",
        breaks=database(f"{SILENT} ('county', 'push', 1, 0, 0, 0, now() - interval '9 d', now() - interval '2 d')"),
    ),
    "a port for metrics that is taken": Broken(
        found="metrics port",
        detail="is taken by something else",
        mend="COMMUNITYCONNECT_METRICS_PORT",
        breaks=a_taken_port,
    ),
}
if may_mount():
    BROKEN["a disk that is full"] = Broken(
        found="disk", detail="MB free for what CAD drops", mend="make room", breaks=a_full_disk
    )


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with well(tmp_path_factory.mktemp("doctor")) as it:
        yield it


def not_well(ground: Ground, changes: Changes, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    for name, value in {**ground.environment, **changes}.items():
        monkeypatch.setenv(name, value)
    return [finding for finding in examine(Settings()) if not finding.is_well]


def test_a_service_that_is_well_has_nothing_to_mend(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not_well(ground, {"COMMUNITYCONNECT_METRICS_PORT": str(free_port())}, monkeypatch) == []


EVERY_DAY = (
    "a setting that is written wrongly",
    "an agency's folder that contradicts itself",
    "no keys",
    "one key for two things",
    "the key of what is stored was lost",
    "another lookup key",
    "no PostgreSQL",
    "a database that was never set up",
    "a right that is missing",
    "a clock that differs from the database's",
    "a clock that differs from the web's",
    "old zone data",
    "no Temporal",
    "no such namespace",
    "a search attribute that is not registered",
    "a schedule that is missing",
    "a schedule that somebody paused",
    "no worker",
    "a wrong token of Twilio's",
    "texts to our number that go elsewhere",
    "no web",
    "a web that knows itself by another address",
    "a provider of sign-in that is none",
    "a feed of CAD's that is silent",
)
"""Half a second each. The others are `make test-deep`'s."""


@pytest.mark.parametrize(
    "name", [name if name in EVERY_DAY else pytest.param(name, marks=pytest.mark.deep) for name in BROKEN]
)
def test_what_is_broken_is_named_with_its_mend(ground: Ground, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = BROKEN[name]
    with ExitStack() as stack:
        found = not_well(ground, stack.enter_context(broken.breaks(ground)), monkeypatch)
    assert sorted(one.what for one in found) == sorted((broken.found, *broken.also)), found
    first = next(one for one in found if one.what == broken.found)
    assert broken.detail in first.detail
    assert broken.mend in first.mend
    assert first.works is broken.works
    assert max(len(one.detail) for one in found) < 240
    assert max(len(one.mend) for one in found) < 200


def test_a_program_reads_what_was_found_and_the_exit_code(ground: Ground, tmp_path: Path) -> None:
    changes = {**ground.environment, "COMMUNITYCONNECT_CAD_FOLDER": "/nowhere"}
    done = subprocess.run(
        [python(), "-m", "cli.main", "doctor", "--json"],
        env=child_environment(changes),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert {one["state"] for one in found} == {"ok", "trouble"}
    [trouble] = [one for one in found if one["state"] == "trouble"]
    assert trouble["what"] == "CAD's folder"
    assert trouble["mend"]
