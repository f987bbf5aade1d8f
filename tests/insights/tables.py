"""The tables of a page with figures, read as somebody reads them, and what such a table may not tell."""

from collections.abc import Iterable, Mapping, Sequence
from html.parser import HTMLParser

FEW, NOT_SHOWN, NONE = "fewer than 5", "not shown", "–"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, dict[str, list[str]]] = {}
        self._table = self._row = ""
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._table = given.get("data-table") or ""
            assert self._table, "a table with figures has a name"
            self.tables[self._table] = {}
        elif tag == "tr" and "data-value" in given:
            self._row = given["data-value"] or ""
            self.tables[self._table][self._row] = []
        elif tag in ("td", "th") and self._table and self.tables[self._table]:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = ""
        if tag in ("td", "th") and self._cell is not None:
            self.tables[self._table][self._row].append("".join(self._cell).strip())
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


def tables_of(html: str) -> dict[str, dict[str, list[str]]]:
    """By the table's name and the row's value, the cells' texts; the first one is the row's own words."""
    reader = _Reader()
    reader.feed(html)
    return reader.tables


def number(cell: str) -> int | None:
    """A count; `None`: it is not shown."""
    return None if cell in (FEW, NOT_SHOWN) else int(cell.replace(",", ""))


def percent(part: float) -> str:
    return f"{int(100 * part + 0.5)}%"


def interval(low: float, high: float) -> str:
    return f"{int(100 * low + 0.5)}–{int(100 * high + 0.5)}%"


def assert_sum_tells_nothing(total: str, parts: Iterable[str], truth: Sequence[int], *, rest: int = 0) -> None:
    """Whoever knows the total and the parts that are shown knows no figure of few. `truth`: the parts' real counts;
    `rest`: what is no part and stands nowhere."""
    shown = list(parts)
    secret = [count for cell, count in zip(shown, truth, strict=True) if number(cell) is None]
    if number(total) is None:
        assert secret or rest or not sum(truth), (total, shown, truth)
        return
    assert not 0 < sum(secret) + rest < 5, (total, shown, truth, rest)
    assert rest or len(secret) != 1, (total, shown, truth)


def assert_count(cell: str, truth: int) -> None:
    """It is the true count, or hidden; one of few is always hidden, and none at all never."""
    if 0 < truth < 5:
        assert cell == FEW, (cell, truth)
    elif number(cell) is not None:
        assert number(cell) == truth
    else:
        assert cell == NOT_SHOWN, (cell, truth)
        assert truth >= 5


def assert_only_hidden_where_needed(
    cells: Mapping[tuple[str, str], str], truth: Mapping[tuple[str, str], int], reasons: int
) -> None:
    """Nothing is "not shown" where there is nothing to protect."""
    if not reasons and not any(0 < count < 5 for count in truth.values()):
        assert NOT_SHOWN not in cells.values(), cells
