"""Breaks one line after the other on purpose, in a copy, and sees that a test goes red: `make mutations`.

Prints the table of docs/mutations.md. Ends with 1 where a mutation survives.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from settings import child_environment, python

ROOT = Path(__file__).parents[1]
_QUIETLY = ("-x", "-q", "-n", "0", "--no-header", "--tb=no", "-p", "no:cacheprovider")
_LEFT_OUT = shutil.ignore_patterns(
    ".venv", ".git", ".*_cache", "__pycache__", "*.egg-info", ".communityconnect", ".year"
)


@dataclass(frozen=True)
class Mutation:
    """`what` is broken by writing `after` for `before` in `path`; `tests` are asked."""

    what: str
    path: str
    before: str
    after: str
    tests: Sequence[str]


FUZZ = ("tests/fuzz/test_fuzz.py",)
CUT = ("tests/survey/test_cut.py", "tests/activities/test_survey_cut.py")
NIGHT = ("tests/activities/test_survey_cut.py",)
OPEN_DATA = ("tests/open_data/test_attack.py",)
PREPARING = ("tests/open_data/test_preparing.py",)
BY_AREA = ("tests/survey/test_areas.py", "tests/activities/test_area_counts.py")
URGENT = ("tests/staff/test_urgent_comments.py",)
REVIEW = ("tests/survey/test_review.py", "tests/staff/test_comment_review.py")
OWN = ("tests/staff/test_own_feedback.py",)
WAS_IT_YOU = ("tests/web/test_tries.py", "tests/web/test_was_it_you.py")
STREAMS = ("tests/streams/test_anomalies.py", "tests/streams/test_streams.py")
HOLDS = ("tests/starter/test_holds.py",)
RECONCILE = ("tests/activities/test_reconcile.py",)
SUM = ("tests/activities/test_daily_sum.py",)
LINE = ("tests/activities/test_line.py",)
PUSH = ("tests/starter/test_push.py",)
CHOSEN = ("tests/activities/test_chosen_by_staff.py",)
FORGET = ("tests/activities/test_forgetting.py",)
ERASE = ("tests/activities/test_erasure.py",)
ISSUES = ("tests/activities/test_find_issues.py",)
BENCHMARKS = ("tests/benchmarks/test_report.py", "tests/benchmarks/test_doors.py")
FEW = ("tests/insights/test_figures.py",)
ATTACK = ("tests/insights/test_attack.py",)
REPORT = ("tests/console/test_report.py",)
ISSUE_PAGES = ("tests/console/test_issues.py",)
PORTAL = ("tests/public/test_portal.py",)
OPEN_DATA_PAGES = ("tests/console/test_open_data.py",)
BROKEN = ("tests/cli/test_doctor_broken.py",)
JUDGE = ("tests/chaos/test_judge.py",)
SEND = ("tests/activities/test_send_text.py", "tests/activities/test_people.py")

NET = ("tests/watching/test_redaction.py", "tests/watching/test_logs.py")
READY = ("tests/watching/test_readiness.py",)
TOLD = ("tests/activities/test_told_in_time.py",)
EXPORTED = ("tests/starter/test_exporter.py",)

MUTATIONS = (
    Mutation(
        "R1: the re-check at send is dropped",
        "activities/check.py",
        "        if not decision.is_eligible:\n            return HeldBack(",
        "        if False:\n            return HeldBack(",
        SEND,
    ),
    Mutation(
        "R1: the latch is dropped",
        "calls/call_record.py",
        "            latch = _first_latch(latch, latch_of(self._facts(seen), policy))\n",
        "            pass\n",
        STREAMS,
    ),
    Mutation(
        "R1: the latch forgets what comes too late to change the facts",
        "calls/call_record.py",
        "for seen in (told, merged, self.merged):",
        "for seen in (merged, self.merged):",
        STREAMS,
    ),
    Mutation(
        "R2: reopened is treated as a new call (confirmed and surveyed again)",
        "calls/timetable.py",
        '    silent = f"silent: {call.decision.rule}"\n',
        '    silent = f"silent: {call.decision.rule}"\n'
        "    if call.facts.reopened_at is not None:\n"
        "        texts = [text for text in texts if text.due_at > call.facts.reopened_at]\n",
        STREAMS,
    ),
    Mutation(
        "R4: records are ordered by arrival instead of update time",
        "calls/call_record.py",
        "    return now if stamp > now + CLOCKS_MAY_BE_AHEAD else stamp\n",
        "    return now\n",
        STREAMS,
    ),
    Mutation(
        "R1: one exclusion is forgotten (intimate partner violence)",
        "agencies/ottawa/call_types.yaml",
        "  intimate_partner_violence:\n    rule: sensitive",
        "  intimate_partner_violence:\n    rule: allowed",
        STREAMS,
    ),
    Mutation(
        "R1: one exclusion is forgotten (priorities outside the policy)",
        "calls/eligibility.py",
        "    if facts.priority not in rules.priorities:",
        "    if False:",
        STREAMS,
    ),
    Mutation(
        "R1: an unknown type is taken for a harmless one",
        "calls/eligibility.py",
        "    if group is None:\n        return Rule.UNKNOWN_TYPE",
        "    if False:\n        return Rule.UNKNOWN_TYPE",
        STREAMS,
    ),
    Mutation(
        "R4: of equal stamps the last to arrive counts",
        "calls/merge.py",
        "max(parts, key=partial(_weight, names))",
        "max(reversed(parts), key=lambda part: max((s.at.timestamp() for s in part.values()), default=0.0))",
        STREAMS,
    ),
    Mutation(
        "R5: a delay notice goes out though an officer has the call",
        "calls/timetable.py",
        "    if facts.is_dispatched:",
        "    if False:",
        STREAMS,
    ),
    Mutation(
        "R5: an expired text is sent",
        "activities/check.py",
        "    if now < order.expires_at:\n        return None",
        "    return None",
        SEND,
    ),
    Mutation(
        "R2: a corrected number has the mark of the old one",
        "calls/call_record.py",
        '"recipient_version": recipient_version,',
        '"recipient_version": min(recipient_version, 1),',
        STREAMS,
    ),
    Mutation(
        "A corrected number's confirmation counts from receipt",
        "calls/timetable.py",
        "        due_at = max(due_at, facts.number_corrected_at)",
        "        pass",
        STREAMS,
    ),
    Mutation(
        "Expired delay notices use up the cap",
        "calls/timetable.py",
        "sum(record.state is not LedgerState.EXPIRED for record in told)",
        "len(told)",
        (*STREAMS, "tests/calls/test_timetable.py"),
    ),
    Mutation(
        "A survey goes out after an unknown disposition",
        "calls/timetable.py",
        "    if facts.outcome is Outcome.UNKNOWN and facts.cancelled is None:",
        "    if False:",
        STREAMS,
    ),
    Mutation(
        "R1: of two numbers told at the same time one is texted",
        "calls/merge.py",
        "_unclear(*parts) or max(parts",
        "max(parts",
        STREAMS,
    ),
    Mutation(
        "R2: a text for one number of a call may go to another one of it",
        "activities/texts.py",
        "if number is None or findings.recipient_version != order.key.recipient_version:",
        "if number is None:",
        ("tests/whole/test_operators.py",),
    ),
    Mutation(
        "A signal with several arguments fails the workflow's task",
        "workflows/heard.py",
        "    if len(said) > 1:\n        return None\n",
        "    if len(said) > 1:\n        raise TypeError\n",
        ("tests/workflows/test_poison.py",),
    ),
    Mutation(
        "R2: the alarm of a call that was ended in Temporal is taken back",
        "starter/forward.py",
        "            alarm = ended in _ENDED_IN_TEMPORAL and",
        "            alarm = False and",
        ("tests/starter/test_sweep.py",),
    ),
    Mutation(
        "The number is not locked while its texts are counted",
        "activities/people.py",
        "    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(phone_hash, 0))))",
        "    pass",
        ("tests/activities/test_people.py",),
    ),
    Mutation(
        "R1: the list of numbers not to be texted is not asked",
        "activities/people.py",
        "        or _blocked(found)\n",
        "",
        ("tests/activities/test_people.py",),
    ),
    Mutation(
        "R2: a late record opens a second workflow for a finished call",
        "starter/forward.py",
        "WorkflowIDReusePolicy.REJECT_DUPLICATE",
        "WorkflowIDReusePolicy.ALLOW_DUPLICATE",
        ("tests/starter/test_forward.py",),
    ),
    Mutation(
        "R2: a lost workflow is taken for an ended one",
        "starter/leases.py",
        "            if isinstance(step, End):",
        "            if step:",
        ("tests/starter/test_sweep.py", "tests/starter/test_forward.py"),
    ),
    Mutation(
        "A stuck call is silent",
        "starter/sweep.py",
        '            return f"overdue: {step.key.title}"',
        "            return None",
        ("tests/starter/test_sweep.py",),
    ),
    Mutation(
        "R4: the commit wakes nobody",
        "starter/accept.py",
        "                wake_forwarders(session)",
        "                pass",
        ("tests/starter/test_sweep.py",),
    ),
    Mutation(
        "R4: a record of CAD's forgets that its call is held",
        "starter/accept.py",
        "recipient_version=row.recipient_version, held=held)",
        "recipient_version=row.recipient_version, held=False)",
        HOLDS,
    ),
    Mutation(
        "R4: a hold is written over what a record of CAD's tells meanwhile",
        "starter/holds.py",
        "session.get(CallRow, call_id, with_for_update=True)",
        "session.get(CallRow, call_id)",
        HOLDS,
    ),
    Mutation(
        "A hold wakes nobody",
        "web/staff/switches.py",
        "                wake_forwarders(session)",
        "                pass",
        HOLDS,
    ),
    Mutation(
        "R2: what expires while its call is held is not written down",
        "calls/timetable.py",
        "    return step if now >= step.expires_at else Wait(until=step.expires_at, reason=_HELD)",
        "    return Wait(until=give_up_at, reason=_HELD)",
        ("tests/calls/test_timetable.py", "tests/workflows/test_call_updates.py"),
    ),
    Mutation(
        "R1: what a rejected record says of danger is dropped",
        "starter/intake.py",
        "        self.silence(unreadable)\n",
        "",
        PUSH,
    ),
    Mutation(
        "R1: a number that cannot be read leaves the one before it",
        "starter/readers/told.py",
        "phone_unreadable=told.phone is not None and number is None",
        "phone_unreadable=False",
        PUSH,
    ),
    Mutation(
        "R1: of a name that stands twice in an object the last counts",
        "starter/readers/json_text.py",
        "    if len(found) < len(pairs):",
        "    if False:",
        PUSH,
    ),
    Mutation(
        "how deep JSON may be depends on who calls the parser",
        "starter/readers/json_text.py",
        "    if _is_too_deep(value):",
        "    if False:",
        FUZZ,
    ),
    Mutation(
        "half a character is taken for one",
        "starter/readers/cells.py",
        '    return "it has half a character" if any(HALF.search(cell) for cell in cells) else None',
        "    return None",
        FUZZ,
    ),
    Mutation(
        "R3: a telephone number under the heading of the id stands in a reason",
        "starter/readers/told.py",
        "    return cad_id if cad_id.isdecimal() else redact(cad_id)",
        "    return cad_id",
        FUZZ,
    ),
    Mutation(
        "a bomb of aliases in an agency's folder is written out",
        "policy/yaml_file.py",
        "        if node is not None and _parts(node, {}) > _MOST_PARTS:",
        "        if False:",
        FUZZ,
    ),
    Mutation(
        "R4: a record that cannot be read is not kept",
        "starter/intake.py",
        "        self._rejected.keep(raw, feed=self.tally.feed, shape=shape, reason=unreadable.what)\n",
        "",
        PUSH,
    ),
    Mutation(
        "A push is taken whoever has signed it",
        "starter/push/senders.py",
        "        if not hmac.compare_digest(",
        "        if False and not hmac.compare_digest(",
        PUSH,
    ),
    Mutation(
        "A push that was signed long ago is taken",
        "starter/push/senders.py",
        "        if abs(int(at) - unix_time) > CLOCKS_MAY_DIFFER.total_seconds():",
        "        if False:",
        PUSH,
    ),
    Mutation(
        "A certificate counts whoever hands it on",
        "starter/push/senders.py",
        "        if not self._is_proxy(request.peer):",
        "        if False:",
        PUSH,
    ),
    Mutation(
        "R1: another number in a rejected record is overlooked",
        "starter/intake.py",
        "            if unreadable.is_clear and told.phone is not None:\n",
        "            if False:\n",
        PUSH,
    ),
    Mutation(
        "An event without a time happened at the time of receipt beside it",
        "starter/records.py",
        " or (self.stamp is None and bool(self.steps_now))",
        "",
        PUSH,
    ),
    Mutation(
        "Of two types in one record the first may stay",
        "starter/accept.py",
        "stamp=stamp - _JUST_BEFORE",
        "stamp=stamp",
        PUSH,
    ),
    Mutation(
        "R4: an event without a time that is sent again counts anew",
        "starter/records.py",
        '        content |= {"steps_now": sorted(self.steps_now)} if self.steps_now else {}\n',
        '        content |= {"steps_now": str(datetime.now(UTC))} if self.steps_now else {}\n',
        PUSH,
    ),
    Mutation(
        "R8: a hold by hand orders what has expired, which it did not yesterday",
        "calls/timetable.py",
        "    if held_by_hand and not facts.held:\n"
        "        return _at(Stage.HELD, _hold_by_hand(facts, timetable, give_up_at=give_up_at, now=now))\n",
        "    facts = facts.model_copy(update={'held': facts.held or held_by_hand})\n",
        ("tests/workflows/test_replay.py",),
    ),
    Mutation(
        "What is released is overdue at once",
        "starter/sweep.py",
        "or_released_since=self._long_ago()",
        "or_released_since=real_now()",
        HOLDS,
    ),
    Mutation(
        "R3: the number of a call that waited too long stays",
        "starter/sweep.py",
        "            row.phone_encrypted, row.phone_hash, row.recipient_version = None, None, 0\n",
        "",
        ("tests/starter/test_sweep.py",),
    ),
    Mutation(
        "R2: what the carrier says later takes an end back",
        "activities/delivery_states.py",
        "    if _RANKS[told] > _RANKS[known]:",
        "    if told != known:",
        RECONCILE,
    ),
    Mutation(
        "R2: the reconciler calls a text unknown that an attempt has taken over",
        "activities/settle.py",
        "row.state not in _WITHOUT_END or row.attempt_id != question.attempt_id or _is_alive(row)",
        "row.state not in _WITHOUT_END",
        RECONCILE,
    ),
    Mutation(
        "R2: the reconciler takes a message that was made too late for a text's own",
        "activities/settle.py",
        "message is None or message.created <= question.until",
        "True",
        RECONCILE,
    ),
    Mutation(
        "R2: the reconciler takes a message for its text's own that may be another one's",
        "activities/settle.py",
        "    return session.exec(others.limit(1)).first() is None",
        "    return True",
        RECONCILE,
    ),
    Mutation(
        "R2: a finding is dropped where an attempt has claimed the text meanwhile",
        "activities/settle.py",
        "        elif row.provider_sid == found.sid or (",
        "        elif not _is_alive(row) and row.provider_sid == found.sid or (not _is_alive(row) and ",
        RECONCILE,
    ),
    Mutation(
        "R2: what only the carrier has is not said",
        "activities/daily_sum.py",
        "                    tally.only_at_carrier.add(message.sid)",
        "                    pass",
        SUM,
    ),
    Mutation(
        "R2: what only the ledger has is not said",
        "activities/daily_sum.py",
        "                tally.only_in_ledger.add(sid)",
        "                pass",
        SUM,
    ),
    Mutation(
        "R2: a text that ended differently at the carrier is not said",
        "activities/daily_sum.py",
        "            tally.states_differ.add(message.sid)",
        "            pass",
        SUM,
    ),
    Mutation(
        "R3: words are kept for ever",
        "activities/forget.py",
        "col(TextRow.claimed_real) < old, is_over)",
        "col(TextRow.claimed_real) > old, is_over)",
        RECONCILE,
    ),
    Mutation(
        "R2: a worker that stood still goes on where it was",
        "worker.py",
        "        signal.setitimer(signal.ITIMER_REAL, _FROZEN_SECONDS)\n",
        "",
        ("tests/whole/test_stopped_worker.py",),
    ),
    Mutation(
        "The line forgets who waits before",
        "activities/line.py",
        "        return until_free + before / self._rate\n",
        "        return until_free\n",
        LINE,
    ),
    Mutation(
        "The line's rate is each worker's own",
        "activities/line.py",
        "            line.free_at_real = max(_free_at(line, now), now - _AHEAD) + takes\n",
        "            pass\n",
        LINE,
    ),
    Mutation(
        "A closed line is tried by everybody",
        "activities/line.py",
        "        _refuse_while_closed(line, now)\n",
        "",
        LINE,
    ),
    Mutation(
        "Temporal's queue knows no priorities",
        "workflows/call_updates.py",
        "Priority(priority_key=PRIORITY[step.key.kind])",
        "Priority(priority_key=3)",
        ("tests/campaign/test_storm.py",),
    ),
    Mutation(
        "A wait goes on by the clock on which it began",
        "workflows/call_updates.py",
        " or self._new_clocks > clocks",
        "",
        ("tests/workflows/test_call_updates.py",),
    ),
    Mutation(
        "Words that networks filter go on",
        "activities/words.py",
        ">= FILTERED_PHONES:",
        ">= 1_000:",
        LINE,
    ),
    Mutation(
        "R6: the carrier's own STOP is forgotten",
        "activities/people.py",
        "    if found.is_stopped_at_carrier:\n",
        "    if False:\n",
        LINE,
    ),
    Mutation(
        "Segments: a pair is split",
        "texts/segments.py",
        "        if used + size > capacity:",
        "        if used + 1 > capacity:",
        ("tests/texts/test_segments.py",),
    ),
    Mutation(
        "R1: any case number stands in a text",
        "calls/eligibility.py",
        "not is_fit(facts.case_number)",
        "False",
        ("tests/calls/test_eligibility.py", *SEND),
    ),
    Mutation(
        "R10: the language that a number has used is forgotten",
        "activities/languages.py",
        " or found.language_used",
        "",
        SEND,
    ),
    Mutation(
        "R10: the language that staff chose is forgotten",
        "activities/languages.py",
        "found.language_chosen or ",
        "",
        CHOSEN,
    ),
    Mutation(
        "R9: a call that was stopped for good goes on",
        "activities/check.py",
        "    if stopped is not None:\n        return stopped\n",
        "",
        CHOSEN,
    ),
    Mutation(
        "What was stopped for good is released",
        "web/staff/switches.py",
        "        if scope.startswith(FOR_GOOD):\n            return False\n",
        "",
        CHOSEN,
    ),
    Mutation(
        "The sweep raises an alarm for a call that was stopped for good",
        "starter/sweep.py",
        ", scope_for_good(row.call_id)]",
        "]",
        HOLDS,
    ),
    Mutation(
        "R7: five are enough",
        "survey/cut.py",
        "FEWEST: Final = 6",
        "FEWEST: Final = 5",
        CUT,
    ),
    Mutation(
        "R7: whether an officer came is coarsened away",
        "survey/cut.py",
        '._replace(priority=None, channel="")',
        '._replace(priority=None, channel="", officer="")',
        CUT,
    ),
    Mutation(
        "A text that lay still after its check goes out, stopped or not",
        "activities/texts.py",
        "time.monotonic() - ready.checked > _CHECK_IS_FRESH_FOR_SECONDS or ",
        "",
        ("tests/whole/test_stop_everything.py",),
    ),
    Mutation(
        "R6: staff lift a STOP",
        "web/residents/opt_outs.py",
        "col(OptOutRow.sender) == sender, _IN_FORCE, ~_IS_THE_PHONES_OWN)",
        "col(OptOutRow.sender) == sender, _IN_FORCE)",
        ("tests/console/test_numbers.py",),
    ),
    Mutation(
        "R6: a STOP that comes after staff entered an opt-out is overlooked",
        "web/residents/opt_outs.py",
        'set_={"stop_at": now},',
        'set_={"sender": sender},',
        ("tests/console/test_numbers.py",),
    ),
    Mutation(
        "R7: a comment in a rare language is kept",
        "survey/cut.py",
        "if spoken[answer.language] >= FEWEST]",
        "]",
        CUT,
    ),
    Mutation(
        "R7: answers stay in the order in which they came",
        "activities/survey_cut.py",
        "        rows = [*(_taken_out(session, table, of) if of else []), *new]\n        self._chance.shuffle(rows)\n",
        "        rows = [*(_taken_out(session, table, of) if of else []), *new]\n",
        CUT,
    ),
    Mutation(
        "R7: the answers of earlier nights stay where they are",
        "activities/survey_cut.py",
        "*(_taken_out(session, table, of) if of else []), ",
        "",
        CUT,
    ),
    Mutation(
        "R7: links keep the transaction in which they were used",
        "activities/survey_cut.py",
        "or_(has_expired, still_in_hand)",
        "has_expired",
        CUT,
    ),
    Mutation(
        "R7: links keep the order in which they were used",
        "activities/survey_cut.py",
        ".order_by(func.gen_random_uuid())",
        "",
        CUT,
    ),
    Mutation(
        "R7: it is remembered for ever which links were used",
        "activities/survey_cut.py",
        '{name: and_(gone.c[name], gone.c.expires_at > now) for name in ("used", "opened")}',
        '{name: gone.c[name] for name in ("used", "opened")}',
        CUT,
    ),
    Mutation(
        "R7: of expired links only the used ones are written anew",
        "activities/survey_cut.py",
        "has_expired = and_(table.c.expires_at <= now, ~table.c.over)",
        "has_expired = and_(table.c.used, table.c.expires_at <= now, ~table.c.over)",
        CUT,
    ),
    Mutation(
        "R7: all answers of a survey are counted by area",
        "survey/areas.py",
        "questions[drawn : drawn + 1]",
        "questions",
        BY_AREA,
    ),
    Mutation(
        "R7: a short survey's questions are drawn more often than one time in five",
        "survey/areas.py",
        "max(len(questions), AT_MOST_ONE_IN)",
        "len(questions)",
        BY_AREA,
    ),
    Mutation(
        "R7: empty pieces help to make the ten full",
        "survey/areas.py",
        "if len(given) < FEWEST_COUNTED:",
        "if len(together) < FEWEST_COUNTED:",
        BY_AREA,
    ),
    Mutation(
        "R7: who left the question out leaves no piece",
        "survey/areas.py",
        "for question in questions[drawn : drawn + 1]]",
        "for question in questions[drawn : drawn + 1] if question.id in answer.answers]",
        BY_AREA,
    ),
    Mutation(
        "R7: pieces show by their length what was answered",
        "survey/areas.py",
        'return body + " " * (-len(body.encode()) % _EVEN)',
        "return body",
        BY_AREA,
    ),
    Mutation(
        "An answer that waits for its cell is counted by area each night",
        "activities/survey_cut.py",
        "for place in parting.written]",
        "for place in range(len(taken.answers))]",
        BY_AREA,
    ),
    Mutation(
        "A month's counts by area are those of its last night",
        "activities/area_counts.py",
        "counts[Place(*place)] += count",
        "pass",
        BY_AREA,
    ),
    Mutation(
        "R7: two workers cut at once",
        "activities/survey_cut.py",
        "if not session.execute(select(func.pg_try_advisory_xact_lock(CUTTING))).scalar_one():",
        "if False:",
        CUT,
    ),
    Mutation(
        "R7: deleted rows stay in the files",
        "activities/survey_cut.py",
        "        self._clear_away()\n",
        "",
        CUT,
    ),
    Mutation(
        "R7: who was only sent an officer is written with those who had one there",
        "survey/cut.py",
        "arrived=context.arrived,",
        "arrived=None,",
        CUT,
    ),
    Mutation(
        "R7: answers of a rare language wait until they are thrown away",
        "survey/cut.py",
        "if ages[place] >= COMPANY_AFTER}",
        "if False}",
        CUT,
    ),
    Mutation(
        "R7: the length of what waits tells who wrote a comment",
        "survey/held.py",
        ' + " " * (-len(body.encode()) % _EVEN)',
        "",
        NIGHT,
    ),
    Mutation(
        "R7: what waits is the same again the next night",
        "activities/survey_cut.py",
        "*map(self._again, waiting)",
        "*waiting",
        NIGHT,
    ),
    Mutation(
        "R7: what was held stays in the free room of its file",
        "activities/survey_cut.py",
        '                connection.execute(text(f"VACUUM (FULL) {_names(EMPTIED_AT_NIGHT)}"))\n',
        "",
        NIGHT,
    ),
    Mutation(
        "Answers of another agency are cut with ours",
        "activities/survey_cut.py",
        "answer is not None and answer.agency == self._is.agency.key",
        "answer is not None",
        NIGHT,
    ),
    Mutation(
        "A wrong clock's cut ends all others",
        "activities/survey_cut.py",
        "last.day > day + _A_DAY",
        "False",
        NIGHT,
    ),
    Mutation(
        "R2: a link whose end has passed opens again when the clock goes back",
        "web/residents/invitations.py",
        "invitation.over or ",
        "",
        NIGHT,
    ),
    Mutation(
        "R2: a cut does not write down that a link is over",
        "activities/survey_cut.py",
        '"over": or_(gone.c.over, gone.c.expires_at <= now)',
        '"over": gone.c.over',
        NIGHT,
    ),
    Mutation(
        "R2: a link may be used again",
        "web/residents/submission.py",
        "        invitation.used = True\n",
        "",
        NIGHT,
    ),
    Mutation(
        "A draft outlives its submission",
        "web/residents/submission.py",
        "        began = session.execute(drafts.returning(col(SurveyDraftRow.invitation_id))).first() is None\n",
        "        began = False\n",
        NIGHT,
    ),
    Mutation(
        "Facts that cannot be read cost an answer",
        "web/residents/submission.py",
        "    except ValidationError:\n        return None",
        "    except ValidationError:\n        raise",
        NIGHT,
    ),
    Mutation(
        "R7: what is held keeps its order when an urgent comment was seen",
        "web/staff/comments/urgent.py",
        "            SystemRandom().shuffle(anew)\n",
        "",
        URGENT,
    ),
    Mutation(
        "R7: one whose urgent comment was seen is changed alone",
        "web/staff/comments/urgent.py",
        "        try:\n            return self._keyring.encrypt_without_time(self._keyring.decrypt(body))\n",
        "        try:\n            return body\n",
        URGENT,
    ),
    Mutation(
        "A comment is marked as seen while the cut has it in its hands",
        "web/staff/comments/urgent.py",
        "            session.execute(select(func.pg_advisory_xact_lock(CUTTING)))\n",
        "",
        URGENT,
    ),
    Mutation(
        "An urgent comment that was seen is shown again after the cut",
        "survey/cut.py",
        "answer.urgent and not answer.seen",
        "answer.urgent",
        URGENT,
    ),
    Mutation(
        "R7: a comment is shared without the resident's consent",
        "web/staff/comments/review.py",
        "if share and not _may_share(row):",
        "if False:",
        REVIEW,
    ),
    Mutation(
        "R7: the decision of somebody who has read other words counts",
        "web/staff/comments/review.py",
        "                return row if self._mark(row) == mark else None\n        for of in _TABLES:",
        "                return row\n        for of in _TABLES:",
        REVIEW,
    ),
    Mutation(
        "A comment that moved in the night is not found again",
        "web/staff/comments/review.py",
        "if self._mark(row) == mark), None)",
        "if False), None)",
        REVIEW,
    ),
    Mutation(
        "A declined comment is shared",
        "web/staff/comments/review.py",
        "share and decision is Decision.APPROVED",
        "share",
        REVIEW,
    ),
    Mutation(
        "R7: a word that a person has marked is kept",
        "survey/review.py",
        "        if place not in places:",
        "        if place not in places or place == 3:",
        REVIEW,
    ),
    Mutation(
        "R7: what a member is told of a month changes while it grows",
        "web/staff/figures/own_feedback.py",
        "col(MemberFeedbackRow.month) <",
        "col(MemberFeedbackRow.month) <=",
        OWN,
    ),
    Mutation(
        "R7: what those that are shared leave of a topic is of few",
        "insights/confirmed.py",
        "return Hidden.WITH_IT if 0 < count",
        "return Hidden.WITH_IT if 0 > count",
        ("tests/insights/test_confirmed.py",),
    ),
    Mutation(
        "R7: a month whose last week is not over counts among the topics",
        "web/staff/figures/topics.py",
        "if month < until:",
        "if month <= until:",
        ("tests/staff/test_comment_review.py",),
    ),
    Mutation(
        "The board does not say that urgent comments wait",
        "web/staff/board/troubles.py",
        "if urgent else []",
        "if False else []",
        ("tests/console/test_comments.py",),
    ),
    Mutation(
        "Figures are exported without an entry in the audit log",
        "web/staff/console/reach.py",
        'console.audit.write(member, Act.EXPORT_INSIGHTS, about="reach", detail=asked)',
        "pass",
        ("tests/console/test_exports.py",),
    ),
    Mutation(
        "R7: ten of one mind are shown to the member",
        "insights/of_members.py",
        "if good in (0, len(marks)):",
        "if False:",
        OWN,
    ),
    Mutation(
        "R7: a member is told what nine callers say",
        "insights/of_members.py",
        "if len(of_month) >= at_least",
        "if len(of_month) >= at_least - 1",
        OWN,
    ),
    Mutation(
        "A code may be tried without end",
        "web/residents/was_it_you.py",
        "    if wait:\n        return Answer(wait=wait)\n",
        "",
        WAS_IT_YOU,
    ),
    Mutation(
        "Right codes are counted as tries",
        "web/residents/was_it_you.py",
        "    tries.give_back(client)\n",
        "",
        WAS_IT_YOU,
    ),
    Mutation(
        "A code is known for ever",
        "web/residents/was_it_you.py",
        "        col(TextRow.first_sending_real) > real_now() - KNOWN_FOR,\n",
        "        col(TextRow.first_sending_real).is_not(None),\n",
        WAS_IT_YOU,
    ),
    Mutation(
        "The code of a text that never went out is known",
        "web/residents/was_it_you.py",
        "        col(TextRow.state).in_(_MAY_BE_ON_A_PHONE),\n",
        "",
        WAS_IT_YOU,
    ),
    Mutation(
        "A case number is an unknown code and no mistake",
        "web/residents/was_it_you.py",
        ">= _MANY_DIGITS else",
        "> 10_000 else",
        WAS_IT_YOU,
    ),
    Mutation(
        "Codes are checked where the policy prints none",
        "web/residents/was_it_you.py",
        "            if not site.agency.prints_codes:\n                raise HTTPException(404)\n",
        "",
        WAS_IT_YOU,
    ),
    Mutation(
        "What cannot be a code is shown again",
        "web/residents/was_it_you.py",
        "        return Answer(said=_of_no_code(typed))",
        "        return Answer(said=_of_no_code(typed), code=typed)",
        WAS_IT_YOU,
    ),
    Mutation(
        "Many together may try without end",
        "web/residents/tries.py",
        "max(_wait(back - now, self.of_one), _wait(all_back - now, self.of_all))",
        "_wait(back - now, self.of_one)",
        WAS_IT_YOU,
    ),
    Mutation(
        "One alone may use up the tries of all",
        "web/residents/tries.py",
        "max(_wait(back - now, self.of_one), _wait(all_back - now, self.of_all))",
        "_wait(all_back - now, self.of_all)",
        WAS_IT_YOU,
    ),
    Mutation(
        "Who is refused waits longer with every try",
        "web/residents/tries.py",
        "            if wait <= 0:\n",
        "            if True:\n",
        WAS_IT_YOU,
    ),
    Mutation(
        "Tries of ever more clients are kept",
        "web/residents/tries.py",
        "            self._back.popitem(last=False)",
        "            break",
        WAS_IT_YOU,
    ),
    Mutation(
        "R7: what is held has the second of its making",
        "web/residents/submission.py",
        "encrypt_without_time(held.as_text())",
        "encrypt(held.as_text())",
        ("tests/web/test_surveys.py",),
    ),
    Mutation(
        "R7: a comment stays with its answers",
        "web/residents/submission.py",
        "if id_ not in words | members}",
        "if id_ not in members}",
        CUT,
    ),
    Mutation(
        "R7: who waits for a link that the cut replaces is told that nobody knows it",
        "web/residents/invitations.py",
        " or session.exec(locked).one_or_none()",
        "",
        CUT,
    ),
    Mutation(
        "R7: a draft that was saved beside a submission stays",
        "activities/survey_cut.py",
        "or_(col(SurveyDraftRow.expires_at) <= now, col(SurveyDraftRow.invitation_id).in_(used))",
        "col(SurveyDraftRow.expires_at) <= now",
        CUT,
    ),
    Mutation(
        "Emerging issues: lengths of time are counted on the local clock",
        "activities/counted_calls.py",
        "at=row.received_at.astimezone(UTC))",
        "at=row.received_at.astimezone(zone))",
        ISSUES,
    ),
    Mutation(
        "Emerging issues: days are those of UTC",
        "activities/find_issues.py",
        "day = event.at.astimezone(zone).date()",
        "day = event.at.date()",
        ISSUES,
    ),
    Mutation(
        "Emerging issues: sensitive calls are counted",
        "activities/counted_calls.py",
        "return None if rules[known].rule is TypeRule.SENSITIVE else known",
        "return known",
        ISSUES,
    ),
    Mutation(
        "Emerging issues: what goes on is told again as something new",
        "activities/find_issues.py",
        "STILL_THE_SAME: Final = timedelta(days=7)",
        "STILL_THE_SAME: Final = timedelta(days=6)",
        ISSUES,
    ),
    Mutation(
        "Emerging issues: a day is looked at twice",
        "activities/find_issues.py",
        "first = max(first, last + _A_DAY)",
        "first = max(first, last)",
        ISSUES,
    ),
    Mutation(
        "Emerging issues: everything is new in a service's first weeks",
        "activities/find_issues.py",
        "if _is_known_long_enough(counts.values()):",
        "if counts:",
        ISSUES,
    ),
    Mutation(
        "R7: what follows from all sums of a table together is not hidden",
        "insights/small.py",
        "        if known is None:",
        "        if True:",
        FEW,
    ),
    Mutation(
        "R7: a week of the funnel stands alone, however few took part",
        "insights/funnel.py",
        "if _is_fit(_sum(kept.values()), at_least):",
        "if True:",
        ATTACK,
    ),
    Mutation(
        "R7: a language of few is told apart in the funnel",
        "insights/funnel.py",
        "for name, steps in by_language.items() if _is_fit(steps, at_least)}",
        "for name, steps in by_language.items()}",
        ATTACK,
    ),
    Mutation(
        "R7: whom we do not reach is shown of a month that still grows",
        "web/staff/figures/reach.py",
        "if row.month < as_of.before_month",
        "if row.month <= as_of.before_month",
        ("tests/insights/test_every_figure.py",),
    ),
    Mutation(
        "R7: the monthly report gives away what it hides",
        "insights/few_of_month.py",
        "hidden(counts, list(_sums(counts)), at_least",
        "hidden(counts, [], at_least",
        REPORT,
    ),
    Mutation(
        "R7: a comment is shared over a decline that the second reviewer has not seen",
        "web/staff/comments/review.py",
        'decided = f"{row.decision} {row.shared} {row.topics}"',
        'decided = ""',
        REVIEW,
    ),
    Mutation(
        "Emerging issues: in a busy area more calls are fewer events",
        "insights/emerging.py",
        "min(_ONE_EVENT, within / numbers[series] / _PART_OF_A_GAP)",
        "_ONE_EVENT",
        ("tests/insights/test_emerging.py",),
    ),
    Mutation(
        "R7: an issue's page shows what few have answered",
        "insights/neighbourhood.py",
        "option: chose[option] if option in fit else None for option in chose",
        "option: chose[option] for option in chose",
        ISSUE_PAGES,
    ),
    Mutation(
        "Emerging issues: of two who write at the same time one is not read",
        "web/staff/issues/noted.py",
        "if session.exec(newest).one() != after:",
        "if False:",
        ISSUE_PAGES,
    ),
    Mutation(
        "R1: an answer that another browser was given signs somebody in",
        "web/staff/access/oidc.py",
        'if not hmac.compare_digest(answer.get("state", "").encode(), way.state.encode()):',
        "if False:",
        ("tests/console/test_oidc.py",),
    ),
    Mutation(
        "R1: an ID token for another client signs somebody in",
        "web/staff/access/oidc.py",
        '"aud": {"essential": True, "value": self.setup.client_id},',
        "",
        ("tests/console/test_oidc.py",),
    ),
    Mutation(
        "R1: somebody without a role of ours gets a session",
        "web/staff/console/oidc.py",
        "if not who.roles:",
        "if False:",
        ("tests/console/test_oidc.py",),
    ),
    Mutation(
        "R6: START brings back earlier calls",
        "activities/findings.py",
        "(o.ended_at IS NULL OR o.ended_at > c.received_at)",
        "o.ended_at IS NULL",
        ("tests/activities/test_send_text.py",),
    ),
    Mutation(
        "R6: START brings back earlier calls of a number that the carrier has stopped",
        "activities/findings.py",
        " AND i.received_at <= c.received_at\n",
        "\n",
        ("tests/activities/test_line.py",),
    ),
    Mutation(
        "An alarm is raised for a call whose last text went meanwhile",
        "starter/sweep.py",
        "            alarm = alarm and isinstance(self._step(row, texts, now=self._clock.now()), Send)\n",
        "",
        ("tests/starter/test_sweep.py",),
    ),
    Mutation(
        "R9: the service may delete from the audit log",
        "database/roles.py",
        '"audit_entry": "SELECT, INSERT"',
        '"audit_entry": "SELECT, INSERT, DELETE"',
        ("tests/database/test_roles.py",),
    ),
    Mutation(
        "R2: forgetting, an old record brings the number back",
        "starter/accept.py",
        "        if row.forgotten_real is not None:",
        "        if False:",
        FORGET,
    ),
    Mutation(
        "R2: forgetting, a call has no latch",
        "activities/forget_numbers.py",
        'func.jsonb_build_object("recipient_version", 0, "latch", latch)',
        'func.jsonb_build_object("recipient_version", 0)',
        FORGET,
    ),
    Mutation(
        "R3: forgetting, an open call is purged",
        "activities/forget_steps.py",
        "    over = (col(CallRow.ended_reason).is_not(None), col(",
        "    over = (col(CallRow.call_id).is_not(None), col(",
        FORGET,
    ),
    Mutation(
        "R6: forgetting, a STOP that only the carrier told goes",
        "activities/forget_numbers.py",
        "    return and_(func.coalesce(col(TextRow.error_code), 0) == OPTED_OUT, ~started)",
        "    return and_(func.coalesce(col(TextRow.error_code), 0) == -1, ~started)",
        FORGET,
    ),
    Mutation(
        "R3: forgetting, a claim that waited for an erasure writes the number's hash",
        "activities/texts.py",
        "            locked = lock_number_of(session, order.call_id)\n"
        "            checked, now = time.monotonic(), self._is.clock.now()\n"
        "            found = what_is_known(session, order, agency=self._is.agency, now=now)\n",
        "            checked, now = time.monotonic(), self._is.clock.now()\n"
        "            found = what_is_known(session, order, agency=self._is.agency, now=now)\n"
        "            locked = found.phone_hash\n"
        "            lock_number_of(session, order.call_id)\n",
        ERASE,
    ),
    Mutation(
        "R2: forgetting, an open call of whoever is erased is not stopped",
        "web/staff/erasure.py",
        "            self._stop(session, row)",
        "            pass",
        ERASE,
    ),
    Mutation(
        "R9: forgetting, the audit log gives away entries of the last year",
        "database/migrations/versions/0030_forgetting.py",
        "OLD.at_real < now() - interval '365 days' THEN",
        "true THEN",
        ("tests/database/test_roles.py",),
    ),
    Mutation(
        "R7: the service may not vacuum what the cut leaves",
        "database/roles.py",
        'rights += ", MAINTAIN"',
        "pass",
        ("tests/database/test_roles.py",),
    ),
    Mutation(
        "R2: a worker of before a restore sends what a newer database ordered",
        "activities/texts.py",
        "        if epoch_of(order.version) > found.epoch:",
        "        if False:",
        ("tests/recovery/test_taken_back.py",),
    ),
    Mutation(
        "R2: while a restored database is not recovered texts are held back for good",
        "activities/texts.py",
        "        if found.is_recovering:  # neither sent",
        "        if False:  # neither sent",
        ("tests/recovery/test_taken_back.py",),
    ),
    Mutation(
        "R2: a message that no call explains silences nothing",
        "activities/people.py",
        "        or may_have_gone(order, found)\n",
        "",
        ("tests/recovery/test_taken_back.py",),
    ),
    Mutation(
        "R2: a message without words silences nothing",
        "activities/findings.py",
        "(s.kind IS NULL OR s.kind = %(kind)s)",
        "s.kind = %(kind)s",
        ("tests/recovery/test_taken_back.py",),
    ),
    Mutation(
        "R2: a notice that had another number is sent again",
        "activities/strays.py",
        " and not _notice_taken_back(order, found)",
        "",
        ("tests/recovery/test_taken_back.py",),
    ),
    Mutation(
        "R2: a restored service can be started before it is recovered",
        "web/staff/switches.py",
        "            if scope == EVERYTHING and is_recovering(session):",
        "            if False:",
        ("tests/recovery/test_backup.py",),
    ),
    Mutation(
        "R2: old facts are told to Temporal before CAD's records are back",
        "starter/leases.py",
        "            if is_recovering(session):  # facts",
        "            if False:  # facts",
        ("tests/recovery/test_resync.py",),
    ),
    Mutation(
        "R2: a call that is new to a restored database counts from one",
        "starter/accept.py",
        "            epoch=epoch_now(session),\n",
        "",
        ("tests/recovery/test_resync.py",),
    ),
    Mutation(
        "After a restore an arrival is left unsaid",
        "starter/forward.py",
        "if not item.heard_more and self._nothing_waits_for_it(item):",
        "if self._nothing_waits_for_it(item):",
        ("tests/recovery/test_resync.py",),
    ),
    Mutation(
        "R2: what was terminated is not started anew though a person says so",
        "starter/resync.py",
        "WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY",
        "WorkflowIDReusePolicy.REJECT_DUPLICATE",
        ("tests/recovery/test_resync.py",),
    ),
    Mutation(
        "R6: STOP and START of one second are taken back in the list's order",
        "activities/carrier_messages.py",
        "    backwards = listed[::-1]",
        "    backwards = list(listed)",
        ("tests/recovery/test_received.py",),
    ),
    Mutation(
        "R6: an older START ends a newer STOP",
        "web/residents/opt_outs.py",
        ", *said_before)",
        ")",
        ("tests/recovery/test_received.py",),
    ),
    Mutation(
        "R2: a report of a lost text that the list does not show is forgotten",
        "web/residents/delivery.py",
        "                _may_be_ours(session, report)\n",
        "",
        ("tests/recovery/test_taken_back.py",),
    ),
    Mutation(
        "R3: numbers stay in log lines",
        "watching/redaction.py",
        "return _NUMBERS.sub(NUMBER, text) if",
        "return text if",
        NET,
    ),
    Mutation(
        "R3: the net is taken down",
        "logs.py",
        "    return redacted_event(event)",
        "    return event",
        NET,
    ),
    Mutation(
        "R3: what stands under a personal key is logged",
        "watching/redaction.py",
        "    if name in _KEYS and value is not None:",
        "    if False:",
        NET,
    ),
    Mutation(
        "R3: an exception's words are logged",
        "logs.py",
        '        event["exception"] = exception_lines(error)',
        '        event["exception"] = repr(error)',
        NET,
    ),
    Mutation(
        "readiness has no patience",
        "watching/readiness.py",
        "                self._in_a_row, self._why = 0, trouble\n",
        "                self._in_a_row, self._why, self._is_well = 0, trouble, False\n",
        READY,
    ),
    Mutation(
        "a check that hangs leaves the process ready",
        "watching/readiness.py",
        "self._monotonic() - self._well_at > PATIENCE_SECONDS",
        "False",
        READY,
    ),
    Mutation(
        "what is rolled back is measured",
        "activities/told_in_time.py",
        "        session.info.pop(_SEEN, None)",
        "        after_commit(session)",
        TOLD,
    ),
    Mutation(
        "every starter exports",
        "starter/exporter.py",
        "if not connection.execute(select(func.pg_try_advisory_lock(_ONE_AT_A_TIME))).scalar_one():",
        "if False:",
        EXPORTED,
    ),
    Mutation(
        "old figures are shown while the database is away",
        "starter/exporter.py",
        "self._found if time.monotonic() - self._found_at < GOOD_FOR_SECONDS else ()",
        "self._found",
        EXPORTED,
    ),
    Mutation(
        "the ledger's words become labels",
        "starter/figures.py",
        '    return words if words in RULES else "other"',
        "    return words",
        EXPORTED,
    ),
    Mutation(
        "R6: a number is moved while a call of its is open",
        "database/move_numbers.py",
        "        if _is_busy(session, before):\n            return False\n",
        "",
        ("tests/database/test_lookup_keys.py",),
    ),
    Mutation(
        "R6: a process that lacks the key in force writes numbers down with its own",
        "database/lookup_keys.py",
        "    if missing:\n",
        "    if missing and not rings:\n",
        ("tests/database/test_lookup_keys.py",),
    ),
    Mutation(
        "R6: of two keys the first one counts where the database was never told which is in force",
        "database/lookup_keys.py",
        "(keyring if len(rings) == 1 else key_of_what_is_stored(session, keyring))",
        "keyring",
        ("tests/database/test_lookup_keys.py",),
    ),
    Mutation(
        "R3: erasing misses what the lookup key of before found",
        "web/staff/erasure.py",
        "            rename(session, before=before, after=phone_hash)",
        "            pass",
        ERASE,
    ),
    Mutation(
        "R1: a new service texts before anybody has said so",
        "cli/tasks.py",
        "mode=Mode.SHADOW",
        "mode=Mode.LIVE",
        ("tests/cli/test_begin_in_shadow.py",),
    ),
    Mutation(
        "R2: a number that is moved gets a new mark within its call",
        "database/lookup_keys.py",
        ".values(phone_versions=renamed, merged=told)",
        ".values(merged=told)",
        ("tests/database/test_lookup_keys.py",),
    ),
    Mutation(
        "What was changed meanwhile is encrypted anew as it was read",
        "database/re_encrypt.py",
        "place.key == key, place.column == stored",
        "place.key == key",
        ("tests/database/test_re_encrypt.py",),
    ),
    Mutation(
        "R8: an open call is moved to the newest release",
        "worker.py",
        "VersioningBehavior.PINNED",
        "VersioningBehavior.AUTO_UPGRADE",
        ("tests/workflows/test_two_releases.py",),
    ),
    Mutation(
        "A migration waits for a lock without a limit after one that made an index",
        "database/migrations/env.py",
        "    on_version_apply=_limit_the_next_one,\n",
        "",
        ("tests/database/test_migrations_lock_nothing.py",),
    ),
    Mutation(
        "R7: files that were changed since they were published are shown",
        "web/public/bundles.py",
        "        if hashlib.sha256(data).hexdigest() != known.sha256:",
        "        if False:",
        PORTAL,
    ),
    Mutation(
        "A bar of the portal is not as long as its share",
        "web/public/drawing.py",
        "_BAR.format(percent)",
        "_BAR.format(percent / 2)",
        PORTAL,
    ),
    Mutation(
        "R10: the other language's link leads to its first page",
        "web/public/templates/base.html",
        '<a class="switch" href="{{ up }}{{ other }}/{{ here }}"',
        '<a class="switch" href="{{ up }}{{ other }}/index.html"',
        PORTAL,
    ),
    Mutation(
        "What is seen before it is public does not say so",
        "web/public/site.py",
        "unpublished=unpublished)",
        'unpublished="")',
        OPEN_DATA_PAGES,
    ),
    Mutation(
        "Analysts decide what is published",
        "web/staff/access/roles.py",
        "Act.DECIDE_OPEN_DATA: frozenset({_S})",
        "Act.DECIDE_OPEN_DATA: frozenset({_S, _AN})",
        OPEN_DATA_PAGES,
    ),
    Mutation(
        "R7: open data: what is left of a ward after its neighbourhoods may be a few calls",
        "insights/open_data/places.py",
        "    while large and 0 < in_rest < least:",
        "    while False:",
        OPEN_DATA,
    ),
    Mutation(
        "R7: open data: a second version is rounded by the list of its own day",
        "insights/open_data/shown.py",
        "return self._rounded(name, count, at_most=listed, before=cell.calls)",
        "return self._rounded(name, count, at_most=listed)",
        OPEN_DATA,
    ),
    Mutation(
        "R7: open data: a quarter's second version is rounded by a new secret",
        "activities/prepare_open_data.py",
        "    secret = new_secret() if kept is None else bytes.fromhex(keyring.decrypt(kept))",
        "    secret = new_secret()",
        PREPARING,
    ),
    Mutation(
        "R7: the attack forgets that all answers to one question share a draw",
        "insights/open_data/attack_answers.py",
        "if question.kind is QuestionKind.MULTI_CHOICE and _is_told(with_it[-1], at, parts, question):",
        "if False:",
        OPEN_DATA,
    ),
    Mutation(
        "R7: what is published is shown as more than a public list has",
        "insights/protect.py",
        "    return min(drawn, _largest(cell.count, base=base, at_most=cell.at_most, before=cell.at_most_before))",
        "    return drawn",
        ("tests/insights/test_protect.py",),
    ),
    Mutation(
        "R7: open data: how many answered is not the sum of what they answered",
        "insights/open_data/shown.py",
        "            return sum(shown[question.id, one.id] for one in question.options)",
        "            return max(shown[question.id, one.id] for one in question.options)",
        OPEN_DATA,
    ),
    Mutation(
        "R7: open data: a bundle in which somebody could be found can be approved",
        "web/staff/open_data/bundles.py",
        'if not bundle.report.get("is_safe"):',
        "if False:",
        PREPARING,
    ),
    Mutation(
        "R7: open data: what nobody has approved is published",
        "web/staff/open_data/publishing.py",
        "if row.state not in {BundleState.APPROVED, BundleState.PUBLISHED}:",
        "if row.state in {BundleState.DECLINED}:",
        PREPARING,
    ),
    Mutation(
        "R7: open data: a quarter's second version has another base",
        "activities/prepare_open_data.py",
        "if is_same_quarter and not (are_alike and row.base == edition.open_data.base):",
        "if False:",
        PREPARING,
    ),
    Mutation(
        "R7: open data: a quarter is prepared as soon as it is over",
        "insights/open_data/quarters.py",
        "return cls.of((now.astimezone(zone) - lag).date()).before",
        "return cls.of(now.astimezone(zone).date()).before",
        PREPARING,
    ),
    Mutation(
        "R6: doctor does not see that no number is found by its hash any more",
        "cli/doctor/keys.py",
        "if hashed is not None and hashed not in ring.phone_hashes(text):",
        "if False:",
        BROKEN,
    ),
    Mutation(
        "doctor does not see that a right of the service's role is missing",
        "database/roles.py",
        "if not _has(connection, table))",
        "if False)",
        BROKEN,
    ),
    Mutation(
        "the service is not let into a database that not everybody may come into",
        "database/roles.py",
        'connection.execute(text(f"GRANT CONNECT ON DATABASE {database} TO {quoted}"))',
        "pass",
        ("tests/deploy/test_postgres.py",),
    ),
    Mutation(
        "a file of secrets wins over a variable",
        "settings.py",
        "return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=secrets_folder())",
        "return init_settings, SecretsSettingsSource(settings_cls, secrets_dir=secrets_folder()), env_settings",
        ("tests/cli/test_settings.py",),
    ),
    Mutation(
        "The judge of chaos takes what was in doubt for known",
        "tests/chaos/knowledge.py",
        "if one.sent <= at < one.sure]",
        "if False]",
        JUDGE,
    ),
    Mutation(
        "The judge of chaos looks at no times of a text on a phone",
        "tests/chaos/on_phones.py",
        "if fits and owed.begins <= until and owed.ends > since:",
        "if fits:",
        JUDGE,
    ),
    Mutation(
        "The judge of chaos overlooks a STOP that was taken",
        "tests/chaos/people.py",
        "if stop.done is not None and stop.done <= at and not started:",
        "if False:",
        JUDGE,
    ),
    Mutation(
        "The judge of chaos excuses every text that has no row",
        "tests/chaos/missing.py",
        "if seconds <= PATIENCE_SECONDS or",
        "if True or",
        JUDGE,
    ),
    Mutation(
        "The judge of chaos lets blow after blow excuse a text for ever",
        "tests/chaos/surely_owed.py",
        "return max(scene.run.seconds(length(undisturbed)), at_least)",
        "return scene.run.seconds(length(undisturbed))",
        JUDGE,
    ),
    Mutation(
        "The judge of chaos believes the ledger that a text is on a phone",
        "tests/chaos/missing.py",
        'there[str(row["id"])] == 0',
        "False",
        JUDGE,
    ),
    Mutation(
        "The judge of chaos believes that a text expired though nothing was struck",
        "tests/chaos/reasons.py",
        "if owed is None or owed.undisturbed(scene) <= PATIENCE_SECONDS or",
        "if True or",
        JUDGE,
    ),
    Mutation(
        "The judge of chaos does not miss a record that was taken",
        "tests/chaos/records.py",
        "if known < len(contents):",
        "if False:",
        JUDGE,
    ),
    Mutation(
        "The judge of chaos does not see a second workflow of a call",
        "tests/chaos/histories.py",
        "if len(chains) > 1:",
        "if False:",
        JUDGE,
    ),
    Mutation(
        "benchmarks: the ratio of a round is made with another round's figure",
        "benchmarks/results.py",
        "value / of_others[round_] for round_,",
        "value / of_others[min(of_others)] for round_,",
        BENCHMARKS,
    ),
    Mutation(
        "benchmarks: what is measured while a door warms up counts",
        "benchmarks/doors/loop.py",
        "elif done > warm_up:",
        "else:",
        BENCHMARKS,
    ),
    Mutation(
        "R5: a call that was passed on is not told of it where a threshold counts from that",
        "starter/forward.py",
        " and not self._policy.timetable.delay.counts_since(Since.QUEUED)",
        "",
        ("tests/starter/test_forward.py",),
    ),
    Mutation(
        "benchmarks: a plain table tells its callers of a delay though an officer is on the way",
        "benchmarks/rivals/table.py",
        "due_at = CASE WHEN next_text <> 'delay' THEN due_at END",
        "due_at = due_at",
        ("tests/benchmarks/test_rivals.py",),
    ),
)


def caught_by(mutation: Mutation, tree: Path) -> str | None:
    """The first test that fails with the mutation in place; `None`: it survives."""
    path = tree / mutation.path
    whole = path.read_text(encoding="utf-8")
    if whole.count(mutation.before) != 1:
        raise SystemExit(f"{mutation.path}: {mutation.before!r} stands there {whole.count(mutation.before)} times")
    path.write_text(whole.replace(mutation.before, mutation.after), encoding="utf-8")
    try:
        done = subprocess.run(
            [python(), "-m", "pytest", *_QUIETLY, *mutation.tests],
            cwd=tree,
            env=child_environment({}),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(whole, encoding="utf-8")
    red = re.search(r"^(?:FAILED|ERROR) \S+?((?:::\w+)+)", done.stdout, flags=re.MULTILINE)
    return None if done.returncode == 0 else (red[1].rpartition("::")[2] if red else "the import")


def main() -> None:
    """Try all of them, or those whose description holds a word of the command line."""
    wanted = [mutation for mutation in MUTATIONS if all(word in mutation.what for word in sys.argv[1:])]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "copy"
        shutil.copytree(ROOT, tree, ignore=_LEFT_OUT)
        print("| what is broken | where | caught by |\n|---|---|---|")  # noqa: T201
        for mutation in wanted:
            test = caught_by(mutation, tree)
            survivors += test is None
            print(f"| {mutation.what} | `{mutation.path}` | {f'`{test}`' if test else '**nothing**'} |", flush=True)  # noqa: T201
    raise SystemExit(1 if survivors else 0)


if __name__ == "__main__":
    main()
