"""Requests of a page that a test holds back for a while."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


class Held:
    """Holds what a page asks the API, until it is let go."""

    def __init__(self, page: "Page") -> None:
        self._routes: list[Route] | None = []
        page.route("**/graphql", self._hold)

    def _hold(self, route: "Route") -> None:
        if self._routes is None:
            route.continue_()
        else:
            self._routes.append(route)

    def let_go(self) -> None:
        """Send all requests, and those that follow. The route stays: with the last one, Playwright sends them itself."""
        routes, self._routes = self._routes or [], None
        for route in routes:
            route.continue_()
