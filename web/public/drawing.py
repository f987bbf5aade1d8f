"""Charts as SVG, drawn into the page: in the colours of the page, light or dark, and as wide as it lets them.

A drawing has no words and no numbers: these stand beside it, as text (docs/decisions/0036-the-portal.md).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from markupsafe import Markup

_LONG, _HIGH = 100, 48
_BAR: Final = Markup(
    '<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><path d="M0 0h{}v1H0"/></svg>'
)
_COURSE: Final = Markup(
    '<svg class="course" viewBox="0 -4 100 56" preserveAspectRatio="none" aria-hidden="true">'
    '<path class="edge" d="M0 0H100M0 {}H100"/><path class="half" d="M0 {}H100"/><path class="line" d="{}"/>'
    '<path class="dots" d="{}"/></svg>'
)


def bar(percent: Decimal | None) -> Markup:
    """A share of all; nothing where it is not told."""
    return Markup() if percent is None else _BAR.format(percent)


def course(percents: Sequence[Decimal | None]) -> Markup:
    """Shares one after the other, from none below to all above; a gap where one is not told."""
    step = _LONG / max(len(percents), 1)
    line, dots, is_on = [], [], False
    for index, percent in enumerate(percents):
        if percent is None:
            is_on = False
            continue
        x, y = f"{step * (index + 0.5):.1f}", f"{_HIGH - float(percent) * _HIGH / 100:.1f}"
        line.append(f"{'L' if is_on else 'M'}{x} {y}")
        dots.append(f"M{x} {y}h0")
        is_on = True
    return _COURSE.format(_HIGH, _HIGH / 2, "".join(line), "".join(dots))
