"""The store: phones, what they received and said, and whom they have stopped. One SQLite file.

The file is written in WAL mode with `synchronous=NORMAL`: what was answered survives a SIGKILL of this process (the
operating system has it), at some 30 microseconds a commit. Only a power cut could lose the last moments, and with them
the service on the same machine. So short are all statements that they run on the event loop itself; nothing else
opens the file.
"""

import json
import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from local.carrier import numbers
from local.carrier.clock import Clock, now
from local.carrier.entries import Direction, Entry, Kind, Post, Said

_DELETED = 2
SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again after `forget`, so that a page sees that all is new
    sid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    direction TEXT NOT NULL,
    phone TEXT NOT NULL,                  -- the resident's number
    sender TEXT NOT NULL,                 -- the service's number
    body TEXT NOT NULL,
    redacted INTEGER NOT NULL DEFAULT 0,  -- 1: its words are gone from the API, 2: it is; the phone has it
    status TEXT NOT NULL,
    error_code INTEGER,
    segments INTEGER NOT NULL,
    callback_url TEXT NOT NULL,
    created REAL NOT NULL,
    shown TEXT NOT NULL,                  -- `created` on the clock of that run, as the pages tell it; ISO
    sent REAL,
    updated REAL NOT NULL,
    webhook TEXT NOT NULL DEFAULT '',     -- from a phone: '' while the service is told, 'heard' or an error code
    said TEXT NOT NULL DEFAULT '[]'       -- a call: what the line said, [[language, text], ...]
);
CREATE INDEX IF NOT EXISTS entry_of_phone ON entry (phone, id);
CREATE INDEX IF NOT EXISTS entry_unfinished ON entry (id) WHERE status IN ('queued', 'sent', 'received', 'ringing');
CREATE TABLE IF NOT EXISTS phone (number TEXT PRIMARY KEY, latest INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS phone_latest ON phone (latest);
CREATE TABLE IF NOT EXISTS stopped (phone TEXT, sender TEXT, PRIMARY KEY (phone, sender)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS post (         -- each request to send a text, whatever became of it
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    arrived REAL NOT NULL,
    phone TEXT NOT NULL,                  -- as given: it may be no number
    sender TEXT NOT NULL,
    segments INTEGER NOT NULL,
    sid TEXT                              -- the text that was taken on; NULL: none was
);
"""


class Network:
    def __init__(self, file: Path | str, *, clock: Clock) -> None:
        self._clock = clock
        self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        self._database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)
        # What a page has seen of a phone. It need not survive: the prefix makes all versions new after a restart.
        self._start = secrets.token_hex(4)
        self._changes: defaultdict[str, int] = defaultdict(int)

    def close(self) -> None:
        self._database.close()

    # --- writing ---

    def add(
        self,
        *,
        kind: Kind,
        direction: Direction,
        phone: str,
        sender: str,
        body: str,
        status: str,
        error_code: int | None = None,
        callback_url: str = "",
        post: Post | None = None,
    ) -> Entry:
        """A new text, call or notice; with the `post` that asked for it, it is as old as that."""
        sid = ("CA" if kind == "call" else "SM") + secrets.token_hex(16)
        created = post.arrived if post else now()
        shown = self._clock.local(created).isoformat()
        with self._transaction():
            latest = self._database.execute(
                "INSERT INTO entry (sid, kind, direction, phone, sender, body, status, error_code, segments,"
                " callback_url, created, shown, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(sid, kind, direction, phone, sender, body, status, error_code),
                    *(numbers.segments(body), callback_url, created, shown, created),
                ),
            ).lastrowid
            self._database.execute(
                "INSERT INTO phone VALUES (?, ?) ON CONFLICT DO UPDATE SET latest = excluded.latest", (phone, latest)
            )
            if post:
                self._database.execute("UPDATE post SET sid = ? WHERE id = ?", (sid, post.id))
        if (entry := self._changed(sid)) is None:
            raise LookupError(sid)
        return entry

    def saw_post(self, *, arrived: float, phone: str, sender: str, body: str) -> Post:
        """A request to send a text, written down before anything else is done with it."""
        segments = numbers.segments(body)
        row = self._database.execute(
            "INSERT INTO post (arrived, phone, sender, segments) VALUES (?, ?, ?, ?)",
            (arrived, phone, sender, segments),
        ).lastrowid
        return Post(id=row or 0, arrived=arrived, phone=phone, sender=sender, segments=segments, sid=None)

    def move(self, sid: str, status: str, error_code: int | None = None) -> Entry | None:
        """The next status of a text; None if it has been forgotten meanwhile."""
        stamp = now()
        self._database.execute(
            "UPDATE entry SET status = ?, error_code = ?, updated = ?,"
            " sent = coalesce(sent, CASE WHEN ? = 'sent' THEN ? END) WHERE sid = ?",
            (status, error_code, stamp, status, stamp, sid),
        )
        return self._changed(sid)

    def redact(self, sid: str) -> Entry | None:
        self._database.execute("UPDATE entry SET redacted = 1, updated = ? WHERE sid = ?", (now(), sid))
        return self._changed(sid)

    def delete(self, sid: str) -> None:
        """The API knows it no longer; the phone does."""
        change = "UPDATE entry SET redacted = ?, updated = ? WHERE sid = ?"
        self._database.execute(change, (_DELETED, now(), sid))
        self._changed(sid)

    def heard(self, sid: str, webhook: str, said: Sequence[Said] = ()) -> None:
        """What became of the webhook about a text or call from a phone, and what the line said."""
        said_text = json.dumps([[part.language, part.text] for part in said])
        status = (
            "UPDATE entry SET webhook = ?, said = ?, status = iif(kind = 'call', 'completed', status) WHERE sid = ?"
        )
        self._database.execute(status, (webhook, said_text, sid))
        self._changed(sid)

    def stop(self, phone: str, sender: str) -> None:
        self._database.execute("INSERT OR IGNORE INTO stopped VALUES (?, ?)", (phone, sender))
        self._changes[phone] += 1

    def start(self, phone: str, sender: str) -> None:
        self._database.execute("DELETE FROM stopped WHERE phone = ? AND sender = ?", (phone, sender))
        self._changes[phone] += 1

    def forget(self) -> None:
        with self._transaction():
            for table in ("entry", "phone", "stopped", "post"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own four names
        self._start = secrets.token_hex(4)

    # --- reading ---

    def entry(self, sid: str) -> Entry | None:
        return next(self._entries("WHERE sid = ?", sid), None)

    def messages(self, condition: str, values: Sequence[str | float], *, limit: int) -> list[Entry]:
        """Texts for Twilio's list, newest first. `condition` is SQL of ours, never a caller's."""
        return list(
            self._entries(
                f"WHERE kind = 'text' AND redacted < {_DELETED} {condition} ORDER BY id DESC LIMIT ?", *values, limit
            )
        )

    def unfinished(self) -> list[Entry]:
        """What a restart interrupted: texts on their way, and texts and calls that the service has not heard of."""
        return list(
            self._entries(
                "WHERE status IN ('queued', 'sent', 'received', 'ringing')"
                " AND (direction <> 'inbound' OR webhook = '') ORDER BY id"
            )
        )

    def conversation(self, phone: str, *, limit: int) -> list[Entry]:
        """The latest entries of one phone, oldest first."""
        return list(self._entries("WHERE phone = ? ORDER BY id DESC LIMIT ?", phone, limit))[::-1]

    def latest(self, *, fragment: str = "", limit: int) -> list[Entry]:
        """The last entry of each phone whose number contains the fragment, newest first."""
        return list(
            self._entries(
                "WHERE id IN (SELECT latest FROM phone WHERE number LIKE ? ORDER BY latest DESC LIMIT ?)"
                " ORDER BY id DESC",
                f"%{fragment}%",
                limit,
            )
        )

    def everything(self) -> Iterator[Entry]:
        return self._entries("ORDER BY phone, id")

    def posts(self) -> list[Post]:
        """In the order of their arrival."""
        return [Post(**row) for row in self._database.execute("SELECT * FROM post ORDER BY arrived, id")]

    def count(self) -> int:
        """How many phones there are."""
        (count,) = self._database.execute("SELECT count(*) FROM phone").fetchone()
        return int(count)

    def has_phone(self, number: str) -> bool:
        return self._database.execute("SELECT 1 FROM phone WHERE number = ?", (number,)).fetchone() is not None

    def stopped(self, phone: str) -> list[str]:
        """The senders that this phone has stopped."""
        rows = self._database.execute("SELECT sender FROM stopped WHERE phone = ? ORDER BY sender", (phone,))
        return [str(row["sender"]) for row in rows]

    def has_stopped(self, phone: str, sender: str) -> bool:
        return sender in self.stopped(phone)

    def version(self, phone: str = "") -> str:
        """Changes whenever the phone (or, without one, any phone) does."""
        return f"{self._start}-{self._changes[phone]}"

    # --- inside ---

    def _changed(self, sid: str) -> Entry | None:
        """The entry as it is now; None if it has been forgotten."""
        entry = self.entry(sid)
        if entry:
            self._changes[entry.phone] += 1
            self._changes[""] += 1
        return entry

    def _entries(self, rest: str, *values: str | float) -> Iterator[Entry]:
        for row in self._database.execute(f"SELECT * FROM entry {rest}", values):  # noqa: S608 - `rest` is ours
            fields = dict(row)
            fields["deleted"] = fields["redacted"] == _DELETED
            fields["redacted"] = bool(fields["redacted"])
            fields["shown"] = datetime.fromisoformat(fields["shown"])
            fields["said"] = tuple(Said(*part) for part in json.loads(fields["said"]))
            yield Entry(**fields)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
