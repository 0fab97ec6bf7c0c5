"""Addresses are asked politely, and only those that lead nowhere are called dead."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from admin.links import find_dead
from tests.support.http_server import HttpServer, Request, Reset, Response, Silence


class Web:
    """Answers each path by its name; *asked* is every request in order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.under_way = 0
        self.most_under_way = 0

    async def answer(self, request: Request) -> Response:
        """The page of *request*, or what is wrong with it."""
        self.asked.append((request.method, request.path))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        tries = self.asked.count((request.method, request.path))
        match request.path:
            case "/silent":
                raise Silence
            case "/broken":
                raise Reset
            case "/gone":
                status = 404
            case "/no-head":
                status = 405 if request.method == "HEAD" else 200
            case "/at-second-try":
                status = 200 if request.method == "GET" and tries == 2 else 503
            case "/moved":
                return Response(301, b"", {"Location": "/page"})
            case _:
                status = 200
        return Response(status, b"" if request.method == "HEAD" else b"page")


@pytest.fixture
async def web() -> AsyncIterator[tuple[Web, str]]:
    """The web and its address."""
    web = Web()
    async with HttpServer(web.answer) as server:
        yield web, f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize("path", ["page", "no-head", "at-second-try", "moved"])
async def test_a_page_that_comes_at_last_is_alive(web: tuple[Web, str], path: str) -> None:
    """A server that refuses HEAD, stumbles once or has moved a page still serves it: no curator need look."""
    assert await find_dead([f"{web[1]}/{path}"], pause=0) == {}


@pytest.mark.parametrize(
    ("path", "reason"), [("gone", "404"), ("broken", "ReadError"), ("silent", "ReadTimeout"), ("", "ConnectError")]
)
async def test_an_address_without_a_page_is_dead_and_says_why(web: tuple[Web, str], path: str, reason: str) -> None:
    """A page that is gone and a server that is away are mended in different ways."""
    url = f"{web[1]}/{path}" if path else "http://127.0.0.1:9/"

    assert await find_dead([url], pause=0, give_up_after=0.02) == {url: reason}


async def test_each_address_is_asked_once_and_one_at_a_time_at_its_host(web: tuple[Web, str]) -> None:
    """Forty entries may cite one page; a small municipality's server must not feel that we look."""
    done: list[None] = []
    urls = [f"{web[1]}/{number % 5}" for number in range(40)]

    assert await find_dead(urls, advance=lambda: done.append(None), pause=0) == {}

    assert sorted(web[0].asked) == [("HEAD", f"/{number}") for number in range(5)]
    assert web[0].most_under_way == 1
    assert len(done) == 5


async def test_a_host_gets_a_pause_between_two_requests(web: tuple[Web, str]) -> None:
    """Politeness is measured, not meant."""
    started = asyncio.get_running_loop().time()

    await find_dead([f"{web[1]}/{number}" for number in range(3)], pause=0.02)

    assert asyncio.get_running_loop().time() - started >= 0.04
