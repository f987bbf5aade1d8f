"""What the database says of the service, as figures for Prometheus: cheap questions, few labels, nobody in them."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import Connection, and_, func, or_, select
from sqlmodel import col

from activities.stop_and_go import EVERYTHING, SHADOW, STOPPED_BY_STAFF, Mode
from calls.contracts import Kind, LedgerState
from calls.eligibility import Eligibility, Rule
from database.line import LinePlaceRow, LineRow
from database.reconciliation import ReconciliationRow
from database.surveys import HeldAnswerRow, SurveyCountRow
from database.tables import CallRow, OptOutRow, ServiceModeRow, SwitchRow, TextRow, real_now
from policy.agency import Agency
from starter.leases import MISSING, NOT_TAKEN

_DAY: Final = timedelta(days=1)
_LONG_IN_DOUBT: Final = timedelta(hours=1)
RULES: Final = frozenset(
    {
        *Rule,
        SHADOW,
        STOPPED_BY_STAFF,
        "delay notices",
        "expired",
        "landline",
        "not confirmed",
        "not to be texted",
        "one survey",
        "opted out",
        "overtaken",
        "refused by the carrier",
        "switched off",
        "texts a day",
        "the policy was changed",
        "wrong number",
    }
)
"""By which a text may be held back. Any other counts as `other`: a label has few values, whatever the ledger has."""
_TROUBLES: Final = ("overdue", "missing", "untold", "ended")
_SWITCHES: Final = ("everything", "kind", "type", "call", "never")


def figures(connection: Connection, agency: Agency, *, now: datetime) -> Iterator[Metric]:
    """All but the survey's. `now`: the service's."""
    yield from _calls(connection)
    yield from _texts(connection)
    yield from _waiting(connection, now=now)
    yield from _line(connection, agency)
    yield from _switches(connection)
    yield from _people(connection)
    yield from _sums(connection)


def surveys(connection: Connection, agency: Agency) -> Iterator[Metric]:
    """Told once an hour at most (R7)."""
    held = connection.execute(select(func.count(col(HeldAnswerRow.id)))).scalar_one()
    yield _gauge("survey_answers_held", "Submitted and not cut from their calls yet, an hour ago or less", held)
    week = real_now().strftime("%G-W%V")
    counted = select(func.sum(col(SurveyCountRow.opened)), func.sum(col(SurveyCountRow.started))).where(
        col(SurveyCountRow.agency) == agency.key, col(SurveyCountRow.week) == week
    )
    opened, started = connection.execute(counted).one()
    yield _gauge("survey_opened_this_week", "Links that were opened, an hour ago or less", opened or 0)
    yield _gauge("survey_started_this_week", "Surveys that were begun, an hour ago or less", started or 0)


def _calls(connection: Connection) -> Iterator[Metric]:
    is_open = col(CallRow.ended_reason).is_(None)
    undecided = func.count().filter(col(CallRow.eligibility) == Eligibility.UNDECIDED)
    open_, waiting = connection.execute(select(func.count(), undecided).where(is_open)).one()
    yield _gauge("open_calls", "Calls that are not over", open_)
    yield _gauge("undecided_calls", "Calls that wait for a fact that CAD has not told", waiting)
    yield from _troubles(connection)
    behind = select(func.count(), func.min(func.coalesce(CallRow.behind_since_real, CallRow.updated_real))).where(
        col(CallRow.signalled_version) < col(CallRow.version), is_open
    )
    untold, since = connection.execute(behind).one()
    # A change of a call that is not texted is settled without Temporal, at the forwarder's next look.
    yield _gauge("forward_waiting_calls", "Calls of which Temporal has not heard the last", untold)
    yield _gauge("forward_oldest_seconds", "How long the first of them has been waiting", _age(since))


def _troubles(connection: Connection) -> Iterator[Metric]:
    trouble = col(CallRow.trouble)
    lately = or_(col(CallRow.ended_reason).is_(None), col(CallRow.trouble_since_real) > real_now() - _DAY)
    counted = connection.execute(
        select(trouble, func.count()).where(trouble.is_not(None), lately).group_by(trouble)
    ).all()
    by_kind = dict.fromkeys(_TROUBLES, 0)
    for words, count in counted:
        by_kind[_kind_of_trouble(words or "")] += count
    yield _by("calls_in_trouble", "That a person must look at; ended ones of the last day", "trouble", by_kind)


def _kind_of_trouble(words: str) -> str:
    if words.startswith("overdue"):
        return "overdue"
    return {MISSING: "missing", NOT_TAKEN: "untold"}.get(words, "ended")


def _texts(connection: Connection) -> Iterator[Metric]:
    kind, state, rule = col(TextRow.kind), col(TextRow.state), col(TextRow.rule)
    lately = col(TextRow.claimed_real) > real_now() - _DAY
    found = GaugeMetricFamily(
        "communityconnect_texts_last_day", "Texts that were last begun within 24 hours", labels=["kind", "state"]
    )
    for of, is_, count in connection.execute(select(kind, state, func.count()).where(lately).group_by(kind, state)):
        found.add_metric([of, is_], count)
    yield found
    held: dict[str, int] = {}
    query = select(rule, func.count()).where(lately, rule.is_not(None)).group_by(rule)
    for why, count in connection.execute(query):
        label = rule_of(why or "")
        held[label] = held.get(label, 0) + count
    yield _by("texts_held_back_last_day", "Likewise, that were not sent, by the rule that says so", "rule", held)
    lingers = and_(state == LedgerState.SENDING, col(TextRow.sending_real) < real_now() - _LONG_IN_DOUBT)
    doubt = select(func.count(), func.min(TextRow.claimed_real)).where(or_(state == LedgerState.UNKNOWN, lingers))
    count, since = connection.execute(doubt).one()
    yield _gauge("texts_in_doubt", "Texts of which nobody knows whether the carrier has them", count)
    yield _gauge("texts_in_doubt_oldest_seconds", "How long the first of them has been so", _age(since))


def rule_of(words: str) -> str:
    """The rule as a label."""
    if words.startswith("switched off"):
        return "switched off"
    return words if words in RULES else "other"


def _waiting(connection: Connection, *, now: datetime) -> Iterator[Metric]:
    """Begun and not sent: what waits for the line, for a switch, for the carrier."""
    kind, due = col(TextRow.kind), func.min(col(TextRow.due_at))
    query = select(kind, func.count(), due).where(col(TextRow.state) == LedgerState.CLAIMED, col(TextRow.due_at) <= now)
    counts, ages = dict.fromkeys(map(str, Kind), 0), dict.fromkeys(map(str, Kind), 0.0)
    for of, count, since in connection.execute(query.group_by(kind)):
        counts[of], ages[of] = count, (now - since).total_seconds()
    yield _by("texts_waiting", "Texts that are due and not sent yet", "kind", counts)
    yield _by("texts_waiting_oldest_seconds", "How long the first of them has been due", "kind", ages)


def _line(connection: Connection, agency: Agency) -> Iterator[Metric]:
    sender, now = agency.identity.sender, real_now()
    line = connection.execute(
        select(col(LineRow.free_at_real), col(LineRow.closed_since_real)).where(col(LineRow.sender) == sender)
    ).first()
    free, closed = (None, None) if line is None else line
    ahead = max((free - now).total_seconds(), 0) if free is not None else 0
    waiting = select(func.count(), func.coalesce(func.sum(LinePlaceRow.segments), 0)).where(
        col(LinePlaceRow.sender) == sender, col(LinePlaceRow.until_real) > now
    )
    texts, segments = connection.execute(waiting).one()
    yield _gauge("line_closed", "1 while the carrier refuses everything", closed is not None)
    yield _gauge("line_booked_seconds", "For how long the number is taken by what the carrier was given", ahead)
    yield _gauge("line_waiting_texts", "Texts in workers' hands that wait for their turn", texts)
    yield _gauge("line_waiting_segments", "Their segments", segments)


def _switches(connection: Connection) -> Iterator[Metric]:
    scope = func.split_part(col(SwitchRow.scope), ":", 1)
    in_force = select(scope, func.count()).where(col(SwitchRow.released_real).is_(None)).group_by(scope)
    off = dict.fromkeys(_SWITCHES, 0)
    for what, count in connection.execute(in_force):
        if what in off:
            off[what] += count
    yield _gauge("stopped", "1 while everything is switched off", off[EVERYTHING])
    yield _by("switched_off", "What staff have switched off, by what it is", "what", off)
    newest = select(col(ServiceModeRow.mode)).order_by(col(ServiceModeRow.id).desc()).limit(1)
    mode = connection.execute(newest).scalar() or Mode.LIVE
    yield _by("mode", "1 at the mode of the service", "mode", {one: int(one == mode) for one in Mode})


def _people(connection: Connection) -> Iterator[Metric]:
    in_force = select(func.count()).where(col(OptOutRow.ended_at).is_(None))
    yield _gauge("opt_outs", "Opt-outs that are in force", connection.execute(in_force).scalar_one())


def _sums(connection: Connection) -> Iterator[Metric]:
    """Of the reconciler's last sum of a day."""
    row = ReconciliationRow
    differences = col(row.only_at_carrier) + col(row.only_in_ledger) + col(row.states_differ)
    query = select(col(row.made_real), differences).order_by(col(row.day).desc()).limit(1)
    last = connection.execute(query).first()
    if last is not None:
        made, found = last
        yield _gauge("ledger_sum_age_seconds", "Since a day's texts were last compared with the carrier's", _age(made))
        yield _gauge("ledger_sum_differences", "What that comparison found", found)


def _age(since: datetime | None) -> float:
    return 0.0 if since is None else max((real_now() - since).total_seconds(), 0.0)


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"communityconnect_{name}", what, value=float(value))


def _by(name: str, what: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"communityconnect_{name}", what, labels=[label])
    for value, count in values.items():
        family.add_metric([value], float(count))
    return family
