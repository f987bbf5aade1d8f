"""The preview in a terminal."""

from collections.abc import Iterator

from babel.numbers import format_currency
from rich.box import ROUNDED
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from calls.facts import Language
from cli.preview.shown import Shown, ShownText, is_dear
from cli.preview.words import Words

_BUBBLE = 46
_WORDS = Words(Language.ENGLISH)


def print_preview(texts: list[ShownText], console: Console) -> None:
    """Every text, its versions beside one another where there is room."""
    for text in texts:
        console.print()
        console.print(Text(f"{text.key}: {_WORDS(text.key)}", style="bold"))
        if not text.is_used:
            console.print(Text(_WORDS("unused"), style="dim"))
        console.print(Columns([_bubble(shown) for shown in text.versions], padding=(0, 1)))
    console.print()
    for key in ("at_most_means", "ease_means"):
        console.print(Text(_WORDS(key), style="dim"))


def _bubble(shown: Shown) -> RenderableType:
    body = Text()
    for piece, dear in shown.parts:
        body.append(piece, style="reverse" if dear and not shown.is_spoken else "")
    title = _WORDS("both") if shown.language is None else _WORDS(shown.language.value)
    panel = Panel(body, title=title, title_align="left", box=ROUNDED, width=_BUBBLE)
    return Group(panel, *(Text(f"  {line}", style=style) for line, style in _facts(shown)))


def _facts(shown: Shown) -> Iterator[tuple[str, str]]:
    if shown.is_spoken:
        yield _WORDS("spoken"), "dim"
    else:
        more = f" ({_WORDS('at_most', n=shown.at_most)})" if shown.at_most > shown.cost.segments else ""
        facts = [
            _WORDS.segments(shown.cost.segments) + more,
            f"{shown.cost.encoding} {_WORDS('used', n=shown.cost.units, room=shown.cost.room)}",
        ]
        if shown.price is not None and shown.amount is not None:
            facts.append(
                format_currency(shown.amount, shown.price.currency, locale="en_CA", decimal_quantization=False)
            )
        yield ", ".join(facts), "dim"
    if shown.ease is not None:
        yield f"{_WORDS('ease')}: {_WORDS('ease_of', n=shown.ease)}", "dim"
    if is_dear(shown):
        for forced in shown.forced:
            yield (
                f"! {_WORDS('at_position', character=forced.character, name=forced.name, position=forced.position)}",
                "red",
            )
