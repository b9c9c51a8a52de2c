"""What scripts write into the documentation is what they would write today."""

import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

SCRIPTS = sorted((Path(__file__).parent.parent / "docs" / "scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_what_a_script_writes_is_up_to_date(script):
    written = runpy.run_path(str(script))
    text = written["TARGET"].read_text(encoding="utf-8")
    assert text == written["draw"]()
    if written["TARGET"].suffix == ".svg":
        assert ElementTree.fromstring(text).get("aria-label")
