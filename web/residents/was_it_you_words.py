"""The words about codes in texts, and for those whom a limit or a check stops, English beside French (R10)."""

from collections.abc import Mapping
from typing import Final

WAS_IT_YOU: Final[Mapping[str, tuple[str, str]]] = {
    "code_title": ("Check the code in a text", "Vérifier le code d’un texto"),
    "code_lead": (
        "Each of our texts about a call shows a code of six letters and digits. Type it here to learn whether we sent "
        "a text with this code.",
        "Chacun de nos textos au sujet d’un appel contient un code de six lettres et chiffres. Inscrivez-le ici pour "
        "savoir si nous avons envoyé un texto qui contient ce code.",
    ),
    "code_label": ("Code", "Code"),
    "code_hint": (
        "Six signs, as in 7K3M9X. Capital or small letters, both are fine.",
        "Six signes, comme 7K3M9X. Majuscules ou minuscules, les deux conviennent.",
    ),
    "code_check": ("Check the code", "Vérifier le code"),
    "code_copied": (
        "Somebody could copy a code from a real text. So look at the number and at the address of the link, too.",
        "Quelqu’un pourrait copier le code d’un vrai texto. Vérifiez donc aussi le numéro et l’adresse du lien.",
    ),
    # What the page says of what was typed
    "code_known": (
        "Yes, this code is from a text that we sent.",
        "Oui, ce code vient d’un texto que nous avons envoyé.",
    ),
    "code_unknown": (
        "We do not know this code. It may be mistyped, or not from us. Do not tap the link in the text. Call "
        "{non_emergency_line}.",
        "Nous ne connaissons pas ce code. Il est peut-être mal recopié, ou ne vient pas de nous. N’ouvrez pas le lien "
        "du texto. Composez le {non_emergency_line}.",
    ),
    "code_number": (
        "This looks like a case number or a phone number. We look up neither here, because other people may know "
        "yours, and we have not kept what you typed. Type the code in the text, or call {non_emergency_line}.",
        "Cela ressemble à un numéro de dossier ou de téléphone. Ici, nous ne cherchons ni l’un ni l’autre, car "
        "d’autres personnes peuvent connaître le vôtre, et nous n’avons pas gardé ce que vous avez inscrit. Inscrivez "
        "le code du texto ou composez le {non_emergency_line}.",
    ),
    "code_nothing": ("Please type the code first.", "Veuillez d’abord inscrire le code."),
    # When a limit or a check stops somebody
    "limited_title": ("Please wait a moment", "Veuillez patienter un peu"),
    "limited": (
        "There have been many wrong tries, perhaps by other people. Please try again in a few minutes. Not sure that a "
        "text is ours? Do not open its link, and call us.",
        "Il y a eu beaucoup d’essais erronés, peut-être par d’autres personnes. Veuillez réessayer dans quelques "
        "minutes. Un doute sur un texto? N’ouvrez pas le lien et appelez-nous.",
    ),
    "foreign_title": ("We cannot accept this", "Impossible d’accepter cet envoi"),
    "foreign": (
        "It was sent from a page that is not ours, so nothing was saved. Please open the link in our text again.",
        "L’envoi vient d’une page qui n’est pas la nôtre; rien n’a donc été enregistré. Veuillez ouvrir de nouveau le "
        "lien de notre texto.",
    ),
}
