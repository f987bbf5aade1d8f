"""Does a comment sound as if somebody were in danger? Then its page says 9-1-1 at once, and a person reads it today.

A list of words, no judgement: it sees what is written in them and nothing else. Too many are better than too few, as
long as an ordinary comment about an ordinary call stays ordinary: what everybody is shown, nobody reads.
"""

import re
import unicodedata
from typing import Final

_ON_ROADS: Final = (
    r"(?! (?:crossing|walking|biking|cycling|driving|riding|parking|on|downtown"
    r"|in (?:my|our|the|this) (?:neighbou?rhood|area|street|city|town|park))(?!\w))"
)
"""What is said every day of streets and neighbourhoods is no cry for help."""
_NO_FIRE: Final = (
    r"(?! (?:hydrant|truck|engine|station|hall|hazard|lane|route|alarm|pit|drill|department|extinguisher|escape|code"
    r"|exit|door|marshal|ban|works|crackers|inspection|fighter|crew|chief|hose|zone|safety)s?(?!\w))"
)
_ENGLISH: Final = (
    # Weapons, as things that are there: "gunned his engine" is none, nor is a radar gun.
    r"weapons?|(?<!radar )(?<!speed )(?<!glue )(?<!nail )guns?|firearms?|pistols?|rifles?|shotguns?|handguns?",
    r"(?<!army )knife|knives|machetes?|bombs?|(?:gun|knife) ?point",
    r"shots? fired|heard (?:gun)?shots?|gun(?:shots?|fire|m[ae]n)|(?:active )?shooter|shooting (?:at|now)",
    r"stab(?:bed|bing)|got shot|been shot|(?:he|she|they|who|man|men)(?: is|s| are|re)? armed",
    # Against oneself.
    r"suicid(?:e|al)|overdos(?:e|ed|ing)|self harm(?:s|ed|ing)?",
    r"(?:took|taken|swallowed) (?:too many|a bottle of|all (?:of )?(?:my|his|her|the|their)) (?:sleeping )?pills",
    r"jump(?:s|ed|ing)? (?:off|from) (?:the|a|my) (?:bridge|roof|balcony|building|overpass)",
    r"(?:slit|slits|cut|cuts|cutting) (?:my|his|her|their) wrists?",
    r"i (?:really |just )?(?:cant|cannot|can not) go on"
    r"(?! (?:the|this|that|my|your|line|holiday|vacation|an?|for)(?!\w))",
    r"(?:kill|harm|hang|shoot)(?:s|ed|ing)? (?:him|her) ?self|hung (?:him|her) ?self",
    r"(?:hurt(?:ing)?|harm(?:ing)?|kill(?:ing)?|cut(?:ting)?|hang(?:ing)?|shoot(?:ing)?) my ?self",
    r"end(?:ing)? my (?:own )?life|end(?:ing)? it all|take my (?:own )?life",
    r"(?:wants?|wanna|going|gonna|ready|rather) (?:to )?(?:die|be dead)|better off dead|(?:no|not any) reason to live",
    r"(?:dont|do not|didnt|not|no longer) (?:want to|wanna) (?:live|be alive)",
    # Against somebody.
    r"(?:kill|murder|rap|strangl|chok|shoot|stab)(?:e|es|s|ed|ing)? (?:me|us|him|them|you|myself|someone|somebody)",
    r"(?:was|were|been|being|got|get) (?:raped|strangled|choked)|(?:rap|strangl|chok)(?:e|es|ed|ing) her",
    r"(?:kill|murder|rape|strangle|shoot|stab)(?:s|ing)? (?:her|(?:my|his|her|our|the) "
    r"(?:mom|mother|dad|father|son|daughter|kids?|child|children|baby|wife|husband))",
    r"kill you|death threats?|threat(?:en(?:s|ed|ing)?|s)? (?:to (?:kill|hurt|shoot|stab)|me|us|my)",
    r"(?:hit|beat|hurt|attack|assault|punch|kick|slap|stalk)(?:s|es|ed|ing|ting|ping)? "
    r"(?:me|us|my (?:mom|mother|dad|father|son|daughter|kids?|child|children|baby))",
    r"being (?:beaten|attacked|followed|stalked|abused)|stalk(?:ers?|ing)|follow(?:s me|ed me home)",
    r"strangl(?:e|es|ed|ing)",
    # At home, and what a person may be afraid of for a long time.
    r"(?:domestic|family|spousal|partner|dating|sexual) (?:violence|abuse)|(?:child|elder) abuse",
    r"(?:hit|beat|hurt|attack|assault|punch|kick|slap|chok|abus)(?:s|e|es|ed|ing|ting|ping)? (?:his|her) "
    r"(?:wife|husband|partner|girlfriend|boyfriend|mom|mother|dad|father|son|daughter|kids?|child|children|baby)",
    r"abus(?:e|es|ed|ing) (?:me|us|my (?:mom|mother|dad|father|son|daughter|kids?|child|children))",
    r"(?:abusive|violent) (?:ex|husband|wife|partner|spouse|boyfriend|girlfriend|father|mother|son|relationship)",
    r"(?:he|she|husband|wife|partner|spouse|boyfriend|girlfriend|father|mother|son|ex)(?: is|s| gets| got) "
    r"(?:very |so |being |getting )?(?:abusive|violent)",
    r"sexual(?:ly)? (?:assault|abus|molest|attack)(?:e|ed|ing|s)?|molest(?:s|ed|ing|er)?|rapists?|human traffick\w+",
    r"(?:broke|broken|breach|violat)(?:e|es|ed|ing)? (?:his|her|the|my|a) (?:restraining|protection|no contact|peace) "
    r"(?:order|bond)",
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
    r"(?:i am|im|we are|she is|shes|he is|hes|kids are|children are) (?:really |just )?not (?:feeling )?safe"
    + _ON_ROADS,
    r"(?:dont|do not|doesnt|does not|not|never|no longer) (?:really )?feel(?:ing)? safe" + _ON_ROADS,
    r"feel(?:s|ing)? unsafe (?:here|at home|in my (?:own )?(?:house|home|apartment|room))|^not safe$",
    r"not safe (?:here|at home|with (?:him|her|them)|to go home)|in danger",
    r"held against my will|kidnap(?:ped|ping)?|hostage",
    # Somebody needs help.
    r"help (?:me|us) (?:now|please|right|quick|fast)|(?:please|pls) help(?: me| us)?$|^help$",
    r"send (?:somebody|someone) now",
    r"send (?:help|an ambulance|(?:the )?police now)|need (?:help (?:now|please|right|quick|fast)|an ambulance)",
    r"(?:not|isnt|stopped) breathing|(?:cant|cannot|can not) breathe|unconscious|bleeding|heart attack",
    r"(?:he|she|someone|somebody|who|im|i am)(?: is|s)? dying(?! to)|having a (?:seizure|stroke)",
    r"(?:i am|im|we are) trapped|locked (?:me|us) in",
    r"(?:is|s|are|house|home|building|apartment|car) on fire|^fire(?: fire)*$|fire (?:right )?now",
    r"(?:there is|theres|i see) (?:an? |some )?(?:big |small |house )?fire" + _NO_FIRE,
    r"fire (?:in|inside|at) (?:my|our|the|a) (?:\w+ )?(?:house|home|building|apartment|kitchen|basement|hall|hallway"
    r"|stairwell|garage|room|roof|balcony)",
    r"(?:set|sets|setting|started|starting) (?:an? |the )?fires?(?: to)?"
    + _NO_FIRE
    + r"|set(?:s|ting)? \w+ \w+ on fire",
    r"arson(?:ists?)?|(?:house|home|building|apartment|kitchen|car)(?: is|s) burning|burn(?:s|ing)? (?:down )?"
    r"(?:my|our|the|his|her) (?:house|home|building|apartment)",
    r"gas leak|smell(?:s|ing)? (?:of |like )?(?:natural )?gas|carbon monoxide",
    r"missing (?:child|girl|boy|baby|toddler)|(?:my|our) (?:child|kid|son|daughter|baby|toddler|mother|father|wife"
    r"|husband)(?: is|s| has gone| went) missing",
    r"(?:hes|shes|theyre|someones|somebodys|is|are|keeps) (?:banging|pounding|kicking) "
    r"(?:on |at |in |down )?(?:my|our) (?:front |back )?door",
)
_NO_INCENDIE: Final = "".join(
    rf"(?<!{before} )(?<!{before} d )"
    for before in (
        *("service", "services", "alarme", "alarmes", "detecteur", "avertisseur", "borne", "bornes", "caserne"),
        *("camion", "camions", "voie", "securite", "prevention", "risque", "assurance"),
    )
)
_FRENCH: Final = (
    r"armes?(?: a feu| blanche)?|fusils?|pistolets?|carabines?|couteaux?(?! suisse)|machettes?|bombes?",
    r"coups? de (?:feu|couteau)",
    r"poignard(?:e|ee|er|ent)|tir(?:e|ent|er) sur|fusillade|tireurs?",
    r"(?:il|elle|ils|elles|homme|hommes)(?: est| sont)? armee?s?",
    r"suicid(?:e|er|aire|aires)|surdoses?|(?:me|m) (?:tuer|suicider|blesser|mutiler|pendre)",
    r"automutil\w+|idees? noires?|(?:plus|aucune|pas de) raison de vivre|plus la force de (?:vivre|continuer)",
    r"(?:pris|avale) (?:trop de|une bouteille de|(?:toutes|tous) (?:mes|ses|les)) (?:pilules|medicaments|comprimes)",
    r"saut(?:e|er) (?:du|d un|en bas (?:du|d un)) (?:pont|toit|balcon|immeuble|edifice|viaduc)",
    r"me jeter (?:du|d un|en bas|devant|sous)|(?:veux|vais|voudrais|veut) en finir(?! avec)",
    r"s est (?:suicidee?|pendue?)|(?:m|s) (?:ouvrir|tailler|trancher) les veines",
    r"(?:m|s) (?:enlever|oter) la vie|me faire (?:du )?mal|en finir (?:avec (?:la|ma) vie|une fois pour toutes)",
    r"mettre fin a (?:mes jours|ses jours|ma vie|sa vie)|envie de mourir|veux mourir|peur de mourir",
    r"(?:ne )?(?:veux|voudrais) (?:plus|pas) vivre|(?:plus|pas) envie de vivre",
    r"(?:va|vais|vont|veut|veux|voulait|veulent) (?:me |te |le |la |les |nous |vous )?(?:tuer|frapper|violer)",
    r"(?:me|nous|m|te|le|la|les) (?:tuer|etrangler|battre|frapper|violer|poignarder)",
    r"(?:me|m|m a|m ont|nous|nous a|nous ont) (?:frapp|etrangl|attaqu|agress|viol|battu)(?:e|ee|es|ees|ent|s)?",
    r"(?:me|nous) (?:bat|battent|suit|suivent)|(?:l|les) a (?:viol|etrangl)ee?s?",
    r"etrangl(?:e|es|ee|ees|er|ent|ait|eur)|(?:me|nous|m a|m ont|nous a) (?:harcel|maltrait|gifl)\w+",
    r"harcelement criminel|harceleurs?",
    # At home, and what a person may be afraid of for a long time.
    r"violences? (?:conjugales?|familiales?|intrafamiliales?|domestiques?|sexuelles?)",
    r"(?:conjoint|conjointe|mari|femme|partenaire|copain|copine|chum|blonde|ex|pere|mere|fils|il|elle)"
    r"(?: est| devient| etait)?(?: tres| trop)? (?:violente?|abusi(?:f|ve))",
    r"(?:il|elle|pere|mere|mari|conjoint|voisin) (?:bat|frappe|maltraite|violente) "
    r"(?:sa|son|ses|ma|mon|mes|les|la) (?:femme|conjointe?|copine|blonde|mere|enfants?|filles?|fils|bebe)",
    r"agressions? sexuelles?|agressee?s? sexuellement|attouchements?|incestes?|exploitation sexuelle|proxenet\w+",
    r"(?:un|le|de|du|d un) viols?(?! de (?:domicile|propriete|la|l))|traite (?:de|des) (?:personnes|humains|etres)",
    r"menac(?:e|es|ent|er|ee|ees|ait) (?:de|avec|ma|mon|mes|notre|nos)|menaces? de mort",
    r"(?:me|m a|m ont|nous|nous a|nous ont) menac\w+|(?:suis|sommes) menacee?s?",
    r"(?:il|elle|ils) (?:est|sont) (?:ici|la|revenu|revenue|revenus|chez moi|dans (?:la|ma) maison|a (?:la|ma) porte)",
    r"(?:est|sont) (?:devant|derriere|a) (?:ma|la|notre) (?:porte|fenetre)|chez moi (?:maintenant|en ce moment)",
    r"(?:quelqu un|un homme|des hommes|un inconnu)(?: est| sont)?(?: entre)? "
    r"(?:chez (?:moi|nous)|dans (?:ma|la|notre) (?:maison|chambre|cave))",
    r"(?:essaie|essaye|essaient|tente|tentent) (?:d entrer|de rentrer|de defoncer)|intrus",
    r"a l aide(?! d)|(?:au|a) secours|(?:aidez|sauvez) (?:moi|nous)(?: vite| maintenant| svp| s il vous plait|$)",
    r"aide maintenant|venez vite",
    r"(?:pas|jamais|(?:ne|n) (?:\w+ ){1,3}plus) (?:vraiment |du tout )?en securite"
    r"(?! (?:sur|a velo|a pied|en (?:traversant|marchant)|pour "
    r"(?:traverser|marcher|circuler)|au centre|dans (?:le|mon|ma|notre|ce|cette|la|les) (?:quartier|rue|rues|ville|parc"
    r"|secteur)))",
    r"en danger|(?:peur|crains) pour (?:ma vie|nos vies)|retenue? de force|sequestr\w+|prise? en otage|kidnapp\w+",
    # Not of snow, rubbish, vehicles or graffiti.
    r"enlevement d (?:un |une )?(?:enfant|bebe|fille|garcon|femme)",
    r"enleve (?:mon|ma|mes|un|une) (?:enfant|fils|fille|bebe)s?",
    r"respire (?:plus|pas)|(?:peux|arrive) (?:plus|pas) (?:a )?respirer|inconscient(?:e|s|es)?|sans connaissance",
    r"saigne(?:nt)?|(?:crise|arret) cardiaque|(?:est|sont|maison|auto|appartement) en feu",
    r"(?:je|il|elle|ils|elles|qui|on) (?:va|vais|vont|est en train de) mourir"
    r"(?! de (?:rire|chaud|chaleur|froid|faim|honte|ennui))",
    _NO_INCENDIE + r"incendie",
    r"incendi(?:er|aire)|(?:mis|mise|mettre|met|mettent) le feu|le feu (?:a pris|est pris)|(?:pris|prend|prendre) feu",
    r"il y a (?:le|un|du) feu(?! (?:rouge|vert|jaune|orange|de|d|pieton)(?!\w))|^au feu$",
    r"(?:maison|immeuble|batiment|appartement|logement|cuisine|auto|voiture) brule",
    r"(?:fuite|odeur) de gaz|sent le gaz|monoxyde",
    r"enfants? disparue?s?",
    r"(?:mon|ma|notre) (?:enfant|fils|fille|bebe|mere|pere|mari|femme) (?:est|a) (?:disparue?|introuvable)",
    r"(?:defonce|defoncent|cogne|cognent) (?:a |dans |sur )?(?:ma|la|notre) porte|(?:m a|nous a|m ont) enfermee?s?",
    r"(?:besoin d|envoyez) une ambulance",
)
_URGENT: Final = re.compile(rf"(?<!\w)(?:{'|'.join((*_ENGLISH, *_FRENCH))})(?!\w)")


def sounds_urgent(comment: str) -> bool:
    """Whether one of the words of either language is in it: people write in both, whatever the page's is."""
    return _URGENT.search(folded(comment)) is not None


def folded(comment: str) -> str:
    """Small letters without accents and signs: `Il m’a MENACÉ` is `il m a menace`, `don't` and `don´t` are `dont`.

    An apostrophe before t, s, re, ll ends an English word; others stand for a French one's last vowel.
    """
    plain = re.sub("[‘’ʼ`´′＇]", "'", comment)  # an accent alone would fall with the others
    plain = unicodedata.normalize("NFKD", plain.casefold().replace("œ", "oe"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"(?<=\w)'(?=(?:t|s|re|ll|ve)\b)", "", plain)
    return " ".join(re.sub(r"[^\w]+", " ", plain).split())
