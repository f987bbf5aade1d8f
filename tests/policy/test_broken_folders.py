"""Sixty and more broken folders: each is Ottawa's with one change, and the one line that says what is wrong."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from policy.check import check_folder
from policy.findings import Level
from tests.conftest import AGENCIES


@dataclass(frozen=True, kw_only=True)
class Broken:
    """The one change, the words on the line that is to blame, and the complaint.

    Of complaints that end with all keys or texts that there are, the beginning.
    """

    file: str
    old: str
    new: str
    blames: str
    says: str
    in_file: str | None = None


BROKEN = {
    "a key that no id can carry": Broken(
        file="agency.yaml",
        old="key: ottawa",
        new="key: Ottawa Police",
        blames="key: Ottawa Police",
        says=(
            "key: 'Ottawa Police' is not written as it has to be: small letters, digits and hyphens, a letter "
            "first, as in ottawa"
        ),
    ),
    "no French name": Broken(
        file="agency.yaml",
        old="  fr: Police d’Ottawa\n",
        new="",
        blames="name:",
        says="name: is missing in fr; en and fr are needed",
    ),
    "a sender without its country": Broken(
        file="agency.yaml",
        old='"+13438036032"',
        new='"343-803-6032"',
        blames='sender: "343-803-6032"',
        says="sender: '343-803-6032' is not written as it has to be: +1 and ten digits, as in +16135550100",
    ),
    "a sender that nobody can have": Broken(
        file="agency.yaml",
        old='"+13438036032"',
        new='"+19115550100"',
        blames='sender: "+19115550100"',
        says="sender: '+19115550100' is no number that anybody can have; write the carrier's, as in +16135550100",
    ),
    "a line that is no number": Broken(
        file="agency.yaml",
        old="non_emergency_line: 613-236-1222",
        new="non_emergency_line: the front desk",
        blames="non_emergency_line: the front desk",
        says=(
            "non_emergency_line: 'the front desk' cannot be dialled; write three digits, as in 9-1-1, or ten, "
            "as in 613-555-0100"
        ),
    ),
    "one line for emergencies and questions": Broken(
        file="agency.yaml",
        old="non_emergency_line: 613-236-1222",
        new="non_emergency_line: 9-1-1",
        blames="non_emergency_line: 9-1-1",
        says="non_emergency_line: '9-1-1' is the emergency line; residents with a question would call there",
    ),
    "a rate of nothing": Broken(
        file="agency.yaml",
        old="segments_per_second: 1 ",
        new="segments_per_second: 0 ",
        blames="segments_per_second: 0",
        says="segments_per_second: '0' is too little; 0.1 or more is allowed",
    ),
    "a price that is no number": Broken(
        file="agency.yaml",
        old='amount: "0.01"',
        new='amount: "one cent"',
        blames='segment_price: {amount: "one cent", currency: CAD}',
        says="segment_price.amount: 'one cent' is not a number",
    ),
    "a currency in small letters": Broken(
        file="agency.yaml",
        old="currency: CAD",
        new="currency: cad",
        blames='segment_price: {amount: "0.01", currency: cad}',
        says=(
            "segment_price.currency: 'cad' is not written as it has to be: a currency's three capital letters, "
            "as in CAD"
        ),
    ),
    "an unknown key": Broken(
        file="agency.yaml",
        old="emergency_line: 9-1-1",
        new="emergency_line: 9-1-1\nfax: 613-555-0100",
        blames="fax: 613-555-0100",
        says="fax: there is no such key; there are: ",
    ),
    "not YAML": Broken(
        file="policy.yaml",
        old="sources: [resident]",
        new="sources: [resident",
        blames="timetable:",
        says="not YAML: expected ',' or ']', but got '<scalar>'",
    ),
    "a misspelt key": Broken(
        file="policy.yaml",
        old="  give_up_after: 14 d",
        new="  give_up_after: 14 d\n  quite_hours: []",
        blames="  quite_hours: []",
        says="timetable.quite_hours: there is no such key; there are: ",
    ),
    "a missing key": Broken(
        file="policy.yaml",
        old="    repeat_every: 120 min\n",
        new="",
        blames="  delay:",
        says="timetable.delay.repeat_every: this key is missing",
    ),
    "a key that stands twice": Broken(
        file="policy.yaml",
        old="    at_most: 3 ",
        new="    at_most: 2\n    at_most: 3 ",
        blames="    at_most: 3",
        says="at_most: this stands here a second time",
    ),
    "a length of time without its unit": Broken(
        file="policy.yaml",
        old="after_hang_up: 2 min",
        new="after_hang_up: 2",
        blames="    after_hang_up: 2",
        says=(
            "timetable.confirmation.after_hang_up: '2' is not a length of time; write it as in 45 s, 30 min, 4 "
            "h or 14 d"
        ),
    ),
    "a length of time of nothing": Broken(
        file="policy.yaml",
        old="repeat_every: 120 min",
        new="repeat_every: 0 min",
        blames="    repeat_every: 0 min",
        says="timetable.delay.repeat_every: this length of time cannot be 0",
    ),
    "a length of time beyond a year": Broken(
        file="policy.yaml",
        old="give_up_after: 14 d",
        new="give_up_after: 400 d",
        blames="  give_up_after: 400 d",
        says="timetable.give_up_after: a length of time here is from 0 s to 366 d",
    ),
    "an hour that there is not": Broken(
        file="policy.yaml",
        old='closes: "20:00"',
        new='closes: "25:00"',
        blames='    closes: "25:00"',
        says="timetable.survey.closes: '25:00' is no hour of the day; write it as in \"09:00\"",
    ),
    "a window that never opens": Broken(
        file="policy.yaml",
        old='closes: "20:00"',
        new='closes: "08:00"',
        blames="  survey:",
        says="timetable.survey: surveys open at 09:00 and close at 08:00: not after that",
    ),
    "no such zone": Broken(
        file="policy.yaml",
        old="zone: America/Toronto",
        new="zone: Ottawa",
        blames="  zone: Ottawa",
        says="timetable.zone: 'Ottawa' is not a time zone; write it as in America/Toronto",
    ),
    "a switch that is neither on nor off": Broken(
        file="policy.yaml",
        old="enabled: true",
        new="enabled: perhaps",
        blames="    enabled: perhaps",
        says="timetable.survey.enabled: 'perhaps' is neither true nor false; write true or false",
    ),
    "a priority in words": Broken(
        file="policy.yaml",
        old="priorities: [3, 4]",
        new="priorities: [3, low]",
        blames="priorities: [3, low]",
        says="priorities.1: 'low' is not a whole number",
    ),
    "a priority that is no list": Broken(
        file="policy.yaml",
        old="priorities: [3, 4]",
        new="priorities: 4",
        blames="priorities: 4",
        says="priorities: a list has to stand here, as in [a, b]; here is '4'",
    ),
    "no priority": Broken(
        file="policy.yaml",
        old="priorities: [3, 4]",
        new="priorities: []",
        blames="priorities: []",
        says="priorities: none is listed, so nobody would be texted; cad.yaml yields 1, 2, 3, 4, 5",
    ),
    "a priority that CAD never yields": Broken(
        file="cad.yaml",
        old='"4": 4, ',
        new="",
        blames="priorities: [3, 4]",
        says="priorities: cad.yaml never yields the priority 4; it yields 1, 2, 3, 5",
        in_file="policy.yaml",
    ),
    "an unknown source": Broken(
        file="policy.yaml",
        old="sources: [resident]",
        new="sources: [citizen]",
        blames="sources: [citizen]",
        says="sources.0: 'citizen' is not known here; allowed are: resident, officer, alarm, other",
    ),
    "a source that CAD never yields": Broken(
        file="policy.yaml",
        old="sources: [resident]",
        new="sources: [other]",
        blames="sources: [other]",
        says="sources: cad.yaml yields none of them, so nobody would be texted; it yields alarm, officer, resident",
    ),
    "a negative cap": Broken(
        file="policy.yaml",
        old="at_most: 3",
        new="at_most: -1",
        blames="    at_most: -1",
        says="timetable.delay.at_most: '-1' is too little; 0 or more is allowed",
    ),
    "a notice before the confirmation": Broken(
        file="policy.yaml",
        old="3: 30 min",
        new="3: 2 min",
        blames="      3: 2 min",
        says=(
            "timetable.delay.first_after.3: a delay notice after 2 min falls due before the confirmation, "
            "which goes out after 3 min; allowed is more than that"
        ),
    ),
    "a notice after the call was given up": Broken(
        file="policy.yaml",
        old="4: 60 min",
        new="4: 20 d",
        blames="      4: 20 d",
        says=(
            "timetable.delay.first_after.4: 20 d is when the service has given the call up; allowed is less "
            "than give_up_after, 14 d"
        ),
    ),
    "a notice that still stands when the next is due": Broken(
        file="policy.yaml",
        old="    at_most: 3                # for the whole call\n    expires_after: 60 min",
        new="    at_most: 3\n    expires_after: 180 min",
        blames="    expires_after: 180 min",
        says=(
            "timetable.delay.expires_after: 3 h is longer than repeat_every, 2 h: after an outage two notices "
            "would come one right after the other; allowed is that or less"
        ),
    ),
    "a confirmation that hanging up makes too late": Broken(
        file="policy.yaml",
        old="after_hang_up: 2 min",
        new="after_hang_up: 2 h",
        blames="    after_hang_up: 2 h",
        says=(
            "timetable.confirmation.after_hang_up: 2 h after the hang-up comes when a confirmation by the "
            "clock of receipt has expired, after 63 min; allowed is that or less"
        ),
    ),
    "a survey that expires before it is due": Broken(
        file="policy.yaml",
        old="after_cleared: 4 h",
        new="after_cleared: 4 d",
        blames="    expires_after: 72 h",
        says=(
            "timetable.survey.expires_after: 3 d after clearing a survey expires, and it is due only after 4 d "
            "(after_cleared); allowed is more than that"
        ),
    ),
    "an unknown outcome": Broken(
        file="policy.yaml",
        old="not_after: [unfounded,",
        new="not_after: [invalid,",
        blames="    not_after: [invalid, arrest, no_contact]",
        says=(
            "timetable.survey.not_after.0: 'invalid' is not known here; allowed are: ordinary, no_contact, "
            "unfounded, arrest, unknown"
        ),
    ),
    "a country that there is not": Broken(
        file="policy.yaml",
        old="countries: [CA, US]",
        new="countries: [CA, XX]",
        blames="  countries: [CA, XX]",
        says="numbers.countries: 'XX' is no country of ISO 3166; write it as in CA or US",
    ),
    "a country in words": Broken(
        file="policy.yaml",
        old="countries: [CA, US]",
        new="countries: [Canada]",
        blames="  countries: [Canada]",
        says=(
            "numbers.countries.0: 'Canada' is not written as it has to be: a country's two capital letters, as in CA"
        ),
    ),
    "no text a day": Broken(
        file="policy.yaml",
        old="texts_a_day: 10",
        new="texts_a_day: 0",
        blames="  texts_a_day: 0",
        says="numbers.texts_a_day: '0' is too little; 1 or more is allowed",
    ),
    "words that are forgotten too soon": Broken(
        file="policy.yaml",
        old="bodies: 365 d",
        new="bodies: 1 d",
        blames="  bodies: 1 d",
        says="retention.bodies: the words of texts are needed for 3 d, to find out what became of them",
    ),
    "comments that are forgotten before the law allows it": Broken(
        file="policy.yaml",
        old="comments: 365 d",
        new="comments: 364 d",
        blames="  comments: 364 d",
        says=(
            "retention.comments: 364 d is less than the law's year for what was used (Reg. 823, s. 5 under MFIPPA); "
            "allowed is 365 d or more, or name the by-law or resolution that says less in retention.shorter_by"
        ),
    ),
    "an audit log that a resolution is to shorten": Broken(
        file="policy.yaml",
        old="audit: 1826 d",
        new='shorter_by: "Resolution 2026-14"\n  audit: 90 d',
        blames="  audit: 90 d",
        says=(
            "retention.audit: 90 d is less than the law's year for what was used (Reg. 823, s. 5 under MFIPPA); "
            "allowed is 365 d or more, no resolution shortens it"
        ),
    ),
    "numbers that are forgotten while they are needed": Broken(
        file="policy.yaml",
        old="phones: 365 d",
        new='shorter_by: "Resolution 2026-14"\n  phones: 20 d',
        blames="  phones: 20 d",
        says=(
            "retention.phones: 20 d is shorter than numbers.one_survey_in, 30 d: a number would be forgotten while it "
            "is needed; allowed is that or more"
        ),
    ),
    "a list at the carrier that is gone before it was compared": Broken(
        file="policy.yaml",
        old="audit: 1826 d",
        new="at_carrier: 6 d\n  audit: 1826 d",
        blames="  at_carrier: 6 d",
        says="retention.at_carrier: texts are looked up at the carrier for 7 d",
    ),
    "waiting longer for a fact than for the end": Broken(
        file="policy.yaml",
        old="undecided_for: 2 h",
        new="undecided_for: 30 d",
        blames="undecided_for: 30 d",
        says="undecided_for: 30 d is longer than timetable.give_up_after, 14 d; allowed is that or less",
    ),
    "an unknown rule": Broken(
        file="call_types.yaml",
        old="rule: sensitive\n    reason: abduction",
        new="rule: careful\n    reason: abduction",
        blames="    rule: careful",
        says="groups.abduction.rule: 'careful' is not known here; allowed are: allowed, excluded, sensitive",
    ),
    "no French label": Broken(
        file="call_types.yaml",
        old="{en: Animal, fr: Animal}",
        new="{en: Animal}",
        blames="    label: {en: Animal}",
        says="groups.animal.label: is missing in fr; en and fr are needed",
    ),
    "a group without codes": Broken(
        file="call_types.yaml",
        old="codes: [ANIMAL*]",
        new="codes: []",
        blames="    codes: []",
        says="groups.animal.codes: nothing is listed here; at least 1 has to be",
    ),
    "a code in two groups": Broken(
        file="call_types.yaml",
        old="codes: [ANIMAL*]",
        new="codes: [ANIMAL*, dva]",
        blames="    codes: [ANIMAL*, dva]",
        says=(
            "groups.animal.codes.1: the code 'dva' stands in intimate_partner_violence too; each stands in one "
            "group, once"
        ),
    ),
    "a pattern that fits everything": Broken(
        file="call_types.yaml",
        old="codes: [ANIMAL*]",
        new='codes: [ANIMAL*, "*"]',
        blames='    codes: [ANIMAL*, "*"]',
        says=(
            "groups.animal.codes.1: the pattern '*' fits types that nobody has thought of, and they would be "
            "texted; write 3 signs or more besides the *"
        ),
    ),
    "relaxing an exclusion in service": Broken(
        file="call_types.yaml",
        old="    reason: an animal\n",
        new="    reason: an animal\n    relaxes: alarms\n",
        blames="    relaxes: alarms",
        says="groups.animal.relaxes: for demonstrations only, and agency.yaml says no",
    ),
    "a group that stands twice": Broken(
        file="call_types.yaml",
        old="  animal:",
        new="  alarm: {}\n  animal:",
        blames="  alarm: {}",
        says="alarm: this stands here a second time",
    ),
    "a column of a fact that there is not": Broken(
        file="cad.yaml",
        old="  arrived: arrived",
        new="  on_scene: arrived",
        blames="  on_scene: arrived",
        says="columns.on_scene: there is no such key; there are: ",
    ),
    "a fact without which no call is known": Broken(
        file="cad.yaml",
        old="  source: source\n",
        new="",
        blames="columns:",
        says="columns.source: this key is missing",
    ),
    "one column for two times": Broken(
        file="cad.yaml",
        old="dispatched: dispatched",
        new="dispatched: received",
        blames="  dispatched: received",
        says="columns.dispatched: reads the same column as received; each fact has a column of its own",
    ),
    "three columns for one time": Broken(
        file="cad.yaml",
        old="received: received",
        new="received: [day, hour, minute]",
        blames="  received: [day, hour, minute]",
        says="columns.received: name one column, or two as in [date column, time column]",
    ),
    "a code of an unknown source": Broken(
        file="cad.yaml",
        old="alarm: alarm",
        new="alarm: robot",
        blames="  alarm: robot",
        says="sources.alarm: 'robot' is not known here; allowed are: resident, officer, alarm, other",
    ),
    "a code of no priority": Broken(
        file="cad.yaml",
        old='"5": 5',
        new='"5": five',
        blames='priorities: {"1": 1, "2": 2, "3": 3, "4": 4, "5": five}',
        says="priorities.5: 'five' is not a whole number",
    ),
    "a disposition of no meaning": Broken(
        file="cad.yaml",
        old="ARR: arrest",
        new="ARR: jail",
        blames="  ARR: jail",
        says=(
            "dispositions.ARR: 'jail' is not known here; allowed are: cancelled, duplicate, merged, "
            "transferred, test, ordinary, no_contact, unfounded, arrest, unknown"
        ),
    ),
    "an unknown encoding": Broken(
        file="cad.yaml",
        old="zone: America/Toronto",
        new="zone: America/Toronto\nencoding: ansi",
        blames="encoding: ansi",
        says=(
            "encoding: 'ansi' is not known here; allowed are: utf-8, windows-1252, iso-8859-1, iso-8859-15, "
            "utf-16, cp437, cp850"
        ),
    ),
    "a separator of two signs": Broken(
        file="cad.yaml",
        old="zone: America/Toronto",
        new='zone: America/Toronto\nseparator: ";;"',
        blames='separator: ";;"',
        says="separator: ';;' is no separator; write one sign, as in \";\", or the word tab",
    ),
    "a format of times with an unknown sign": Broken(
        file="cad.yaml",
        old="zone: America/Toronto",
        new='zone: America/Toronto\ntimes: {format: "%Q/%d/%Y %H:%M"}',
        blames='times: {format: "%Q/%d/%Y %H:%M"}',
        says=(
            "times.format.0: '%Q' is no sign of a time; there are: %Y, %y, %m, %b, %B, %d, %a, %A, %H, %I, %p, "
            "%M, %S, %f, %z, %%, or instead of signs: iso, epoch seconds, epoch milliseconds"
        ),
    ),
    "a format of times without its half of the day": Broken(
        file="cad.yaml",
        old="zone: America/Toronto",
        new='zone: America/Toronto\ntimes: {format: "%m/%d/%Y %I:%M:%S"}',
        blames='times: {format: "%m/%d/%Y %I:%M:%S"}',
        says=(
            "times.format.0: '%m/%d/%Y %I:%M:%S': %I and %p stand together (1 to 12, AM or PM); without them "
            "it is %H (0 to 23)"
        ),
    ),
    "a format of times without an hour": Broken(
        file="cad.yaml",
        old="zone: America/Toronto",
        new='zone: America/Toronto\ntimes: {format: "%m/%d/%Y"}',
        blames='times: {format: "%m/%d/%Y"}',
        says="times.format.0: '%m/%d/%Y' has no sign for an hour; write it as in %m/%d/%Y %I:%M:%S %p",
    ),
    "a third language": Broken(
        file="cad.yaml",
        old="zone: America/Toronto",
        new="zone: America/Toronto\nlanguages: {ENG: en, FRA: fr, SPA: es}",
        blames="languages: {ENG: en, FRA: fr, SPA: es}",
        says="languages.SPA: 'es' is not known here; allowed are: en, fr",
    ),
    "a question without French": Broken(
        file="survey.yaml",
        old="      fr: Avez-vous autre chose à nous dire?\n",
        new="",
        blames="    text:\n      en: Is there anything",
        says="questions.10.text.fr: this key is missing",
    ),
    "an unknown kind of question": Broken(
        file="survey.yaml",
        old="kind: comment",
        new="kind: essay",
        blames="    kind: essay",
        says="questions.10.kind: 'essay' is not known here; allowed are: scale, choice, multi-choice, comment",
    ),
    "a question that depends on none": Broken(
        file="survey.yaml",
        old="&spoke {question: Q6,",
        new="&spoke {question: Q66,",
        blames="    only_if: &spoke {question: Q66, answers: [in_p",
        says="questions.6.only_if: Q7 depends on Q66, which does not come before it",
    ),
    "a question on two pages": Broken(
        file="survey.yaml",
        old="questions: [Q4, Q5, Q6]",
        new="questions: [Q3, Q4, Q5, Q6]",
        blames="    questions: [Q3, Q4, Q5, Q6]",
        says="steps.1.questions.0: Q3 stands on the steps twice",
    ),
    "a question on no page": Broken(
        file="survey.yaml",
        old="questions: [Q4, Q5, Q6]",
        new="questions: [Q4, Q6]",
        blames="steps:",
        says="steps: Q5 stands on no step",
    ),
    "a page with a question that there is not": Broken(
        file="survey.yaml",
        old="questions: [Q4, Q5, Q6]",
        new="questions: [Q4, Q5, Q6, Q66]",
        blames="    questions: [Q4, Q5, Q6, Q66]",
        says="steps.1.questions.3: there is no question 'Q66'",
    ),
    "a follow-up before its gate": Broken(
        file="survey.yaml",
        old="questions: [Q4, Q5, Q6]",
        new="questions: [Q4, Q5, Q7, Q6]",
        blames="    questions: [Q4, Q5, Q7, Q6]",
        says="steps.1.questions.2: Q7 stands before Q6, on which it depends",
    ),
    "a page without a title": Broken(
        file="survey.yaml",
        old="  - title: {en: After your call, fr: Après votre appel}\n    questions",
        new="  - questions",
        blames="  - questions: [Q4, Q5, Q6]",
        says="steps.1.title: this key is missing",
    ),
    "a last page that not everybody sees": Broken(
        file="survey.yaml",
        old="questions: [Q10, C1, S1]",
        new="questions: [Q10, C1]\n  - title: {en: Sharing, fr: Partage}\n    questions: [S1]",
        blames="  - title: {en: Sharing, fr: Partage}",
        says=(
            "steps.4: every question of the last step depends on another; its page, with the button that sends, has "
            "to be there for everybody"
        ),
    ),
    "a default that cannot be chosen": Broken(
        file="survey.yaml",
        old="default: summaries",
        new="default: maybe",
        blames="    default: maybe",
        says="questions.11.default: S1 has no option 'maybe'",
    ),
    "R7: members' feedback that the other answers would tell": Broken(
        file="survey.yaml",
        old='version: "2026-2"',
        new='version: "2026-2"\nmembers_feedback:\n  officer: [Q7, Q8, Q9]',
        blames="  officer: [Q7, Q8, Q9]",
        says="members_feedback.officer: Q7 is there and Q6 is not; Q7 depends on Q6, so both are, or neither",
    ),
    "members' feedback about nothing": Broken(
        file="survey.yaml",
        old='version: "2026-2"',
        new='version: "2026-2"\nmembers_feedback: {}',
        blames="members_feedback: {}",
        says="members_feedback: names no question",
    ),
    "a scale with a hole": Broken(
        file="survey.yaml",
        old='      - {id: "3", text: {en: Neither, fr: Moyen}}\n',
        new="",
        blames="  - id: Q1\n",
        says="questions.0: Q1 is a scale: its numbered options are 1 to 5 in order",
    ),
    "a text that there is not": Broken(
        file="texts/en.po",
        old="#. Said to people",
        new='msgid "greeting"\nmsgstr "Hello"\n\n#. Said to people',
        blames='msgid "greeting"',
        says="'greeting' is not a text of this service; there are: ",
    ),
    "an unequal text": Broken(
        file="texts/fr.po",
        old="numéro de dossier {case_number}",
        new="numéro de dossier",
        blames='msgid "confirmation"',
        says="'confirmation' lacks {case_number}",
    ),
    "a text that stands twice": Broken(
        file="texts/fr.po",
        old='msgid "stop_reply"',
        new='msgid "delay"\nmsgstr "deux"\n\nmsgid "stop_reply"',
        blames='msgid "delay"',
        says="'delay' stands here a second time",
    ),
    "an unknown field": Broken(
        file="texts/en.po",
        old="case {case_number}, is not",
        new="case {phone}, is not",
        blames='msgid "delay"',
        says="'delay' asks for {phone}; there are: ",
    ),
    "a text in doubt": Broken(
        file="texts/fr.po",
        old='msgid "survey"',
        new='#, fuzzy\nmsgid "survey"',
        blames='msgid "survey"',
        says="'survey' is marked fuzzy: have it checked, then remove the mark",
    ),
    "a text that is too long": Broken(
        file="texts/en.po",
        old="More urgent calls come first",
        new="More urgent calls come first" + " and we are sorry" * 25,
        blames='msgid "delay"',
        says="'delay' has 5 segments with the longest values; allowed are 4",
    ),
    "a text that does not say how to stop": Broken(
        file="texts/fr.po",
        old='{emergency_line}. ARRET met fin aux textos."\n\n#. Answers every',
        new='{emergency_line}."\n\n#. Answers every',
        blames='msgid "survey"',
        says="'survey' does not say how to stop the texts; ARRET has to stand in it",
    ),
    "codes in texts whose wording asks for none": Broken(
        file="policy.yaml",
        old="code: false",
        new="code: true",
        blames="  code: true",
        says=(
            "texts.code: it is true, and {code} stands not in confirmation, delay, survey (texts/en.po, texts/fr.po)"
        ),
    ),
    "a code that is neither true nor false": Broken(
        file="policy.yaml",
        old="code: false",
        new="code: sometimes",
        blames="  code: sometimes",
        says="texts.code: 'sometimes' is neither true nor false; write true or false",
    ),
    "a reply that asks for a code": Broken(
        file="texts/en.po",
        old="nobody reads texts to this number.",
        new="nobody reads texts to this number. {code}",
        blames='msgid "auto_reply"',
        says="'auto_reply' asks for {code}; there are: ",
    ),
    "a brace that closes nothing": Broken(
        file="texts/en.po",
        old="How did we do?",
        new="How did we do}?",
        blames='msgid "survey"',
        says="'survey' has a brace that closes or opens nothing",
    ),
}


def test_there_are_enough_of_them() -> None:
    assert len(BROKEN) >= 40


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_folder_gives_its_one_clear_line(tmp_path: Path, broken: Broken) -> None:
    folder = Path(shutil.copytree(AGENCIES / "ottawa", tmp_path / "ottawa"))
    path = folder / broken.file
    before = path.read_text(encoding="utf-8")
    assert before.count(broken.old) == 1, "the change is no longer one"
    path.write_text(before.replace(broken.old, broken.new), encoding="utf-8")
    (found,) = check_folder(folder)
    blamed = folder / (broken.in_file or broken.file)
    text = blamed.read_text(encoding="utf-8")
    line = text[: text.rindex(broken.blames)].count("\n") + 1
    assert found.level is Level.ERROR
    expected = f"{blamed} line {line}: {broken.says}"
    if expected.endswith("there are: "):
        assert found.what.startswith(expected)
    else:
        assert found.what == expected


def test_the_folder_that_they_are_made_from_has_nothing_wrong() -> None:
    assert check_folder(AGENCIES / "ottawa") == []
