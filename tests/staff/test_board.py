"""R9: the board says of every open call what the state machine says, and at once what has changed. Real PostgreSQL."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select, update

from activities.known_call import known_call
from activities.ledger import records_of
from activities.stop_and_go import scope_of_call, scope_of_kind
from calls.clock import Clock
from calls.contracts import Kind, LedgerState
from calls.facts import Language
from calls.timetable import Send, Stage, Wait, next_step
from database.encryption import Keyring
from database.rules import RulesRow
from database.staff import CallerLanguageRow
from database.tables import CallRow, TextRow, real_now
from policy.agency import Agency
from tests.builders import NOON, minutes
from tests.console.board_calls import Desk
from web.staff.board.board import Board
from web.staff.board.open_calls import OpenCall, Trouble
from web.staff.board.view import A_PAGE, Sort, Wanted, Which, view
from web.staff.switches import Switches


@pytest.fixture
def desk(engine: Engine, keyring: Keyring, ottawa: Agency) -> Desk:
    return Desk(engine, keyring, ottawa)


@pytest.fixture
def board(engine: Engine, ottawa: Agency) -> Board:
    return Board(engine=engine, policy=ottawa.policy, clock=Clock())


@pytest.fixture
def switches(engine: Engine, keyring: Keyring) -> Switches:
    return Switches(engine=engine, keyring=keyring)


def the_call(board: Board) -> OpenCall:
    (call,) = board.look().calls
    return call


def test_a_call_goes_through_the_stages_as_rows_change(board: Board, desk: Desk) -> None:
    call = desk.call(minutes_ago=10)
    assert (the_call(board).stage, the_call(board).next_kind) == (Stage.CONFIRMING, Kind.CONFIRMATION)
    desk.text(call, Kind.CONFIRMATION, LedgerState.SENT)
    found = the_call(board)
    assert (found.stage, found.next_kind, found.next_sequence) == (Stage.WAITING, Kind.DELAY, 1)
    assert found.last is not None
    assert found.last.state is LedgerState.SENT
    desk.change_text(call, Kind.CONFIRMATION, state=LedgerState.DELIVERED)
    assert the_call(board).last != found.last
    desk.tell("1001", dispatched_at=2)
    found = the_call(board)
    assert (found.stage, found.next_due) == (Stage.DISPATCHED, None)
    assert found.waited(real_now() + timedelta(hours=5)) is not None
    assert timedelta(minutes=7) < (found.waited(real_now() + timedelta(hours=5)) or timedelta()) < timedelta(minutes=9)
    desk.tell("1001", cleared_at=1, disposition="RTF", outcome="ordinary")
    assert the_call(board).stage is Stage.CLEARED
    desk.change_call(call, ended_reason="the survey was offered")
    assert board.look().calls == ()


def test_a_hold_counts_from_its_commit_on_and_a_release_too(board: Board, desk: Desk, switches: Switches) -> None:
    call = desk.call(minutes_ago=10)
    assert the_call(board).stage is Stage.CONFIRMING
    switches.stop(scope_of_call(call), by="somebody", why="a test")
    assert the_call(board).stage is Stage.HELD
    switches.go(scope_of_call(call), by="somebody", why="a test")
    assert the_call(board).stage is Stage.CONFIRMING


def test_a_call_that_staff_stopped_for_good_is_silent_and_says_why(
    board: Board, desk: Desk, switches: Switches
) -> None:
    call = desk.call(minutes_ago=10)
    switches.stop_for_good(call, by="somebody", why="a test")
    found = the_call(board)
    assert (found.stage, found.rule, found.next_due) == (Stage.SILENT, "stopped by staff", None)


def test_a_text_of_a_kind_that_is_switched_off_says_so(board: Board, desk: Desk, switches: Switches) -> None:
    desk.call()
    assert not the_call(board).is_off
    switches.stop(scope_of_kind(Kind.CONFIRMATION), by="somebody", why="a test")
    assert the_call(board).is_off
    switches.go(scope_of_kind(Kind.CONFIRMATION), by="somebody", why="a test")
    assert not the_call(board).is_off


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ({"state": "undelivered", "error_code": 30003}, Trouble.UNDELIVERED),
        ({"state": "undelivered", "error_code": 30006}, Trouble.LANDLINE),
        ({"state": "unknown"}, Trouble.UNKNOWN_OUTCOME),
        ({"state": "expired"}, Trouble.EXPIRED),
        ({"state": "sending", "sending_real": datetime(2026, 1, 1).astimezone()}, Trouble.UNKNOWN_OUTCOME),
    ],
)
def test_a_trouble_of_a_text_marks_its_call(board: Board, desk: Desk, text: dict[str, Any], trouble: Trouble) -> None:
    call = desk.call(minutes_ago=10)
    desk.text(call, Kind.CONFIRMATION)
    assert the_call(board).troubles == frozenset()
    desk.change_text(call, Kind.CONFIRMATION, **text)
    assert the_call(board).troubles == {trouble}
    desk.change_text(call, Kind.CONFIRMATION, recipient_version=7)  # the number was corrected: it went to another one
    assert the_call(board).troubles == frozenset()


def test_what_the_sweep_notes_is_seen_though_it_leaves_no_time_of_change(board: Board, desk: Desk) -> None:
    call = desk.call()
    board.look()
    desk.change_call(call, trouble="overdue: confirmation")
    assert the_call(board).troubles == {Trouble.STUCK}
    desk.change_call(call, trouble=None)
    assert the_call(board).troubles == frozenset()


def test_an_unknown_code_silences_and_marks_its_call(board: Board, desk: Desk) -> None:
    desk.call(call_type_code="ZOMBIES", call_type_group="")
    found = the_call(board)
    assert (found.stage, set(found.troubles), found.type_code) == (Stage.SILENT, {Trouble.UNKNOWN_CODE}, "ZOMBIES")


def test_the_language_that_staff_chose_comes_before_cads(board: Board, desk: Desk, engine: Engine) -> None:
    call = desk.call()
    assert the_call(board).language is Language.ENGLISH
    with Session(engine) as session, session.begin():
        session.add(CallerLanguageRow(call_id=call, language="fr", chosen_by="somebody"))
    assert the_call(board).language is Language.FRENCH


def test_a_call_keeps_the_timetable_that_it_started_with(
    board: Board, desk: Desk, engine: Engine, ottawa: Agency
) -> None:
    call = desk.call()
    as_now = the_call(board).next_due
    confirmation = ottawa.policy.timetable.confirmation.model_copy(update={"after_received": timedelta(minutes=13)})
    timetable = ottawa.policy.timetable.model_copy(update={"confirmation": confirmation})
    policy = ottawa.policy.model_copy(update={"timetable": timetable})
    rules = ottawa.rules.model_copy(update={"policy": policy}).model_dump(mode="json")
    with Session(engine) as session, session.begin():
        session.add(RulesRow(version="earlier", rules=rules))
    desk.change_call(call, started_policy="earlier")
    found = the_call(board).next_due
    assert found is not None
    assert as_now is not None
    assert found - as_now == timedelta(minutes=10)


def test_nothing_is_another_board_while_nothing_changes(board: Board, desk: Desk) -> None:
    call = desk.call(minutes_ago=10)
    before = board.look()
    assert board.look() is before
    desk.change_call(call, behind_since_real=real_now())  # of no matter to the board
    assert board.look() is before
    desk.text(call, Kind.CONFIRMATION)
    assert board.look().version > before.version


def test_time_alone_moves_a_call_on(engine: Engine, desk: Desk, ottawa: Agency) -> None:
    desk.call()
    origin = real_now()
    board = Board(engine=engine, policy=ottawa.policy, clock=Clock(real_origin=origin, virtual_origin=origin, speed=1))
    assert the_call(board).stage is Stage.CONFIRMING
    board._clock = Clock(real_origin=origin, virtual_origin=origin + timedelta(days=15))
    assert the_call(board).stage is Stage.OVER
    board._clock = Clock(real_origin=origin, virtual_origin=origin)  # a demonstration begins anew
    assert the_call(board).stage is Stage.CONFIRMING


_FACTS = (
    {"dispatched_at": 5},
    {"requeued_at": 4},
    {"arrived_at": 3},
    {"cleared_at": 2},
    {"reopened_at": 1},
    {"priority": 3, "priority_code": "3"},
    {"safety_flag": True},
    {"cancelled": "duplicate"},
    {"area": "Orléans"},
)


@pytest.mark.parametrize("seed", range(4))
def test_on_random_streams_the_board_is_what_the_state_machine_says_of_the_rows(
    engine: Engine, keyring: Keyring, ottawa: Agency, board: Board, desk: Desk, switches: Switches, seed: int
) -> None:
    """Kept in memory over hundreds of changes it comes to the same as one that reads all anew, and as the machine."""
    chance = random.Random(seed)
    calls = [desk.call(str(number), minutes_ago=chance.choice([1, 20, 90])) for number in range(12)]
    for _ in range(25):
        for _ in range(chance.randrange(1, 6)):
            _something_happens(chance, desk, switches, engine, chance.choice(calls))
        known = {call.call_id: call for call in board.look().calls}
        anew = Board(engine=engine, policy=ottawa.policy, clock=Clock()).look().calls
        assert known == {call.call_id: call for call in anew}
        held = {stopped.scope for stopped in switches.state().stopped}
        with Session(engine) as session:
            rows = session.exec(select(CallRow).where(col(CallRow.ended_reason).is_(None))).all()
            assert {row.call_id for row in rows} == set(known)
            for row in rows:
                call = known_call(row, ottawa.policy)
                if scope_of_call(row.call_id) in held:
                    call = call.model_copy(update={"facts": call.facts.model_copy(update={"held": True})})
                step = next_step(
                    call=call,
                    texts=records_of(session, row.call_id),
                    timetable=ottawa.policy.timetable,
                    now=real_now(),
                )
                found = known[row.call_id]
                assert found.stage is step.stage
                if isinstance(step, Send):
                    assert (found.next_kind, found.next_due) == (step.key.kind, step.due_at)
                elif isinstance(step, Wait) and step.text is not None and step.stage is not Stage.HELD:
                    assert (found.next_kind, found.next_due) == (step.text.kind, step.until)
                else:
                    assert found.next_kind is None


def _something_happens(chance: random.Random, desk: Desk, switches: Switches, engine: Engine, call: str) -> None:
    match chance.randrange(8):
        case 0 | 1:
            desk.tell(call.removeprefix("ottawa-"), **chance.choice(_FACTS))
        case 2:
            with Session(engine) as session, session.begin():
                session.execute(delete(TextRow).where(col(TextRow.call_id) == call))
            desk.text(call, Kind.CONFIRMATION, chance.choice(list(LedgerState)))
        case 3:
            desk.change_text(call, Kind.CONFIRMATION, state=chance.choice(list(LedgerState)))
        case 4:
            switches.stop(scope_of_call(call), by="somebody", why="a test")
        case 5:
            switches.go(scope_of_call(call), by="somebody", why="a test")
        case 6:
            desk.change_call(call, trouble=chance.choice([None, "overdue: confirmation"]))
        case 7:
            with Session(engine) as session, session.begin():
                ended = chance.choice([None, None, "over"])
                session.execute(update(CallRow).where(col(CallRow.call_id) == call).values(ended_reason=ended))


def a_call(number: int, **values: Any) -> OpenCall:
    known: dict[str, Any] = {
        "call_id": f"ottawa-{number}",
        "case_number": f"26-{number}",
        "group": "noise",
        "type_code": "NOISE",
        "priority": 4,
        "area": "Kanata",
        "language": None,
        "received_at": NOON - minutes(number),
        "waited_until": None,
        "stage": Stage.WAITING,
        "rule": None,
        "next_kind": None,
        "next_sequence": 0,
        "next_due": None,
        "is_off": False,
        "last": None,
        "troubles": frozenset(),
    }
    return OpenCall(**(known | values))


class TestTheView:
    def test_pages_of_a_hundred_hold_every_call_once_the_longest_wait_first(self) -> None:
        calls = [a_call(number) for number in range(250)]
        random.Random(1).shuffle(calls)
        pages = [view(calls, Wanted(page=page)) for page in (1, 2, 3)]
        assert [len(page.calls) for page in pages] == [A_PAGE, A_PAGE, 50]
        assert [call.call_id for page in pages for call in page.calls] == [f"ottawa-{n}" for n in range(249, -1, -1)]
        assert view(calls, Wanted(page=99)).page == 3
        assert view([], Wanted(page=99)).pages == 1

    def test_who_still_waits_comes_before_who_does_not_and_time_alone_changes_no_order(self) -> None:
        over = a_call(300, waited_until=NOON)
        calls = [over, a_call(400, waited_until=NOON), a_call(5), a_call(9), a_call(7, received_at=None)]
        found = view(calls, Wanted()).calls
        assert [call.call_id for call in found] == ["ottawa-9", "ottawa-5", "ottawa-400", "ottawa-300", "ottawa-7"]

    def test_by_the_next_text_those_without_one_come_last(self) -> None:
        calls = [a_call(1), a_call(2, next_due=NOON + minutes(9)), a_call(3, next_due=NOON)]
        found = view(calls, Wanted(sort=Sort.DUE)).calls
        assert [call.call_id for call in found] == ["ottawa-3", "ottawa-2", "ottawa-1"]

    def test_silent_calls_are_counted_and_shown_only_to_whoever_asks(self) -> None:
        calls = [a_call(1), a_call(2, stage=Stage.SILENT), a_call(3, stage=Stage.OVER)]
        assert view(calls, Wanted()).matching == 1
        assert view(calls, Wanted(stage=Which.ALL)).matching == 3
        assert view(calls, Wanted(stage=Stage.SILENT)).calls == [calls[1]]
        counts = view(calls, Wanted()).counts
        assert (counts[Which.TEXTED], counts[Which.ALL], counts[Stage.SILENT]) == (1, 3, 1)

    @pytest.mark.parametrize(
        "wanted",
        [Wanted(priority=3), Wanted(group="theft"), Wanted(area="Orléans"), Wanted(needs_person=True)],
    )
    def test_a_filter_leaves_what_fits_and_the_counts_go_with_it(self, wanted: Wanted) -> None:
        other = a_call(2, priority=3, group="theft", area="Orléans", troubles=frozenset({Trouble.STUCK}))
        found = view([a_call(1), other], wanted)
        assert found.calls == [other]
        assert found.counts[Stage.WAITING] == 1
        assert found.areas == ["Kanata", "Orléans"]
