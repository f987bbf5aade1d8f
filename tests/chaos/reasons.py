"""Whether what the ledger says of a text that did not go out is borne out by what happened."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from tests.chaos.knowledge import FOR_EVER
from tests.chaos.on_phones import EARLY_SECONDS, FRESH_SECONDS, Scene
from tests.chaos.run_folder import Row, moment
from tests.chaos.stretches import Stretches
from tests.chaos.surely_owed import SurelyOwed, struck
from tests.streams.known_by_the_words import Verdict

PATIENCE_SECONDS: Final = 15.0
"""Real: so long a text may take where nothing was struck and nobody held it."""
LOST: Final = ("lose_answer", "slow_answer", "server_error")
DOUBT_SECONDS: Final = 55.0
"""Real. An attempt keeps its text for 25, then callbacks and list must be silent for 20; it is looked at every 5, and
the list fails now and then."""
_URGENT: Final = ("confirmation", "delay", "survey")
_DAY: Final = timedelta(hours=24)


def unfounded(scene: Scene, row: Row, owed: SurelyOwed | None) -> str | None:
    """What is wrong with the reason on record; `None`: nothing. `owed`: the text, where it was owed for sure."""
    match row["state"]:
        case "accepted" | "sent" | "delivered":
            return None  # whether it is on the phone is asked elsewhere
        case "claimed" | "sending":
            return f"it is still {row['state']}"
        case "unknown":
            return None if _may_be_lost(scene, row) else "unknown, though the carrier lost no answer"
        case "undelivered":
            return None if str(row["id"]) in scene.run.undelivered else "undelivered, though the carrier delivered it"
        case "failed":
            is_refused = str(row["id"]) in scene.run.undelivered or scene.run.mischief.get("refused")
            return None if is_refused else "failed, though the carrier refused nothing"
        case "expired":
            return _expired(scene, row, owed)
        case "suppressed":
            return _suppressed(scene, row)
        case state:
            return f"a state that nobody knows: {state}"


def _may_be_lost(scene: Scene, row: Row) -> bool:
    since, until = _moment(row["due_at"]), _settled(row) or scene.run.ends
    is_struck = any(begins <= until and ends >= since for begins, ends in struck(scene))
    return is_struck or any(scene.run.mischief.get(kind) for kind in LOST)


def _expired(scene: Scene, row: Row, owed: SurelyOwed | None) -> str | None:
    if row["rule"] not in {"expired", "overtaken"}:
        return f"expired by a rule that nobody knows: {row['rule']}"
    settled = _settled(row)
    if row["rule"] == "expired" and settled is not None and settled < _moment(row["expires_at"]) - _early(scene):
        return "expired before its time"
    if owed is None or was_busy(scene, owed):
        return None
    seconds = owed.undisturbed(scene, in_doubt=_when_in_doubt(scene, row))
    if seconds <= PATIENCE_SECONDS:
        return None
    return f"{row['rule']}, though it could have gone for {seconds:.0f} s in which nothing was struck"


def _when_in_doubt(scene: Scene, row: Row) -> Stretches:
    """By the ledger the text was being sent, and the carrier loses answers: it may have had it."""
    begun = {row.get("first_sending_real"), row.get("sending_real")} - {None}
    if not any(scene.run.mischief.get(kind) for kind in LOST):
        return []
    lasts = scene.run.real(DOUBT_SECONDS)
    return [(at, at + lasts) for at in (scene.run.at(moment(str(real))) for real in sorted(map(str, begun)))]


def was_busy(scene: Scene, owed: SurelyOwed) -> bool:
    """The line was: another text, as urgent or more, that nobody held, came to a phone in that time, late by half of
    it."""
    begins, ends = owed.stretches[0][0], owed.stretches[-1][1]
    before = _URGENT[: _URGENT.index(owed.kind) + 1]
    return any(
        text.kind in before
        and text.row is not None
        and begins <= text.on.at <= ends
        and text.on.at - _moment(text.row["due_at"]) >= (ends - begins) / 2
        and not any(scene.people.held(text.row["call_id"]))
        for text in scene.texts
    )


def _suppressed(scene: Scene, row: Row) -> str | None:
    said = f"suppressed ({row['rule']}), and nothing bears it out"
    settled = _settled(row)
    if settled is None:
        return "suppressed, and not said when"
    return None if _is_borne_out(scene, row, settled) else said


def _is_borne_out(scene: Scene, row: Row, settled: datetime) -> bool:
    call = scene.calls[row["call_id"]]
    # A row that was never sent shows no number.
    phones: list[str] = [row["phone"]] if row.get("phone") else list(call.last[-1].numbers)
    match row["rule"]:
        case "opted out" | "wrong number":
            return any(scene.people.may_be_stopped(one, received=call.segments[0].begins, at=settled) for one in phones)
        case "texts a day":
            since = settled - _DAY - _early(scene)
            return any(len(_gone(scene, one, since, settled)) >= scene.timetable.texts_a_day for one in phones)
        case "one survey":
            return any(_gone(scene, one, scene.run.begins, settled, kinds=("survey",)) for one in phones)
        case "delay notices":
            rows = scene.rows_by_call.get(call.call_id, [])
            told = [one for one in rows if one["kind"] == "delay" and one["state"] not in {"expired", "suppressed"}]
            return len(told) >= scene.timetable.notices_at_most
        case "not confirmed":
            rows = scene.rows_by_call.get(call.call_id, [])
            return any(one["kind"] == "confirmation" and one["state"] in {"failed", "undelivered"} for one in rows)
        case "landline":
            return bool(scene.run.mischief.get("refused") or scene.run.mischief.get("undelivered"))
        case _:  # a rule of eligibility
            since = settled - scene.run.real(FRESH_SECONDS)
            knowns = (known for segment in call.during(since, settled) for known in segment.knowns)
            return any(known.verdict() is not Verdict.TEXT for known in knowns)


def _gone(
    scene: Scene, phone: str, since: datetime, until: datetime, *, kinds: Sequence[str] = _URGENT
) -> set[str | None]:
    """Texts to this number that came to the phone then, or were being sent and may have, as far as the ledger tells."""
    texts = scene.by_phone.get(phone, [])
    arrived = {text.on.mid for text in texts if text.kind in kinds and since <= text.on.at <= until}
    rows = (row for row in scene.run.texts if row.get("phone") == phone and row["kind"] in kinds)
    begun = {str(row["id"]) for row in rows if (at := _begun(scene, row)) is not None and since <= at <= until}
    return arrived | begun


def _begun(scene: Scene, row: Row) -> datetime | None:
    """When it was first being sent."""
    real = row.get("first_sending_real")
    return None if real is None else scene.run.at(moment(str(real)))


def _early(scene: Scene) -> timedelta:
    return scene.run.real(EARLY_SECONDS)


def _settled(row: Row) -> datetime | None:
    return None if row["settled_at"] is None else _moment(row["settled_at"])


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written) if written else FOR_EVER
