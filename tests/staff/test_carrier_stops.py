"""Staff see what the carrier has stopped, what to do about it, and let words go again."""

from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from activities.line import Line
from cli.attention import show_attention
from cli.switches import release_wording, show_state
from database.tables import TextRow, real_now
from policy.agency import Agency
from settings import Settings, SettingsError
from tests.builders import NOON, hours
from tests.staff.test_attention import settings, the_lines

__all__ = ["settings"]


def state_of(settings: Settings) -> list[str]:
    lines: list[str] = []
    show_state(settings, say=lines.append)
    return lines


def refused(engine: Engine, agency: Agency) -> None:
    """A delay notice in English whose words the carrier has refused."""
    with Session(engine) as session, session.begin():
        session.add(
            TextRow(
                id=uuid4(),
                call_id="ottawa-1",
                kind="delay",
                state="claimed",
                error_code=21617,
                language="en",
                wording_version=agency.wording.version,
                policy_version="p",
                updated_real=real_now(),
                due_at=NOON,
                expires_at=NOON + hours(1),
            )
        )


def test_a_closed_line_is_shown_with_its_cause_and_what_to_do(
    engine: Engine, ottawa: Agency, settings: Settings
) -> None:
    line = Line(engine=engine, sender=ottawa.identity.sender, segments_per_second=1)
    line.close(because="HTTP 401, code 20003")
    well, lines = the_lines(settings)
    assert not well
    assert "HTTP 401, code 20003: nobody is texted until the account" in lines[1]
    assert any("is closed since" in said for said in state_of(settings))
    line.open()
    assert state_of(settings)[-1] == "nothing is stopped"
    assert show_attention(settings, say=lambda _: None)


def test_words_that_are_stopped_are_named_and_released_by_name(
    engine: Engine, ottawa: Agency, settings: Settings
) -> None:
    refused(engine, ottawa)
    well, lines = the_lines(settings)
    assert not well
    assert lines[1].strip().startswith("the wording delay:en waits: the carrier refused these words, code 21617")
    with pytest.raises(SettingsError, match="stopped are: delay:en"):
        release_wording(settings, "survey:fr", by="x", why="y", say=lambda _: None)
    release_wording(settings, "delay:en", by="the duty inspector", why="mended at the carrier", say=lambda _: None)
    assert state_of(settings)[-1] == "nothing is stopped"
    with pytest.raises(SettingsError, match="no words are stopped"):
        release_wording(settings, "delay:en", by="x", why="y", say=lambda _: None)


def test_what_closed_a_number_that_is_no_longer_used_stops_nobody(
    engine: Engine, ottawa: Agency, settings: Settings
) -> None:
    """A wrong number of ours (21606) is mended by another number in `agency.yaml`: no text opens the old one's line."""
    Line(engine=engine, sender="+16135550199", segments_per_second=1).close(because="HTTP 400, code 21606")
    assert the_lines(settings)[0]
    assert state_of(settings)[-1] == "nothing is stopped"


def test_filtered_replies_are_not_said_to_wait(engine: Engine, ottawa: Agency, settings: Settings) -> None:
    """They are answers to the carrier's own request: they wait for nobody."""
    for number in range(3):
        with Session(engine) as session, session.begin():
            session.add(
                TextRow(
                    kind="auto_reply",
                    state="undelivered",
                    error_code=30007,
                    language="en",
                    wording_version=ottawa.wording.version,
                    policy_version="p",
                    phone_hash=str(number),
                    due_at=NOON,
                    expires_at=NOON,
                )
            )
    assert state_of(settings)[-1] == "nothing is stopped"
    assert sum("filtered as spam" in line for line in the_lines(settings)[1]) == 3
