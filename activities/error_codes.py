"""Twilio's error codes, told apart by what they ask of us. A code that stands nowhere here is about that one text.

Twilio may give an error another code, so the default is the safe one: nothing is sent again, and staff see it.
"""

from typing import Final

FIRST: Final = 10_000
"""Every error of Twilio's has a code from here on; where an answer has none, its library gives the HTTP status."""
OPTED_OUT: Final = 21610
CONFIGURATION: Final = frozenset(
    {
        *(10001, 20003, 20005, 20404),  # the account, its credentials
        *(21212, 21601, 21603, 21606, 21607, 21609),  # our number, the address of our webhook
        *(21701, 21702, 21703, 21704, 21705),
        *(30002, 30029, 30030, 30032),
    }
)
"""Twilio refuses before it knows the recipient: no text can go to anybody until a person mends it."""
COUNTRY: Final = frozenset({21408, 21608})
"""The account may not text that country, or (on trial) that number; others are not concerned."""
CONTENT: Final = frozenset({20001, 21602, 21617, 21618, 21619, 21624})
"""The text itself is refused, whoever it is for: the same words would be refused again."""
FILTERED: Final = frozenset({30007, 30019, 30450})
"""Taken, and then kept from the phone as spam. More of the same makes it worse for every text of ours."""
LATER: Final = frozenset({20429, 21611})
"""Not processed: too many requests, or the queue of our number is full."""
LANDLINE: Final = frozenset({30006, 21614, 21635})
