"""A small day for the pictures of the console: CAD tells of a dozen calls, and the activity itself texts them.

Nobody made these calls; the numbers are fictional. What people have typed is in the language of the pictures.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import text
from sqlmodel import Session
from temporalio.exceptions import ApplicationError

from calls.clock import Clock
from calls.contracts import Kind, SendText, TextKey
from calls.facts import Language
from database.tables import CallRow, InboundMessageRow, real_now
from starter.accept import Acceptor
from starter.holds import Holds
from starter.records import CadRecord
from tests.activities.desk import Desk
from tests.builders import NOON, minutes, some_facts
from web.staff.numbers.blocked import BlockedNumbers, Why
from web.staff.numbers.opt_outs import OptOuts
from web.staff.switches import Switches

THE_CALL: Final = "104203"
"""The one whose page is shown: two texts, a reply, an officer who was pulled away, a hold and its release."""
OPTED_OUT: Final = "104205"
"""The one that shows why a text was not sent."""
NUMBER: Final = "+16135550142"
NOW: Final = NOON + minutes(160)
_OURS: Final = {"agency", "cad_id", "in_progress", "recipient_version", "held", "latch"}
_SAYS: Final[Mapping[str, Mapping[str, str]]] = {
    "reply": {"en": "Are you still coming?", "fr": "Venez-vous toujours?"},
    "wrong": {"en": "Wrong number", "fr": "Mauvais numéro"},
    "hold": {"en": "Caller rang: asks to wait", "fr": "Appel reçu : demande d’attendre"},
    "release": {"en": "Settled on the phone", "fr": "Réglé au téléphone"},
    "shelter": {"en": "Front desk", "fr": "Accueil"},
    "for_good": {"en": "Caller fears that the phone is read", "fr": "L’appelante craint que son téléphone soit lu"},
    "survey": {"en": "Wrong link in the survey", "fr": "Mauvais lien dans le sondage"},
}
_CALLS: Final = (  # CAD's id, minutes after noon, group, code, priority, area
    ("104201", 4, "theft", "THEFT", 4, "Kanata North"),
    ("104202", 12, "damage", "MISCHIEF", 4, "Orléans West"),
    (THE_CALL, 16, "noise", "NOISE", 4, "Somerset"),
    ("104204", 31, "theft", "THEFT", 3, "Rideau-Vanier"),
    (OPTED_OUT, 38, "noise", "NOISE", 4, "Capital"),
    ("104206", 55, "collision", "COLLISION", 3, "Barrhaven West"),
    ("104207", 72, "theft", "THEFT", 4, "Kitchissippi"),
    ("104208", 90, "damage", "MISCHIEF", 4, "River"),
    ("104209", 101, "traffic", "TRAFFIC", 3, "Bay"),
    ("104210", 118, "noise", "NOISE", 4, "Alta Vista"),
    ("104211", 139, "collision", "COLLISION", 3, "College"),
    ("104212", 159, "theft", "THEFT", 4, "Somerset"),
)


@dataclass
class SmallDay:
    """Minutes count from noon."""

    desk: Desk
    language: Language
    acceptor: Acceptor = field(init=False)
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.acceptor = Acceptor(
            engine=self.desk.engine,
            keyring=self.desk.keyring,
            agency="ottawa",
            policy=self.desk.policy,
            now=lambda: self.desk.services.clock.now(),
        )
        self.clock = Clock(real_origin=real_now(), virtual_origin=NOW)

    def passes(self) -> None:
        """The whole day, up to `NOW`."""
        for number, call in enumerate(_CALLS):
            self._receive(*call, number=f"+16135550{142 if call[0] == THE_CALL else 110 + number}")
        self._one_call()
        self._officers()
        self._troubles()
        self._staff()
        self._put_in_order()

    def says(self, key: str) -> str:
        return _SAYS[key][self.language]

    def _receive(self, cad_id: str, at: float, group: str, code: str, priority: int, area: str, *, number: str) -> None:
        known = some_facts(
            cad_id=cad_id, case_number=f"26-{cad_id}", received_at=NOON + minutes(at), call_type_group=group,
            call_type_code=code, priority=priority, priority_code=str(priority), area=area,
            language=self.language if int(cad_id) % 4 else None,
        )  # fmt: skip
        told = {k: v for k, v in known.model_dump(mode="json").items() if v not in (None, False) and k not in _OURS}
        self._accept(at, cad_id, number, told)
        if at + 3 < 160:
            self._text(cad_id, Kind.CONFIRMATION, at + 3)

    def _tell(self, at: float, cad_id: str, **facts: object) -> None:
        told = {k: (NOON + minutes(at)).isoformat() if k.endswith("_at") else v for k, v in facts.items()}
        self._accept(at, cad_id, None, told)

    def _accept(self, at: float, cad_id: str, number: str | None, facts: Mapping[str, object]) -> None:
        self.desk.at(NOON + minutes(at))
        stamp = NOON + minutes(at)
        record = {"feed": "push", "cad_id": cad_id, "stamp": stamp, "facts": facts, "phone": number}
        self.acceptor.accept(CadRecord.model_validate(record))

    def _text(self, cad_id: str, kind: Kind, due: float, *, sequence: int = 1) -> None:
        """The activity sends it; where the machine is too slow, again, as Temporal would."""
        call_id = f"ottawa-{cad_id}"
        with Session(self.desk.engine) as session:
            row = session.get_one(CallRow, call_id)
        order = SendText(
            call_id=call_id,
            key=TextKey(kind=kind, sequence=sequence, recipient_version=row.recipient_version),
            due_at=NOON + minutes(due),
            expires_at=NOON + minutes(due + 60),
            version=row.version,
        )
        for _ in range(5):
            self.desk.at(NOON + minutes(due))
            with suppress(ApplicationError):
                self.desk.send(order)
                return
        raise AssertionError("five times too slow")

    def _reply(self, at: float, number: str, words: str, *, keyword: str = "other") -> None:
        keyring, agency = self.desk.keyring, self.desk.agency
        row = InboundMessageRow(
            provider_sid=f"SM{uuid4().hex}", phone_hash=keyring.phone_hash(number), sender=agency.identity.sender,
            keyword=keyword, body_encrypted=keyring.encrypt(words), received_at=NOON + minutes(at),
        )  # fmt: skip
        with Session(self.desk.engine) as session, session.begin():
            session.add(row)

    def _one_call(self) -> None:
        self._text(THE_CALL, Kind.DELAY, 76)
        self._reply(81, NUMBER, self.says("reply"))
        self._tell(93, THE_CALL, dispatched_at=93)
        self._tell(104, THE_CALL, requeued_at=104)

    def _officers(self) -> None:
        for cad_id, at in (("104202", 49), ("104206", 70), ("104209", 119)):
            self._tell(at, cad_id, dispatched_at=at)
        self._tell(128, "104206", cleared_at=128, disposition="R", outcome="ordinary")
        self._text("104201", Kind.DELAY, 64)

    def _troubles(self) -> None:
        self._text("104204", Kind.DELAY, 61)
        self._reply(126, "+16135550119", self.says("wrong"), keyword="wrong number")
        self.desk.at(NOON + minutes(146))
        self._accept(146, "104299", "+16135550199", {
            **some_facts(case_number="26-104299", call_type_code="WATER MAIN", call_type_group=None).model_dump(
                mode="json", include={"case_number", "priority", "priority_code", "call_type_code", "source",
                                      "source_code"}),
            "received_at": (NOON + minutes(146)).isoformat(), "area": "Bay", "language": self.language,
        })  # fmt: skip

    def _staff(self) -> None:
        desk, opted_out = self.desk, "+16135550114"
        switches = Switches(engine=desk.engine, keyring=desk.keyring)
        identity = desk.agency.identity.sender
        desk.at(NOON + minutes(95))
        opt_outs = OptOuts(engine=desk.engine, keyring=desk.keyring, sender=identity, clock=desk.services.clock)
        opt_outs.enter(opted_out, by="Demo operator", why="by telephone")
        self._text(OPTED_OUT, Kind.DELAY, 98)
        call = f"call:ottawa-{THE_CALL}"
        switches.stop(call, by="Demo operator", why=self.says("hold"))
        switches.go(call, by="Demo operator", why=self.says("release"))
        switches.stop("call:ottawa-104207", by="Demo operator", why=self.says("hold"))
        switches.stop_for_good("ottawa-104208", by="Demo operator", why=self.says("for_good"))
        switches.stop("kind:survey", by="Demo supervisor", why=self.says("survey"))
        Holds(engine=desk.engine, policy=desk.policy).bring_into_line()
        numbers = BlockedNumbers(engine=desk.engine, keyring=desk.keyring)
        numbers.add("+16135550150", why=Why.SHELTER, by="Demo supervisor", note=self.says("shelter"))

    def _put_in_order(self) -> None:
        """What was done in seconds gets the times of the day: texts are sent when they fall due, and arrive."""
        shift = self.clock.real_origin - NOW
        with self.desk.engine.begin() as connection:
            for statement in _IN_ORDER:
                connection.execute(text(statement), {"shift": shift, "noon": NOON} | _WHEN)
        self.desk.services = replace(self.desk.services, clock=self.clock)


_WHEN: Final[dict[str, timedelta]] = {"held": minutes(110), "released": minutes(118), "others": minutes(131)}
_IN_ORDER: Final = (
    "UPDATE cad_record SET accepted_real = stamp + :shift + interval '2 s'",
    "UPDATE call SET created_real = received_at + :shift, updated_real = received_at + :shift",
    """UPDATE text SET claimed_real = due_at + :shift,
        first_sending_real = CASE WHEN first_sending_real IS NULL THEN NULL
            ELSE due_at + :shift + interval '1 s' END,
        sending_real = due_at + :shift, updated_real = due_at + :shift + interval '5 s',
        state = CASE state WHEN 'accepted' THEN 'delivered' ELSE state END,
        settled_at = due_at + interval '5 s'""",
    "UPDATE text SET state = 'undelivered', error_code = 30003 WHERE call_id = 'ottawa-104204' AND kind = 'delay'",
    "UPDATE text SET state = 'unknown' WHERE call_id = 'ottawa-104201' AND kind = 'delay'",
    """UPDATE switch SET stopped_real = CAST(:noon AS timestamptz) + :shift + :held,
        released_real = CASE WHEN released_real IS NULL THEN NULL
            ELSE CAST(:noon AS timestamptz) + :shift + :released END""",
    """UPDATE switch SET stopped_real = CAST(:noon AS timestamptz) + :shift + :others WHERE released_real IS NULL""",
)
