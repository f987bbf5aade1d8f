"""An agency's folder, read by the words of docs/agency-folder.md alone: for calculations that share no line with the
service."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

DURATION = re.compile(r"(\d+) ?(s|min|h|d)")
UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}
SILENCE = {"allowed": 0, "unknown": 1, "excluded": 2, "sensitive": 3}
ENDS = {"cancelled", "duplicate", "merged", "transferred", "test"}  # handled, if at all, under another number
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the one in C is ten times faster
YES = {"1", "true", "t", "yes", "y"}


class Folder:
    """An agency's folder: who is texted, when, and what its CAD's codes mean."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        cad, types, policy = (_read(folder / name) for name in ("cad.yaml", "call_types.yaml", "policy.yaml"))
        self.columns: dict[str, str] = cad["columns"]
        self.zone = ZoneInfo(cad["zone"])
        self.priority_of: dict[str, str] = cad.get("priorities") or {}
        self.source_of: dict[str, str] = cad.get("sources") or {}
        self.meaning: dict[str, str] = cad.get("dispositions") or {}
        self.priorities: list[str] = policy["priorities"]
        self.sources: list[str] = policy["sources"]
        self.timetable: dict[str, Any] = policy["timetable"]
        self.numbers: dict[str, Any] = policy.get("numbers") or {}
        self.undecided_for: str = policy.get("undecided_for") or "2 h"
        self.survey_zone = ZoneInfo(self.timetable["zone"])
        self._exact: dict[str, str] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        self._rules: dict[str, str] = {}
        for group in types["groups"].values():
            for code in group["codes"]:
                self._add(_plain(code), group["rule"])

    @property
    def key(self) -> str:
        """With which the ids of its calls begin."""
        return str(_read(self.path / "agency.yaml")["key"])

    def _add(self, code: str, rule: str) -> None:
        if "*" in code:
            self._patterns.append((re.compile(re.escape(code).replace(r"\*", ".*"), re.DOTALL), rule))
        else:
            self._exact[code] = _most_silent([rule, self._exact.get(code, "allowed")])

    def rule_of(self, call_type: str) -> str:
        """allowed, excluded, sensitive or unknown"""
        if call_type not in self._rules:
            code = _plain(call_type)
            fitting = [rule for pattern, rule in self._patterns if pattern.fullmatch(code)]
            self._rules[call_type] = self._exact.get(code) or _most_silent(fitting or ["unknown"])
        return self._rules[call_type]

    def meaning_of(self, disposition: str) -> str | None:
        """By the code, or by what stands before the words that follow it."""
        code = disposition.strip()
        return self.meaning.get(code, self.meaning.get(code.split("-")[0].strip()))

    def is_outside(self, priority: str) -> bool:
        return priority in self.priority_of and self.priority_of[priority] not in self.priorities

    def first_after(self, priority: str) -> timedelta | None:
        told = self.timetable["delay"]["first_after"].get(self.priority_of.get(priority))
        return None if told is None else duration(told)


def _read(path: Path) -> dict[str, Any]:
    """Every value as it is written: 20:00 is no number of minutes, and NO is no falsehood."""
    tree: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
    return tree


def duration(words: str) -> timedelta:
    """As the folder writes it: `3 min`."""
    match = DURATION.fullmatch(words.strip())
    if match is None:
        raise ValueError(f"not a duration: {words}")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _plain(code: str) -> str:
    return " ".join(code.upper().split())


def _most_silent(rules: list[str]) -> str:
    return max(rules, key=SILENCE.__getitem__)
