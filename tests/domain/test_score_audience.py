"""Corrections by samples: credible followers and clicks."""

import json
from pathlib import Path
from typing import Any

import pytest

from marketplace.domain.score_audience import audience_of, conversion_factor, expected_clicks, hollow_share

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "score_vectors.json").read_text())


@pytest.mark.parametrize("case", REFERENCE["fake_share"])
def test_the_hollow_share_meets_the_reference(case: dict[str, Any]) -> None:
    share = hollow_share(case["flagged"], case["n"], true_positive_rate=case["tpr"], false_positive_rate=case["fpr"])
    assert share == pytest.approx(case["expected"], rel=1e-12)


@pytest.mark.parametrize("case", REFERENCE["conversion"])
def test_the_conversion_factor_meets_the_reference(case: dict[str, Any]) -> None:
    factor = conversion_factor(case["clicks"], case["reach_sum"], click_rate=case["theta"])
    assert factor == pytest.approx(case["expected"], rel=1e-12)


def test_nothing_sampled_says_nothing() -> None:
    assert hollow_share(0, 0, true_positive_rate=0.7, false_positive_rate=0.1) == 0.0
    assert conversion_factor(0, 0.0) == 1.0


def test_a_wholly_hollow_audience_keeps_a_twentieth() -> None:
    share = hollow_share(100, 100, true_positive_rate=0.72, false_positive_rate=0.006)
    assert share == 1.0
    assert audience_of(share) == 0.05


def test_a_larger_sample_of_the_same_share_says_more() -> None:
    small = hollow_share(3, 10, true_positive_rate=0.72, false_positive_rate=0.006)
    assert small < hollow_share(300, 1000, true_positive_rate=0.72, false_positive_rate=0.006)


def test_more_flagged_than_sampled_and_a_useless_rule_are_refused() -> None:
    with pytest.raises(ValueError, match="3 flagged of 2 sampled"):
        hollow_share(3, 2, true_positive_rate=0.7, false_positive_rate=0.1)
    with pytest.raises(ValueError, match="more often"):
        hollow_share(1, 2, true_positive_rate=0.1, false_positive_rate=0.1)


def test_expected_clicks_are_viewers_times_rate_times_the_actors_factor() -> None:
    assert expected_clicks(20_000, factor=1.5) == pytest.approx(150)
