"""One run: the whole service in a box, blows on all of it, then peace, then everything written down and judged."""

import heapq
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import requests
import yaml
from sqlalchemy import Engine, make_url
from sqlmodel import Session, col, func, select

from calls.clock import Clock
from calls.contracts import Kind, LedgerState
from cli.set_up import set_up_database
from database.encryption import Keyring, load_keyring
from database.engine import connect
from database.tables import CallRow, TextRow
from local.box import Box, Ports
from local.place import new_clock
from local.ports import LOOPBACK, free_port
from local.state import State
from policy.agency import load_agency
from tests.chaos.crowd import Crowd
from tests.chaos.drawing import AGENCIES
from tests.chaos.judge import Verdict, judge
from tests.chaos.parts import Parts
from tests.chaos.plan import CARRIER, Plan
from tests.chaos.read_out import errors_in, histories, phones, write_lines, write_tables
from tests.checkout import commit
from tests.servers import temporary_state
from tests.whole.town import ROOT
from web.staff.switches import Switches

Say = Callable[[str], None]

_LEAD: Final = timedelta(seconds=20)
_STEP: Final = 0.05
_COUNT_EVERY: Final = 2.0
_LATER: Final = 12.0
"""So many seconds later at most a blow falls on what was down when it was to be struck."""
_PEACE_SECONDS: Final = 480.0
_IN_HAND: Final = (LedgerState.CLAIMED, LedgerState.SENDING)
_IN_DOUBT_SECONDS: Final = 60.0
"""So long a text that is unknown is waited for, when all else is over: longer than what is tried takes."""
_REPORTED: Final = 3.0
"""For the carrier's last reports of how its texts arrived."""
_JSON: Final = {"Content-Type": "application/json"}
_PATIENCE_WITH_THE_CARRIER: Final = "2"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run came to. `troubles`: of the run itself, and processes that ended by themselves."""

    verdict: Verdict
    summary: Mapping[str, Any]


def play(plan: Plan, folder: Path, *, say: Say) -> Outcome:
    """Play it, write it into the folder (which is not there yet), and judge it."""
    folder.mkdir(parents=True)
    plan.write(folder / "play.json")
    agency = _agency_of(plan, folder / "agency")
    began = time.monotonic()
    with temporary_state() as state:
        try:
            with _Field(plan, agency, state) as field:
                say(f"seed {plan.seed}: {_in_a_line(plan)}")
                field.fight()
                say(f"seed {plan.seed}: {len(field.parts.blows)} blows are over; now it is left in peace")
                peace = field.leave_in_peace()
                summary = field.write_down(folder)
        finally:
            shutil.copytree(state.logs, folder / "logs", dirs_exist_ok=True)
    verdict = judge(folder)
    summary |= {
        "commit": commit(),
        "minutes": plan.minutes,
        "took_seconds": round(time.monotonic() - began),
        "peace_seconds": round(peace),
        "errors": errors_in(folder / "logs"),
        "clean": verdict.is_clean,
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return Outcome(verdict=verdict, summary=summary)


def _in_a_line(plan: Plan) -> str:
    return (
        f"{plan.log}, {len(plan.cad_ids())} calls in {sum(len(push.records) for push in plan.pushes)} records, "
        f"{len(plan.words)} words of residents, {len(plan.staff)} acts of staff, {len(plan.blows)} blows in "
        f"{plan.minutes:g} minutes at speed {plan.speed:g}"
    )


def _agency_of(plan: Plan, folder: Path) -> Path:
    """The agency's folder in a hurry: its own rules of who is texted, other times."""
    source = ROOT / "agencies" / AGENCIES[plan.log]
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("sample"))
    policy = yaml.safe_load((folder / "policy.yaml").read_text(encoding="utf-8"))
    for kind, changes in plan.timetable.items():
        policy["timetable"][kind] |= changes
    thresholds = policy["timetable"]["delay"]["first_after"]
    policy["timetable"]["delay"]["first_after"] = {int(priority): after for priority, after in thresholds.items()}
    policy["timetable"]["give_up_after"] = plan.give_up_after
    policy["undecided_for"] = min(plan.give_up_after, "120 min", key=lambda words: int(words.split()[0]))
    (folder / "policy.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    identity = yaml.safe_load((folder / "agency.yaml").read_text(encoding="utf-8"))
    identity["segments_per_second"] = plan.segments_per_second
    (folder / "agency.yaml").write_text(yaml.safe_dump(identity), encoding="utf-8")
    return folder


def happened(answered: Sequence[Mapping[str, Any]], *, ours: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
    """How often the carrier did what, by its rules; `None` where it has not ours: it has just come up again, and what
    the one before it did still counts."""
    if len(answered) != len(ours):
        return None
    counts: Counter[str] = Counter()
    for rule in answered:
        counts[rule["what"]] += rule["happened"]
    return dict(counts)


class _Field:
    """The running service, its surroundings, and what is done to both."""

    def __init__(self, plan: Plan, agency: Path, state: State) -> None:
        self._plan, self._state = plan, state
        loaded = load_agency(agency)
        ports = Ports.any_free()
        self._lines = {
            "database line": (free_port(), ports.postgres),
            "Temporal line": (free_port(), ports.temporal),
            "carrier line": (free_port(), ports.phones),
        }
        box = Box(
            state=state,
            ports=ports,
            folder=agency,
            agency=loaded,
            clock=Clock(),
            durable=True,
            durable_temporal=True,
        )
        self.box = replace(box, extra=self._settings(box))
        self.parts = Parts(pids=state.pids, clock=Clock())
        self._mischief: Counter[str] = Counter()
        self._mischief_so_far: dict[str, int] = {}
        self._carriers = 0
        self._rules = list(plan.rules)

    def _settings(self, box: Box) -> dict[str, str]:
        """The settings with which the service goes by the lines, and is less patient."""
        database = make_url(box.environment()["DATABASE_URL"]).set(port=self._lines["database line"][0])
        return {
            "COMMUNITYCONNECT_UNKNOWN_WAIT_SECONDS": f"{self._plan.unknown_wait_seconds:g}",
            "COMMUNITYCONNECT_TWILIO_TIMEOUT_SECONDS": _PATIENCE_WITH_THE_CARRIER,
            "DATABASE_URL": database.render_as_string(hide_password=False),
            "TEMPORAL_ADDRESS": f"{LOOPBACK}:{self._lines['Temporal line'][0]}",
            "COMMUNITYCONNECT_TWILIO_ADDRESS": f"http://{LOOPBACK}:{self._lines['carrier line'][0]}",
        }

    def __enter__(self) -> "_Field":
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.parts.end()
        if hasattr(self, "engine"):
            self.engine.dispose()

    def _start(self) -> None:
        box, parts = self.box, self.parts
        parts.lay(self._lines, log=self._state.log("network"))
        parts.start(*box.servers())
        box.ensure_database()
        self.engine: Engine = connect(box.owner_url, pool_size=10)
        environment = box.environment()
        set_up_database(self.engine, service=make_url(environment["DATABASE_URL"]), say=lambda _: None)
        self.keyring: Keyring = load_keyring(
            encryption_keys=environment["COMMUNITYCONNECT_ENCRYPTION_KEYS"],
            lookup_key=environment["COMMUNITYCONNECT_LOOKUP_KEY"],
        )
        # The clock stands in every process's settings: it begins when they are there, which takes so long.
        self.box = box = box.with_clock(new_clock(begins=self._plan.begins, lead=_LEAD, speed=self._plan.speed))
        parts.use(box.clock)
        parts.start(replace(box.phones(), name=CARRIER), on_ready=self._misbehave)
        parts.start(
            box.web(),
            box.cad(),
            box.console(),
            *(box.worker(name=f"worker {n}", metrics_port=free_port()) for n in (1, 2)),
            *(box.starter(name=f"starter {n}", metrics_port=free_port()) for n in (1, 2)),
        )

    def fight(self) -> None:
        """Everything that the plan says, until its last blow and its last minute are over."""
        clock = self.box.clock
        switches = Switches(engine=self.engine, keyring=self.keyring)
        time.sleep(max((clock.real_origin - datetime.now(UTC)).total_seconds(), 0))
        self.crowd = Crowd(self._plan, box=self.box, clock=clock, switches=switches)
        self.crowd.start()
        began = time.monotonic() + (clock.real_origin - datetime.now(UTC)).total_seconds()
        blows = [(blow.after, n, blow) for n, blow in enumerate(self._plan.blows)]
        heapq.heapify(blows)
        look_at = began
        while (now := time.monotonic()) < began + self._plan.seconds:
            while blows and now >= began + blows[0][0]:
                after, n, blow = heapq.heappop(blows)
                if blow.whom == CARRIER:
                    self._count_mischief()
                if not self.parts.strike(blow) and after < blow.after + _LATER:  # it was down already
                    heapq.heappush(blows, (after + _COUNT_EVERY, n, blow))
            self.parts.mind()
            if now >= look_at:
                look_at = now + _COUNT_EVERY
                self._count_mischief()
            time.sleep(_STEP)

    def leave_in_peace(self) -> float:
        """Everything is there again, and nothing errs any more, until all is over; for how long, in seconds."""
        began = time.monotonic()
        self.parts.heal()
        self._count_mischief()
        self._rules = []
        self._misbehave()
        unknown_until: float | None = None
        while (now := time.monotonic()) < began + _PEACE_SECONDS:
            self.parts.mind()
            if self.crowd.is_done:
                going, in_hand, unknown = self._left()
                if going + in_hand == 0:
                    unknown_until = unknown_until or now + _IN_DOUBT_SECONDS
                    if unknown == 0 or now > unknown_until:
                        break
            time.sleep(_STEP * 10)
        self.crowd.end()
        time.sleep(_REPORTED)
        return time.monotonic() - began

    def _left(self) -> tuple[int, int, int]:
        """Calls that are not over, texts in somebody's hand, and texts of which nobody knows. A reply whose site died
        is in nobody's: what became of it the next day's sum says."""
        with Session(self.engine) as session:
            going = select(func.count(col(CallRow.call_id))).where(col(CallRow.ended_reason).is_(None))
            no_replies = select(func.count(col(TextRow.id))).where(col(TextRow.kind) != Kind.AUTO_REPLY)
            states = [no_replies.where(col(TextRow.state).in_(some)) for some in (_IN_HAND, (LedgerState.UNKNOWN,))]
            return session.exec(going).one(), session.exec(states[0]).one(), session.exec(states[1]).one()

    def write_down(self, folder: Path) -> dict[str, Any]:
        """Into the run's folder; the summary of what was done."""
        plan, clock = self._plan, self.box.clock
        ends = clock.now()
        messages = requests.get(f"{self.box.phones_url}/carrier/phones", timeout=60).json()["phones"]
        told = phones((message for phone in messages for message in phone["messages"]), clock)
        mischief = [{"whom": CARRIER, "how": how, "count": count} for how, count in sorted(self._mischief.items())]
        write_lines(folder / "phones.jsonl", told)
        write_lines(folder / "told.jsonl", self.crowd.told)
        write_lines(folder / "said.jsonl", self.crowd.said)
        write_lines(folder / "blows.jsonl", [*self.parts.blows, *mischief])
        write_tables(folder, self.engine, self.keyring)
        write_lines(folder / "histories.jsonl", histories(f"{LOOPBACK}:{self.box.ports.temporal}"))
        written = {
            "seed": plan.seed,
            "log": plan.log,
            "speed": plan.speed,
            "begins": plan.begins.isoformat(),
            "real_begins": clock.real_origin.isoformat(),
            "agency": "agency",
            "ends": ends.astimezone(UTC).isoformat(),
        }
        (folder / "plan.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        return {
            "seed": plan.seed,
            "log": plan.log,
            "calls": len(plan.cad_ids()),
            "blows": dict(Counter(f"{blow['how']} {blow['whom']}" for blow in self.parts.blows)),
            "mischief": dict(self._mischief),
            "troubles": [*self.parts.troubles, *self.crowd.faults],
        }

    # The carrier's rules end with its process, and the counts of what they did, too.

    def _misbehave(self) -> None:
        self._mischief.update(self._mischief_so_far)
        self._mischief_so_far = {}
        self._carriers += 1
        rules = json.dumps({"rules": self._rules, "seed": self._plan.seed + self._carriers})
        requests.put(self._rules_url, data=rules, headers=_JSON, timeout=10).raise_for_status()

    def _count_mischief(self) -> None:
        try:
            answer = requests.get(self._rules_url, timeout=1).json()
        except requests.RequestException:
            return
        if (so_far := happened(answer["rules"], ours=self._rules)) is not None:
            self._mischief_so_far = so_far

    @property
    def _rules_url(self) -> str:
        return f"{self.box.phones_url}/carrier/misbehaviour"
