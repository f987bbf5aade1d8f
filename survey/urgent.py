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
    r"shots? fired|heard (?:gun)?shots?|gun(?:shots?|fire|m[ae]n)|(?:active )?shooter|shooting (?:at|now)",
    r"stab(?:bed|bing)|got shot|been shot|(?:he|she|they|who|man|men)(?: is|s| are|re)? armed",
    # Against oneself.
    r"suicid(?:e|al)|overdos(?:e|ed|ing)|self harm",
    r"(?:hurt(?:ing)?|harm(?:ing)?|kill(?:ing)?|cut(?:ting)?|hang(?:ing)?|shoot(?:ing)?) my ?self",
    r"end(?:ing)? my (?:own )?life|end(?:ing)? it all|take my (?:own )?life",
    r"(?:want|wanna|going|gonna|ready|rather) (?:to )?(?:die|be dead)|better off dead|(?:no|not any) reason to live",
    r"(?:dont|do not|didnt|not|no longer) (?:want to|wanna) (?:live|be alive)",
    # Against somebody.
    r"(?:kill|murder|rap|strangl|chok|shoot|stab)(?:e|es|s|ed|ing)? (?:me|us|him|them|you|myself|someone|somebody)",
    r"(?:was|were|been|being|got|get) (?:raped|strangled|choked)|(?:rap|strangl|chok)(?:e|es|ed|ing) her",
    r"(?:kill|murder|rape|strangle|shoot|stab)(?:s|ing)? (?:her|(?:my|his|her|our|the) "
    r"(?:mom|mother|dad|father|son|daughter|kids?|child|children|baby|wife|husband))",
    r"kill you|death threats?|threat(?:en(?:s|ed|ing)?|s)? (?:to (?:kill|hurt|shoot|stab)|me|us|my)",
    r"(?:hit|beat|hurt|attack|assault|punch|kick|slap|stalk)(?:s|es|ed|ing|ting|ping)? "
    r"(?:me|us|my (?:mom|mother|dad|father|son|daughter|kids?|child|children|baby))",
    r"being (?:beaten|attacked|followed)",
    r"(?:he|she|they)(?: is|s| are|re)? (?:here|back|outside|inside|at (?:my|the|our) (?:door|window))(?: right)? now",
    r"(?:he|she|they)(?: is|s| are|re)? (?:outside|at|behind|in front of) (?:my|our) (?:door|window)",
    r"(?:there is|theres|there are|someone is|someones|somebody is|somebodys) "
    r"(?:an? |some)?(?:man |men |person |people |one |body |stranger )?(?:in|inside) (?:my|the|our) "
    r"(?:house|home|apartment|room|basement|garage)",
    r"intruders?",
    r"break(?:s|ing)? in(?:to)? (?:my|our) (?:house|home|apartment|door|window)|trying to (?:break|get) in",
    r"(?:he|she)(?: is|s) (?:here|(?:in|inside) (?:my|the|our) (?:house|home|apartment|room))",
    r"(?:they are|theyre) (?:breaking in|(?:in|inside) (?:my|the|our) (?:house|home|apartment|room))",
    r"break(?:s|ing) in (?:right )?now|(?:he|she|they|who|someone|somebody|man)(?: is|s| are|re)? following me",
    r"(?:afraid|scared|fear|fearing) for (?:my|our) (?:own |childrens |kids )?(?:life|lives|safety)",
    r"not safe (?:here|at home)|in danger|held against my will|kidnap(?:ped|ping)?|hostage",
    # Somebody needs help.
    r"help (?:me|us) (?:now|please|right|quick|fast)|(?:please|pls) help(?: me| us)?$|^help$",
    r"send (?:somebody|someone) now",
    r"send (?:help|an ambulance|(?:the )?police now)|need (?:help (?:now|please|right|quick|fast)|an ambulance)",
    r"(?:not|isnt|stopped) breathing|(?:cant|cannot|can not) breathe|unconscious|bleeding|heart attack",
    r"(?:is|s|are|house|home|building|apartment|car) on fire",
)
_FRENCH: Final = (
    r"armes?(?: a feu| blanche)?|fusils?|pistolets?|carabines?|couteaux?|machettes?|bombes?|coups? de (?:feu|couteau)",
    r"poignard(?:e|ee|er|ent)|tir(?:e|ent|er) sur|fusillade|tireurs?",
    r"(?:il|elle|ils|elles|homme|hommes)(?: est| sont)? armee?s?",
    r"suicid(?:e|er|aire|aires)|surdoses?|(?:me|m) (?:tuer|suicider|blesser|mutiler|pendre)",
    r"m (?:enlever|oter) la vie|me faire du mal|en finir (?:avec (?:la|ma) vie|une fois pour toutes)",
    r"mettre fin a (?:mes jours|ses jours|ma vie|sa vie)|envie de mourir|veux mourir|peur de mourir",
    r"(?:ne )?(?:veux|voudrais) (?:plus|pas) vivre|(?:plus|pas) envie de vivre",
    r"(?:va|vais|vont|veut|veux|voulait|veulent) (?:me |te |le |la |les |nous |vous )?(?:tuer|frapper|violer)",
    r"(?:me|nous|m|te|le|la|les) (?:tuer|etrangler|battre|frapper|violer|poignarder)",
    r"(?:me|m|m a|m ont|nous|nous a|nous ont) (?:frapp|etrangl|attaqu|agress|viol|battu)(?:e|ee|es|ees|ent|s)?",
    r"(?:me|nous) (?:bat|battent|suit|suivent)|(?:l|les) a (?:viol|etrangl)ee?s?",
    r"menac(?:e|es|ent|er|ee|ees|ait) (?:de|avec|ma|mon|mes|notre|nos)|menaces? de mort",
    r"(?:me|m a|m ont|nous|nous a|nous ont) menac\w+|(?:suis|sommes) menacee?s?",
    r"(?:il|elle|ils) (?:est|sont) (?:ici|la|revenu|revenue|revenus|chez moi|dans (?:la|ma) maison|a (?:la|ma) porte)",
    r"(?:est|sont) (?:devant|derriere|a) (?:ma|la|notre) (?:porte|fenetre)|chez moi (?:maintenant|en ce moment)",
    r"(?:quelqu un|un homme|des hommes|un inconnu)(?: est| sont)?(?: entre)? "
    r"(?:chez (?:moi|nous)|dans (?:ma|la|notre) (?:maison|chambre|cave))",
    r"(?:essaie|essaye|essaient|tente|tentent) (?:d entrer|de rentrer|de defoncer)|intrus",
    r"a l aide(?! d)|(?:au|a) secours|(?:aidez|sauvez) (?:moi|nous)(?: vite| maintenant| svp| s il vous plait|$)",
    r"aide maintenant|venez vite",
    r"en danger|(?:peur|crains) pour (?:ma vie|nos vies)|retenue? de force|sequestr\w+|prise? en otage|kidnapp\w+",
    # Not of snow, rubbish, vehicles or graffiti.
    r"enlevement d (?:un |une )?(?:enfant|bebe|fille|garcon|femme)",
    r"enleve (?:mon|ma|mes|un|une) (?:enfant|fils|fille|bebe)s?",
    r"respire (?:plus|pas)|(?:peux|arrive) (?:plus|pas) (?:a )?respirer|inconscient(?:e|s|es)?|sans connaissance",
    r"saigne(?:nt)?|(?:crise|arret) cardiaque|(?:est|sont|maison|auto|appartement) en feu",
    r"(?:besoin d|envoyez) une ambulance",
)
_URGENT: Final = re.compile(rf"(?<!\w)(?:{'|'.join((*_ENGLISH, *_FRENCH))})(?!\w)")


def sounds_urgent(comment: str) -> bool:
    """Whether one of the words of either language is in it: people write in both, whatever the page's is."""
    return _URGENT.search(_folded(comment)) is not None


def _folded(comment: str) -> str:
    """Small letters without accents and signs: `Il m’a MENACÉ` is `il m a menace`, `don't` and `don´t` are `dont`.

    An apostrophe before t, s, re, ll ends an English word; others stand for a French one's last vowel.
    """
    plain = re.sub("[‘’ʼ`´′＇]", "'", comment)  # an accent alone would fall with the others
    plain = unicodedata.normalize("NFKD", plain.casefold().replace("œ", "oe"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"(?<=\w)'(?=(?:t|s|re|ll|ve)\b)", "", plain)
    return " ".join(re.sub(r"[^\w]+", " ", plain).split())
