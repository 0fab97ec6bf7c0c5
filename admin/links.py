"""Which of the FAQ's web addresses no longer answer: each host is asked for one at a time, with a pause between."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import httpx

HOSTS_AT_ONCE = 4
PAUSE_SECONDS = 1.0  # between two requests to one host
TIMEOUT_SECONDS = 15.0
HEADERS = {"User-Agent": "OtappaKoppi-link-check/1.0", "Accept": "text/html,*/*;q=0.8"}


async def find_dead(
    urls: Iterable[str],
    *,
    advance: Callable[[], None] = lambda: None,
    pause: float = PAUSE_SECONDS,
    give_up_after: float = TIMEOUT_SECONDS,
) -> dict[str, str]:
    """The addresses that gave no page, each with what came instead ("404", "ConnectTimeout").

    *advance* is called once for each different address. A refusal of HEAD is asked again by GET, and whatever fails is
    tried once more. *pause* and *give_up_after* are seconds.
    """
    by_host: dict[str, list[str]] = defaultdict(list)
    for url in sorted(set(urls)):
        by_host[httpx.URL(url).host].append(url)
    dead: dict[str, str] = {}
    turns = asyncio.Semaphore(HOSTS_AT_ONCE)

    async def ask_host(client: httpx.AsyncClient, its_urls: Sequence[str]) -> None:
        async with turns:
            for url in its_urls:
                if reason := await _trouble(client, url, pause):
                    dead[url] = reason
                advance()
                await asyncio.sleep(pause)

    async with (
        httpx.AsyncClient(headers=HEADERS, timeout=give_up_after, follow_redirects=True) as client,
        asyncio.TaskGroup() as tasks,
    ):
        for its_urls in by_host.values():
            tasks.create_task(ask_host(client, its_urls))
    return dead


async def _trouble(client: httpx.AsyncClient, url: str, pause: float) -> str | None:
    """Why *url* gives no page; None when it does."""
    trouble = None
    for method in ("HEAD", "GET", "GET"):
        trouble = await _answer(client, method, url)
        if trouble is None:
            break
        await asyncio.sleep(pause)
    return trouble


async def _answer(client: httpx.AsyncClient, method: str, url: str) -> str | None:
    try:
        async with client.stream(method, url) as response:  # of a page only its head is read
            return str(response.status_code) if response.is_error else None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
