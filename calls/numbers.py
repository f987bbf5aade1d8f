"""Which phone numbers can be texted at all, whoever calls about what."""

from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

from calls.facts import Untextable
from calls.policy import NumberRules

# 911-xxx-xxxx: what the network gives CAD for a phone that has no number, or none that can be called back. It looks
# like a number, and may one day be one.
_PSEUDO_AREA_CODE: Final = "911"
_NORTH_AMERICAN: Final = len("+16135550142")
_SOMEBODYS_PHONE: Final = frozenset(
    {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP}
    | {PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.UNKNOWN}
)


def untextable(number: str, rules: NumberRules) -> Untextable | None:
    """Why no text goes to this number (E.164); `None` where nothing speaks against it.

    In North America a number does not say whether it is a mobile: landlines are known by trying (`activities/`).
    """
    # A simulation's numbers are longer than ten digits, so that nobody has them: their beginning says where they are.
    parsed = phonenumbers.parse(number[:_NORTH_AMERICAN] if number.startswith("+1") else number)
    national = str(parsed.national_number)
    if parsed.country_code == 1 and national.startswith(_PSEUDO_AREA_CODE):
        return Untextable.PSEUDO
    if phonenumbers.number_type(parsed) not in _SOMEBODYS_PHONE:
        return Untextable.SERVICE
    if phonenumbers.region_code_for_number(parsed) not in rules.countries:
        return Untextable.ABROAD
    return None
