"""A month in a town that answers: calls, links and submissions as the service makes them, and the nightly cuts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine
from sqlmodel import Session, select

from activities.carrier_client import CarrierClient
from activities.invitation import survey_link
from activities.services import TextServices
from activities.survey_cut import SurveyCut
from calls.clock import Clock
from calls.facts import CallFacts, Language
from calls.reconciliation import Batch
from cli.serve_web import resident_agency
from database.encryption import Keyring
from database.surveys import SurveyDraftRow
from database.tables import CallRow, SurveyInvitationRow, real_now
from policy.agency import Agency
from starter.members import members_kept
from starter.records import CadRecord
from survey.answers import Answers
from survey.questions import MembersFeedback, Role
from tests.builders import NOON, hours, minutes, some_facts
from web.residents.agency import Site
from web.residents.counting import count_opening
from web.residents.submission import Submitted, submit

ORIGIN = "https://texts.example.org"
NIGHT = hours(15) + minutes(10)
"""From noon to ten past three in the morning of the next day, in Ottawa."""
TAG = "tag"
"""An answer's number stands in it, for the truth to be known; no attack looks at it."""
TAGS: Mapping[Role, str] = {Role.CALL_TAKER: "tag_taker", Role.OFFICER: "tag_officer"}
"""Likewise, in what is said of a member."""
Keys = Mapping[Role, str]
_GROUPS = ("noise", "noise", "noise", "theft", "theft", "traffic", "parking", "graffiti")
_AREAS = tuple(str(number) for number in range(1, 25))

MakesCuts = Callable[[TextServices], SurveyCut]


@dataclass
class Town:
    """What stands in the database is all that an attacker has; `truth` is what nobody may find out: the call of each
    answer, by its tag."""

    engine: Engine
    keyring: Keyring
    agency: Agency
    makes: MakesCuts = SurveyCut
    truth: dict[str, str] = field(default_factory=dict)
    members: dict[str, Keys] = field(default_factory=dict)
    """By call, the hashes of the members whom CAD has told: an attacker knows who had which call."""

    def invited(
        self, cad_id: str, at: datetime, *, language: str | None = "en", members: Keys | None = None, **facts: object
    ) -> str:
        """A call, and the link that its caller is sent; its token."""
        known = some_facts(cad_id=cad_id, **facts)
        with Session(self.engine) as session, session.begin():
            call = self._call(known)
            session.add(call)
            self._told(session, call, at, members or {})
            link = survey_link(
                session,
                call_id=call.call_id,
                known=None,
                language=language,
                agency=self.agency,
                keyring=self.keyring,
                origin=ORIGIN,
                now=at,
            )
        return link.rpartition("/")[2]

    def sent(self, token: str, at: datetime, *, tag: str = "", **values: Any) -> Submitted:
        """Somebody sends the survey."""
        language = Language(values.pop("language", "en"))
        answers = {"Q1": "4", **({TAG: tag} if tag else {}), **values}
        return submit(self._site(at), token, answers=Answers(values=answers, problems={}), language=language)

    def opened(self, token: str, at: datetime) -> None:
        """Somebody opens the link, or a phone does for its preview."""
        count_opening(self._site(at), token)

    def told(self, cad_id: str, at: datetime, members: Keys) -> None:
        """CAD tells of a call that is known who had to do with it."""
        with Session(self.engine) as session, session.begin():
            self._told(session, session.get_one(CallRow, f"ottawa-{cad_id}"), at, members)

    def _told(self, session: Session, call: CallRow, at: datetime, members: Keys) -> None:
        record = CadRecord(feed="test", cad_id="any", stamp=at, facts={}, members=members)
        members_kept(self.agency, self.keyring).take(session, call, record, stamp=at, now=at)
        self.members[call.call_id] = {
            role: self.keyring.member_hash(agency="ottawa", role=role, key=key) for role, key in members.items()
        }

    def drafted(self, token: str) -> None:
        """Somebody begins, and leaves it at that."""
        with Session(self.engine) as session, session.begin():
            by_token = select(SurveyInvitationRow).where(
                SurveyInvitationRow.token_hash == self.keyring.token_hash(token)
            )
            invitation = session.exec(by_token).one()
            session.add(
                SurveyDraftRow(
                    invitation_id=invitation.id,
                    answers_encrypted=self.keyring.encrypt("{}"),
                    expires_at=invitation.expires_at,
                )
            )

    def night(self, noon: datetime) -> Batch:
        """The cut of the day that has this noon."""
        return self.makes(self.services(noon + NIGHT))()

    def services(self, now: datetime) -> TextServices:
        return TextServices(
            engine=self.engine,
            carrier=CarrierClient(
                account_sid="AC0", auth_token="none", address="http://127.0.0.1:1", timeout_seconds=1
            ),
            keyring=self.keyring,
            agency=self.agency,
            clock=Clock(real_origin=real_now(), virtual_origin=now),
            origin=ORIGIN,
            unknown_wait=timedelta(seconds=120),
        )

    def _site(self, now: datetime) -> Site:
        return Site(
            engine=self.engine,
            keyring=self.keyring,
            agency=resident_agency(self.agency),
            clock=Clock(real_origin=real_now(), virtual_origin=now),
            origin=ORIGIN,
        )

    def _call(self, known: CallFacts) -> CallRow:
        return CallRow(
            call_id=f"ottawa-{known.cad_id}",
            agency="ottawa",
            received_at=known.received_at,
            merged={},
            facts=known.model_dump(mode="json"),
            eligibility="eligible",
            rule="",
            reason="",
            policy_version="",
        )


def with_members(agency: Agency, *, tags: bool = False) -> Agency:
    """The agency, with members' feedback. `tags`: what is said of them is tagged, for the truth to be known."""
    taker, officer = ((TAGS[Role.CALL_TAKER],), (TAGS[Role.OFFICER],)) if tags else ((), ())
    asks = MembersFeedback(call_taker=("Q2", "Q3", *taker), officer=("Q6", "Q7", "Q8", "Q9", *officer))
    return agency.model_copy(update={"survey": agency.survey.model_copy(update={"members_feedback": asks})})


@dataclass(order=True, frozen=True)
class _Event:
    at: datetime
    number: int
    happens: Callable[[], None] = field(compare=False)


def lives(town: Town, *, days: int, seed: int, after_each_night: Callable[[int], None] = lambda _: None) -> None:
    """So many days: on most of them a few dozen answer, on some one or nobody; most within hours, some after days. What
    was answered depends on what happened, as it does. Each night its cut."""
    chance = Random(seed)
    events = sorted(_events(town, chance, days))
    for day in range(days):
        night = NOON + timedelta(days=day) + NIGHT
        while events and events[0].at < night:
            events.pop(0).happens()
        assert town.night(NOON + timedelta(days=day)) == Batch(done=1)
        after_each_night(day)


def _events(town: Town, chance: Random, days: int) -> Iterator[_Event]:
    number = 0
    for day in range(days):
        for _ in range(chance.choice([0, 1, 1, 3, 25, 30, 30, 35, 40, 45])):
            number += 1
            yield from _one_call(
                town, chance, number, NOON + timedelta(days=day) + minutes(chance.randrange(-240, 480))
            )


def _one_call(town: Town, chance: Random, number: int, at: datetime) -> Iterator[_Event]:
    language = "fr" if chance.random() < 0.12 else "en"
    facts = _some_life(chance, at)
    tokens: list[str] = []
    members = _on_duty(number, facts) if town.agency.survey.members_feedback else {}

    def invite() -> None:
        tokens.append(town.invited(f"{number}", at, language=language, members=members, **facts))

    yield _Event(at, number, invite)
    for extra in range(chance.randrange(3)):  # three callers of four say nothing
        silent = replace_area(chance, facts)

        def ignored(extra: int = extra, silent: dict[str, object] = silent) -> None:
            token = town.invited(f"{number}-{extra}", at, language=language, members=members, **silent)
            if extra == 0:
                town.opened(token, at)
                town.drafted(token)

        yield _Event(at, number, ignored)

    def answer() -> None:
        tag = uuid4().hex
        town.truth[tag] = f"ottawa-{number}"
        came = facts.get("arrived_at")
        values = _some_answers(chance, at, came if isinstance(came, datetime) else None)
        if town.agency.survey.members_feedback:
            values |= _of_members(number, values, tag)
        town.sent(tokens[0], later, tag=tag, language=language, **values)

    days_later = chance.choices([0, 1, 3, 9], [80, 12, 6, 2])[0]
    later = at + timedelta(days=days_later) + minutes(chance.randrange(1, 300))
    opens = at + (later - at) * chance.random()
    yield _Event(opens, number, lambda: town.opened(tokens[0], opens))
    yield _Event(later, number, answer)


def replace_area(chance: Random, facts: dict[str, object]) -> dict[str, object]:
    return {**facts, "area": chance.choice(_AREAS)}


def _some_life(chance: Random, at: datetime) -> dict[str, object]:
    received = at - hours(8)
    came = None if chance.random() < 0.35 else received + minutes(int(chance.lognormvariate(4, 1)))
    return {
        "received_at": received,
        "area": chance.choice(_AREAS),
        "call_type_group": chance.choice(_GROUPS),
        "priority": chance.choice([3, 4, 4, 4]),
        "dispatched_at": came,
        "arrived_at": came,
    }


def _some_answers(chance: Random, at: datetime, came: datetime | None) -> dict[str, str]:
    """The longer the wait, the worse the marks; who met an officer says so."""
    wait = hours(8) if came is None else came - (at - hours(8))
    mark = max(1, min(5, 5 - int(wait / hours(1)) + chance.choice([-1, 0, 0, 1])))
    spoke = chance.choice(["in_person", "in_person", "not_sure"]) if came else chance.choice(["no", "no", "by_phone"])
    comment = {"C1": f"I waited {int(wait / minutes(1))} minutes"} if chance.random() < 0.3 else {}
    return {"Q1": str(mark), "Q5": str(mark), "Q6": spoke, **comment}


def _on_duty(number: int, facts: Mapping[str, object]) -> Keys:
    """Twelve take the calls, forty officers come. Of some calls CAD tells nothing."""
    chance = Random(number)
    told: dict[Role, str] = {}
    if chance.random() < 0.9:
        told[Role.CALL_TAKER] = f"T{chance.randrange(12)}"
    if facts.get("arrived_at") is not None:
        told[Role.OFFICER] = f"{chance.randrange(40)}"
    return told


def _of_members(number: int, values: Mapping[str, str], tag: str) -> dict[str, str]:
    """Who is content with the call is content with those who had to do with it, more or less."""
    chance = Random(number)

    def mark() -> str:
        return str(max(1, min(5, int(values["Q1"]) + chance.choice([-1, 0, 0, 1]))))

    asked = ("Q2", "Q3", "Q7", "Q8", "Q9") if values["Q6"] in ("in_person", "by_phone") else ("Q2", "Q3")
    return {id_: mark() for id_ in asked} | dict.fromkeys(TAGS.values(), tag)


def without_care(services: TextServices) -> SurveyCut:
    """A cut that leaves everything in the order in which it came, and the invitations alone."""
    return _Careless(services, chance=_NoChance())


class _NoChance(Random):
    def shuffle(self, x: Any) -> None:
        """As it is."""


class _Careless(SurveyCut):
    def _write_invitations_anew(self, *_: object, **__: object) -> None:
        """Not at all."""

    def _write_counters_anew(self, *_: object, **__: object) -> None:
        """Not at all."""
