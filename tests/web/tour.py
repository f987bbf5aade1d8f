"""Every page and state that a resident can meet, one after the other, in a browser."""

from collections.abc import Iterator
from datetime import timedelta

from playwright.sync_api import Page

from tests.web.served import Residents

COMMENT = {"en": "The officer was kind, but I waited long.", "fr": "L’agente était aimable, mais l’attente fut longue."}
URGENT = {"en": "He is outside now and he has a knife", "fr": "Il est à ma porte avec un couteau"}


def next_page(page: Page) -> None:
    page.locator("button.send").click()


def choose(page: Page, question: str, option: str) -> None:
    page.locator(f"[name='{question}'][value='{option}']").check()


def tour(residents: Residents, page: Page, language: str) -> Iterator[str]:
    """The name of each state, while the page is in it."""
    link = f"{residents.address}/s/{residents.invite(language=language)}"
    page.goto(link)
    yield "start"
    page.locator("[name='Q1']").first.evaluate("one => { one.value = 'nonsense'; one.checked = true }")
    next_page(page)
    yield "unknown-option"
    choose(page, "Q1", "4")
    choose(page, "Q2", "5")
    next_page(page)
    choose(page, "Q4", "4")
    choose(page, "Q6", "in_person")
    yield "after-your-call"
    next_page(page)
    choose(page, "Q7", "5")
    yield "the-officer"
    next_page(page)
    choose(page, "Q10", "noise")
    choose(page, "Q10", "driving")
    page.locator("#C1").fill(COMMENT[language])
    yield "comment"
    page.locator("#C1").evaluate("area => { area.removeAttribute('maxlength'); area.value = 'x'.repeat(1001) }")
    next_page(page)
    yield "comment-too-long"
    page.locator("#C1").fill(COMMENT[language])
    choose(page, "Q10", "none")
    next_page(page)
    yield "not-alone"
    page.locator("[value='none']").uncheck()
    next_page(page)
    yield "thanks"
    page.goto(link)
    yield "used"
    yield from _others(residents, page, language)


def _others(residents: Residents, page: Page, language: str) -> Iterator[str]:
    page.goto(f"{residents.address}/s/{residents.invite(language=language)}")
    for _ in range(3):
        next_page(page)
    yield "no-officer"
    next_page(page)
    yield "nothing-answered"
    page.locator("#C1").fill(URGENT[language])
    page.locator("button.back").click()
    yield "urgent-not-sent"
    page.locator("a.on").first.click()
    yield "went-back"
    next_page(page)
    next_page(page)
    yield "urgent"
    page.goto(f"{residents.address}/s/{residents.invite(valid_for=timedelta(seconds=-1))}?lang={language}")
    yield "closed"
    page.goto(f"{residents.address}/nowhere?lang={language}")
    yield "nowhere"
    page.goto(f"{residents.address}/?lang={language}")
    yield "home"
