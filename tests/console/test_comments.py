"""The pages of what residents wrote, over HTTP: who sees what, what is kept, and a comment that moved at night."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from database.encryption import Keyring
from database.surveys import MemberFeedbackRow, SurveyCommentRow, SurveyCutRow
from policy.agency import Agency
from tests.builders import NOON
from tests.console.served import Served, Staff, console_site
from tests.survey.month import Town, with_members
from web.staff.access.roles import MAY, Act, Role
from web.staff.comments.urgent import UrgentComments, UrgentCount
from web.staff.console.guard import guarded_routes
from web.staff.figures.own_feedback import member_hashes

FRENCH = {"console_language": "fr"}
_FIELDS = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


def town_of(site: Served) -> Town:
    return Town(engine=site.engine, keyring=site.keyring, agency=site.agency)


def wrote(site: Served, *comments: str, share: bool = True, others: int = 6) -> None:
    town = town_of(site)
    for comment in comments:
        said = {"C1": comment, "S1": "yes" if share else "summaries"}
        town.sent(town.invited(uuid4().hex, NOON, area="7"), NOON, **said)
    for _ in range(others):
        town.sent(town.invited(uuid4().hex, NOON, area="7"), NOON)


def fields(html: str) -> dict[str, str]:
    """The hidden ones of the page's last form; whoever posts has a token of their own."""
    found = dict(_FIELDS.findall(html.rpartition("<form")[2]))
    return {name: value for name, value in found.items() if name != "form_token"}


def first_link(html: str) -> str:
    found = re.search(r'href="(/comments/one/[^"]+)"', html)
    assert found is not None
    return found[1]


def rows(site: Served) -> list[SurveyCommentRow]:
    with Session(site.engine) as session:
        return list(session.exec(select(SurveyCommentRow)))


def opened(site: Served, staff: Staff) -> tuple[str, dict[str, str]]:
    """The first comment that waits: its address and its form."""
    path = first_link(staff.get("/comments").text)
    return path, fields(staff.get(path).text)


def test_a_comment_goes_from_the_reviewer_to_those_who_helped(site: Served) -> None:
    wrote(site, "The officer Tremblay was kind; loud music again")
    town_of(site).night(NOON)
    reviewer, operator = site.staff(Role.REVIEWER), site.staff(Role.OPERATOR)
    path, form = opened(site, reviewer)
    assert "Tremblay" not in operator.get("/comments/shared").text
    form |= {"word": "2", "mask": "[name]", "topic": "noise", "decision": "share"}
    answer = reviewer.post(path, **form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/comments?said=shared")
    page = operator.get("/comments/shared").text
    assert "The officer [name] was kind; loud music again" in page
    assert "January 2026" in page
    [row] = rows(site)
    assert (row.shared, row.topics) == (True, ["noise"])
    assert "Tremblay" not in site.keyring.decrypt(row.comment_encrypted)


def test_what_was_done_is_in_the_audit_log_and_not_a_word_of_the_resident(site: Served) -> None:
    wrote(site, "he has a gun", "Thank you Marie")
    reviewer = site.staff(Role.REVIEWER)
    urgent = reviewer.get("/comments").text
    form = dict(_FIELDS.findall(urgent.partition('action="/comments/seen"')[2].partition("</form>")[0]))
    assert reviewer.post("/comments/seen", **form).headers["Location"] == "/comments?said=no_done"
    answer = reviewer.post("/comments/seen", **form, done="handed_on")
    assert answer.headers["Location"] == "/comments?said=seen"
    assert "he has a gun" not in reviewer.get("/comments").text
    town_of(site).night(NOON)
    for _ in range(2):
        path, form = opened(site, reviewer)
        assert reviewer.post(path, **form, word="0", decision="decline").status_code == 303
    entries = [entry for entry in site.audit() if entry.act == Act.REVIEW_COMMENTS]
    assert [entry.detail for entry in entries if entry.detail] == [
        {"done": "handed_on"},
        {"decision": "decline"},
        {"decision": "decline"},
    ]
    # R7: until the night, an id would tell which of those that are held is the urgent one.
    assert {entry.about for entry in entries if entry.detail.get("done")} == {None}
    assert not any("gun" in str(vars(entry)) or "Marie" in str(vars(entry)) for entry in site.audit())


def test_an_urgent_comment_that_moved_in_the_night_is_still_seen(site: Served) -> None:
    wrote(site, "he has a gun")
    reviewer = site.staff(Role.REVIEWER)
    form = dict(_FIELDS.findall(reviewer.get("/comments").text.partition('action="/comments/seen"')[2]))
    town_of(site).night(NOON)
    assert "he has a gun" in reviewer.get("/comments").text
    assert reviewer.post("/comments/seen", **form, done="no_danger").headers["Location"] == "/comments?said=seen"
    assert reviewer.post("/comments/seen", **form, done="no_danger").headers["Location"] == "/comments?said=gone"
    assert [row.urgent for row in rows(site)] == [False]


def test_whoever_had_a_comment_open_in_the_night_loses_nothing(site: Served) -> None:
    wrote(site, "Thank you")
    town_of(site).night(NOON)
    reviewer = site.staff(Role.REVIEWER)
    path, form = opened(site, reviewer)
    town_of(site).night(NOON.replace(day=NOON.day + 1))
    moved = reviewer.get(path)
    assert moved.status_code == 404
    assert "Nothing is lost" in moved.text
    assert reviewer.post(path, **form, decision="share").headers["Location"] == "/comments?said=shared"
    assert [row.shared for row in rows(site)] == [True]


def test_without_consent_there_is_no_button_and_no_way_around_it(site: Served) -> None:
    wrote(site, "Only in summaries", share=False)
    town_of(site).night(NOON)
    reviewer = site.staff(Role.REVIEWER)
    path, form = opened(site, reviewer)
    assert 'value="share"' not in reviewer.get(path).text
    assert reviewer.post(path, **form, decision="share").headers["Location"] == "/comments?said=no_consent"
    assert [(row.reviewed, row.shared) for row in rows(site)] == [(False, False)]
    assert reviewer.post(path, **form, decision="approve").headers["Location"] == "/comments?said=approved"
    assert "Only in summaries" in reviewer.get("/comments?state=approved").text
    assert reviewer.post(path, **form, decision="decline").headers["Location"] == "/comments?said=changed"
    form = fields(reviewer.get(path).text)
    assert reviewer.post(path, **form, decision="decline").headers["Location"] == "/comments?said=declined"
    assert "Only in summaries" in reviewer.get("/comments?state=declined").text


def test_two_reviewers_at_one_comment_the_second_reads_it_again(site: Served) -> None:
    wrote(site, "Thank you Marie")
    town_of(site).night(NOON)
    first, second = site.staff(Role.REVIEWER), site.staff(Role.REVIEWER)
    path, form = opened(site, second)
    assert first.post(path, **form, word="2", mask="[name]", decision="mask").headers["Location"].endswith("=masked")
    assert second.post(path, **form, decision="share").headers["Location"] == "/comments?said=changed"
    assert [row.shared for row in rows(site)] == [False]
    assert first.post(path, **fields(first.get(path).text), decision="mask").headers["Location"].endswith("none_marked")


@pytest.mark.parametrize("wrong", [{"decision": "publish"}, {"decision": "share", "mark": "x"}, {}])
def test_a_form_that_is_none_of_ours_does_nothing(site: Served, wrong: dict[str, str]) -> None:
    wrote(site, "Thank you")
    town_of(site).night(NOON)
    reviewer = site.staff(Role.REVIEWER)
    path, form = opened(site, reviewer)
    assert reviewer.post(path, **{**form, **wrong}).headers["Location"] == "/comments?said=changed"
    assert [row.reviewed for row in rows(site)] == [False]


@pytest.fixture
def members(engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Served]:
    with console_site(engine, keyring, with_members(ottawa)) as site:
        yield site


def ten_said(site: Served, key: str) -> str:
    """Ten callers of an officer in a month that is over."""
    [hashed] = member_hashes(site.keyring, site.agency, role=site.agency.survey.members_feedback.roles[-1], key=key)  # type: ignore[union-attr]
    with Session(site.engine) as session, session.begin():
        session.merge(SurveyCutRow(agency="ottawa", day=NOON.date().replace(month=3)))
        for mark in "5544332211":
            said = {"Q7": mark, "Q8": "5"}
            session.add(
                MemberFeedbackRow(agency="ottawa", role="officer", key_hash=hashed, month="2026-01", scores=said)
            )
        words = site.keyring.encrypt_without_time("Merci [name]")
        session.add(
            MemberFeedbackRow(
                agency="ottawa",
                role="officer",
                key_hash=hashed,
                month="2026-01",
                comment_encrypted=words,
                reviewed=True,
                decision="approved",
                shared=True,
            )
        )
    return hashed


def test_a_members_feedback_is_found_by_a_key_that_is_kept_nowhere(members: Served) -> None:
    hashed = ten_said(members, "B-4417")
    supervisor = members.staff(Role.SUPERVISOR)
    page = supervisor.post("/members", role="officer", key=" B-4417")
    assert page.status_code == 200
    assert "January 2026" in page.text
    assert "40% (95% interval: 17% to 69%)" in page.text
    assert "All of one mind" in page.text
    assert "fewer than 10" in page.text
    assert "Merci [name]" in page.text
    assert "4417" not in page.text
    looks = [entry for entry in members.audit() if entry.act == Act.SEE_MEMBER_FEEDBACK]
    assert looks[-1].detail == {"role": "officer", "member": hashed}
    assert not any("4417" in str(vars(entry)) for entry in members.audit())


def test_a_key_of_nobody_and_one_of_too_few_are_answered_alike(members: Served) -> None:
    ten_said(members, "B-4417")
    supervisor = members.staff(Role.SUPERVISOR)
    nobody = supervisor.post("/members", role="officer", key="9999")
    other_role = supervisor.post("/members", role="call_taker", key="B-4417")
    assert "There is nothing to show" in nobody.text
    assert "There is nothing to show" in other_role.text
    assert supervisor.post("/members", role="officer", key=" ").status_code == 400


def test_members_feedback_is_not_there_where_the_folder_does_not_ask_for_it(site: Served, members: Served) -> None:
    supervisor = site.staff(Role.SUPERVISOR)
    assert supervisor.get("/members").status_code == 404
    assert "/members" not in supervisor.get("/audit").text
    assert 'href="/members"' in members.staff(Role.SUPERVISOR).get("/audit").text


def test_r1_only_supervisors_see_it(members: Served) -> None:
    acts = {act for _, act in guarded_routes(members.app.routes)}
    assert Act.SEE_MEMBER_FEEDBACK in acts
    for role in Role:
        status = members.staff(role).get("/members").status_code
        assert status == (200 if role in MAY[Act.SEE_MEMBER_FEEDBACK] else 403), role


def test_the_board_says_that_urgent_comments_wait_and_not_a_word_of_them(
    engine: Engine, keyring: Keyring, ottawa: Agency
) -> None:
    """Whoever answers residents sees it, too: the resident was told that a person looks today."""
    town = Town(engine=engine, keyring=keyring, agency=ottawa)
    for comment in ("he has a gun", "she is bleeding", "Thank you"):
        town.sent(town.invited(uuid4().hex, NOON, area="7"), NOON, C1=comment)
    with console_site(engine, keyring, ottawa) as site:
        operator = site.staff(Role.OPERATOR)
        for path in ("/calls", "/attention"):
            page = operator.get(path).text
            assert "Comments that nobody has looked at: 2" in page
            assert not re.search("gun|bleeding", page)
            assert 'href="/comments"' not in page  # nothing that would be refused
        assert "Commentaires que personne n’a lus : 2" in operator.get("/calls", cookies=FRENCH).text


def test_urgent_comments_are_counted_once_a_minute(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    """The board looks every few seconds, and a day's answers are decrypted to count them."""
    town = Town(engine=engine, keyring=keyring, agency=ottawa)
    comments, now = UrgentComments(engine=engine, keyring=keyring, agency="ottawa"), [0.0]
    count = UrgentCount(comments, monotonic=lambda: now[0])
    assert count.get() == 0
    town.sent(town.invited(uuid4().hex, NOON, area="7"), NOON, C1="he has a gun")
    now[0] = 59
    assert count.get() == 0
    now[0] = 60
    assert count.get() == 1


def test_lists_of_comments_can_be_narrowed_by_language_month_and_topic(site: Served) -> None:
    with Session(site.engine) as session, session.begin():
        for language, week, topics, state in (
            ("en", "2026-W02", ["noise"], "shared"),
            ("fr", "2026-W02", ["theft"], "shared"),
            ("en", "2026-W07", ["theft"], "shared"),
            ("en", "2026-W02", None, "waits"),
            ("fr", "2026-W02", None, "waits"),
        ):
            is_shared = state == "shared"
            words = site.keyring.encrypt_without_time(f"{language} {week} {state}")
            session.add(
                SurveyCommentRow(
                    agency="ottawa",
                    week=week,
                    language=language,
                    comment_encrypted=words,
                    may_share=True,
                    reviewed=is_shared,
                    decision="approved" if is_shared else None,
                    shared=is_shared,
                    topics=topics,
                )
            )
    operator, reviewer = site.staff(Role.OPERATOR), site.staff(Role.REVIEWER)

    def quoted(staff: Staff, path: str) -> list[str]:
        return sorted(re.findall(r"<blockquote[^>]*>([^<]*)<", staff.get(path).text))

    shared = "/comments/shared?month=2026-01"
    assert quoted(operator, shared) == ["en 2026-W02 shared", "fr 2026-W02 shared"]
    assert quoted(operator, f"{shared}&language=fr") == ["fr 2026-W02 shared"]
    assert quoted(operator, f"{shared}&topic=noise") == ["en 2026-W02 shared"]
    assert quoted(operator, f"{shared}&topic=noise&language=fr") == []
    assert "No shared comment of this month is of this kind" in operator.get(f"{shared}&topic=drugs").text
    assert quoted(operator, f"{shared}&topic=nonsense&language=x") == quoted(operator, shared)
    assert quoted(reviewer, "/comments?language=fr") == ["fr 2026-W02 waits"]
    assert quoted(reviewer, "/comments?state=approved&language=fr") == ["fr 2026-W02 shared"]
    assert len(quoted(reviewer, "/comments")) == 2
    assert 'href="/comments?state=approved&amp;language=fr"' in reviewer.get("/comments?language=fr").text
