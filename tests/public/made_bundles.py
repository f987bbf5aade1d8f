"""Bundles as the service prepares and publishes them, of made-up quarters: nobody made these calls."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import Engine

from activities.prepare_open_data import Order, prepare
from insights.open_data.quarters import Quarter
from local.generated.open_quarters import MadeUp, demonstrating
from policy.agency import Agency
from policy.open_data import Areas
from survey.questions import Localized
from tests.open_data.made_up import KEYRING
from web.staff.open_data.bundles import Bundle, Bundles
from web.staff.open_data.publishing import publish

SECRET = b"of the tests"
_CORRECTED = Localized(en="A count was wrong.", fr="Un compte était faux.")
_LARGE = 3
"""As many calls a ward as Ottawa has: of fewer hardly an answer would be told by ward."""


def prepared(engine: Engine, agency: Agency, quarter: Quarter, areas: Areas, *, again: bool = False) -> Bundle:
    """What waits for a decision. Of any area with 300 calls answers are told."""
    agency = demonstrating(agency, areas, least_calls_survey=300)
    now = datetime.combine(quarter.last_day, time(14, 30), UTC) + timedelta(days=46)
    order = Order(quarter=quarter, now=now, reason=_CORRECTED if again else None)
    done = prepare(
        engine,
        agency,
        order,
        keyring=KEYRING,
        beat=lambda _: None,
        count=MadeUp(scale=_LARGE),
        new_secret=lambda: SECRET,
    )
    bundle = Bundles(engine, agency.key).one(str(quarter), done.version)
    assert bundle is not None
    return bundle


def published(engine: Engine, bundle: Bundle, root: Path) -> Bundle:
    """The same, approved, and in the public folder."""
    Bundles(engine, bundle.agency).approve(bundle, by="Somebody", why="Read, and looked at.")
    publish(engine, bundle, root=root, by="Somebody")
    return Bundles(engine, bundle.agency).one(bundle.period, bundle.version) or bundle
