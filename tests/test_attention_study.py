"""The form `attention` through the command line, beside the paper's own."""

import re

import pandas as pd


def test_attention_beside_the_papers_forms(run, tmp_path):
    result = run("kernel-generator", "--forms", "r=4", "attention", "--steps", "2", "--seeds", "2",
                 "--output", "out")  # fmt: skip
    assert result.code == 0, result.err
    assert re.search(r"attention \(softmax\) +18\.0 +3\.36   \d", result.out)
    out = tmp_path / "out"
    table = pd.read_csv(out / "tables" / "kernel-generator.csv", index_col="variant")
    row = table.loc["attention"]
    assert row["params"] == 18_022_650 and row["trained_params"] == 87_338 and row["verified"]
    assert pd.isna(row["published_params_m"]) and row["seeds"] == 2
    assert len(list((out / "trials").glob("k7-g16-attention-seed*.json"))) == 2
    page = (out / "report.html").read_text()
    assert "attention (softmax)" in page and "query key" in page
    assert "or the query-key product by itself" in page
