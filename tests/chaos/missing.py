"""`missing`: texts that nobody got and for which no reason is on record; and where phones and ledger differ."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from tests.chaos.on_phones import WENT_OUT, Scene
from tests.chaos.reasons import PATIENCE_SECONDS, unfounded, was_busy
from tests.chaos.run_folder import Row
from tests.chaos.surely_owed import SurelyOwed, by_call

ON_PHONES = ("accepted", "sent", "delivered")
OVERTAKEN = "overtaken before it had a row"
ENOUGH = 20  # texts, to speak of shares


def missing(scene: Scene, all_: Sequence[SurelyOwed]) -> list[str]:
    """R2: never lost in silence."""
    found = [f"{owed}: {why}" for owed in all_ if (why := _why_missing(scene, owed)) is not None]
    owed_by_call = by_call(all_)
    for row in scene.run.texts:
        if row["kind"] != "auto_reply" and row["call_id"] in scene.calls:
            its = next((owed for owed in owed_by_call.get(row["call_id"], []) if is_row_of(row, owed)), None)
            why = unfounded(scene, row, its)
            if why is not None:
                found.append(f"{_named(row)}: {why}")
    return [*found, *_too_many(scene, all_), *_ledger(scene)]


def _too_many(scene: Scene, all_: Sequence[SurelyOwed]) -> Iterator[str]:
    """Each by itself may have been overtaken while its worker lay there; where it is half of them, the blows were so
    dense that the run shows nothing, or the service hides behind them."""
    overtaken = sum(what_became(scene, owed) == OVERTAKEN for owed in all_)
    if len(all_) >= ENOUGH and 2 * overtaken > len(all_):
        yield f"of {len(all_)} texts that were owed for sure {overtaken} reached nobody, and have no row"


def what_became(scene: Scene, owed: SurelyOwed) -> str:
    """In a word or two, for the figures."""
    if is_on_phone(scene, owed):
        return "on a phone"
    rows = [row for row in scene.rows_by_call.get(owed.call.call_id, []) if is_row_of(row, owed)]
    return f"{rows[0]['state']} ({rows[0]['rule']})" if rows else OVERTAKEN


def _why_missing(scene: Scene, owed: SurelyOwed) -> str | None:
    if is_on_phone(scene, owed) or any(is_row_of(row, owed) for row in scene.rows_by_call.get(owed.call.call_id, [])):
        return None
    seconds = owed.undisturbed(scene, with_its_expiry=True)
    if seconds <= PATIENCE_SECONDS or (was_busy(scene, owed) and not owed.by_expiry):
        return None  # overtaken: something happened to the call before it could go, or be said to have expired
    return f"on no phone, not in the ledger, and {seconds:.0f} s in which nothing was struck"


def is_on_phone(scene: Scene, owed: SurelyOwed) -> bool:
    for text in scene.by_call.get(owed.call.call_id, []):
        if text.kind == owed.kind:
            if owed.kind == "survey" or (owed.kind == "confirmation" and text.on.to == owed.number):
                return True
            if owed.kind == "delay" and any(one.due == owed.due for one in scene.owed_then(text)):
                return True
    return False


def is_row_of(row: Row, owed: SurelyOwed) -> bool:
    if row["kind"] != owed.kind:
        return False
    if owed.kind == "delay":
        return datetime.fromisoformat(row["due_at"]) == owed.due
    return owed.kind == "survey" or row.get("phone") in {None, owed.number}


def _ledger(scene: Scene) -> Iterator[str]:
    """Each text on a phone has its row, and each row that says so is on a phone."""
    for text in scene.texts:
        if text.row is None:
            yield f"{text}: the ledger does not have it"
        elif text.row["state"] not in WENT_OUT:
            yield f"{text}: the ledger says {text.row['state']}"
        elif text.row.get("phone") not in {None, text.on.to}:
            yield f"{text}: the ledger says that it went to another phone"
    for on in scene.replies:
        if on.mid is not None and on.mid not in scene.run.rows_by_id:
            yield f"a reply on {on.to} at {on.at.isoformat()}: the ledger does not have it"
    there = Counter(on.mid for on in scene.run.phones)
    for row in scene.run.texts:
        is_lost_by_carrier = str(row["id"]) in scene.run.undelivered  # of which it has not told us yet
        if row["state"] in ON_PHONES and there[str(row["id"])] == 0 and not is_lost_by_carrier:
            yield f"{_named(row)}: the ledger says {row['state']}, and no phone has it"


def _named(row: Row) -> str:
    return f"{row['call_id']} {row['kind']} {row['sequence']}, due {row['due_at']}"
