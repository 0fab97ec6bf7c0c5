"""What axe finds on a page."""

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def violations(page: Page, run_only: Any = WCAG) -> list[tuple[str, list[str]]]:
    """The rules that are broken on *page* as it is now, each with the beginnings of the elements that break it.

    *run_only* is axe's option `runOnly`. Axe is read into a page once, and only what it found wrong is handed out:
    both cost more than the look at the page itself.
    """
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(Axe().axe_script)
    found = await page.evaluate(
        """async (runOnly) => (await axe.run({runOnly, resultTypes: ["violations"]})).violations
              .map((rule) => [rule.id, rule.nodes.map((node) => node.html.slice(0, 200))])""",
        run_only,
    )
    return [(rule, nodes) for rule, nodes in found]
