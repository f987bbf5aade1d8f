"""The words of the residents' pages, English beside French (R10)."""

from collections.abc import Mapping
from typing import Final

from calls.facts import Language
from web.residents.was_it_you_words import WAS_IT_YOU

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    # On every page
    "skip": ("Skip to the content", "Passer au contenu"),
    "other_language": ("Français", "English"),
    "emergency": ("Emergency? Call {emergency_line}.", "Urgence? Composez le {emergency_line}."),
    "anything_else": (
        "For anything else, call {non_emergency_line}.",
        "Pour toute autre question, composez le {non_emergency_line}.",
    ),
    # The survey
    "survey_title": ("How did we do?", "Votre avis sur notre service"),
    "survey_lead": (
        "About two minutes. You may skip any question.",
        "Environ deux minutes. Vous pouvez sauter toute question.",
    ),
    "not_monitored": (
        "This survey is not monitored. Do not report a crime or an emergency here.",
        "Ce sondage n’est pas surveillé. N’y signalez ni crime ni urgence.",
    ),
    "to_report": (
        "To add to your report or make a new one, call {non_emergency_line}.",
        "Pour compléter votre déclaration ou en faire une nouvelle, composez le {non_emergency_line}.",
    ),
    "not_a_complaint_form": ("This is not a complaint form.", "Ce n’est pas un formulaire de plainte."),
    "notice_title": ("What happens with your answers", "Ce que deviennent vos réponses"),
    "confidential": (
        "Your answers are confidential. Once you send them, nothing links them to you or to your call, "
        "and we keep only the week in which they were sent.",
        "Vos réponses sont confidentielles. Une fois envoyées, rien ne les relie à vous ni à votre appel, "
        "et nous ne conservons que la semaine de leur envoi.",
    ),
    "comment_limit": ("1,000 characters at most.", "1\u00a0000 caractères au plus."),
    "send": ("Send my answers", "Envoyer mes réponses"),
    "only_once": (
        "You can send your answers once. Until you do, this link stays open.",
        "Vous pouvez envoyer vos réponses une seule fois. D’ici là, ce lien reste ouvert.",
    ),
    # Mistakes
    "error": ("Error:", "Erreur\u00a0:"),
    "look_again": ("Your answers are not sent yet", "Vos réponses ne sont pas encore envoyées"),
    "unknown option": (
        "Please choose one of the answers listed.",
        "Veuillez choisir une des réponses proposées.",
    ),
    "comment too long": (
        "Please shorten your comment to 1,000 characters.",
        "Veuillez limiter votre commentaire à 1\u00a0000 caractères.",
    ),
    "nothing_answered": (
        "You have not answered any question yet. Answer at least one, or simply close this page.",
        "Vous n’avez encore répondu à aucune question. Répondez à au moins une question ou fermez simplement la page.",
    ),
    # After the survey
    "thanks_title": ("Thank you", "Merci"),
    "thanks": (
        "Your answers are saved. They help us serve people better.",
        "Vos réponses sont enregistrées. Elles nous aident à mieux servir la population.",
    ),
    "thanks_close": ("You can close this page.", "Vous pouvez fermer cette page."),
    # A link that opens no survey
    "used_title": ("These answers are already in", "Les réponses sont déjà envoyées"),
    "used": (
        "This survey has been answered, and each link works once. Thank you for taking part.",
        "Quelqu’un a déjà répondu à ce sondage, et chaque lien ne sert qu’une fois. Merci de votre participation.",
    ),
    "expired_title": ("This survey is closed", "Ce sondage est terminé"),
    "expired": (
        "The time for answering is over. Thank you for having wanted to take part.",
        "La période de réponse est terminée. Merci d’avoir voulu participer.",
    ),
    "unknown_title": ("We cannot find this survey", "Ce sondage est introuvable"),
    "unknown": (
        "The address may be incomplete. Please open the link in our text message again.",
        "L’adresse est peut-être incomplète. Veuillez ouvrir de nouveau le lien de notre texto.",
    ),
    # When something is wrong
    "not_found_title": ("There is no such page", "Cette page n’existe pas"),
    "not_found": ("Please check the address.", "Veuillez vérifier l’adresse."),
    "trouble_title": ("We cannot do this right now", "Impossible de répondre pour l’instant"),
    "trouble": (
        "Nothing was lost. Please try again in a few minutes.",
        "Rien n’est perdu. Veuillez réessayer dans quelques minutes.",
    ),
    "refused_title": ("We cannot accept this", "Impossible d’accepter cet envoi"),
    "refused": (
        "What was sent could not be read. Please go back and try again.",
        "Impossible de lire ce qui a été envoyé. Veuillez revenir en arrière et réessayer.",
    ),
    # Who we are
    "home_title": ("Text messages from us", "Nos messages textes"),
    "home_lead": (
        "If you call us about something that is not an emergency, we may keep you informed by text message.",
        "Si vous nous appelez pour une situation non urgente, nous pourrions vous informer par message texte.",
    ),
    "home_number_title": ("Our number", "Notre numéro"),
    "home_number": ("Our texts come from this number only:", "Nos textos viennent uniquement de ce numéro\u00a0:"),
    "home_number_not_read": (
        "Nobody reads texts or answers calls there.",
        "Personne n’y lit les textos ni n’y répond aux appels.",
    ),
    "home_samples_title": ("What our texts look like", "À quoi ressemblent nos textos"),
    "home_confirmation": ("After your call", "Après votre appel"),
    "home_delay": ("If you have to wait", "Si vous devez attendre"),
    "home_survey": ("When it is over", "Quand c’est terminé"),
    "home_link": (
        "The address of the survey always begins with:",
        "L’adresse du sondage commence toujours par\u00a0:",
    ),
    "home_never_title": ("What we never ask", "Ce que nous ne demandons jamais"),
    "home_never": (
        "By text, or in the survey, we never ask for a name, an address, a password, a payment or a social insurance "
        "or social security number.",
        "Ni par texto ni dans le sondage, nous ne demandons un nom, une adresse, un mot de passe, un paiement ou un "
        "numéro d’assurance sociale.",
    ),
    "home_doubt_title": ("Not sure that a text is ours?", "Un doute sur un texto?"),
    "home_doubt": (
        "Do not open its link. Call {non_emergency_line} and give the case number. You can forward a suspicious text "
        "to 7726.",
        "N’ouvrez pas le lien. Composez le {non_emergency_line} et donnez le numéro de dossier. Vous pouvez transférer "
        "un texto suspect au 7726.",
    ),
    "home_stop_title": ("No more texts", "Ne plus recevoir de textos"),
    "home_stop": (
        "Reply STOP to any of our texts. Your call is handled just the same. To get texts again, reply START.",
        "Répondez ARRET à l’un de nos textos. Votre appel est traité de la même façon. Pour en recevoir de nouveau, "
        "répondez START.",
    ),
}


def words(language: Language) -> dict[str, str]:
    """All words of the pages in one language, by key; placeholders as in the texts."""
    place = list(Language).index(language)
    return {key: both[place] for key, both in {**_WORDS, **WAS_IT_YOU}.items()}
