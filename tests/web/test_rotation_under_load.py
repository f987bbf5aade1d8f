"""Both keys and Twilio's token are changed while residents write: no request fails, nobody is forgotten."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
import requests
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from twilio.request_validator import RequestValidator

from database.encryption import Keyring, load_keyring, new_key
from database.move_numbers import begin_move, move_numbers, note_key
from database.re_encrypt import keys_in_use, re_encrypt
from database.tables import OptOutRow, real_now
from policy.agency import Agency
from tests.builders import minutes
from tests.conftest import FIGURES
from tests.survey.month import Town
from tests.web.served import ACCOUNT, ORIGIN, OURS
from tests.web.web_process import web_process

OLD_KEY, NEW_KEY = f"old:{new_key()}", f"new:{new_key()}"
OLD_LOOKUP, NEW_LOOKUP = new_key(), new_key()
OLD_TOKEN, NEW_TOKEN = "token-of-before-0123456789abcdef", "token-of-after-0123456789abcdef0"
NUMBERS: Final = [f"+1613555{place:04d}" for place in range(100, 200)]
PROCESSES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What a process is started with."""

    encryption: str
    lookup: str
    other_lookup: str
    token: str
    other_token: str

    @property
    def ring(self) -> Keyring:
        return load_keyring(encryption_keys=self.encryption, lookup_key=self.lookup, other_lookup_key=self.other_lookup)

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "COMMUNITYCONNECT_OTHER_LOOKUP_KEY": self.other_lookup,
            "TWILIO_AUTH_TOKEN": self.token,
            "COMMUNITYCONNECT_TWILIO_OTHER_AUTH_TOKEN": self.other_token,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "COMMUNITYCONNECT_PUBLIC_ORIGIN": ORIGIN,
        }


def keys(encryption: str, lookup: str, token: str, *, other_lookup: str = "", other_token: str = "") -> Keys:
    return Keys(encryption=encryption, lookup=lookup, other_lookup=other_lookup, token=token, other_token=other_token)


BEFORE = keys(OLD_KEY, OLD_LOOKUP, OLD_TOKEN)
KNOWN = keys(f"{OLD_KEY},{NEW_KEY}", OLD_LOOKUP, OLD_TOKEN, other_lookup=NEW_LOOKUP, other_token=NEW_TOKEN)
FIRST = keys(f"{NEW_KEY},{OLD_KEY}", NEW_LOOKUP, NEW_TOKEN, other_lookup=OLD_LOOKUP, other_token=OLD_TOKEN)


@dataclass
class Site:
    """Two processes behind what sends nobody to one that is being stopped, as a proxy does."""

    engine: Engine
    folder: Path
    stacks: list[ExitStack] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def start_anew(self, with_: Keys) -> None:
        """One after the other: the new one first, then the old one goes."""
        for _ in range(PROCESSES):
            stack = ExitStack()
            process = stack.enter_context(
                web_process(
                    self.engine,
                    self.folder,
                    encryption_keys=with_.encryption,
                    lookup_key=with_.lookup,
                    changes=with_.settings,
                )
            )
            self.stacks.append(stack)
            self.addresses.append(process.address)
            if len(self.stacks) > PROCESSES:
                self.addresses.pop(0)
                time.sleep(0.2)  # what was sent there is answered
                self.stacks.pop(0).close()

    def close(self) -> None:
        for stack in self.stacks:
            stack.close()


@dataclass
class Load:
    """Residents who write STOP, START and other things, and open their surveys. What each said last is remembered."""

    site: Site
    links: Sequence[str]
    token: str = OLD_TOKEN
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    said: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        over = threading.Event()
        threads = [threading.Thread(target=self._write, args=(over, part)) for part in range(2)]
        threads.append(threading.Thread(target=self._open, args=(over,)))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _write(self, over: threading.Event, part: int) -> None:
        chance, mine = Random(part), NUMBERS[part::2]
        for sid in count():
            if over.is_set():
                return
            number, body = chance.choice(mine), chance.choice(["STOP", "ARRET", "START", "hello"])
            fields = {
                "AccountSid": ACCOUNT,
                "MessageSid": f"SM{part}{sid:031x}",
                "From": number,
                "To": OURS,
                "Body": body,
            }
            signature = RequestValidator(self.token).compute_signature(f"{ORIGIN}/twilio/inbound", fields)
            answer = requests.post(
                f"{self.site.addresses[-1 - sid % 2]}/twilio/inbound",
                data=fields,
                headers={"X-Twilio-Signature": signature},
                timeout=10,
            )
            self.statuses["text", answer.status_code] += 1
            if body != "hello":
                self.said[number] = body

    def _open(self, over: threading.Event) -> None:
        for turn in count():
            if over.is_set():
                return
            link = self.links[turn % len(self.links)]
            answer = requests.get(f"{self.site.addresses[-1 - turn % 2]}/s/{link}", timeout=10)
            self.statuses["survey", answer.status_code] += 1


@pytest.mark.deep  # eight processes are started, one after the other: a minute or two
def test_keys_and_tokens_are_changed_and_no_request_fails_and_r6_every_stop_holds(
    engine: Engine, ottawa: Agency, tmp_path: Path, record_property: Any
) -> None:
    note_key(engine, BEFORE.ring)
    town = Town(engine=engine, keyring=BEFORE.ring, agency=ottawa)
    links = [town.invited(f"{number}", real_now() - minutes(1)) for number in range(20)]
    site = Site(engine, tmp_path)
    load = Load(site, links)
    try:
        site.start_anew(BEFORE)
        with load.going_on():
            site.start_anew(KNOWN)
            site.start_anew(FIRST)
            load.token = NEW_TOKEN
            begin_move(engine, FIRST.ring)
            while not move_numbers(engine, FIRST.ring).is_done:
                time.sleep(0.05)
            list(re_encrypt(engine, FIRST.ring))
            site.start_anew(keys(NEW_KEY, NEW_LOOKUP, NEW_TOKEN, other_lookup=OLD_LOOKUP))
            time.sleep(0.5)
    finally:
        site.close()
    record_property(FIGURES, f"keys and tokens changed under load: {dict(load.statuses)}")
    assert {status for _, status in load.statuses} == {200}
    assert keys_in_use(engine).keys() == {"new"}
    with Session(engine) as session:
        in_force = session.exec(select(OptOutRow.phone_hash).where(col(OptOutRow.ended_at).is_(None))).all()
    only_new = keys(NEW_KEY, NEW_LOOKUP, NEW_TOKEN).ring
    stopped = {only_new.phone_hash(number) for number, said in load.said.items() if said != "START"}
    assert sorted(in_force) == sorted(stopped)
