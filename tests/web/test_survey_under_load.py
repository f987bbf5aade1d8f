"""Fifty surveys a second, each sent by two at once: none is lost, none counts twice, and no log tells of one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from database.encryption import load_keyring, new_key
from database.surveys import HeldAnswerRow, SurveyDraftRow
from database.tables import SurveyInvitationRow, real_now
from policy.agency import Agency
from survey.held import HeldAnswer
from tests.builders import minutes
from tests.conftest import FIGURES
from tests.survey.month import Town
from tests.web.answering import LAST
from tests.web.survey_load import THANKS, USED, send_steadily
from tests.web.web_process import WebProcess, web_process

A_SECOND = 50
KEYS, LOOKUP = f"k1:{new_key()}", new_key()


@pytest.fixture
def town(engine: Engine, ottawa: Agency) -> Town:
    keyring = load_keyring(encryption_keys=KEYS, lookup_key=LOOKUP)
    return Town(engine=engine, keyring=keyring, agency=ottawa)


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Iterator[WebProcess]:
    with web_process(engine, tmp_path, encryption_keys=KEYS, lookup_key=LOOKUP) as site:
        yield site


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.deep)])
def test_fifty_a_second_are_taken_once_each_by_whoever_of_two_comes_first(
    town: Town, site: WebProcess, seconds: int, record_property: Any
) -> None:
    tokens = [town.invited(f"{number}", real_now() - minutes(1)) for number in range(A_SECOND * seconds)]
    surveys = [
        (token, {"step": str(LAST), "Q10": "noise", "C1": f"number {index} of many"})
        for index, token in enumerate(tokens)
    ]
    before = site.log.read_text()

    load = asyncio.run(send_steadily(site.address, surveys, a_second=A_SECOND))

    record_property(FIGURES, f"Fifty surveys a second: {load}")
    assert dict(load.statuses) == {(THANKS, USED): len(surveys)}
    with Session(town.engine) as session:
        bodies = [town.keyring.decrypt(body) for body in session.exec(select(HeldAnswerRow.body_encrypted))]
        used = select(func.count()).where(col(SurveyInvitationRow.used))
        assert session.exec(used).one() == len(surveys)
        assert session.exec(select(func.count()).select_from(SurveyDraftRow)).one() == 0
    comments = sorted(str(HeldAnswer.model_validate_json(body).comment) for body in bodies)
    assert comments == sorted(form["C1"] for _, form in surveys)
    # R7: not even that somebody has answered, or when.
    assert site.log.read_text() == before
