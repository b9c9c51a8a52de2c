"""The pages in a real browser, from file://, as people open them."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from finished import envelope_run, make_run
from lacking import lacking
from playwright.sync_api import sync_playwright
from pypdf import PdfReader
from tuned import tuned_run

from ablations.results.results import results_of
from reports.page.html_pages import render_comparison
from reports.page.report_files import write_report
from reports.page.run_comparison import compare_runs

TOPS = {"9": [61.0, 63.0], "3": [40.0, 50.0], "7": [80.0, 70.0], "5": [None, None]}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        lacking("Chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Addresses of a report, of those of a crossed and of a tuned study, and of a comparison."""
    folder = tmp_path_factory.mktemp("pages")
    run = make_run(folder / "out", "kernel-size", TOPS)
    other = make_run(folder / "out", "kernel-size", {"3": [41.0, 51.0], "7": [80.0]}, lr=0.2)
    comparison = folder / "comparison.html"
    comparison.write_text(
        render_comparison(compare_runs(results_of(run), results_of(other)), ("a", "b")), "utf-8"
    )
    return {
        "report": write_report(results_of(run), folder / "out").as_uri(),
        "crossed": write_report(results_of(envelope_run("out")), folder / "crossed").as_uri(),
        "tuned": write_report(results_of(tuned_run("out")), folder / "tuned").as_uri(),
        "comparison": comparison.as_uri(),
    }


@pytest.fixture
def visit(browser, pages):
    """Open a page in a new context; the page's `trouble` must be empty in the end."""
    contexts = []

    def open_page(name="report", **options):
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        page = context.new_page()
        page.requested, page.trouble = [], []
        page.on("request", lambda request: page.requested.append(request.url))
        page.on("console", lambda message: page.trouble.append(message.text))
        page.on("pageerror", lambda error: page.trouble.append(str(error)))
        page.goto(pages[name])
        return page

    yield open_page
    for context in contexts:
        for page in context.pages:
            assert page.trouble == []
        context.close()


def column(page, index):
    return page.locator(f"table.results tbody tr > :nth-child({index})").all_inner_texts()


def names(page):
    return [text.split("\n")[0] for text in column(page, 1)]


@pytest.mark.parametrize("name", ["report", "crossed", "tuned", "comparison"])
def test_nothing_but_the_file_is_requested(visit, pages, name):
    page = visit(name)
    page.wait_for_load_state("networkidle")
    assert page.requested == [pages[name]]


def test_sorting_by_mouse_and_by_keyboard(visit):
    page = visit()
    assert names(page) == ["9 × 9", "3 × 3", "7 × 7", "5 × 5"], "the order of the study"
    heading = page.locator("table.results thead tr:last-child th", has_text="mean ± 95")
    button = heading.get_by_role("button")
    button.click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert names(page) == ["3 × 3", "9 × 9", "7 × 7", "5 × 5"], "what is missing comes last"
    button.click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert names(page) == ["7 × 7", "9 × 9", "3 × 3", "5 × 5"]
    other = page.locator("table.results thead tr:last-child th").first
    other.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert other.get_attribute("aria-sort") == "ascending"
    assert heading.get_attribute("aria-sort") is None
    assert names(page) == ["3 × 3", "5 × 5", "7 × 7", "9 × 9"]
    page.keyboard.press("Space")
    assert names(page) == ["9 × 9", "7 × 7", "5 × 5", "3 × 3"]


def test_a_point_tells_its_values_by_pointer_and_by_keyboard(visit):
    page = visit()
    tip = page.get_by_role("tooltip")
    assert tip.count() == 0
    mark = page.locator(".mark[aria-label='3 × 3, seed 1: 50.0 %']")
    mark.scroll_into_view_if_needed()
    mark.hover()
    assert tip.inner_text() == "3 × 3, seed 1: 50.0 %"
    page.mouse.move(0, 0)
    assert tip.count() == 0
    figure = page.locator("figure svg[aria-labelledby='kernel-size-accuracy-title']")
    stops = figure.locator(".mark[tabindex='0']")
    assert stops.count() == 1
    stops.focus()
    first = tip.inner_text()
    page.keyboard.press("ArrowRight")
    assert tip.inner_text() != first and figure.locator(".mark[tabindex='0']").count() == 1
    page.keyboard.press("Escape")
    assert tip.count() == 0


def ground(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def ink(page):
    return page.evaluate("getComputedStyle(document.querySelector('figure svg text')).fill")


def test_dark_reaches_into_the_figures(visit):
    light, dark = visit(color_scheme="light"), visit(color_scheme="dark")
    assert ground(light) == "rgb(255, 255, 255)" and ground(dark) == "rgb(21, 24, 27)"
    assert ink(light) == "rgb(34, 34, 34)" and ink(dark) == "rgb(232, 232, 232)"


@pytest.mark.parametrize("scripts", [True, False])
def test_print_unfolds_and_is_light(visit, tmp_path, scripts):
    page = visit(color_scheme="dark", java_script_enabled=scripts)
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    text = " ".join(sheet.extract_text() for sheet in PdfReader(tmp_path / "report.pdf").pages)
    assert "stages.3.2.spatial" in text, "the folded proof"
    assert r"\toprule" in text, "the folded table as LaTeX"
    page.emulate_media(media="print", color_scheme="dark")
    if scripts:
        assert ground(page) == "rgb(255, 255, 255)"


def test_complete_without_scripts(visit):
    page = visit(java_script_enabled=False)
    assert names(page) == ["9 × 9", "3 × 3", "7 × 7", "5 × 5"]
    assert page.locator("figure svg").count() == 4
    assert page.locator("th button, .copy").count() == 0
    assert page.locator(".mark title").count() == page.locator(".mark").count() > 20


@pytest.mark.parametrize("name", ["report", "crossed", "tuned", "comparison"])
def test_a_phone_scrolls_tables_not_the_page(visit, name):
    page = visit(name, viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.locator("h1").bounding_box()["width"] <= 360


def test_tables_are_copied(visit):
    page = visit()
    page.locator("summary", has_text="Kernel size as Markdown").click()
    button = page.get_by_role("button", name="Copy Kernel size as Markdown")
    button.click()
    page.wait_for_function("document.body.textContent.includes('Copied')")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report", "crossed", "tuned", "comparison"])
def test_axe_finds_nothing_serious(visit, name, theme):
    page = visit(name, color_scheme=theme)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    found = Axe().run(page).response["violations"]
    serious = [
        (v["id"], v["impact"], [node["html"][:120] for node in v["nodes"][:3]])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_no_id_stands_twice(visit):
    ids = visit().evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids)) > 100


SCRIPTS = (
    "<script>document.title = 'ran'</script>"
    "<img src=x onerror=\"document.title = 'ran'\">"
    "<a id=run-me href=\"javascript:document.title = 'ran'\">go</a>"
    "<iframe srcdoc=\"<script>parent.document.title = 'ran'</script>\"></iframe>"
    "<link rel=stylesheet href=https://example.invalid/a.css>"
    "<style>body { background: url(https://example.invalid/b.png) }</style>"
)


def test_a_script_that_got_into_the_page_does_not_run_and_loads_nothing(visit, pages, tmp_path):
    page = visit()
    spoilt = tmp_path / "spoilt.html"
    text = Path(urlsplit(pages["report"]).path).read_text(encoding="utf-8")
    spoilt.write_text(text.replace("<main>", f"<main>{SCRIPTS}"), encoding="utf-8")
    loaded = []
    page.on("requestfinished", lambda request: loaded.append(request.url))
    page.goto(spoilt.as_uri())
    page.locator("#run-me").click()
    page.wait_for_load_state("networkidle")
    assert page.title().startswith("Involution ablations") and loaded == [spoilt.as_uri()]
    assert page.locator("button.copy").count() > 0, "the page's own script has run"
    assert sum("Content Security Policy" in text for text in page.trouble) >= 5
    page.trouble.clear()
