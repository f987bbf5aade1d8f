"""A resident who answers the survey over HTTP, without a browser."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import requests

from tests.web.served import Residents

LAST: Final = 4
"""The number of Ottawa's last page, which submits."""
Answers = Mapping[str, str | Sequence[str]]


def opened(residents: Residents, token: str, query: str = "", **headers: str) -> requests.Response:
    return residents.http.get(f"{residents.address}/s/{token}{query}", headers=headers, timeout=10)


def sent(
    residents: Residents, token: str, answers: Answers, query: str = "", *, step: int = 1, **button: str
) -> requests.Response:
    """One page is sent."""
    return residents.http.post(
        f"{residents.address}/s/{token}{query}",
        data={"step": str(step), **answers, **button},
        timeout=10,
        allow_redirects=False,
    )


def submitted(residents: Residents, token: str, answers: Answers, query: str = "") -> requests.Response:
    """All pages are sent, one after the other; the answer to the last."""
    for step in range(1, LAST):
        sent(residents, token, answers, query, step=step)
    return sent(residents, token, answers, query, step=LAST)


def read(page: requests.Response) -> str:
    """The page's text as far as tags within sentences are concerned."""
    return page.text.replace('<span class="whole">', "").replace("</span>", "")


def language_of(page: requests.Response) -> str:
    found = re.search(r'<html lang="(\w\w)" dir="ltr">', page.text)
    assert found
    return found.group(1)
