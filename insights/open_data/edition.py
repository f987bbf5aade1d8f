"""One version of one quarter: what stands on its cover."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from insights.open_data.quarters import Quarter
from policy.agency import Agency
from policy.open_data import Contact, Licence, OpenData
from survey.questions import Localized


class NotFilledIn(Exception):  # noqa: N818 - an outcome
    """The agency's folder lacks what has to stand on a bundle; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Edition:
    """`reason`: of a second version and later, why. `prepared_at`: aware."""

    key: str
    name: Localized
    publisher: Localized
    licence: Licence
    contact: Contact
    address: str
    open_data: OpenData
    quarter: Quarter
    version: int
    reason: Localized | None
    prepared_at: datetime

    @classmethod
    def of(
        cls, agency: Agency, quarter: Quarter, *, version: int, reason: Localized | None, prepared_at: datetime
    ) -> Self:
        """With what the agency's folder says.

        Raises:
            NotFilledIn: it does not say all of it.
            ValueError: a second version without a reason.
        """
        given = agency.open_data
        if given is None:
            raise NotFilledIn("the agency's folder has no open_data.yaml; see docs/agency-folder.md")
        publisher, licence, contact, address = given.publisher, given.licence, given.contact, given.address
        if publisher is None or licence is None or contact is None or address is None:
            raise NotFilledIn(f"open_data.yaml lacks {', '.join(given.missing)}; see docs/agency-folder.md")
        if version > 1 and reason is None:
            raise ValueError("a version after the first has a reason")
        names = {language.value: name for language, name in agency.identity.name.items()}
        return cls(
            key=agency.key,
            name=Localized(en=names["en"], fr=names["fr"]),
            publisher=publisher,
            licence=licence,
            contact=contact,
            address=address,
            open_data=given,
            quarter=quarter,
            version=version,
            reason=reason,
            prepared_at=prepared_at,
        )

    @property
    def path(self) -> str:
        """Below the public folder."""
        return f"{self.key}/{self.quarter}/v{self.version}/"

    @property
    def place(self) -> str:
        """The address of the bundle."""
        return self.address + self.path

    @property
    def readme(self) -> str:
        """The address of what people read first: that of the bundle is a folder, where a server may have nothing."""
        return f"{self.place}README_EN.md"

    @property
    def id(self) -> str:
        return f"communityconnect-{self.key}-{self.quarter}-v{self.version}"

    @property
    def title(self) -> Localized:
        year, number = self.quarter.year, self.quarter.quarter
        return Localized(
            en=f"CommunityConnect, {self.name.en}: quarter {number} of {year}",
            fr=f"CommunityConnect, {self.name.fr} : trimestre {number} de {year}",
        )

    @property
    def description(self) -> Localized:
        return Localized(
            en="Text updates for people who called the police about something that is not urgent, and what they "
            "answered to a survey afterwards: counts by area and priority, rounded so that nobody can be found in "
            "them.",
            fr="Messages textes aux personnes qui ont appelé la police pour une affaire non urgente, et leurs réponses "
            "à un sondage : nombres par secteur et par priorité, arrondis de sorte que personne ne puisse y être "
            "reconnu.",
        )

    def published_as(self) -> dict[str, Any]:
        """For the index of what is published."""
        return {
            "name": self.name.model_dump(),
            "licence": {"title": self.licence.title.model_dump(), "address": self.licence.address.model_dump()},
        }
