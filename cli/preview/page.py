"""The preview as one HTML page: no scripts, nothing from elsewhere, in both languages."""

from decimal import Decimal
from pathlib import Path
from typing import Final

import phonenumbers
from babel.numbers import format_currency
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from calls.facts import Language
from cli.preview.shown import ShownText, is_dear
from cli.preview.words import Words
from policy.agency import Agency
from texts.samples import sample_fields

_HERE: Final = Path(__file__).parent
_LOCALES: Final = {Language.ENGLISH: "en_CA", Language.FRENCH: "fr_CA"}


class View:
    """What one language's part of the page says."""

    def __init__(self, agency: Agency, language: Language) -> None:
        self.t = Words(language)
        self.language = language
        self.agency = agency.identity.name[language]
        self._price = agency.identity.segment_price
        self._wording = agency.wording.version
        self._values = sample_fields(language)

    @property
    def lead(self) -> str:
        case_number = self._values["case_number"].replace("-", "\u2011")  # no line ends within it
        return self.t("lead", case_number=case_number, link=self._values["link"])

    @property
    def price(self) -> str:
        return self.t("price_none") if self._price is None else self.t("price", amount=self.money(self._price.amount))

    @property
    def version(self) -> str:
        return self.t("version", version=self._wording)

    @property
    def has_price(self) -> bool:
        return self._price is not None

    def money(self, amount: Decimal) -> str:
        """An amount with all its digits: a price is often below a cent."""
        currency = "" if self._price is None else self._price.currency
        locale = _LOCALES[self.language]
        return str(format_currency(amount, currency, locale=locale, decimal_quantization=False))


def page(agency: Agency, texts: list[ShownText]) -> str:
    """The page."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    sender = phonenumbers.format_number(
        phonenumbers.parse(agency.identity.sender), phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    views = [View(agency, language) for language in Language]
    return environment.get_template("page.html").render(views=views, texts=texts, sender=sender, is_dear=is_dear)
