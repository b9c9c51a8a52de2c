import pytest

from ablations.study.builder import make_study, parse_study
from ablations.study.shipped_studies import ABLATIONS, shipped_study
from ablations.study.study import Study, distinct_variants
from ablations.study.variants import Variant


def test_the_baseline_is_judged_on_its_own_images():
    text = 'name = "d"\naxes.dataset = ["digits", "imagefolder:pets"]\naxes.kernel_size = [3, 7]'
    study = make_study(parse_study(text))
    assert study.same_images == ["digits, 3", "digits, 7"]
    assert study.baseline_of("dataset") == "digits" and study.crossed


def test_a_study_is_a_design_and_checked_as_one():
    with pytest.raises(ValueError, match="the baseline 7 is none of the variants: 3"):
        Study(("kernel_size",), {"3": ("3",)}, "7", "k", "K", {"3": Variant(3)}, "")


def test_variants_that_studies_share_are_there_once():
    studies = [shipped_study(name) for name in ABLATIONS]
    found = distinct_variants(studies)
    assert sum(len(study.variants) for study in studies) == 12
    assert len(found) == len(set(found)) == 10 and found.count(Variant()) == 1
