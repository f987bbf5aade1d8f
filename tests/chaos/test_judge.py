"""The judge sees every way to be unclean, and nothing in a run in which all was right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.judge import LISTS, Verdict, judge
from tests.chaos.made_run import MadeRun, at, clean_run, only, phone, words

NEW = "00000000-0000-0000-0000-0000000000ff"

Damage = Callable[[MadeRun], object]


def judged(run: MadeRun, folder: Path) -> Verdict:
    return judge(run.write(folder / "run"))


def lists(verdict: Verdict) -> dict[str, list[str]]:
    return {name: list(lines) for name in LISTS if (lines := getattr(verdict, name))}


def on_phone(run: MadeRun, cad_id: str, kind: str, to: int) -> dict[str, object]:
    return only(run.phones, to=phone(to), body=words(kind, cad_id))


def row(run: MadeRun, cad_id: str, kind: str, **fields: object) -> dict[str, object]:
    return only(run.texts, call_id=f"ottawa-{cad_id}", kind=kind, **fields)


def history(run: MadeRun, cad_id: str) -> dict[str, object]:
    return only(run.histories, workflow_id=f"call-ottawa-{cad_id}")


def also(run: MadeRun, to: int, cad_id: str, kind: str, minute: float, **fields: object) -> None:
    """One more text on a phone, of which the ledger knows nothing."""
    line = {"to": phone(to), "body": words(kind, cad_id), "sid": "SMx", "at": at(minute), "mid": None}
    run.phones.append({**line, **fields})


def lost(run: MadeRun, cad_id: str, kind: str, to: int) -> None:
    """On no phone and not in the ledger."""
    run.phones.remove(on_phone(run, cad_id, kind, to))
    run.texts.remove(row(run, cad_id, kind))


def not_sent(run: MadeRun, cad_id: str, kind: str, to: int, **why: object) -> None:
    run.phones.remove(on_phone(run, cad_id, kind, to))
    row(run, cad_id, kind).update(why)


def test_a_run_in_which_all_was_right_is_clean(tmp_path: Path) -> None:
    verdict = judged(clean_run(), tmp_path)
    assert lists(verdict) == {}
    assert verdict.figures["surely_owed_and"]["delay: on a phone"] == 2
    assert verdict.figures["surely_owed"] == {"confirmation": 7, "delay": 2, "survey": 3}
    assert verdict.figures["on_phones"] == {"confirmation": 7, "delay": 2, "survey": 3, "reply": 0}
    assert verdict.figures["ledger"] == {"delivered": 12, "suppressed: opted out": 2, "expired: expired": 1}
    assert (tmp_path / "run" / "verdict.json").exists()


# R2: nothing twice


def notice_twice(run: MadeRun) -> None:
    also(run, 1, "1", "delay", 31, mid=NEW)
    run.texts.append({**row(run, "1", "delay"), "id": NEW, "sequence": 2})


DOUBLED: dict[str, Damage] = {
    "the same text a minute later": lambda run: run.phones.append({**run.phones[0], "at": at(4)}),
    "a confirmation with another id": lambda run: also(run, 1, "1", "confirmation", 4, mid=NEW),
    "a survey to both numbers of a call": lambda run: also(run, 2, "2", "survey", 285.1),
    "a notice with another number": notice_twice,
    "a notice of which the ledger does not know": lambda run: also(run, 1, "1", "delay", 35),
}


@pytest.mark.parametrize("damage", DOUBLED)
def test_r2_a_text_that_is_there_twice_is_seen(damage: str, tmp_path: Path) -> None:
    run = clean_run()
    DOUBLED[damage](run)
    assert judged(run, tmp_path).doubled


# R1, R5, R6: nothing that must not be


def at_night(run: MadeRun) -> None:
    run.plan["ends"] = at(2000)
    on_phone(run, "1", "survey", 1)["at"] = at(840)


def four_notices(run: MadeRun) -> None:
    run.call("10", 10)
    history(run, "10")["status"] = "RUNNING"
    run.text("10", "confirmation", 10, due=3)
    for place in range(4):
        run.text("10", "delay", 10, due=30 + 120 * place, sequence=place + 1)


def eleven_texts(run: MadeRun) -> None:
    for number in range(20, 31):
        run.call(str(number), 20, cleared=10)
        run.text(str(number), "confirmation", 20, due=3, late=number / 100)


def two_surveys(run: MadeRun) -> None:
    run.call("10", 1, dispatched=10, cleared=100)
    run.text("10", "confirmation", 1, due=3)
    run.text("10", "survey", 1, due=340)


def all_stopped(run: MadeRun) -> None:
    run.staff(25, "stop everything")
    run.staff(35, "go on")


FORBIDDEN: dict[str, tuple[Damage, str]] = {
    "before it is due": (lambda run: on_phone(run, "1", "confirmation", 1).update(at=at(2)), "R5"),
    "after its expiry": (lambda run: on_phone(run, "5", "confirmation", 5).update(at=at(70)), "R1"),
    "a notice when an officer has the call": (lambda run: on_phone(run, "1", "delay", 1).update(at=at(58)), "R5"),
    "a confirmation when the call is cleared": (lambda run: also(run, 3, "3", "confirmation", 10), "R5"),
    "a survey before it is due": (lambda run: on_phone(run, "1", "survey", 1).update(at=at(200)), "R5"),
    "a survey at night": (at_night, "R5"),
    "a sensitive call": (lambda run: also(run, 4, "4", "confirmation", 3.1), "R1: it may not"),
    "a call that had become sensitive": (lambda run: also(run, 5, "5", "delay", 30.1), "R1: it may not"),
    "a cancelled call": (lambda run: also(run, 6, "6", "delay", 30.1), "R1: it may not"),
    "a stranger's phone": (lambda run: on_phone(run, "1", "delay", 1).update(to=phone(99)), "never had this number"),
    "the number of before": (lambda run: on_phone(run, "2", "survey", 22).update(to=phone(2)), "another one is"),
    "no call of CAD's": (lambda run: also(run, 1, "77", "confirmation", 3), "no call with this case number"),
    "before CAD told of it": (lambda run: also(run, 9, "9", "confirmation", 300), "had not told"),
    "a phone that said STOP": (lambda run: also(run, 7, "7", "delay", 30.1), "R6"),
    "a held call": (lambda run: on_phone(run, "8", "delay", 8).update(at=at(30.1)), "staff had stopped it"),
    "when everything was stopped": (all_stopped, "staff had stopped it"),
    "without a confirmation": (lambda run: lost(run, "1", "confirmation", 1), "no confirmation came before"),
    "more notices than the policy has": (four_notices, "more delay notices"),
    "more texts a day": (eleven_texts, "more texts a day"),
    "a second survey within 30 days": (two_surveys, "a second survey"),
    "strange words": (lambda run: also(run, 1, "1", "delay", 30, body="You have won"), "none of the agency's"),
    "an unasked reply": (lambda run: also(run, 1, "1", "auto_reply", 30), "nothing that was said"),
    "another text's id": (
        lambda run: on_phone(run, "1", "delay", 1).update(mid=row(run, "8", "survey")["id"]),
        "its id in the ledger",
    ),
}


@pytest.mark.parametrize("damage", FORBIDDEN)
def test_a_text_that_must_not_be_on_a_phone_is_seen(damage: str, tmp_path: Path) -> None:
    run = clean_run()
    do, why = FORBIDDEN[damage]
    do(run)
    assert why in " ".join(judged(run, tmp_path).forbidden)


# R2: nothing lost in silence


def resolved(run: MadeRun, **fields: object) -> None:
    not_sent(run, "1", "survey", 1, **fields)


def no_survey_but_a_reply(run: MadeRun) -> None:
    """Rows that were never sent, and replies, show no number: that is nobody's."""
    resolved(run, state="suppressed", rule="one survey", phone=None)
    run.row("1", "auto_reply", 1, due=1, state="accepted", settled=1)["phone"] = None


def to_the_new_number(run: MadeRun) -> None:
    run.phones.remove(on_phone(run, "2", "confirmation", 22))
    run.texts.remove(row(run, "2", "confirmation", phone=phone(22)))


def blow_after_blow(run: MadeRun) -> None:
    """Every ten seconds, for ten minutes: that is no reason for ever."""
    run.plan["ends"] = at(660)
    for minute in range(0, 660, 10):
        run.struck(minute, "worker", "kill")
    run.call("10", 10, dispatched=50, cleared=60)
    run.text("10", "confirmation", 10, due=3)
    lost(run, "1", "survey", 1)


def most_of_them(run: MadeRun) -> None:
    """Nobody is told anything while a worker stands still, and each of these calls is over before it goes on."""
    run.struck(1, "worker", "stop", seconds=60)
    for number in range(40, 65):
        run.call(str(number), number, cleared=40)


MISSING: dict[str, tuple[Damage, str]] = {
    "a confirmation": (lambda run: lost(run, "1", "confirmation", 1), "not in the ledger"),
    "a notice": (lambda run: lost(run, "1", "delay", 1), "not in the ledger"),
    "a survey": (lambda run: lost(run, "1", "survey", 1), "not in the ledger"),
    "a text under blow after blow": (blow_after_blow, "ottawa-1 survey"),
    "most texts, each with an excuse": (most_of_them, "reached nobody"),
    "to the new number": (to_the_new_number, "not in the ledger"),
    "on a phone, by the ledger": (lambda run: run.phones.remove(on_phone(run, "1", "survey", 1)), "no phone has it"),
    "in the ledger": (lambda run: run.texts.remove(row(run, "1", "survey")), "the ledger does not have it"),
    "as sent": (lambda run: row(run, "1", "survey").update(state="expired", rule="expired"), "the ledger says expired"),
    "as of this phone": (lambda run: row(run, "1", "survey").update(phone=phone(9)), "another phone"),
    "expired, and nothing was struck": (lambda run: run.blows.clear(), "nothing was struck"),
    "expired before its time": (lambda run: resolved(run, state="expired", rule="expired"), "before its time"),
    "overtaken by nothing": (
        lambda run: resolved(run, state="expired", rule="overtaken", settled_at=at(500)),
        "nothing was struck",
    ),
    "opted out, and nobody said STOP": (lambda run: resolved(run, state="suppressed", rule="opted out"), "bears it"),
    "in progress, and it is not": (lambda run: resolved(run, state="suppressed", rule="in progress"), "bears it out"),
    "a survey already, and there was none": (
        lambda run: resolved(run, state="suppressed", rule="one survey"),
        "bears it out",
    ),
    "a survey already, and there was a reply": (no_survey_but_a_reply, "bears it out"),
    "too many texts, and there were few": (
        lambda run: resolved(run, state="suppressed", rule="texts a day"),
        "bears it out",
    ),
    "unknown, and no answer was lost": (lambda run: resolved(run, state="unknown"), "lost no answer"),
    "failed, and nothing was refused": (lambda run: resolved(run, state="failed"), "refused nothing"),
    "undelivered, and it was": (lambda run: resolved(run, state="undelivered"), "though the carrier delivered it"),
    "still claimed": (lambda run: resolved(run, state="claimed"), "still claimed"),
    "still sending": (lambda run: resolved(run, state="sending"), "still sending"),
    "a state of no ledger": (lambda run: resolved(run, state="gone"), "nobody knows"),
}


@pytest.mark.parametrize("damage", MISSING)
def test_r2_a_text_that_nobody_got_and_no_reason_explains_is_seen(damage: str, tmp_path: Path) -> None:
    run = clean_run()
    do, why = MISSING[damage]
    do(run)
    found = judged(run, tmp_path).missing
    assert found
    assert why in " ".join(found)


@pytest.mark.parametrize(
    ("begun", "loses", "is_excused"),
    [
        ("2026-11-27T00:00:03", True, True),
        ("2026-11-27T00:00:40", True, False),
        ("2026-11-26T23:59:30", True, False),
        ("2026-11-27T00:00:03", False, False),
    ],
)
def test_r2_a_text_that_may_have_gone_is_excused_for_as_long_as_it_is_in_doubt_and_no_longer(
    tmp_path: Path, *, begun: str, loses: bool, is_excused: bool
) -> None:
    run = clean_run()
    run.call("20", 20, dispatched=60, cleared=70)
    known = run.row("20", "confirmation", 20, due=3, state="expired", rule="overtaken", settled=60)
    known["first_sending_real"] = f"{begun}+00:00"
    if loses:
        run.blows.append({"whom": "carrier", "how": "lose_answer", "count": 1})
    said = [line for line in judged(run, tmp_path).missing if line.startswith("ottawa-20 confirmation")]
    assert (said == []) is is_excused


def test_a_survey_that_was_not_sent_for_another_of_its_number_is_explained_though_its_row_shows_none(
    tmp_path: Path,
) -> None:
    run = clean_run()
    run.call("21", 1, received=310, dispatched=320, cleared=330)
    run.text("21", "confirmation", 1, due=313)
    run.row("21", "survey", 1, due=600, state="suppressed", rule="one survey", settled=600)["phone"] = None
    assert [line for line in judged(run, tmp_path).missing if "ottawa-21 survey" in line] == []


# R4: records


def told_in_vain(run: MadeRun) -> None:
    run.told[-1] |= {"status": 503}


RECORDS: dict[str, tuple[Damage, str]] = {
    "a record": (lambda run: run.cad_records.pop(0), "are not kept"),
    "a record's time": (lambda run: run.cad_records[0].update(stamp=at(9)), "are not kept"),
    "a call": (lambda run: run.calls.pop("ottawa-3"), "it is not there"),
    "when it was cleared": (lambda run: run.calls["ottawa-1"]["facts"].update(cleared_at=at(59)), "cleared_at"),
    "that it was dispatched": (lambda run: run.calls["ottawa-1"]["facts"].pop("dispatched_at"), "dispatched_at"),
    "its type": (lambda run: run.calls["ottawa-1"]["facts"].update(call_type_code="THEFT"), "call_type_code"),
    "its latch": (lambda run: run.calls["ottawa-5"].update(latch=None), "its latch"),
    "its silence": (lambda run: run.calls["ottawa-4"].update(eligibility="eligible"), "it is eligible"),
    "its cancellation": (lambda run: run.calls["ottawa-6"]["facts"].pop("cancelled"), "cancelled"),
    "its number": (lambda run: run.calls["ottawa-2"].update(phone=phone(2)), "not the one that was told last"),
    "any number": (lambda run: run.calls["ottawa-2"].update(phone=None, ended_reason=None), "it has no number"),
    "a STOP": (lambda run: run.opt_outs.clear(), "no opt-out is kept"),
    "that STOP is in force": (lambda run: run.opt_outs[0].update(ended_at=at(11)), "not opted out"),
    "who said STOP": (lambda run: run.opt_outs.append({**run.opt_outs[0], "phone": phone(1)}), "had said nothing"),
    "who told": (lambda run: run.cad_records.append({**run.cad_records[0], "stamp": at(1)}), "nobody told"),
    "whose call it is": (
        lambda run: run.calls.update(x={**run.calls["ottawa-1"], "call_id": "ottawa-x"}),
        "nobody told of it",
    ),
    "a record that nobody took": (told_in_vain, "nobody ever took it"),
}


@pytest.mark.parametrize("damage", RECORDS)
def test_r4_what_is_lost_of_the_records_is_seen(damage: str, tmp_path: Path) -> None:
    run = clean_run()
    do, why = RECORDS[damage]
    do(run)
    assert why in " ".join(judged(run, tmp_path).records)


HISTORIES: dict[str, tuple[Damage, str]] = {
    "a second workflow": (lambda run: run.histories.append({**history(run, "1"), "run_id": "b"}), "2 workflows"),
    "a failed one": (lambda run: history(run, "1").update(status="FAILED"), "is failed"),
    "a terminated one": (
        lambda run: history(run, "1").update(status="WORKFLOW_EXECUTION_STATUS_TERMINATED"),
        "is term",
    ),
    "one that goes on": (lambda run: history(run, "1").update(status="RUNNING"), "is running"),
    "none": (lambda run: run.histories.remove(history(run, "1")), "has no workflow"),
    "one that does not replay": (lambda run: history(run, "1").update(replays=False), "not replayed"),
    "one that tells of another text": (
        lambda run: history(run, "1").update(texts=["confirmation: accepted"]),
        "1 texts",
    ),
    "one of a sensitive call": (
        lambda run: run.histories.append({**history(run, "1"), "workflow_id": "call-ottawa-4", "texts": []}),
        "never to be texted",
    ),
}


@pytest.mark.parametrize("damage", HISTORIES)
def test_a_workflow_that_is_not_as_it_should_be_is_seen(damage: str, tmp_path: Path) -> None:
    run = clean_run()
    do, why = HISTORIES[damage]
    do(run)
    assert why in " ".join(judged(run, tmp_path).histories)


# What may be


def in_flight(run: MadeRun) -> None:
    """CAD's word that it is in progress was on its way when the notice went out."""
    told = next(line for line in run.told if line["record"].get("in_progress"))
    told |= {"sent": at(29), "answered": at(32)}
    told["record"]["updated_at"] = at(29)
    next(one for one in run.cad_records if one["body"].get("in_progress")).update(stamp=at(29))
    run.text("5", "delay", 5, due=30)


def not_any_more(run: MadeRun) -> None:
    """The same, and the service had it before the notice went out."""
    in_flight(run)
    lost(run, "5", "delay", 5)
    history(run, "5").update(texts=["confirmation: accepted"])


def answer_lost(run: MadeRun) -> None:
    run.blows.append({"whom": "carrier", "how": "lose_answer", "count": 1})
    row(run, "1", "survey").update(state="unknown")


def answer_lost_and_text(run: MadeRun) -> None:
    answer_lost(run)
    run.phones.remove(on_phone(run, "1", "survey", 1))


def refused(run: MadeRun) -> None:
    run.blows.append({"whom": "carrier", "how": "refused", "count": 1})
    resolved(run, state="failed", rule="refused by the carrier")
    history(run, "1").update(texts=["confirmation: accepted", "delay: accepted", "survey link: failed"])


def undelivered(run: MadeRun) -> None:
    on_phone(run, "1", "survey", 1)["status"] = "undelivered"
    row(run, "1", "survey").update(state="undelivered")


def overtaken(run: MadeRun) -> None:
    """No worker until the officer was sent."""
    run.struck(29, "worker 1", "kill", seconds=10)
    lost(run, "1", "delay", 1)
    history(run, "1").update(texts=["confirmation: accepted", "survey link: accepted"])


def taken_unanswered(run: MadeRun) -> None:
    """The first attempt was taken, though nobody said so; the second was a repetition."""
    told = run.told[0]
    run.told.insert(0, {**told, "answered": None, "status": None})
    told |= {"sent": at(20), "answered": at(20.01)}


MAY: dict[str, Damage] = {
    "a notice that crossed with CAD's word": in_flight,
    "no notice, for CAD's word had come": not_any_more,
    "an unknown text that arrived": answer_lost,
    "an unknown text that did not arrive": answer_lost_and_text,
    "a notice that was overtaken in an outage": overtaken,
    "a record whose answer was lost": taken_unanswered,
    "a text that the carrier refused": refused,
    "a text that the carrier could not deliver": undelivered,
}


@pytest.mark.parametrize("may", MAY)
def test_what_may_be_is_clean(may: str, tmp_path: Path) -> None:
    run = clean_run()
    MAY[may](run)
    assert lists(judged(run, tmp_path)) == {}
