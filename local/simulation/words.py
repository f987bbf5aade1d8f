"""The words of the simulation's report, English beside French (R10). The report makes the French spaces unbreakable."""

from collections.abc import Mapping
from typing import Final

Pair = tuple[str, str]

UNITS: Final[Mapping[str, tuple[Pair, Pair]]] = {
    # One and many, in each language. French counts none as one.
    "calls": (("call", "calls"), ("appel", "appels")),
    "texts": (("text", "texts"), ("texto", "textos")),
    "segments": (("segment", "segments"), ("segment", "segments")),
    "rows": (("row", "rows"), ("ligne", "lignes")),
    "days": (("day", "days"), ("jour", "jours")),
    "ids": (("call id", "call ids"), ("identifiant", "identifiants")),
    "seconds": (("second", "seconds"), ("seconde", "secondes")),
}

WORDS: Final[Mapping[str, Pair]] = {
    # At the top
    "language": ("English", "Français"),
    "title": ("What would have been texted", "Les textos qui seraient partis"),
    "headline": (
        "Of {calls}, {texted} would have been texted: {texts}, {segments}.",
        "Sur {calls}, des textos seraient partis pour {texted} : {texts}, {segments}.",
    ),
    "headline_none": ("Of {calls}, none would have been texted.", "Sur {calls}, aucun texto ne serait parti."),
    "nobody": ("Nobody was texted.", "Personne n’a reçu de texto."),
    "what_this_is": (
        "This is a simulation: the calls of the file {log} went through the service itself, without the waiting.",
        "Ceci est une simulation : les appels du fichier {log} ont parcouru le service lui-même, sans les attentes.",
    ),
    "period": ("Calls received from {first} to {last}.", "Appels reçus du {first} au {last}."),
    "policy": ("Version of the policy: {version}.", "Version de la politique : {version}."),
    "at": ("{day} at {clock}", "{day} à {clock}"),
    "colon": ("{what}: {value}", "{what} : {value}"),
    "contents": ("On this page", "Sur cette page"),
    "figure_texted": ("of them texted ({share})", "avec textos ({share})"),
    "figure_cost": ("for the texts, assumed", "pour les textos, hypothèse"),
    "figure_peak": ("texts in the busiest hour", "textos dans l’heure la plus chargée"),
    # Unknown codes
    "unknown": ("What the policy does not know", "Ce que la politique ne connaît pas"),
    "unknown_none": (
        "Nothing: the agency’s folder has every code that decided about a call.",
        "Rien : le dossier du service contient chaque code déterminant.",
    ),
    "unknown_text": (
        "{calls} carried a code that nobody has decided about. They are not texted until somebody writes it into the "
        "agency’s folder: a call type into call_types.yaml, a priority or source into cad.yaml.",
        "{calls} : personne ne s’est prononcé sur le code. Aucun texto ne part tant qu’il n’est pas inscrit dans le "
        "dossier du service : type d’appel dans call_types.yaml, priorité ou provenance dans cad.yaml.",
    ),
    "unknown_caption": ("Unknown codes, most frequent first", "Codes inconnus, du plus au moins fréquent"),
    "code": ("Code", "Code"),
    "what": ("What it is", "Nature"),
    "what_type": ("call type", "type d’appel"),
    "what_priority": ("priority", "priorité"),
    "what_source": ("source", "provenance"),
    "what_code": ("code", "code"),
    # What the log cannot tell
    "silent": ("What the log cannot tell", "Ce que le journal ne dit pas"),
    "silent_none": ("Nothing that the texts depend on.", "Rien dont dépendent les textos."),
    "silent_dispatched": (
        "When an officer was dispatched: the delay notices shown here are therefore the most that could be sent.",
        "L’affectation d’une patrouille : les avis de retard présentés ici sont donc un maximum.",
    ),
    "silent_arrived": (
        "When an officer arrived: that wait cannot be shown.",
        "L’arrivée sur place : cette attente ne peut être présentée.",
    ),
    "silent_cleared": (
        "When a call was over: no survey link is shown, though some would be sent in service.",
        "La fin de l’appel : aucun lien vers le sondage n’est présenté, alors qu’il en partirait en service.",
    ),
    "silent_call_ended": (
        "When the caller hung up: the confirmation is timed from the receipt of the call.",
        "Le moment où la personne raccroche : la confirmation est calculée à partir de la réception de l’appel.",
    ),
    "silent_language": (
        "The caller’s language: every text counts in English and in French, with more segments.",
        "La langue de la personne : chaque texto compte en anglais et en français, avec plus de segments.",
    ),
    "silent_disposition": (
        "How a call ended: duplicates, tests and cancelled calls count like any other.",
        "L’issue de l’appel : doublons, essais et appels annulés comptent comme les autres.",
    ),
    "silent_ever": (
        "No log tells who would reply STOP, or whose telephone takes no texts: in service, fewer would go out.",
        "Aucun journal ne dit qui répondrait ARRET ni quel téléphone refuse les textos : il en partirait moins.",
    ),
    # Who
    "who": ("Who would have been texted, who not, and why", "Qui aurait reçu des textos, qui non, et pourquoi"),
    "who_caption": ("Calls by decision", "Appels selon la décision"),
    "decision": ("Decision", "Décision"),
    "calls": ("Calls", "Appels"),
    "share": ("Share", "Part"),
    "texts": ("Texts", "Textos"),
    "segments": ("Segments", "Segments"),
    "eligible": ("May be texted", "Textos permis"),
    "not_eligible": ("Not texted", "Aucun texto"),
    "undecided": ("Undecided: something is missing", "En suspens : il manque quelque chose"),
    "rules_caption": ("The rule that had the last word", "La règle qui a eu le dernier mot"),
    "rule": ("Rule and reasons", "Règle et raisons"),
    "others": ("other reasons", "autres raisons"),
    "changed": (
        "The call changed, and the decision with it: {calls}.",
        "L’appel a changé, et la décision aussi : {calls}.",
    ),
    "not_texted": (
        "May be texted, yet had no text: {calls}. They were over before one was due, or it was held back.",
        "Textos permis, mais aucun envoyé : {calls}. L’appel était déjà terminé, ou le texto a été retenu.",
    ),
    "then_silenced": (
        "Texted at first, then silenced by a change of the call: {calls}. Nothing more was sent. The rules:",
        "Textos d’abord, puis silence, parce que l’appel a changé : {calls}. Plus rien n’est parti. Les règles :",
    ),
    "by_priority": ("By priority", "Selon la priorité"),
    "by_group": ("By call type", "Selon le type d’appel"),
    "priority": ("Priority", "Priorité"),
    "group": ("Group of call types", "Groupe de types d’appel"),
    "nameless": ("not told, or not known", "non indiqué ou inconnu"),
    # When
    "when": ("When the texts would have gone out", "Quand les textos seraient partis"),
    "no_texts": ("No text would have gone out.", "Aucun texto ne serait parti."),
    "by_hour": ("By hour of the day", "Selon l’heure"),
    "by_day": ("By day", "Par jour"),
    "by_week": ("By week", "Par semaine"),
    "hour": ("Hour", "Heure"),
    "day": ("Day", "Jour"),
    "week": ("Week of", "Semaine du"),
    "total": ("Total", "Total"),
    "figures": ("The same in figures", "Les mêmes données en chiffres"),
    "peak": ("The busiest hour began on {hour}: {texts}.", "L’heure la plus chargée a commencé le {hour} : {texts}."),
    "punctual": ("Every text left on time.", "Chaque texto est parti à l’heure."),
    "late": (
        "More than a second late: {texts}. The latest left {seconds} late.",
        "Partis avec plus d’une seconde de retard : {texts}, au plus {seconds}.",
    ),
    # Waits
    "waits": ("How long callers waited", "Combien de temps les gens ont attendu"),
    "waits_text": (
        "From receipt, over the calls that may be texted. Half: one caller in two waited no longer.",
        "Depuis la réception, si les textos sont permis. La moitié : une personne sur deux n’a pas attendu davantage.",
    ),
    "waits_caption": ("Wait from receipt", "Attente depuis la réception"),
    "waited": ("Share of calls", "Part des appels"),
    "half": ("Half", "La moitié"),
    "nine": ("9 in 10", "9 sur 10"),
    "ninety_nine": ("99 in 100", "99 sur 100"),
    "longest": ("Longest", "Maximum"),
    "step_dispatched": ("Officer dispatched", "Patrouille affectée"),
    "step_arrived": ("Officer arrived", "Arrivée sur place"),
    "step_cleared": ("Call over", "Fin de l’appel"),
    "not_told": ("–: the log does not tell.", "– : le journal ne le dit pas."),
    "backwards": (
        "Left out, because the log puts the step before the receipt: {calls}.",
        "Exclus, parce que le journal place l’étape avant la réception : {calls}.",
    ),
    # Segments and cost
    "cost": ("Texts, segments and cost", "Textos, segments et coût"),
    "cost_text": (
        "Carriers bill segments: a short text is one, a longer one is several.",
        "Les fournisseurs facturent des segments : un pour un texto court, plusieurs pour un plus long.",
    ),
    "price": (
        "At {price} a segment, {segments} would cost {cost}. The price is an assumption of the agency’s folder; the "
        "carrier’s contract decides.",
        "À {price} le segment, {segments} coûteraient {cost}. Ce prix est une hypothèse du dossier du service; le "
        "contrat du fournisseur fait foi.",
    ),
    "no_price": (
        "The agency’s folder assumes no price of a segment: no cost is shown.",
        "Le dossier du service ne suppose aucun prix par segment : aucun coût n’est présenté.",
    ),
    "per_call": (
        "A texted call had {mean} texts on average, half had at most {half}, and none more than {most}.",
        "Un appel avec textos en compte {mean} en moyenne, la moitié au plus {half}, et aucun plus de {most}.",
    ),
    "kinds_caption": ("Texts by kind", "Textos selon leur genre"),
    "kind": ("Kind", "Genre"),
    "sent": ("Sent", "Partis"),
    "held": ("Held back", "Retenus"),
    "languages_caption": ("Segments by language", "Segments selon la langue"),
    "language_head": ("Language", "Langue"),
    # Held back
    "held_title": ("What was held back, and why", "Ce qui a été retenu, et pourquoi"),
    "held_none": ("No text that was due was held back.", "Aucun texto prévu n’a été retenu."),
    "held_caption": ("Texts that were due and did not go out", "Textos prévus qui ne sont pas partis"),
    "outcome": ("What became of it", "Ce qu’il en est advenu"),
    # Rows
    "rows": ("What was wrong with the log’s rows", "Ce qui clochait dans les lignes du journal"),
    "rows_none": ("Nothing. The log has {rows}.", "Rien. Le journal compte {rows}."),
    "rows_text": (
        "Something is to be said about {problems} of {rows}, as reported:",
        "Il y a quelque chose à dire de {problems} sur {rows}, tel que signalé en anglais :",
    ),
    "more": ("And {count} more.", "Et {count} de plus."),
    # The files
    "files": ("How to read the two lists", "Comment lire les deux listes"),
    "files_text": (
        "Beside this page: decisions.csv, one line for each call; texts.csv, one line for each text; summary.json, "
        "all figures. The lists join on call_id, the call’s id in the log.",
        "À côté de cette page : decisions.csv, une ligne par appel; texts.csv, une ligne par texto; summary.json, "
        "tous les chiffres. Les listes se joignent par call_id, l’identifiant de l’appel dans le journal.",
    ),
    "files_sheet": (
        "In a spreadsheet, import them as UTF-8 with call_id as text: ids keep their leading zeros. A reason that "
        "begins like a formula has an apostrophe before it.",
        "Dans un tableur, importez-les en UTF-8 avec call_id en texte : les identifiants gardent leurs zéros "
        "initiaux. Une raison qui commence comme une formule est précédée d’une apostrophe.",
    ),
    "files_formula": (
        "Take care: a spreadsheet would take {ids} of this log for a formula. Import call_id as text.",
        "Attention : un tableur prendrait {ids} de ce journal pour une formule. Importez call_id en texte.",
    ),
    "column": ("Column", "Colonne"),
    "meaning": ("Meaning", "Signification"),
    "col_call_id": ("the call, as the log names it", "l’appel, comme le journal le désigne"),
    "col_eligible": ("true, false, or undecided: a fact is missing", "true (oui), false (non), undecided (en suspens)"),
    "col_rule": ("the rule that had the last word", "la règle qui a eu le dernier mot"),
    "col_reason": ("why, in the words of the rule or the agency", "pourquoi, selon la règle ou le service"),
    "col_kind": (
        "confirmation, delay (a delay notice) or survey (its link)",
        "confirmation, delay (avis de retard) ou survey (lien vers le sondage)",
    ),
    "col_sequence": ("which one of its kind for this call", "le rang parmi ceux du même genre pour l’appel"),
    "col_language": ("en, fr, or both in one text", "en, fr ou les deux dans un même texto"),
    "col_segments": ("how many the carrier would bill", "combien le fournisseur en facturerait"),
    "col_due_at": ("when it was due, local time", "quand il était prévu, heure locale"),
    "col_sent_at": ("when it left; empty where it was held back", "quand il est parti; vide s’il a été retenu"),
    "col_outcome": ("sent, or what held it back", "sent (parti), ou ce qui l’a retenu"),
}

NAMES: Final[Mapping[str, Pair]] = {
    # What the code names in its own short way
    "confirmation": ("Confirmation", "Confirmation"),
    "delay": ("Delay notice", "Avis de retard"),
    "survey": ("Survey link", "Lien vers le sondage"),
    "auto_reply": ("Automatic reply", "Réponse automatique"),
    "suppressed": ("Held back by a rule", "Retenu par une règle"),
    "expired": ("Too late to be true or useful", "Trop tard pour être exact ou utile"),
    "failed": ("Refused by the carrier", "Refusé par le fournisseur"),
    "unknown": ("Unknown", "Inconnu"),
    "en": ("English", "Anglais"),
    "fr": ("French", "Français"),
    "en+fr": ("Both in one text", "Les deux dans un texto"),
}

FRENCH: Final[Mapping[str, str]] = {
    # Rules, and what their reasons are made of. English is as the code has it, and as it stands in the lists.
    "silenced for ever": "réduit au silence pour de bon",
    "in progress": "en cours",
    "safety flag": "alerte de sécurité",
    "sensitive call type": "type d’appel délicat",
    "excluded call type": "type d’appel exclu",
    "unknown call type": "type d’appel inconnu",
    "unknown priority": "priorité inconnue",
    "priority outside the policy": "priorité hors de la politique",
    "unknown source": "provenance inconnue",
    "not from a resident": "ne vient pas d’une résidente ou d’un résident",
    "cancelled": "annulé",
    "the row cannot be read": "la ligne est illisible",
    "the log's row was left out; the report says what is wrong with it": "ligne du journal exclue; voir plus bas",
    "a fact is missing": "un renseignement manque",
    "no number that may be texted": "aucun numéro auquel on peut envoyer un texto",
    "no number to text": "aucun numéro pour les textos",
    "forgotten": "numéro supprimé pour de bon",
    "all rules met": "toutes les règles respectées",
    "opted out": "textos refusés (ARRET)",
    "expired": "périmé",
    "refused by the carrier": "refusé par le fournisseur",
    "the caller may be texted": "la personne peut recevoir des textos",
    "the incident is in progress": "l’incident est en cours",
    "CAD carries a safety flag": "le système de répartition porte une alerte de sécurité",
    "CAD gives no number that can be texted": "le système de répartition ne donne aucun numéro pour les textos",
    "STOP is in force for this number": "ARRET est en vigueur pour ce numéro",
    "it would no longer be true or useful": "il ne serait plus exact ou utile",
    "the policy does not know the call type {}": "la politique ne connaît pas le type d’appel {}",
    "the policy does not know the priority {}": "la politique ne connaît pas la priorité {}",
    "the policy does not know the source {}": "la politique ne connaît pas la provenance {}",
    "priority {}; texted are {}": "priorité {}; les textos sont pour {}",
    "the call came from: {}": "provenance de l’appel : {}",
    "the call was once: {}": "l’appel a déjà été : {}",
    "CAD says: {}": "selon le système de répartition : {}",
    "CAD has not told {}": "le système de répartition n’a pas indiqué {}",
    "the call type": "le type d’appel",
    "the priority": "la priorité",
    "the source": "la provenance",
    "the time of receipt": "l’heure de réception",
    "the case number": "le numéro de dossier",
    "a case number that can stand in a text": "un numéro de dossier qui puisse figurer dans un texto",
    "officer": "policière ou policier",
    "alarm": "alarme",
    "other": "autre",
    "duplicate": "doublon",
    "merged": "fusionné",
    "transferred": "transféré",
    "test": "essai",
}
