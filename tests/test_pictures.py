"""The pictures of the documentation are what their scripts draw."""

import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

SCRIPTS = sorted((Path(__file__).parent.parent / "docs" / "pictures").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_picture_is_up_to_date(script):
    drawn = runpy.run_path(str(script))
    picture = drawn["TARGET"].read_text(encoding="utf-8")
    assert picture == drawn["draw"]()
    assert ElementTree.fromstring(picture).get("aria-label")
