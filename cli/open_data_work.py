"""What `communityconnect open-data …` does: prepares a quarter's bundle, shows it, decides about it, publishes it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from activities.prepare_open_data import CannotPrepare, Order, newest_due, prepare
from database.encryption import keyring_of
from database.engine import connect
from insights.open_data.edition import NotFilledIn
from insights.open_data.quarters import Quarter
from policy.agency import Agency, load_agency
from settings import Settings, SettingsError
from survey.questions import Localized
from web.staff.open_data.bundles import Bundle, Bundles, MeanwhileDecided, NotSafe
from web.staff.open_data.publishing import NotApproved, PublishingError, publish

Say = Callable[[str], None]
_NOT_SHOWN: Final = frozenset({"rules", "public_calls", "public_calls_now"})
"""Of a report: long, and for the next one."""


def run_prepare(settings: Settings, quarter: str, *, by: str | None, reason: Localized | None, say: Say) -> bool:
    """Of the newest quarter that is due, where none is named. False: it is not safe, and cannot be approved.

    Raises:
        SettingsError: there is nothing to prepare, or something is not filled in.
    """
    agency, engine = _opened(settings)
    now = settings.clock.now()
    try:
        if agency.open_data is not None and not agency.open_data.enabled:
            raise SettingsError("open_data.yaml says enabled: false; fill in what it lacks and switch it on first")
        wanted = _read(quarter) if quarter else newest_due(agency, now)
        order = Order(quarter=wanted, now=now, by=by, reason=reason)
        done = prepare(engine, agency, order, keyring=keyring_of(settings), beat=lambda step: say(f"{step} …"))
    except (CannotPrepare, NotFilledIn) as why:
        raise SettingsError(str(why)) from None
    finally:
        engine.dispose()
    say(f"{wanted} v{done.version} waits for a decision: communityconnect open-data show {wanted}")
    if not done.is_safe:
        say("its report says that somebody could be found in it: it cannot be approved")
    return done.is_safe


def run_list(settings: Settings, *, say: Say) -> None:
    agency, engine = _opened(settings)
    try:
        found = Bundles(engine, agency.key).all()
    finally:
        engine.dispose()
    for one in found:
        say(_line(one))
    if not found:
        say("none has been prepared yet")


def run_show(settings: Settings, quarter: str, *, version: int, out: Path | None, say: Say) -> None:
    """Without `out` the report; with it files and report into that folder.

    Raises:
        SettingsError: there is no such bundle, or the folder cannot be written.
    """
    agency, engine = _opened(settings)
    try:
        bundles = Bundles(engine, agency.key)
        bundle = _found(bundles, quarter, version)
        if out is not None:
            _write(bundles, bundle, out)
            say(f"{bundle.name} is in {out}, its report in disclosure_report.json beside it")
            return
    finally:
        engine.dispose()
    shown = {name: of for name, of in bundle.report.items() if name not in _NOT_SHOWN}
    say(_line(bundle))
    say(json.dumps(shown, ensure_ascii=False, indent=1))


def run_decision(
    settings: Settings, quarter: str, *, version: int, approved: bool, by: str, why: str, say: Say
) -> None:
    """Approve or decline.

    Raises:
        SettingsError: there is no such bundle, it is not safe, or somebody has decided already.
    """
    agency, engine = _opened(settings)
    try:
        bundles = Bundles(engine, agency.key)
        bundle = _found(bundles, quarter, version)
        decide = bundles.approve if approved else bundles.decline
        decide(bundle, by=by, why=why)
    except MeanwhileDecided:
        raise SettingsError(f"{bundle.name} is {bundle.state} already, by {bundle.decided_by}") from None
    except NotSafe:
        raise SettingsError(f"{bundle.name}: somebody could be found in it, says its report; it stays here") from None
    finally:
        engine.dispose()
    say(f"{bundle.name} is {'approved' if approved else 'declined'}")


def run_publish(settings: Settings, quarter: str, *, version: int, by: str, say: Say) -> None:
    """Into the public folder.

    Raises:
        SettingsError: there is no such bundle or folder, or nobody has approved it.
    """
    if settings.open_data is None:
        raise SettingsError("set COMMUNITYCONNECT_OPEN_DATA to the public folder first")
    agency, engine = _opened(settings)
    try:
        bundle = _found(Bundles(engine, agency.key), quarter, version)
        publish(engine, bundle, root=settings.open_data, by=by)
    except NotApproved:
        raise SettingsError(f"{bundle.name} is {bundle.state}: only what is approved is published") from None
    except PublishingError as error:
        raise SettingsError(str(error)) from None
    finally:
        engine.dispose()
    say(f"{bundle.name} is published in {settings.open_data}")


def _opened(settings: Settings) -> tuple[Agency, Engine]:
    return load_agency(settings.agency), connect(settings.database_url.get_secret_value(), pool_size=1)


def _read(quarter: str) -> Quarter:
    try:
        return Quarter.read(quarter)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _found(bundles: Bundles, quarter: str, version: int) -> Bundle:
    wanted = str(_read(quarter))
    of_quarter = [one for one in bundles.all() if one.period == wanted and version in (0, one.version)]
    if not of_quarter:
        which = f"{wanted} v{version}" if version else wanted
        raise SettingsError(f"{which} was never prepared; see: communityconnect open-data list")
    return of_quarter[0]


def _line(one: Bundle) -> str:
    safe = "" if one.report.get("is_safe") else ", NOT SAFE"
    decided = f", by {one.decided_by}: {one.decided_why}" if one.decided_by else ""
    return f"{one.period} v{one.version}: {one.state}{safe}{decided}"


def _write(bundles: Bundles, bundle: Bundle, out: Path) -> None:
    folder = out / f"v{bundle.version}"
    try:
        folder.mkdir(parents=True)
        for file in bundle.files:
            (folder / file.name).write_bytes(bundles.file(bundle, file.name) or b"")
        report = json.dumps(dict(bundle.report), ensure_ascii=False, indent=1)
        (out / "disclosure_report.json").write_text(report + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{out}: {error.strerror}; choose a folder that is not there yet") from None
