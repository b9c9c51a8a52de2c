"""The pages: self-contained HTML files that load nothing and run no script but their own."""

import base64
import hashlib
import json
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ablations.costs.conventions import CONVENTIONS
from ablations.costs.proof import differing_from, published_in
from ablations.data.holdout import VALIDATION_SHARE
from ablations.records.run_file import EMBEDDED_ID, dump_run
from ablations.results.results import Results
from ablations.study.all_settings import TRAINING_AXES
from ablations.study.study import distinct_variants
from ablations.texts import inert
from ablations.training.recipe import describe_optimizer
from involution_core.generators.forms import ATTENTION
from reports.names.captions import counted_on, measured_on, variant_name
from reports.names.level_names import axis_name
from reports.names.number_texts import points_text
from reports.page.run_comparison import FIRST, SECOND, Comparison
from reports.page.sections import Section
from reports.tables.formats import all_formats
from reports.words.gaps import partial_words
from reports.words.origin_words import origin_words


def embedded_json(values: Any) -> Markup:
    """JSON for the inside of a script element: nothing in it can end the element."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports.page"),
        autoescape=True,
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (files("reports.page") / "templates" / "page.js").read_text(encoding="utf-8")
    environment.globals |= {"script": Markup(script), "policy": content_policy(script)}
    return environment


def content_policy(script: str) -> str:
    """What a page may do: nothing is loaded, and of scripts this one runs alone. Styles stand in
    the attributes of every figure, and can load nothing either."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def _finalized(value: object) -> object:
    """What a template shows of a value; markup is the program's own."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return inert(value.replace("\r\n", "\n"), kept="\n\t")


def render_report(results: Results, sections: list[Section]) -> str:
    """The page of a run; it refers to nothing outside itself and embeds the run as JSON."""
    run, studies = results.run, [result.study for result in results.studies]
    variants = distinct_variants(studies)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            partial=partial_words(run),
            train=run.settings.train,
            margin=None if run.settings.margin is None else points_text(run.settings.margin),
            sections=sections,
            counters=results.studies[0].proofs[0].counters,
            optimiser=describe_optimizer(run.settings.train) if run.settings.train else None,
            counted_on=counted_on(run.settings.cost_model, variants),
            measured_on=measured_on(run.settings, variants),
            conventions=CONVENTIONS,
            beside_figures=any(
                published_in(result.proofs) is CONVENTIONS["envelope"] for result in results.studies
            ),
            has_convolution=any(variant.family == "resnet" for variant in variants),
            origins=origin_words(results.origins),
            differing_from=differing_from(
                [proof for result in results.studies for proof in result.proofs]
            ),
            own_code=list(dict.fromkeys(spec for v in variants for spec in v.own_code)),
            varied=[
                axis_name(axis)
                for axis in dict.fromkeys(axis for study in studies for axis in study.axes)
                if axis in TRAINING_AXES
            ],
            tuned=[
                axis_name(name)
                for name in dict.fromkeys(
                    name
                    for result in results.studies
                    if result.tuning is not None
                    for name in result.tuning.grid.levels
                )
            ],
            has_attention=any(variant.generator == ATTENTION for variant in variants),
            data=results.data,
            budget=str(run.settings.train.budget) if run.settings.train else None,
            validation_share=f"{VALIDATION_SHARE:.0%}".replace("%", " %"),
            variant_name=variant_name,
            embedded_id=EMBEDDED_ID,
            embedded=embedded_json(dump_run(run)),
        )
    )


def render_comparison(comparison: Comparison, paths: tuple[str, str]) -> str:
    """The page of two runs beside each other. paths: where the runs were read from."""
    return (
        _environment()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            paths=paths,
            first=FIRST,
            second=SECOND,
            texts={
                table.title: all_formats(table)
                for table in (comparison.costs, comparison.accuracy)
                if table is not None
            },
        )
    )
