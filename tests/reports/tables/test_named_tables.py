from finished import envelope_run

from ablations.results.results import results_of
from reports.page.sections import build_sections
from reports.tables.named_tables import table_names


def test_the_tables_of_a_study_are_those_that_its_report_writes():
    (section,) = build_sections(results_of(envelope_run("out")))
    names = {named.name for named in section.tables}
    tuned = {f"envelope-{table}" for table in ("tuning", "one-level", "tuning-candidates")}
    assert table_names("envelope", ("family", "depth")) == names | tuned
