"""What a monitor sees of a town, and the same asked of its ledger."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import Session, col, func, select

from calls.contracts import Kind, LedgerState
from database.tables import CallRow, OptOutRow, TextRow
from tests.whole.town import Town

Labels = tuple[str, ...]
_OURS: Final = "communityconnect_"


class Scrape:
    """Every process of ours, scraped once; sums over processes, as Prometheus makes them."""

    def __init__(self, town: Town) -> None:
        self.texts = {name: text for name, text in town.metrics().items() if not name.endswith("Temporal")}
        self.families: set[str] = set()
        self._values: defaultdict[tuple[str, Labels], float] = defaultdict(float)
        self.label_sets: Counter[str] = Counter()
        for text in self.texts.values():
            for family in text_string_to_metric_families(text):
                self.families.add(family.name)
                self.label_sets[family.name] += len({tuple(sorted(s.labels.items())) for s in family.samples})
                for sample in family.samples:
                    if "le" not in sample.labels:
                        self._values[sample.name, tuple(sample.labels.values())] += sample.value

    def of(self, name: str) -> dict[Labels, float]:
        """By its labels' values, what is not nothing."""
        return {
            labels: round(value, 2)
            for (each, labels), value in self._values.items()
            if each == f"{_OURS}{name}" and value
        }


def in_the_ledger(town: Town) -> dict[str, Mapping[Labels, float]]:
    """The same figures as `Scrape.of` has them, counted anew."""
    with Session(town.engine) as session:
        texts = session.exec(select(TextRow)).all()
        received = dict(session.exec(select(CallRow.call_id, CallRow.received_at)).all())
        opt_outs = session.exec(select(func.count(col(OptOutRow.id))).where(col(OptOutRow.ended_at).is_(None))).one()
        is_open = session.exec(select(func.count()).where(col(CallRow.ended_reason).is_(None))).one()
    taken = [text for text in texts if text.provider_sid and text.kind != Kind.AUTO_REPLY]
    waits = [
        (text.settled_at - got).total_seconds()
        for text in taken
        if text.kind == Kind.CONFIRMATION and text.settled_at and (got := received[text.call_id or ""])
    ]
    late: defaultdict[Labels, float] = defaultdict(float)
    for text in taken:
        late[(text.kind,)] += (text.settled_at - text.due_at).total_seconds() if text.settled_at else 0
    arrived = [text for text in texts if text.state == LedgerState.DELIVERED]
    return {
        "due_to_accepted_seconds_count": Counter((text.kind,) for text in taken),
        "due_to_accepted_seconds_sum": {kind: round(seconds, 2) for kind, seconds in late.items()},
        "received_to_confirmation_seconds_count": {(): len(waits)},
        "received_to_confirmation_seconds_sum": {(): round(sum(waits), 2)},
        "accepted_to_delivered_seconds_count": Counter((text.kind,) for text in arrived),
        "texts_last_day": Counter((text.kind, text.state) for text in texts),
        "opt_outs": {(): opt_outs} if opt_outs else {},
        "open_calls": {(): is_open} if is_open else {},
        "calls_in_trouble": {},
        "forward_waiting_calls": {},
        "texts_in_doubt": {},
        "texts_waiting": {},
        "line_closed": {},
        "stopped": {},
        "mode": {("live",): 1},
        "stuck_workflows": {},
    }


def differences(town: Town) -> Iterator[str]:
    """Where the scrape and the ledger do not agree."""
    scrape = Scrape(town)
    for name, counted in in_the_ledger(town).items():
        if scrape.of(name) != dict(counted):
            yield f"{name}: scraped {scrape.of(name)}, in the ledger {dict(counted)}"
