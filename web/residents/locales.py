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
        "This survey is not monitored around the clock. Do not report a crime or an emergency here.",
        "Ce sondage n’est pas surveillé en tout temps. N’y signalez ni crime ni urgence.",
    ),
    "to_report": (
        "To add to your report or make a new one, call {non_emergency_line}.",
        "Pour compléter votre déclaration ou en faire une nouvelle, composez le {non_emergency_line}.",
    ),
    "not_a_complaint_form": ("This is not a complaint form.", "Ce n’est pas un formulaire de plainte."),
    "comment_reminder": (
        "Not monitored around the clock. Emergency: {emergency_line}. Not a complaint form.",
        "Pas surveillé en tout temps. Urgence\u00a0: {emergency_line}. Pas un formulaire de plainte.",
    ),
    "notice_title": ("Your answers are confidential", "Vos réponses sont confidentielles"),
    "confidential": (
        "The night after you send them, they are cut off from your phone number and your call for good. Only the week "
        "and general facts that several calls share, such as the part of the city, stay with them.",
        "La nuit suivant l’envoi, elles sont séparées pour de bon de votre numéro de téléphone et de votre appel. "
        "Seuls restent la semaine et des faits généraux communs à plusieurs appels, comme le secteur de la ville.",
    ),
    "about_members": (
        "What you say of the call taker and of the officer is kept apart from your other answers. They see it only "
        "together with what other callers said of them, and never with your call. A comment is shown to them only if "
        "you agree.",
        "Ce que vous dites de la personne qui a pris votre appel et de l’agent ou de l’agente est conservé à part de "
        "vos autres réponses. Ces personnes ne le voient qu’avec ce que d’autres ont dit d’elles, et jamais avec votre "
        "appel. Un commentaire ne leur est montré que si vous êtes d’accord.",
    ),
    "another_way": (
        "To answer in another way, for example by phone, call {non_emergency_line}.",
        "Pour répondre autrement, par exemple par téléphone, composez le {non_emergency_line}.",
    ),
    "step": ("Step {step} of {of}", "Étape {step} sur {of}"),
    "comment_limit": ("1,000 characters at most.", "1\u00a0000 caractères au plus."),
    "next": ("Next", "Suivant"),
    "back": ("Back", "Retour"),
    "send": ("Send my answers", "Envoyer mes réponses"),
    "saved_so_far": (
        "Each page is saved when you go on. To continue later, on this or another device, open the same link.",
        "Chaque page est enregistrée lorsque vous continuez. Pour poursuivre plus tard, sur cet appareil ou un autre, "
        "ouvrez le même lien.",
    ),
    "only_once": (
        "You can send your answers once. After that, nobody can change or withdraw them.",
        "Vous pouvez envoyer vos réponses une seule fois. Ensuite, personne ne peut les modifier ni les retirer.",
    ),
    # Mistakes
    "error": ("Error:", "Erreur\u00a0:"),
    "look_again": ("Nothing is sent yet", "Rien n’est encore envoyé"),
    "unknown option": (
        "Please choose one of the answers listed.",
        "Veuillez choisir une des réponses proposées.",
    ),
    "comment too long": (
        "Please shorten your comment to 1,000 characters.",
        "Veuillez limiter votre commentaire à 1\u00a0000 caractères.",
    ),
    "not alone": (
        "“{alone}” does not go with another answer. Please untick it, or the others.",
        "«\u00a0{alone}\u00a0» ne va pas avec une autre réponse. Veuillez décocher ce choix, ou les autres.",
    ),
    "nothing_answered": (
        "You have not answered any question, which is fine. To send something, answer at least one; or simply close "
        "this page.",
        "Vous n’avez répondu à aucune question, et c’est très bien ainsi. Pour envoyer quelque chose, répondez à au "
        "moins une question; sinon, fermez simplement la page.",
    ),
    # After the survey
    "thanks_title": ("Thank you", "Merci"),
    "thanks": (
        "Your answers are saved. They help us serve people better.",
        "Vos réponses sont enregistrées. Elles nous aident à mieux servir la population.",
    ),
    "thanks_close": ("You can close this page.", "Vous pouvez fermer cette page."),
    # After a comment that sounds urgent
    "urgent_title": (
        "Is anyone in danger now? Call {emergency_line}.",
        "Quelqu’un est en danger en ce moment? Composez le {emergency_line}.",
    ),
    "urgent": (
        "Nobody is reading your comment at this moment.",
        "Personne ne lit votre commentaire en ce moment.",
    ),
    "urgent_today": (
        "Your answers are saved, and a person will look at your comment today.",
        "Vos réponses sont enregistrées, et une personne lira votre commentaire aujourd’hui.",
    ),
    "urgent_kept": (
        "What you wrote is kept, but not sent yet.",
        "Ce que vous avez écrit est conservé, mais n’est pas encore envoyé.",
    ),
    "urgent_go_on": ("Go on with the survey", "Poursuivre le sondage"),
    "urgent_call": ("Call {emergency_line}", "Composer le {emergency_line}"),
    # A link that opens no survey
    "used_title": ("These answers are already in", "Les réponses sont déjà envoyées"),
    "used": (
        "This survey has been answered, and each link works once. Thank you for taking part.",
        "Quelqu’un a déjà répondu à ce sondage, et chaque lien ne sert qu’une fois. Merci de votre participation.",
    ),
    "closed_title": ("This link opens no survey", "Ce lien n’ouvre aucun sondage"),
    "closed": (
        "Its time may be over, or the address is incomplete. Please open the link in our text message again.",
        "Il n’est peut-être plus valide, ou l’adresse est incomplète. Veuillez ouvrir de nouveau le lien de notre "
        "texto.",
    ),
    # When something is wrong
    "not_found_title": ("There is no such page", "Cette page n’existe pas"),
    "not_found": ("Please check the address.", "Veuillez vérifier l’adresse."),
    "trouble_title": ("We cannot do this right now", "Impossible de répondre pour l’instant"),
    "trouble": (
        "Nothing was lost. Please try again in a few minutes.",
        "Rien n’est perdu. Veuillez réessayer dans quelques minutes.",
    ),
    "not_yet_title": ("Not sent yet", "Pas encore envoyé"),
    "not_yet": (
        "We cannot do this right now. Please keep this page open: it holds what you entered. Try again in a few "
        "minutes.",
        "Impossible de répondre pour l’instant. Veuillez garder cette page ouverte\u00a0: elle contient ce que vous "
        "avez inscrit. Réessayez dans quelques minutes.",
    ),
    "try_again": ("Try again", "Réessayer"),
    "refused_title": ("We cannot accept this", "Impossible d’accepter cet envoi"),
    "refused": (
        "What was sent could not be read. Please go back and try again.",
        "Impossible de lire ce qui a été envoyé. Veuillez revenir en arrière et réessayer.",
    ),
    "too_large_title": ("This is too long", "C’est trop long"),
    "too_large": (
        "What was sent is too long for us to read, so nobody will see it. Is anyone in danger now? Call "
        "{emergency_line}. Otherwise, please go back and shorten your comment to 1,000 characters.",
        "L’envoi est trop long pour être lu; personne ne le verra donc. Quelqu’un est en danger en ce moment? Composez "
        "le {emergency_line}. Sinon, veuillez revenir en arrière et limiter votre commentaire à 1\u00a0000 caractères.",
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
