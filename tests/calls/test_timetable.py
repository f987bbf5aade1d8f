"""A call's life, sentence by sentence, with Ottawa's policy. Times are minutes from receipt, a Thursday at noon."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from calls.contracts import WENT_OUT, Kind, LedgerState, TextKey, TextRecord
from calls.facts import CancelReason
from calls.policy import QuietHours, Since, Threshold, Timetable
from calls.timetable import End, Send, Step, Wait, after_quiet_hours, next_step, survey_window
from policy.agency import load_agency
from tests.builders import CONFIRMED, NOON, a_call, hours, minutes, text
from tests.conftest import AGENCIES

POLICY = load_agency(AGENCIES / "ottawa").policy
OTTAWA = ZoneInfo("America/Toronto")
SECOND = timedelta(seconds=1)


def ask(
    after: float,
    *texts: TextRecord,
    timetable: Timetable = POLICY.timetable,
    held_by_hand: bool = False,
    **facts: Any,
) -> Step:
    """What is owed so many minutes after receipt. Facts that are numbers of minutes become times."""
    times = {name: NOON + minutes(value) for name, value in facts.items() if name.endswith("_at")}
    call = a_call(POLICY, **facts | times)
    now = NOON + minutes(after)
    return next_step(call=call, texts=texts, timetable=timetable, now=now, held_by_hand=held_by_hand)


def wait(after: float, reason: str) -> Wait:
    return Wait(until=NOON + minutes(after), reason=reason)


def send(kind: Kind, sequence: int = 1, *, due: float, expires: float, recipient_version: int = 1) -> Send:
    return Send(
        key=TextKey(kind=kind, sequence=sequence, recipient_version=recipient_version),
        due_at=NOON + minutes(due),
        expires_at=NOON + minutes(expires),
    )


def delay(sequence: int, *, due: float, state: LedgerState = LedgerState.ACCEPTED) -> TextRecord:
    return text(Kind.DELAY, sequence, due_at=NOON + minutes(due), state=state)


UNTIL_GIVEN_UP = minutes(14 * 24 * 60)
WITH_AN_OFFICER = Wait(until=NOON + UNTIL_GIVEN_UP, reason="an officer has the call: until it is cleared")
SILENT_UNTIL_DISPATCHED = Wait(
    until=NOON + UNTIL_GIVEN_UP, reason="no further delay notice: until an officer has the call"
)

UNTIL_CORRECTED = [LedgerState.FAILED, LedgerState.SUPPRESSED]


class TestConfirmation:
    def test_it_goes_out_three_minutes_after_receipt_and_not_a_moment_sooner(self) -> None:
        assert ask(0) == wait(3, "confirmation due")
        assert ask(2.999) == wait(3, "confirmation due")
        assert ask(3) == send(Kind.CONFIRMATION, due=3, expires=63)

    def test_it_goes_out_two_minutes_after_the_caller_hung_up_where_cad_tells(self) -> None:
        assert ask(2, call_ended_at=10) == wait(12, "confirmation due")
        assert ask(12, call_ended_at=10) == send(Kind.CONFIRMATION, due=12, expires=72)
        assert ask(2.5, call_ended_at=0.5) == send(Kind.CONFIRMATION, due=2.5, expires=62.5)

    @pytest.mark.parametrize("step", [{"dispatched_at": 1}, {"arrived_at": 2}, {"dispatched_at": 1, "arrived_at": 2}])
    def test_dispatched_before_it_is_due_it_is_still_sent(self, step: dict[str, Any]) -> None:
        assert ask(2, **step) == wait(3, "confirmation due")
        assert ask(3, **step) == send(Kind.CONFIRMATION, due=3, expires=63)

    def test_cleared_before_it_went_out_there_is_none_and_hence_no_survey(self) -> None:
        assert ask(2, cleared_at=2) == End(reason="cleared before the confirmation")
        assert ask(4, cleared_at=2) == End(reason="cleared before the confirmation")
        assert ask(300, cleared_at=2) == End(reason="cleared before the confirmation")

    @pytest.mark.parametrize("reason", CancelReason)
    def test_cancelled_before_it_went_out_there_is_silence(self, reason: CancelReason) -> None:
        assert ask(3, cancelled=reason) == End(reason="silent: cancelled")

    def test_cleared_and_opened_again_before_it_is_due_it_is_sent(self) -> None:
        assert ask(3, cleared_at=1, reopened_at=2) == send(Kind.CONFIRMATION, due=3, expires=63)

    def test_it_comes_with_the_time_at_which_it_is_stale_however_late_we_are(self) -> None:
        assert ask(5000) == send(Kind.CONFIRMATION, due=3, expires=63)

    @pytest.mark.parametrize("state", sorted(set(LedgerState) - WENT_OUT - set(UNTIL_CORRECTED)))
    def test_without_it_nothing_else_is_ever_sent(self, state: LedgerState) -> None:
        unsent = text(Kind.CONFIRMATION, state=state)
        later: list[dict[str, Any]] = [{}, {"dispatched_at": 5}, {"cleared_at": 60}]
        for facts in later:
            assert ask(300, unsent, **facts) == End(reason=f"the confirmation was not sent: {state}")

    @pytest.mark.parametrize("state", UNTIL_CORRECTED)
    def test_refused_for_its_number_the_call_waits_for_a_corrected_one_until_it_is_over(
        self, state: LedgerState
    ) -> None:
        refused = text(Kind.CONFIRMATION, state=state)
        waiting = Wait(until=NOON + UNTIL_GIVEN_UP, reason="the number cannot be texted: until it is corrected")
        assert ask(4, refused) == waiting
        assert ask(300, refused, dispatched_at=5) == waiting
        assert ask(5, refused, recipient_version=2) == send(Kind.CONFIRMATION, due=3, expires=63, recipient_version=2)
        assert ask(300, refused, cleared_at=60) == End(reason=f"the confirmation was not sent: {state}")

    @pytest.mark.parametrize("state", sorted(WENT_OUT))
    def test_one_that_the_carrier_took_or_may_have_taken_is_never_sent_again(self, state: LedgerState) -> None:
        assert ask(4, text(Kind.CONFIRMATION, state=state)) == wait(60, "delay notice 1 due")

    def test_a_corrected_number_gets_one_of_its_own(self) -> None:
        assert ask(10, CONFIRMED, recipient_version=2) == send(
            Kind.CONFIRMATION, due=3, expires=63, recipient_version=2
        )
        both = (CONFIRMED, text(Kind.CONFIRMATION, recipient_version=2))
        assert ask(60, *both, recipient_version=2) == send(Kind.DELAY, due=60, expires=120, recipient_version=2)

    def test_a_number_corrected_after_clearing_gets_nothing(self) -> None:
        assert ask(70, CONFIRMED, cleared_at=60, recipient_version=2) == End(reason="cleared before the confirmation")


class TestDelayNotices:
    @pytest.mark.parametrize(("priority", "threshold"), [(3, 30), (4, 60)])
    def test_the_first_comes_at_the_threshold_of_the_priority(self, priority: int, threshold: int) -> None:
        assert ask(threshold - 0.01, CONFIRMED, priority=priority) == wait(threshold, "delay notice 1 due")
        assert ask(threshold, CONFIRMED, priority=priority) == send(Kind.DELAY, due=threshold, expires=threshold + 60)

    @pytest.mark.parametrize(("priority", "threshold"), [(3, 30), (4, 60)])
    def test_then_every_two_hours_three_at_most_then_silence(self, priority: int, threshold: int) -> None:
        told = [CONFIRMED]
        for sequence, due in ((1, threshold), (2, threshold + 120), (3, threshold + 240)):
            assert ask(due - 0.01, *told, priority=priority) == wait(due, f"delay notice {sequence} due")
            assert ask(due, *told, priority=priority) == send(Kind.DELAY, sequence, due=due, expires=due + 60)
            told.append(delay(sequence, due=due))
        assert ask(threshold + 240, *told, priority=priority) == SILENT_UNTIL_DISPATCHED
        assert ask(10_000, *told, priority=priority) == SILENT_UNTIL_DISPATCHED

    @pytest.mark.parametrize("state", LedgerState)
    def test_one_that_was_not_sent_counts_too(self, state: LedgerState) -> None:
        assert ask(61, CONFIRMED, delay(1, due=60, state=state)) == wait(180, "delay notice 2 due")

    @pytest.mark.parametrize("step", [{"dispatched_at": 20}, {"arrived_at": 20}])
    def test_an_officer_on_the_way_stops_them(self, step: dict[str, Any]) -> None:
        assert ask(60, CONFIRMED, **step) == WITH_AN_OFFICER
        assert ask(300, CONFIRMED, delay(1, due=60), **step) == WITH_AN_OFFICER

    def test_requeued_starts_the_threshold_again(self) -> None:
        back: dict[str, Any] = {"dispatched_at": 20, "requeued_at": 50}
        assert ask(60, CONFIRMED, **back) == wait(110, "delay notice 1 due")
        assert ask(110, CONFIRMED, **back) == send(Kind.DELAY, due=110, expires=170)

    def test_requeued_after_a_notice_the_next_comes_a_threshold_later(self) -> None:
        back: dict[str, Any] = {"dispatched_at": 70, "requeued_at": 80}
        assert ask(90, CONFIRMED, delay(1, due=60), **back) == wait(140, "delay notice 2 due")
        both = (CONFIRMED, delay(1, due=60), delay(2, due=140))
        assert ask(141, *both, **back) == wait(260, "delay notice 3 due")

    def test_the_cap_spans_the_call_however_often_it_is_requeued(self) -> None:
        told = (CONFIRMED, delay(1, due=60), delay(2, due=180), delay(3, due=300))
        assert ask(1000, *told, dispatched_at=310, requeued_at=320) == SILENT_UNTIL_DISPATCHED
        assert ask(1000, *told, cleared_at=310, reopened_at=320) == SILENT_UNTIL_DISPATCHED

    def test_dispatched_again_after_a_requeue_stops_them_again(self) -> None:
        assert ask(300, CONFIRMED, dispatched_at=60, requeued_at=50) == WITH_AN_OFFICER

    def test_a_cap_of_none_means_none(self) -> None:
        none = POLICY.timetable.delay.model_copy(update={"at_most": 0})
        quiet = POLICY.timetable.model_copy(update={"delay": none})
        assert ask(300, CONFIRMED, timetable=quiet) == SILENT_UNTIL_DISPATCHED

    def test_a_priority_without_a_threshold_gets_none(self) -> None:
        only_3 = POLICY.timetable.delay.model_copy(update={"first_after": {3: Threshold(after=minutes(30))}})
        quiet = POLICY.timetable.model_copy(update={"delay": only_3})
        assert ask(300, CONFIRMED, timetable=quiet) == SILENT_UNTIL_DISPATCHED


class TestThresholds:
    """By priority and type, each with its clock."""

    def rules(self, **delay: Any) -> Timetable:
        changed = POLICY.timetable.delay.model_copy(update=delay)
        return POLICY.timetable.model_copy(update={"delay": changed})

    def test_a_type_may_have_thresholds_of_its_own(self) -> None:
        noise = self.rules(by_type={"noise": {4: Threshold(after=minutes(20))}})
        assert ask(20, CONFIRMED, timetable=noise) == send(Kind.DELAY, due=20, expires=80)
        assert ask(20, CONFIRMED, timetable=noise, call_type_group="theft") == wait(60, "delay notice 1 due")
        assert ask(20, CONFIRMED, timetable=noise, priority=3) == wait(30, "delay notice 1 due")

    @pytest.mark.parametrize(("since", "due"), [(Since.RECEIVED, 60), (Since.QUEUED, 68), (Since.HUNG_UP, 64)])
    def test_it_counts_from_the_moment_that_the_policy_names(self, since: Since, due: float) -> None:
        counted = self.rules(first_after={4: Threshold(after=minutes(60), since=since)})
        told: dict[str, Any] = {"queued_at": 8, "call_ended_at": 4}
        assert ask(30, CONFIRMED, timetable=counted, **told) == wait(due, "delay notice 1 due")
        assert ask(30, CONFIRMED, timetable=counted) == wait(60, "delay notice 1 due")  # CAD tells nothing of it

    def test_back_in_the_queue_it_counts_from_there_whatever_it_counted_from_before(self) -> None:
        counted = self.rules(first_after={4: Threshold(after=minutes(60), since=Since.QUEUED)})
        told: dict[str, Any] = {"queued_at": 8, "dispatched_at": 20, "requeued_at": 100}
        assert ask(110, CONFIRMED, timetable=counted, **told) == wait(160, "delay notice 1 due")


class TestQuietHours:
    """Noon is when the call is received: ten in the evening is 600 minutes later, seven in the morning 1,140."""

    quiet = QuietHours.model_validate({"begin": "22:00", "end": "07:00"})

    def rules(self, kind: str, **more: Any) -> Timetable:
        changed = getattr(POLICY.timetable, kind).model_copy(update={"quiet_hours": self.quiet, **more})
        return POLICY.timetable.model_copy(update={kind: changed})

    def test_a_notice_that_falls_due_in_them_waits_for_their_end_and_is_true_from_then(self) -> None:
        late = self.rules("delay", first_after={4: Threshold(after=minutes(610))})
        assert ask(620, CONFIRMED, timetable=late) == wait(1140, "delay notice 1 due")
        assert ask(1140, CONFIRMED, timetable=late) == send(Kind.DELAY, due=1140, expires=1200)

    def test_two_that_fell_due_in_them_do_not_come_in_one_breath(self) -> None:
        late = self.rules("delay", first_after={4: Threshold(after=minutes(610))})
        told = delay(1, due=1140)
        assert ask(1141, CONFIRMED, told, timetable=late) == wait(1260, "delay notice 2 due")

    def test_outside_them_nothing_changes(self) -> None:
        early = self.rules("delay")
        assert ask(61, CONFIRMED, timetable=early) == send(Kind.DELAY, due=60, expires=120)
        assert ask(61, CONFIRMED, delay(1, due=60), timetable=early) == wait(180, "delay notice 2 due")

    def test_a_confirmation_may_have_them_too(self) -> None:
        night = self.rules("confirmation", after_received=minutes(650))
        assert ask(650, timetable=night) == wait(1140, "confirmation due")
        assert ask(1140, timetable=night) == send(Kind.CONFIRMATION, due=1140, expires=1200)

    def test_hours_within_one_day(self) -> None:
        noon = QuietHours.model_validate({"begin": "12:00", "end": "13:00"})
        changed = POLICY.timetable.confirmation.model_copy(update={"quiet_hours": noon})
        at_noon = POLICY.timetable.model_copy(update={"confirmation": changed})
        assert ask(5, timetable=at_noon) == wait(60, "confirmation due")

    def test_they_end_on_the_clock_that_hangs_on_the_wall_when_summer_ends(self) -> None:
        """In the night to 1 November 2026 two o'clock comes twice: seven is eight hours after midnight."""
        midnight = datetime(2026, 11, 1, 0, 0, tzinfo=OTTAWA)
        end = after_quiet_hours(midnight, self.quiet, POLICY.timetable)
        assert end.astimezone(OTTAWA).hour == 7
        assert end - midnight.astimezone(UTC) == hours(8)


class TestSurvey:
    def test_the_link_goes_out_four_hours_after_clearing(self) -> None:
        assert ask(61, CONFIRMED, cleared_at=60) == wait(300, "survey due")
        assert ask(300, CONFIRMED, cleared_at=60) == send(Kind.SURVEY, due=300, expires=60 + 72 * 60)

    def test_it_needs_no_dispatch_before(self) -> None:
        assert isinstance(ask(300, CONFIRMED, cleared_at=60), Send)
        assert isinstance(ask(300, CONFIRMED, dispatched_at=10, arrived_at=20, cleared_at=60), Send)

    def test_due_in_the_evening_it_waits_for_the_morning(self) -> None:
        # Cleared at 16:00, four hours later it is 20:00: closed. 09:00 is 21 hours after noon.
        assert ask(245, CONFIRMED, cleared_at=240) == wait(21 * 60, "survey due")
        assert ask(21 * 60, CONFIRMED, cleared_at=240) == send(Kind.SURVEY, due=21 * 60, expires=240 + 72 * 60)

    @pytest.mark.parametrize("clock", ["20:00", "23:00", "03:00", "08:59"])
    def test_due_in_the_day_but_late_at_night_it_waits_for_the_morning(self, clock: str) -> None:
        """The worker was away from 16:00 on; what it owes when it is back at night is owed in the morning."""
        hour, minute = map(int, clock.split(":"))
        late = (hour - 12 + (24 if hour < 12 else 0)) * 60 + minute
        assert ask(late, CONFIRMED, cleared_at=0.5) == wait(21 * 60, "survey due")
        assert ask(21 * 60, CONFIRMED, cleared_at=0.5) == send(Kind.SURVEY, due=240.5, expires=0.5 + 72 * 60)

    @pytest.mark.parametrize("state", LedgerState)
    def test_there_is_one_per_call_ever(self, state: LedgerState) -> None:
        offered = (CONFIRMED, text(Kind.SURVEY, state=state, due_at=NOON + minutes(300)))
        assert ask(301, *offered, cleared_at=60) == End(reason="the survey was offered")
        assert ask(3000, *offered, cleared_at=2000, reopened_at=1000) == End(reason="the survey was offered")
        other_number = (*offered, text(Kind.CONFIRMATION, recipient_version=2))
        assert ask(301, *other_number, cleared_at=60, recipient_version=2) == End(reason="the survey was offered")

    def test_reopened_before_it_the_call_waits_again_and_gets_one_survey_later(self) -> None:
        again: dict[str, Any] = {"dispatched_at": 20, "cleared_at": 60, "reopened_at": 100}
        assert ask(101, CONFIRMED, **again) == wait(160, "delay notice 1 due")
        assert ask(400, CONFIRMED, delay(1, due=160), **again) == send(Kind.DELAY, 2, due=280, expires=340)
        assert ask(170, CONFIRMED, **again | {"dispatched_at": 165}) == WITH_AN_OFFICER
        assert ask(180, CONFIRMED, **again | {"dispatched_at": 165, "cleared_at": 175}) == wait(415, "survey due")

    def test_switched_off_there_is_none(self) -> None:
        off = POLICY.timetable.survey.model_copy(update={"enabled": False})
        no_survey = POLICY.timetable.model_copy(update={"survey": off})
        silent = "cleared; no survey: surveys are off"
        assert ask(61, CONFIRMED, timetable=no_survey, cleared_at=60) == wait(300, silent)  # it may be opened again
        assert ask(300, CONFIRMED, timetable=no_survey, cleared_at=60) == End(reason=silent)

    def test_it_comes_with_the_time_at_which_it_is_stale_counted_from_clearing(self) -> None:
        owed = ask(5 * 24 * 60, CONFIRMED, cleared_at=60)
        assert owed == send(Kind.SURVEY, due=300, expires=60 + 72 * 60)


class TestSurveyHours:
    @pytest.mark.parametrize(
        ("due", "sent"),
        [
            ("2026-01-15T09:00:00-05:00", "2026-01-15T09:00:00-05:00"),
            ("2026-01-15T08:59:59-05:00", "2026-01-15T09:00:00-05:00"),
            ("2026-01-15T19:59:59-05:00", "2026-01-15T19:59:59-05:00"),
            ("2026-01-15T20:00:00-05:00", "2026-01-16T09:00:00-05:00"),
            ("2026-01-15T00:00:00-05:00", "2026-01-15T09:00:00-05:00"),
            ("2026-12-31T23:30:00-05:00", "2027-01-01T09:00:00-05:00"),
            # The night on which the clocks go forward (8 March) is an hour shorter, the other (1 November) longer.
            ("2026-03-07T21:00:00-05:00", "2026-03-08T09:00:00-04:00"),
            ("2026-03-08T01:59:59-05:00", "2026-03-08T09:00:00-04:00"),
            ("2026-03-08T03:00:00-04:00", "2026-03-08T09:00:00-04:00"),
            ("2026-10-31T20:00:00-04:00", "2026-11-01T09:00:00-05:00"),
            ("2026-11-01T01:30:00-04:00", "2026-11-01T09:00:00-05:00"),
            ("2026-11-01T01:30:00-05:00", "2026-11-01T09:00:00-05:00"),
            ("2026-11-01T09:00:00-04:00", "2026-11-01T09:00:00-05:00"),  # it is only 08:00 by the new clock
        ],
    )
    def test_from_nine_to_twenty_local_time_else_the_next_morning(self, due: str, sent: str) -> None:
        moment = survey_window(datetime.fromisoformat(due), POLICY.timetable)
        assert moment == datetime.fromisoformat(sent)

    @pytest.mark.parametrize(
        ("cleared", "sent"),
        [
            ("2026-03-08T00:30:00-05:00", "2026-03-08T09:00:00-04:00"),
            ("2026-03-07T15:59:00-05:00", "2026-03-07T19:59:00-05:00"),
            ("2026-11-01T01:30:00-04:00", "2026-11-01T09:00:00-05:00"),
            ("2026-11-01T05:30:00-05:00", "2026-11-01T09:30:00-05:00"),
        ],
    )
    def test_four_hours_are_four_hours_on_the_nights_of_both_clock_changes(self, cleared: str, sent: str) -> None:
        cleared_at, sent_at = datetime.fromisoformat(cleared), datetime.fromisoformat(sent)
        call = a_call(POLICY, received_at=cleared_at - hours(2), cleared_at=cleared_at)
        step = next_step(call=call, texts=[CONFIRMED], timetable=POLICY.timetable, now=cleared_at.astimezone(UTC))
        assert step == Wait(until=sent_at, reason="survey due")

    def test_an_opening_with_seconds_is_kept_to_the_second(self) -> None:
        rule = POLICY.timetable.survey.model_copy(update={"opens": datetime(2026, 1, 1, 9, 0, 30, tzinfo=UTC).time()})
        odd = POLICY.timetable.model_copy(update={"survey": rule})
        nine = datetime(2026, 1, 15, 9, 0, tzinfo=OTTAWA)
        assert survey_window(nine, odd) == nine + timedelta(seconds=30)


class TestSilence:
    @pytest.mark.parametrize(
        ("facts", "rule"),
        [
            ({"in_progress": True}, "in progress"),
            ({"safety_flag": True}, "safety flag"),
            ({"call_type_code": "DVA", "call_type_group": "intimate_partner_violence"}, "sensitive call type"),
            ({"call_type_code": "ASSAULT", "call_type_group": "assault"}, "excluded call type"),
            ({"priority_code": "2", "priority": 2}, "priority outside the policy"),
            ({"latch": "in progress"}, "silenced for ever"),
            ({"cancelled": "duplicate"}, "cancelled"),
        ],
    )
    def test_r1_a_call_that_is_reclassified_or_cancelled_ends_whatever_was_due(
        self, facts: dict[str, Any], rule: str
    ) -> None:
        for after, more in ((3, {}), (60, {}), (300, {"cleared_at": 60}), (300, {"held": True})):
            texts = [] if after == 3 else [CONFIRMED]
            assert ask(after, *texts, **facts, **more) == End(reason=f"silent: {rule}")

    @pytest.mark.parametrize(
        ("facts", "rule"),
        [
            ({"call_type_code": "ZZZ", "call_type_group": None}, "unknown call type"),
            ({"priority_code": "Z", "priority": None}, "unknown priority"),
            ({"source_code": "fax", "source": None}, "unknown source"),
            ({"recipient_version": 0}, "no number to text"),
        ],
    )
    def test_r1_what_nobody_knows_yet_silences_for_as_long_as_nobody_knows_it(
        self, facts: dict[str, Any], rule: str
    ) -> None:
        assert ask(3, **facts) == Wait(until=NOON + UNTIL_GIVEN_UP, reason=f"silent: {rule}")
        assert ask(60, CONFIRMED, **facts) == Wait(until=NOON + UNTIL_GIVEN_UP, reason=f"silent: {rule}")
        assert ask(14 * 24 * 60, CONFIRMED, **facts) == End(reason=f"silent: {rule}")

    def test_held_by_staff_what_is_due_waits_until_it_is_not_true_any_more(self) -> None:
        assert ask(0, held=True) == wait(3, "held by staff")
        assert ask(3, held=True) == wait(63, "held by staff")
        assert ask(60, CONFIRMED, held=True) == wait(120, "held by staff")
        assert ask(61, CONFIRMED, held=True, dispatched_at=61) == Wait(
            until=NOON + UNTIL_GIVEN_UP, reason="held by staff"
        )
        assert ask(300, CONFIRMED, held=True, cleared_at=60) == wait(60 + 72 * 60, "held by staff")

    def test_r2_what_was_due_and_has_expired_in_a_hold_is_ordered_for_the_ledger_to_say_so(self) -> None:
        assert ask(63, held=True) == send(Kind.CONFIRMATION, due=3, expires=63)
        assert ask(120, CONFIRMED, held=True) == send(Kind.DELAY, due=60, expires=120)
        in_the_day = 60 + 73 * 60
        assert ask(in_the_day, CONFIRMED, held=True, cleared_at=60) == send(Kind.SURVEY, due=300, expires=60 + 72 * 60)

    def test_a_hold_changes_nothing_about_how_a_call_ends(self) -> None:
        assert ask(2, held=True, cleared_at=1) == End(reason="cleared before the confirmation")
        expired = text(Kind.CONFIRMATION, state=LedgerState.EXPIRED)
        assert ask(64, expired, held=True) == End(reason="the confirmation was not sent: expired")
        assert ask(80 * 60, CONFIRMED, text(Kind.SURVEY), held=True, cleared_at=60) == End(
            reason="the survey was offered"
        )

    def test_of_delay_notices_that_expire_in_a_hold_no_more_are_written_down_than_the_caller_would_have_got(
        self,
    ) -> None:
        told = [delay(n, due=60 + 120 * (n - 1), state=LedgerState.EXPIRED) for n in (1, 2, 3)]
        assert ask(500, CONFIRMED, *told[:2], held=True) == send(Kind.DELAY, 3, due=300, expires=360)
        for after in (420, 500, 5000):
            assert ask(after, CONFIRMED, *told, held=True) == Wait(until=NOON + UNTIL_GIVEN_UP, reason="held by staff")
        assert ask(425, CONFIRMED, *told, held=False) == send(Kind.DELAY, 4, due=420, expires=480)

    def test_released_it_goes_on_where_it_was(self) -> None:
        assert ask(61, CONFIRMED, held=False) == send(Kind.DELAY, due=60, expires=120)

    def test_held_by_hand_it_waits_whatever_is_due_and_orders_nothing(self) -> None:
        held = Wait(until=NOON + UNTIL_GIVEN_UP, reason="held by staff")
        for after, texts in ((3, []), (300, []), (60, [CONFIRMED]), (5000, [CONFIRMED])):
            assert ask(after, *texts, held_by_hand=True) == held
        assert ask(61, CONFIRMED, held_by_hand=True, dispatched_at=61) == held

    def test_held_by_hand_when_it_is_over_it_waits_until_no_survey_can_be_sent_any_more(self) -> None:
        assert ask(100, CONFIRMED, held_by_hand=True, cleared_at=60) == wait(60 + 72 * 60, "held by staff")
        assert ask(60 + 72 * 60, CONFIRMED, held_by_hand=True, cleared_at=60) == End(
            reason="held by staff until it was over"
        )
        cleared_late = 14 * 24 * 60 - 5
        assert ask(14 * 24 * 60 + 1, CONFIRMED, held_by_hand=True, cleared_at=cleared_late) == wait(
            cleared_late + 72 * 60, "held by staff"
        )

    def test_never_cleared_it_ends_by_itself_after_14_days_without_a_survey(self) -> None:
        told = (CONFIRMED, delay(1, due=60), delay(2, due=180), delay(3, due=300))
        last = 14 * 24 * 60
        for facts in ({}, {"dispatched_at": 20}, {"held": True}, {"cleared_at": 60, "reopened_at": 70}):
            assert isinstance(ask(last - 0.01, *told, **facts), Wait)
            assert ask(last, *told, **facts) == End(reason="CAD never cleared the call")

    def test_cleared_on_its_last_day_it_still_gets_its_survey(self) -> None:
        cleared = 14 * 24 * 60 - 5
        assert ask(cleared + 240, CONFIRMED, cleared_at=cleared) == send(
            Kind.SURVEY, due=cleared + 240, expires=cleared + 72 * 60
        )
