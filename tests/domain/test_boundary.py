"""An actor's limits are held against a request: what is never played stops it, what is to be asked about asks."""

from __future__ import annotations

import json

import pytest

from marketplace.domain.boundary import TOPICS, Crossed, Limit, Limits, Verdict, count_intense, judge, parse_topics
from marketplace.domain.errors import Invalid

LOUD, HELD = ("high", "released"), ("high", "contained")
LIMITS = Limits.read({"nudity": "never", "slurs": "never", "kissing": "ask", "weapons": "ask"}, 2)


def test_a_scene_without_any_of_it_runs_into_nothing() -> None:
    assert judge(LIMITS, ["smoking"], [LOUD, LOUD, HELD]) == Verdict()
    Verdict().check("Imani")


def test_what_is_never_played_is_refused_by_name_and_nothing_is_requested() -> None:
    verdict = judge(LIMITS, ["slurs", "kissing", "nudity"], [])
    assert [topic.slug for topic in verdict.never] == ["nudity", "slurs"]
    with pytest.raises(Crossed, match="Imani does not play nudity or slurs") as refusal:
        verdict.check("Imani")
    assert (refusal.value.code, refusal.value.field) == ("boundary", "topic")


def test_what_is_to_be_asked_about_becomes_a_sentence_each() -> None:
    assert judge(LIMITS, ["weapons", "kissing", "kissing"], []).asks == (
        "The scene holds kissing: a kiss on the mouth, played or completed by a model.",
        "The scene holds weapons: guns, knives or anything held as a weapon.",
    )


def test_more_loud_beats_than_the_cap_are_asked_about() -> None:
    assert judge(LIMITS, [], [LOUD] * 3).asks == (
        "The session asks for 3 beats of high intensity played out loud; the limit set for one session is 2.",
    )
    assert judge(Limits(most_intense=0), [], [LOUD]).asks[0].startswith("The session asks for 1 beat of")
    assert count_intense([LOUD, HELD, ("low", "released"), LOUD]) == 2


@pytest.mark.parametrize(("topics", "cap"), [({"juggling": "never"}, 2), ({"nudity": "maybe"}, 2), ({}, -1), ({}, 41)])
def test_limits_that_make_no_sense_are_refused(topics: dict[str, str], cap: int) -> None:
    with pytest.raises(Invalid):
        Limits.read(topics, cap)


def test_limits_survive_the_row() -> None:
    assert Limits.read(json.loads(json.dumps(LIMITS.to_json())), 2) == LIMITS
    assert [topic.slug for topic in LIMITS.of(Limit.ASK)] == ["kissing", "weapons"]


def test_a_scene_names_no_topic_that_the_list_never_had() -> None:
    with pytest.raises(Invalid, match="no topic called"):
        judge(LIMITS, ["juggling"], [])


def test_every_topic_says_what_counts_as_it() -> None:
    assert len(TOPICS.topics) >= 20
    assert {topic.group for topic in TOPICS.topics} == set(TOPICS.groups)
    for topic in TOPICS.topics:
        assert topic.means.endswith(".")
        assert TOPICS.get(topic.slug) in TOPICS.of_group(topic.group)


def test_a_retired_topic_leads_to_the_one_that_took_its_place() -> None:
    row = {"slug": "fights", "label": "Fights", "means": "Blows.", "group": "Violence"}
    file = {"version": "2", "groups": ["Violence"], "topics": [row], "retired": {"slaps": "fights"}}
    assert parse_topics(json.dumps(file)).get("slaps").label == "Fights"
    for broken in ({"topics": [row, row]}, {"groups": ["Other"]}, {"retired": {"slaps": "punches"}}):
        with pytest.raises(ValueError):
            parse_topics(json.dumps(file | broken))
