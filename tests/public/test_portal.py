"""The portal: every figure is the bundle's, nothing else is told, in both languages alike, and every link leads on."""

import json
import posixpath
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from calls.facts import Language
from cli.open_data_site import write_site
from policy.agency import Agency
from tests.conftest import AGENCIES
from tests.public.portal import SECRET_WARD, Portal, Row
from tests.public.read_page import Element
from web.public.bundles import BundleError, published
from web.public.phrases import phrases, words
from web.public.site import Site

LANGUAGES = ("en", "fr")
NOT_TOLD = {
    "en": {"SUPPRESSED": "not shown", "NO_DATA": "no data"},
    "fr": {"SUPPRESSED": "non diffusé", "NO_DATA": "aucune donnée"},
}


def _area_page(row: Row) -> str:
    return f"{row['GEO_LEVEL'].lower()}-{row['GEO_ID'].lower()}.html"


def _value(cell: Element) -> str:
    """What a cell says: the figure itself, else its words."""
    figures = list(cell.all("data"))
    return figures[0].get("value") if figures else cell.text


def _said(row: Row, column: str, language: str) -> str:
    return row[column] if row["STATUS"] == "OK" else NOT_TOLD[language][row["STATUS"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_of_the_bundle_stands_on_its_area_s_page(portal: Portal, language: str) -> None:
    for quarter in portal.quarters:
        for row in portal.rows(quarter, "survey_results"):
            page = portal.page(f"{language}/{quarter}/{_area_page(row)}")
            table = next(t for t in page.all("table") if t.get("data-question") == row["QUESTION_ID"])
            line = next(tr for tr in table.all("tr") if tr.get("data-answer") == row["ANSWER_ID"])
            cells = list(line.all("td"))
            assert line.first("th").text == row[f"ANSWER_{language.upper()}"]
            assert _value(cells[1]) == _said(row, "PCT", language), row
            assert _value(cells[-1]) == _said(row, "N_ANSWERS", language), row
        for row in portal.rows(quarter, "activity"):
            page = portal.page(f"{language}/{quarter}/{_area_page(row)}")
            table = next(t for t in page.all("table") if t.get("data-table") == "activity")
            line = next(tr for tr in table.all("tr") if tr.get("data-measure") == row["MEASURE_ID"])
            cell = next(td for td in line.all("td") if td.get("data-priority") == row["PRIORITY"])
            assert _value(cell) == _said(row, "COUNT", language), row


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_of_the_bundle_stands_on_its_question_s_page(portal: Portal, language: str) -> None:
    for quarter in portal.quarters:
        rows = portal.rows(quarter, "survey_results")
        answered = {_asked(row): row["N_RESPONSES"] for row in rows if row["N_RESPONSES"]}
        for id_ in {row["QUESTION_ID"] for row in rows}:
            lines = _lines(portal.page(f"{language}/{quarter}/question-{id_.lower()}.html"))
            for row in (row for row in rows if row["QUESTION_ID"] == id_):
                where = ("quarter_column", quarter) if row["GEO_LEVEL"] == "CITY" else ("area", _area_page(row))
                cells = lines[where]
                assert _value(cells[row["ANSWER_ID"]]) == _said(row, "PCT", language), row
                assert _value(cells["*"]) == answered.get(_asked(row), _said(row, "N_RESPONSES", language)), row


def _asked(row: Row) -> tuple[str, ...]:
    return row["GEO_LEVEL"], row["GEO_ID"], row["QUESTION_ID"]


def _lines(page: Element) -> dict[tuple[str, str], dict[str, Element]]:
    """By table and key, each line's cells by answer."""
    return {
        (table.get("data-table"), line.get("data-key")): {cell.get("data-answer"): cell for cell in line.all("td")}
        for table in page.all("table")
        for line in table.all("tr")
    }


def test_no_page_has_a_figure_that_is_not_in_its_bundles(portal: Portal) -> None:
    known = {
        row[column]
        for table, columns in (("survey_results", ("PCT", "N_ANSWERS", "N_RESPONSES")), ("activity", ("COUNT",)))
        for quarter in portal.quarters
        for row in portal.rows(quarter, table)
        for column in columns
    }
    for address, page in portal.pages():
        assert {data.get("value") for data in page.all("data")} <= known, address
        for data in page.all("data"):
            assert re.sub(r"[\s,%]", "", data.text) == data.get("value"), address


def test_a_bar_is_as_long_as_its_share(portal: Portal) -> None:
    for address, page in portal.pages():
        for line in (tr for table in page.all("table") for tr in table.all("tr") if "data-answer" in tr.attributes):
            bars = [path.get("d") for path in line.all("path")]
            shares = [data.get("value") for data in line.all("data")][:1]
            assert bars == [f"M0 0h{share}v1H0" for share in shares], address


def test_what_is_not_told_is_counted_in_words(portal: Portal) -> None:
    quarter = portal.quarters[0]
    rows = [row for row in portal.rows(quarter, "survey_results") if _area_page(row) == "ward-02.html"]
    hidden = sum(row["STATUS"] == "SUPPRESSED" for row in rows)
    page = portal.page(f"en/{quarter}/ward-02.html")
    assert 1 < hidden < len(rows)
    assert f"Of {len(rows)} figures, {hidden} are not shown: they were rounded to nought" in page.text
    table = next(t for t in page.all("section") if t.first("table").get("data-question") == "Q1")
    q1 = [row for row in rows if row["QUESTION_ID"] == "Q1"]
    assert f"Not shown: {sum(row['STATUS'] == 'SUPPRESSED' for row in q1)} of {len(q1)}." in table.text


def _names_on(page: Element) -> Iterator[str]:
    for table in page.all("table"):
        if not table.get("class").endswith("files"):
            yield from (th.text for th in table.all("th") if th.get("scope") == "row")
    yield from (a.text for ul in page.all("ul") for a in ul.all("a"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_names_anything_that_is_not_in_its_bundle(portal: Portal, language: str) -> None:
    for quarter in portal.quarters:
        rows = [*portal.rows(quarter, "survey_results"), *portal.rows(quarter, "activity")]
        end = f"_{language.upper()}"
        named = {words(Language(language))["whole"]}
        named |= {value for row in rows for name, value in row.items() if name.endswith(end)}
        for address, page in portal.pages(f"{language}/{quarter}"):
            others = {name for name in _names_on(page) if name not in named}
            assert all(re.search(r"20\d\d$", name) for name in others), (address, others)  # links to quarters


def test_what_is_not_published_is_nowhere(portal: Portal) -> None:
    files = [path for path in portal.site.rglob("*") if path.is_file()]
    assert (portal.bundles / "ottawa" / "2026-q3").exists()
    assert not [path for path in files if "2026-q3" in path.as_posix() or SECRET_WARD in path.read_text("utf-8")]


def test_every_link_leads_to_a_page_and_to_a_place_on_it(portal: Portal) -> None:
    licence = {"https://example.org/licence", "https://example.org/licence-fr"}
    reached = {"index.html"}
    for address, page in portal.pages():
        for element in page.all("a", "link"):
            link = urlsplit(element.get("href"))
            if link.scheme:
                assert element.get("href") in licence, address
                continue
            to = posixpath.normpath(posixpath.join(posixpath.dirname(address), unquote(link.path)))
            if not link.path:
                to = address
            assert (portal.site / to).is_file(), (address, element.get("href"))
            reached.add(to)
            if link.fragment:
                assert link.fragment in {one.get("id") for one in portal.page(to).all()}, (address, element.get("href"))
    there = {path.relative_to(portal.site).as_posix() for path in portal.site.rglob("*") if path.is_file()}
    assert there - reached == {".communityconnect-site"}, "nothing is there that no link leads to"


def test_both_languages_have_the_same_pages_with_the_same_figures(portal: Portal) -> None:
    """R10"""
    english, french = dict(portal.pages("en")), dict(portal.pages("fr"))
    assert [name[3:] for name in english] == [name[3:] for name in french]
    for name, page in english.items():
        other = french[f"fr/{name[3:]}"]
        assert [e.tag for e in page.all()] == [e.tag for e in other.all()], name
        assert [d.get("value") for d in page.all("data")] == [d.get("value") for d in other.all("data")], name
        assert page.first("html").get("lang") == "en"
        switch = next(a for a in page.all("a") if a.get("class") == "switch")
        assert posixpath.normpath(posixpath.join(posixpath.dirname(name), switch.get("href"))) == f"fr/{name[3:]}"
        for mine, its in zip(page.all("h1", "p"), other.all("h1", "p"), strict=True):
            assert mine.text != its.text, (name, mine.text)


def test_every_phrase_has_the_same_fields_in_both_languages() -> None:
    """R10"""
    for key, phrase in phrases().items():
        assert sorted(re.findall(r"\{(\w+)\}", phrase.en)) == sorted(re.findall(r"\{(\w+)\}", phrase.fr)), key


def test_a_page_runs_nothing_and_asks_nobody_else(portal: Portal) -> None:
    for address, page in portal.pages():
        assert [s.get("type") for s in page.all("script")] in ([], ["application/ld+json"]), address
        for element in page.all():
            assert not [name for name in element.attributes if name.startswith("on") or name in ("style", "src")], (
                address
            )
            assert element.tag not in {"img", "iframe", "form", "object", "style", "base"}, address
        policy = next(m for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy").get("content")
        assert policy.startswith("default-src 'none'; style-src 'self' file:;")
        assert page.first("title").text, address
    assert (portal.site / "portal.css").stat().st_size < 12_000
    assert "url(" not in (portal.site / "portal.css").read_text()


def test_search_engines_are_told_of_the_files(portal: Portal) -> None:
    quarter = portal.quarters[-1]
    for address in (f"fr/{quarter}/index.html", "fr/index.html"):
        told = json.loads(portal.page(address).first("script").text)
        assert (told["@type"], told["version"], told["temporalCoverage"]) == ("Dataset", "2", "2026-04-01/2026-06-30")
        for file in told["distribution"]:
            path = (portal.site / address).parent / file["contentUrl"]
            assert file["contentSize"] == f"{path.stat().st_size} B"


def test_the_files_are_those_that_were_published_in_all_versions(portal: Portal) -> None:
    index = json.loads((portal.bundles / "index.json").read_bytes())
    for entry in index["bundles"]:
        for file in entry["files"]:
            path = f"ottawa/{entry['period']}/v{entry['version']}/{file['name']}"
            assert (portal.site / path).read_bytes() == (portal.bundles / path).read_bytes()
    page = portal.page("en/downloads.html").text
    assert re.search(r"Version 2 \(newest\)\. Corrected .* 20\d\d \(version 2\): A count was wrong\.", page)
    assert re.search(r"Version 1 \(replaced\)\. Published .* 20\d\d ", page)


def test_the_example_of_rounding_is_what_the_rounding_does(portal: Portal) -> None:
    from insights.protect import interval

    said = portal.page("en/method.html").text
    low, high, least, most = map(
        int, re.findall(r"(\d+) is published, or (\d+)\..* number from (\d+) to (\d+)", said)[0]
    )
    assert (high - low, interval(high, base=15)) == (15, (least, most))


def test_a_bundle_that_was_changed_since_is_not_shown(portal: Portal, tmp_path: Path) -> None:
    bundles, out = tmp_path / "bundles", tmp_path / "site"
    shutil.copytree(portal.bundles, bundles)
    write_site(bundles, out, agency=AGENCIES / "ottawa", say=lambda _: None)
    before = (out / "en" / "index.html").read_bytes()
    path = bundles / "ottawa" / portal.quarters[0] / "v1" / "communityconnect_activity.csv"
    path.write_text(path.read_text().replace("OK", "ok", 1))
    with pytest.raises(BundleError, match="is not the file that was published"):
        write_site(bundles, out, agency=AGENCIES / "ottawa", say=lambda _: None)
    assert (out / "en" / "index.html").read_bytes() == before, "the site of before stays"
    assert {each.name for each in tmp_path.iterdir()} == {"bundles", "site"}, "nothing unfinished is left"


def test_a_site_is_written_over_an_earlier_one_and_over_nothing_else(portal: Portal, tmp_path: Path) -> None:
    bundles, out = tmp_path / "bundles", tmp_path / "site"
    bundles.mkdir()
    (bundles / "index.json").write_text('{"format": 1, "bundles": []}')
    write_site(bundles, out, agency=AGENCIES / "ottawa", say=lambda _: None)
    assert "Nothing has been published yet." in (out / "en" / "index.html").read_text()
    (out / "left.html").write_text("of an earlier one")
    write_site(bundles, out, agency=AGENCIES / "ottawa", say=lambda _: None)
    assert not (out / "left.html").exists()
    (mine := tmp_path / "mine").mkdir()
    (mine / "notes.txt").write_text("mine")
    for wrong in (mine, bundles, bundles / "site", tmp_path):
        with pytest.raises(BundleError):
            write_site(bundles, wrong, agency=AGENCIES / "ottawa", say=lambda _: None)
    with pytest.raises(BundleError, match=r"index\.json cannot be read"):
        write_site(tmp_path / "nowhere", out, agency=AGENCIES / "ottawa", say=lambda _: None)


def test_what_is_looked_at_before_it_is_public_says_so_on_every_page(portal: Portal, ottawa: Agency) -> None:
    bundles = published(portal.bundles, "ottawa")
    site = Site(bundles, ottawa, unpublished=portal.quarters[-1])
    for address in site.addresses:
        if address.endswith(".html") and "/" in address:
            said = (site.file(address) or b"").decode()
            assert ("is not public yet" in said) or ("n’est pas encore publique" in said), address
    assert "not public yet" not in portal.page("en/index.html").text
