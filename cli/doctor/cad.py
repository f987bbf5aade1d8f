"""CAD's ways in: can they be used, and do the feeds speak?"""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from activities.feed_health import Condition, feeds_now
from cli.finding import Finding
from policy.agency import Agency
from settings import Settings, SettingsError
from starter.poll_drivers import engine_for
from starter.push.senders import senders_of

_PATIENCE: Final = timedelta(seconds=5)


def ways_in(settings: Settings) -> Iterator[Finding]:
    """Each way that is set can be used; one is needed."""
    pushes = settings.cad_keys.get_secret_value() or settings.cad_certificates
    view = settings.cad_database_url.get_secret_value()
    if not pushes and not view and settings.cad_folder is None:
        mend = "set COMMUNITYCONNECT_CAD_KEYS, COMMUNITYCONNECT_CAD_DATABASE_URL or COMMUNITYCONNECT_CAD_FOLDER"
        yield Finding(what="CAD", detail="no way in is set: nobody is ever texted", mend=mend, works=True)
    if pushes:
        yield _pushes(settings)
    if view:
        yield _view(view)
    if settings.cad_folder is not None:
        yield _folder(settings)


def _pushes(settings: Settings) -> Finding:
    try:
        senders = senders_of(settings)
    except SettingsError as error:
        return Finding(what="CAD's keys", detail=str(error), mend="mend that setting (docs/cad-push.md)")
    return Finding(what="CAD's keys", detail=f"{len(senders.keys)} keys, {len(senders.certificates)} certificates")


def _view(address: str) -> Finding:
    what = "CAD's database"
    try:
        engine = engine_for(address, patience=_PATIENCE)
    except SettingsError as error:
        return Finding(what=what, detail=str(error), mend="mend that setting (docs/cad-view.md)")
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        detail = f"does not answer, or does not let us in ({type(error).__name__})"
        return Finding(what=what, detail=detail, mend="check COMMUNITYCONNECT_CAD_DATABASE_URL, and the way to it")
    finally:
        engine.dispose()
    return Finding(what=what, detail="answers")


def _folder(settings: Settings) -> Finding:
    folder = settings.cad_folder
    if folder is not None and folder.is_dir() and os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding(what="CAD's folder", detail=f"{folder} can be read and written")
    mend = "make it, for the user of the service to read and write, or mend COMMUNITYCONNECT_CAD_FOLDER"
    return Finding(what="CAD's folder", detail=f"{folder} is not there, or is not ours to write in", mend=mend)


def feeds(engine: Engine, agency: Agency) -> Iterator[Finding]:
    """Silence is a trouble: whoever is not heard of is not texted."""
    for feed in feeds_now(engine, agency.cad.feeds, agency.policy.timetable.zone_info):
        what = f"CAD feed {feed.feed}"
        mend = "run: communityconnect cad feeds, and see docs/cad-feeds.md"
        if feed.is_silent:
            never = feed.condition is Condition.NEVER_CAME
            detail = "never came, though cad.yaml expects it" if never else "has said nothing new for too long"
            yield Finding(what=what, detail=detail, mend=mend)
        elif feed.trouble is not None:
            yield Finding(what=what, detail="is stopped by a trouble of its own", mend=mend)
        elif feed.rejected_open:
            mend = "run: communityconnect cad rejected"
            yield Finding(what=what, detail=f"{feed.rejected_open} records could not be read", mend=mend, works=True)
        else:
            yield Finding(what=what, detail=str(feed.condition))
