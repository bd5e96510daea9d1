"""What the page of the weekly reports shows, on the screen and on paper."""

from typing import TYPE_CHECKING

from tests.browser.console_data import WEEKS

if TYPE_CHECKING:
    from playwright.sync_api import Page


def check_charts(page: "Page") -> None:
    for chart in page.locator("figure svg").all():
        assert chart.locator("rect").count() == WEEKS
        top = min(float(line.get_attribute("y1") or 0) for line in chart.locator("line").all())
        bars = [
            (float(bar.get_attribute("y") or 0), bar.locator("title").inner_html())
            for bar in chart.locator("rect").all()
        ]
        assert top <= min(bars)[0], "the axis reaches the highest bar"
        assert all(title.startswith("Week of ") for _, title in bars)
    revenue = page.locator("figure svg").first
    assert {"$0", "$100", "$200", "$300"} <= set(revenue.locator("text").all_text_contents())
    colours = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.locator(f"html[data-theme={scheme}]").wait_for()
        colours.append(revenue.locator("rect").first.evaluate("bar => getComputedStyle(bar).fill"))
    assert colours[0] != colours[1], "the bars follow the theme"


def check_print(page: "Page") -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.get_by_role("navigation").is_visible()
    assert not page.get_by_role("button", name="Print").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('td')).color") == "rgb(28, 35, 48)", "dark on white"
    page.emulate_media(media="screen")
    page.evaluate("window.print = () => { window.printed = true }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed")
