"""The table of every text in Markdown: docs/texts-of-ottawa.md."""

from calls.facts import Language
from cli.preview.shown import Shown, ShownText, texts_shown
from policy.agency import Agency
from texts.samples import sample_fields

_HEAD = """\
# The texts of {name}

Written by `communityconnect agency preview {folder} --table {file}`; a test keeps it true. Why they
say what they say: [Wording](wording.md).

Sample values: case number `{case_number}`, link `{link}`. Segments in brackets: the
most, with a case number of 30 signs and a link of 80. Both languages stand in one text where neither CAD nor a reply
has told the caller's. Cost: {price} a segment, an assumption in `agency.yaml`. Ease: Flesch (English), Kandel and
Moles (French), of 100.

"""
_COLUMNS = "| | text | segments | alphabet | cost | ease |\n|---|---|---|---|---|---|\n"


def table(agency: Agency, *, folder: str, file: str) -> str:
    """Every text in English, in French and in both."""
    price = agency.identity.segment_price
    name, said = agency.identity.name[Language.ENGLISH], "none" if price is None else f"{price.amount} {price.currency}"
    values = sample_fields(Language.ENGLISH)
    head = _HEAD.format(
        name=name, folder=folder, file=file, price=said, case_number=values["case_number"], link=values["link"]
    )
    parts = [head]
    parts += [_of_one(text) for text in texts_shown(agency)]
    return "\n".join(parts)


def _of_one(text: ShownText) -> str:
    unused = "" if text.is_used else "\nNot sent as the policy is now.\n"
    return f"## {text.key}\n{unused}\n{_COLUMNS}" + "".join(_row(shown) for shown in text.versions)


def _row(shown: Shown) -> str:
    body = shown.body.replace("|", "\\|").replace("\n\n", "<br><br>").replace("\n", "<br>")
    ease = "" if shown.ease is None else str(shown.ease)
    if shown.is_spoken:
        return f"| {shown.language or 'en+fr'} | {body} | spoken | | | {ease} |\n"
    segments = str(shown.cost.segments)
    if shown.at_most > shown.cost.segments:
        segments += f" ({shown.at_most})"
    alphabet = f"{shown.cost.encoding}, {shown.cost.units}"
    if shown.forced:
        alphabet += ": " + ", ".join(f"{forced.character} at {forced.position}" for forced in shown.forced)
    cost = "" if shown.price is None else f"{shown.amount} {shown.price.currency}"
    return f"| {shown.language or 'en+fr'} | {body} | {segments} | {alphabet} | {cost} | {ease} |\n"
