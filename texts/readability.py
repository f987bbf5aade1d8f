"""How easy a text reads, by the one figure that is usual in each language. A figure only: it counts, it does not read.

English: Flesch, 206.835 - 1.015 words a sentence - 84.6 syllables a word (1948). French: Kandel and Moles, made from
it, 207 - 1.015 words a sentence - 73.6 syllables a word (1958). 0 is hard and 100 easy; plain language is 60 and more.
Numbers and links are not counted.
"""

import re
import unicodedata
from typing import Final

from calls.facts import Language

_LINK: Final = re.compile(r"https?://\S+")
_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# Flesch: a unit of thought ends at a semicolon, too. Not within a number.
_END: Final = re.compile(r"[.!?;]+(?=\s|$)")
_VOWELS: Final = re.compile(r"[aeiouy]+")
_SILENT: Final = {
    Language.ENGLISH: re.compile(r"(?<![aeiouyl])(?:e|es)$|(?<=[aeiou]l)es?$|(?<![td])ed$"),
    Language.FRENCH: re.compile(r"es?$"),
}
_FIGURES: Final = {Language.ENGLISH: (206.835, 84.6), Language.FRENCH: (207.0, 73.6)}
_A_WORD_OF_A_SENTENCE: Final = 1.015


def reading_ease(text: str, language: Language) -> int:
    """The figure, from 0 to 100. A text without words is easy."""
    said = _LINK.sub("", text.replace("’", "'"))
    units = [words for part in _END.split(said) if (words := _WORD.findall(part))]
    words = [word for unit in units for word in unit]
    if not words:
        return 100
    highest, of_syllables = _FIGURES[language]
    syllables = sum(_syllables(word, language) for word in words)
    ease = highest - _A_WORD_OF_A_SENTENCE * len(words) / len(units) - of_syllables * syllables / len(words)
    return round(min(100, max(0, ease)))


def _syllables(word: str, language: Language) -> int:
    """About: groups of vowels, without an e at the end that nobody says."""
    said = _SILENT[language].sub("", unicodedata.normalize("NFC", word.casefold()))
    letters = (char for char in unicodedata.normalize("NFD", said) if not unicodedata.combining(char))
    return max(1, len(_VOWELS.findall("".join(letters))))
