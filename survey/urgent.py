"""Does a comment sound as if somebody were in danger? Then its page says 9-1-1 at once, and a person reads it today.

A list of words, no judgement: it sees what is written in them and nothing else. Too many are better than too few, as
long as an ordinary comment about an ordinary call stays ordinary: what everybody is shown, nobody reads.
"""

import re
import unicodedata
from typing import Final

_ENGLISH: Final = (
    # Weapons, as things that are there: "gunned his engine" is none.
    r"weapons?|guns?|firearms?|pistols?|rifles?|shotguns?|handguns?|knife|knives|machetes?|bombs?",
    r"shots? fired|shooting at|stab(?:bed|bing)|got shot|been shot",
    # Against oneself.
    r"suicid(?:e|al)|overdos(?:e|ed|ing)|self harm|(?:hurt(?:ing)?|harm(?:ing)?|kill(?:ing)?|cut(?:ting)?) myself",
    r"end(?:ing)? my (?:own )?life|end(?:ing)? it all|take my (?:own )?life",
    r"(?:want|wanna|going|ready|rather) (?:to )?(?:die|be dead)|better off dead|(?:no|not any) reason to live",
    r"(?:dont|do not|didnt|not) want to (?:live|be alive)",
    # Against somebody.
    r"(?:kill|murder|rape|strangle|choke|shoot|stab)(?:s|ed|ing)? (?:me|us|him|them|you|myself|someone|somebody)",
    r"(?:kill|murder|rape|strangle|shoot|stab)(?:s|ing)? (?:her|my (?:mom|mother|father|son|daughter|kids?|wife))",
    r"kill you|death threats?|threat(?:en(?:s|ed|ing)?|s)? (?:to (?:kill|hurt|shoot|stab)|me|us|my)",
    r"(?:hit|hits|hitting|beat|beats|beating|hurt|hurts|hurting|attack|attacks|attacking|assault|assaulting) (?:me|us)",
    r"(?:he|she|they)(?: is|s| are|re)? (?:here|back|outside|inside|at (?:my|the|our) (?:door|window))(?: right)? now",
    r"(?:he|she)(?: is|s) (?:here|(?:in|inside) (?:my|the|our) (?:house|home|apartment|room))",
    r"(?:they are|theyre) (?:breaking in|(?:in|inside) (?:my|the|our) (?:house|home|apartment|room))",
    r"break(?:s|ing) in (?:right )?now|following me (?:right )?now|(?:afraid|scared|fear) for my (?:own )?life",
    r"not safe (?:here|at home)|in danger|held against my will|kidnap(?:ped|ping)?|hostage",
    # Somebody needs help.
    r"help (?:me|us) (?:now|please|right|quick|fast)|(?:please|pls) help(?: me| us)?$|send (?:somebody|someone) now",
    r"(?:not|isnt|stopped) breathing|cant breathe|unconscious|bleeding|heart attack",
)
_FRENCH: Final = (
    r"armes?(?: a feu| blanche)?|fusils?|pistolets?|carabines?|couteaux?|machettes?|bombes?|coups? de (?:feu|couteau)",
    r"poignard(?:e|ee|er|ent)|tire(?:nt)? sur",
    r"suicid(?:e|er|aire|aires)|surdoses?|(?:me|m) (?:tuer|suicider|blesser|mutiler|pendre)|m enlever la vie",
    r"en finir (?:avec (?:la|ma) vie|une fois pour toutes)|mettre fin a (?:mes|ses) jours|envie de mourir|veux mourir",
    r"(?:ne )?(?:veux|voudrais) (?:plus|pas) vivre",
    r"(?:va|vais|vont|veut|veux|voulait|veulent) (?:me |te |le |la |les |nous |vous )?(?:tuer|frapper|violer)",
    r"(?:me|nous|m|te|le|la|les) (?:tuer|etrangler|battre|frapper|violer|poignarder)",
    r"(?:me|nous) (?:frappe|bat|battent|frappent|etrangle|suit|suivent|attaque|attaquent)",
    r"menac(?:e|es|ent|er|ee|ees|ait) (?:de|avec)|(?:me|m a|m ont|nous|nous a) menac\w+|menaces? de mort",
    r"(?:il|elle|ils) (?:est|sont) (?:ici|la|revenu|revenue|revenus|chez moi|dans (?:la|ma) maison|a (?:la|ma) porte)",
    r"(?:au|a) secours|(?:aidez|sauvez) (?:moi|nous)(?: vite| maintenant| svp|$)|aide maintenant|venez vite",
    r"en danger|peur pour ma vie|retenue? de force|sequestr\w+|prise? en otage|kidnapp\w+|enlevement",
    r"(?:ne )?respire (?:plus|pas)|inconscient(?:e|s|es)?|saigne(?:nt)?|crise cardiaque",
)
_URGENT: Final = re.compile(rf"(?<!\w)(?:{'|'.join((*_ENGLISH, *_FRENCH))})(?!\w)")


def sounds_urgent(comment: str) -> bool:
    """Whether one of the words of either language is in it: people write in both, whatever the page's is."""
    return _URGENT.search(_folded(comment)) is not None


def _folded(comment: str) -> str:
    """Small letters without accents and signs: `Il m’a MENACÉ` is `il m a menace`, `don't` is `dont`.

    An apostrophe before t, s, re, ll ends an English word; others stand for a French one's last vowel.
    """
    plain = unicodedata.normalize("NFKD", comment.casefold().replace("œ", "oe"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"(?<=\w)['’ʼ](?=(?:t|s|re|ll|ve)\b)", "", plain)
    return " ".join(re.sub(r"[^\w]+", " ", plain).split())
