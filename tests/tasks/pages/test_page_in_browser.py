"""The page of a run in a real browser: what a person clicks and presses."""

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(600)  # on a busy machine a browser starts slowly

LAST = 7
"""Index of the last frame of every video."""
TABLE = "#sequences-table"


def heads(page: Any) -> list[str]:
    return [text.strip(" ↑↓") for text in page.page.locator(f"{TABLE} thead th").all_inner_texts()]


def test_the_table_is_sorted_and_filtered(report: Path, open_page: Any) -> None:
    page = open_page(report)
    sequences = page.column(TABLE, 1)
    assert sequences == sorted(sequences)  # J rises from bear to surf, and the worst come first
    page.page.click(f"{TABLE} thead button:has-text('J mean')")
    assert page.column(TABLE, 1) == sequences[::-1]
    assert page.page.get_attribute(f"{TABLE} th:has-text('J mean')", "aria-sort") == "descending"
    page.page.click(f"{TABLE} thead button:has-text('Sequence')")
    assert page.column(TABLE, 1) == sequences
    page.page.fill(f"{TABLE} input", "cam")
    assert set(page.column(TABLE, 1)) == {"camel"}
    page.page.fill(f"{TABLE} input", "")
    page.page.select_option(f"{TABLE} select", label="propagate")
    assert set(page.column(TABLE, 2)) == {"propagate"}
    lost = page.column(TABLE, heads(page).index("Lost") + 1)
    assert sorted(set(lost)) == ["0", "2"]


def test_figures_failures_and_published_figures_are_shown(report: Path, open_page: Any) -> None:
    page = open_page(report)
    assert "cannot read <b>x.png</b>" in page.text("#failures")
    assert "3 of 4 videos done" in page.text("header")
    headline = page.text("#headline")
    assert "0.500" in headline  # J mean of small: 0.75 times the mean of 1/3, 2/3 and 1
    assert "OSVOS" in headline
    assert "0.605" in headline  # of the paper
    assert "0.1.0" in page.text("#provenance")


def test_scrubbing_keys_and_links_move_to_frames(report: Path, open_page: Any) -> None:
    page = open_page(report, "#video=2&frame=5")  # camel
    page.at_frame(5, LAST)
    for key, frame in (
        ("ArrowRight", 6),
        ("ArrowLeft", 5),
        ("Home", 0),
        ("End", LAST),
        ("ArrowRight", LAST),
    ):
        page.page.keyboard.press(key)
        page.at_frame(frame, LAST)
    page.page.fill("#seek", "3")
    page.at_frame(3, LAST)
    page.page.click("#on")
    page.at_frame(4, LAST)
    page.page.keyboard.press("n")  # the worst frame of all
    page.at_frame(6, LAST)
    assert page.page.input_value("#video") == "0"
    page.page.keyboard.press("]")  # past the video that failed
    page.at_frame(0, LAST)
    assert page.page.input_value("#video") == "2"
    page.page.click("#play")
    page.at_frame(LAST, LAST)
    page.page.wait_for_function("() => document.getElementById('play').textContent === 'Play'")


def test_layers_and_objects_are_switched(report: Path, open_page: Any) -> None:
    page = open_page(report, "#video=0&frame=2")
    page.at_frame(2, LAST)
    page.page.select_option("#method", label="propagate")
    page.page.wait_for_timeout(500)
    _, _, white, painted = page.pixels("stage-masks")
    assert 0 < white < painted
    page.page.keyboard.press("g")
    page.page.wait_for_timeout(500)
    assert page.pixels("stage-masks")[2] == 0
    page.page.keyboard.press("e")
    page.page.wait_for_timeout(500)
    red, blue, _, _ = page.pixels("stage-masks")
    assert red > 0  # the masks are moved to the right
    assert blue > 0
    page.page.select_option("#method", label="small")
    page.page.wait_for_timeout(500)
    assert page.pixels("stage-masks")[3] == 0  # exact masks have no errors
    page.page.keyboard.press("e")
    page.page.wait_for_timeout(500)
    every = page.pixels("stage-masks")[3]
    page.page.locator("#objects input").first.uncheck()
    page.page.wait_for_timeout(500)
    assert page.pixels("stage-masks")[3] < every
    page.page.keyboard.press("b")
    page.page.keyboard.press("f")
    page.page.select_option("#beside-method", label="propagate")
    page.page.wait_for_selector("#beside:not([hidden])")


def test_the_state_of_objects_is_told(report: Path, open_page: Any) -> None:
    page = open_page(report)
    page.page.click("#lost-table tbody button >> nth=0")
    page.at_frame(3, LAST)
    assert "lost" in page.text("#objects .object >> nth=0")
    assert page.column("#lost-table", 5)[0] == "5"  # found again after frames 3 and 4
    page.page.fill("#seek", "5")
    page.at_frame(5, LAST)
    assert "tracked" in page.text("#objects .object >> nth=0")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_a_screen_reader(report: Path, open_page: Any, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe")
    viewport = {"width": 390, "height": 844}
    page = open_page(report, viewport=viewport, color_scheme=scheme, bypass_csp=True)
    page.at_frame(6, LAST)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
    ground = page.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) > 380) == (scheme == "light")
    found = axe.Axe().run(page.page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [node["target"] for node in v["nodes"]]) for v in serious] == []


def test_a_phone_shows_errors_filters_and_names_whole(hostile_report: Path, open_page: Any) -> None:
    page = open_page(hostile_report, viewport={"width": 390, "height": 844})
    assert page.page.locator("#sequences-table input").bounding_box()["width"] > 300
    failures = page.page.locator("#failures .scroll")
    assert failures.evaluate("box => box.scrollWidth <= box.clientWidth")
    figures = page.page.locator("#sequences-table .scroll")
    assert figures.evaluate("box => (box.scrollLeft = 1000, box.scrollLeft)") > 100
    edge = figures.bounding_box()
    for row in ("thead th >> nth=0", "tbody tr:last-child th"):  # stay while figures scroll
        name = figures.locator(row).bounding_box()
        assert name["x"] == pytest.approx(edge["x"], abs=1)
        assert name["width"] < edge["width"] / 2


def test_hostile_names_are_shown_and_have_no_effect(hostile_report: Path, open_page: Any) -> None:
    page = open_page(hostile_report)
    page.at_frame(1, 2)
    assert page.page.title() == "=run <b>&amp;|"
    failures = page.column("#failures", 1)
    errors = page.column("#failures", 3)
    shown = ["a|b `c` **d** \\", "=1+1", "+1", "-2", "@SUM(A1)", "</script><!--", "n" * 180]
    assert set(shown) <= set(failures)
    assert set(shown) <= set(errors)
    assert "\\x1b[31mred\\x07" in page.text("#failures")
    assert "\\u202egnp.exe ä漢字🎬" in page.text("#failures")
    assert "<script>document.title='hacked'</script>" in page.column(TABLE, 1)
    assert page.page.locator("img[onerror]").count() == 0
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_the_page_loads_nothing_that_it_does_not_show(report: Path, open_page: Any) -> None:
    page = open_page(report)
    page.at_frame(6, LAST)
    scripts = page.page.locator("script[src]").count()
    assert scripts == 1  # the part of one video of three
    assert report.stat().st_size < 100_000
