from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.texts.by_the_bit import parts_by_the_bit
from tests.texts.ten_thousand import COUNT, ten_thousand_texts
from texts.segments import GSM7_BASIC, GSM7_EXTENSION, Encoding, segmentation

GSM7 = sorted(GSM7_BASIC | GSM7_EXTENSION)
MIXED = st.text(st.one_of(st.sampled_from(GSM7), st.sampled_from("çêœ’«»—😀👨‍👩‍👧€"), st.characters()), max_size=700)


def slowly(body: str) -> tuple[str, int]:
    """Encoding and segments the slow way: each character encoded by itself, and the pieces laid one by one."""
    if all(char in GSM7 for char in body):
        pieces, name, single, joined = (
            [b"\x1bx" if char in "\f^{}\\[~]|€" else b"x" for char in body],
            "GSM-7",
            160,
            153,
        )
    else:
        pieces = [char.encode("utf-16-be", "surrogatepass") for char in body]
        name, single, joined = "UCS-2", 140, 134  # octets
    if len(b"".join(pieces)) <= single:
        return name, 1
    laid = [b""]
    for piece in pieces:
        if len(laid[-1] + piece) > joined:
            laid.append(b"")
        laid[-1] += piece
    return name, len(laid)


@given(MIXED)
def test_segments_are_those_of_a_slow_reference(body: str) -> None:
    cost = segmentation(body)
    assert (cost.encoding, cost.segments) == slowly(body)


@given(st.text(st.sampled_from(GSM7), max_size=400))
def test_the_sms_alphabet_never_costs_the_expensive_one(body: str) -> None:
    cost = segmentation(body)
    assert (cost.encoding, cost.forced_by) == (Encoding.GSM7, ())


def test_the_alphabet_is_the_standards() -> None:
    assert len(GSM7_BASIC) == 127  # 128 places, one is the escape
    assert len(GSM7_EXTENSION) == 10
    assert set("àèéùüæÉÇÜÆ") <= GSM7_BASIC
    assert not set("âçêëîïôœûÿÀÂÈÊËÎÏÔŒÙÛŸ") & GSM7_BASIC


def test_limits_are_160_and_153_septets_and_70_and_67_units() -> None:
    for count, segments in ((0, 1), (160, 1), (161, 2), (306, 2), (307, 3)):
        assert segmentation("a" * count).segments == segments
    for count, segments in ((70, 1), (71, 2), (134, 2), (135, 3)):
        assert segmentation("ç" * count).segments == segments


def test_neither_an_escape_pair_nor_a_surrogate_pair_is_split() -> None:
    assert segmentation("a" * 152 + "€" + "a" * 152).segments == 3  # 306 septets would fill two
    assert segmentation("ç" * 66 + "😀" + "ç" * 66).segments == 3  # 134 units would fill two


def test_the_characters_that_force_the_expensive_alphabet_are_named_once_each_with_their_first_place() -> None:
    cost = segmentation("reçu, façon, bientôt")
    assert (cost.forced_by, cost.forced_at) == (("ç", "ô"), (2, 18))


def test_twilios_own_calculator_agrees_on_ten_thousand_texts() -> None:
    """Its counts were written down, see twilios_counts.mjs."""
    counted = (Path(__file__).parent / "twilios_counts.txt").read_text(encoding="ascii").replace("\n", "")
    costs = [segmentation(text) for text in ten_thousand_texts()]
    signs = {Encoding.GSM7: "-123456789", Encoding.UCS2: "-abcdefghi"}
    assert len(costs) == COUNT
    assert "".join(signs[cost.encoding][cost.segments] for cost in costs) == counted


def test_an_encoder_that_lays_bit_by_bit_agrees_on_ten_thousand_texts() -> None:
    for text in ten_thousand_texts():
        encoding, parts = parts_by_the_bit(text)
        cost = segmentation(text)
        assert (cost.encoding, cost.segments) == (encoding, len(parts)), text
        assert all(len(part) <= 140 for part in parts)
