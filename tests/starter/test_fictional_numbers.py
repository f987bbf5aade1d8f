"""Numbers for replayed calls: reserved for fiction, so that no demonstration ever texts anybody."""

import re

from starter.fictional_numbers import canadian_area_codes, fictional_number, how_many, number_of_its_own

# In service, as the Canadian Numbering Administrator lists them; newer ones may come with the library.
WELL_KNOWN = {
    *(204, 226, 236, 249, 250, 263, 289, 306, 343, 354, 365, 367, 368, 382, 403, 416, 418, 428, 431, 437, 438, 450),
    *(468, 474, 506, 514, 519, 548, 579, 581, 584, 587, 604, 613, 639, 647, 672, 683, 705, 709, 742, 753, 778, 780),
    *(782, 807, 819, 825, 867, 873, 879, 902, 905, 942),
}
# Toll-free, premium, of no place, of the United States, of the Caribbean, of nobody.
NEVER = {
    800,
    833,
    844,
    855,
    866,
    877,
    888,
    900,
    600,
    622,
    633,
    644,
    655,
    677,
    688,
    911,
    555,
    212,
    315,
    716,
    340,
    809,
    999,
}


def test_the_area_codes_are_those_of_places_in_canada() -> None:
    codes = canadian_area_codes()
    assert set(codes) >= WELL_KNOWN
    assert not set(codes) & NEVER
    assert list(codes) == sorted(set(codes))


def test_every_number_is_one_of_the_hundred_that_are_reserved_for_fiction() -> None:
    pattern = re.compile(r"\+1([2-9]\d\d)55501\d\d")
    for index in range(how_many()):
        match = pattern.fullmatch(fictional_number(index))
        assert match is not None
        assert int(match[1]) in canadian_area_codes()


def test_no_two_callers_share_one_until_all_are_used_then_the_oldest_comes_first() -> None:
    numbers = [fictional_number(index) for index in range(2 * how_many())]
    first, second = numbers[: how_many()], numbers[how_many() :]
    assert len(set(first)) == how_many() == 100 * len(canadian_area_codes())
    assert second == first


def test_in_a_simulation_no_two_calls_share_a_number_and_nobody_can_have_the_further_ones() -> None:
    numbers = [number_of_its_own(index) for index in range(3 * how_many())]
    assert len(set(numbers)) == len(numbers)
    assert numbers[: how_many()] == [fictional_number(index) for index in range(how_many())]
    assert {len(number) for number in numbers[how_many() :]} == {len("+161355501000001")}
