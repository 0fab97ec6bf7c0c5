"""One's own log-ins: listed by device and time, ended one by one or all the others at once."""

import re

import pytest
from sqlalchemy import select

from admin.console import words
from bot.store.schema import audit
from tests.admin.console.office import COOKIE, PASSWORD, Office

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (FIREFOX, "Firefox, Linux"),
        (PHONE, "Safari, iPhone"),
        (EDGE, "Edge, Windows"),
        ("", "tuntematon laite"),
        ("curl/8.0 <script>", "tuntematon laite"),
        ("Android " * 500, "Android"),
    ],
)
def test_a_device_is_named_as_its_owner_knows_it(agent: str, said: str) -> None:
    """Enough to tell the phone from the desk; nothing of what a browser says is kept as it is."""
    assert words.device(agent) == said


TO = re.compile(r'name="to" value="([^"]*)"')
END = re.compile(r'action="(/console/me/sessions/[0-9a-f]{32}/end)"')


async def _log_in(visitor, agent: str) -> str:  # type: ignore[no-untyped-def]
    form = {"name": "Väinö", "password": PASSWORD, "to": "/console/"}
    await visitor.client.post("/console/login", data=form, headers={"User-Agent": agent})
    return str(visitor.client.cookies[COOKIE])


async def test_a_log_in_left_open_elsewhere_is_seen_and_ended(office: Office) -> None:
    """The phone left on the bus: one looks, knows it by its name, and ends it; one's own goes on.

    What is written there just then is given back, and after the next log-in its page opens again.
    """
    async with office.visitor() as desk, office.visitor() as phone:
        await _log_in(desk, FIREFOX)
        await _log_in(phone, PHONE)
        page = (await desk.sees("/console/me")).text
        (there,) = END.findall(page)
        done = await desk.sends("/console/me", there)
        statuses = [(await each.sees("/console/")).status_code for each in (desk, phone)]
        after = (await desk.sees("/console/me?done=ended")).text
        question, answer = f"/console/tickets/{'0' * 32}", "/console/faq/cv/sv"
        refused = [
            (await phone.client.post(path, data={"text": "Kesken jäänyt"})).text
            for path in (f"{question}/say", answer, "/console/tips")
        ]
    async with office.store.read() as read:
        acts = (await read.execute(select(audit.c.act))).scalars().all()

    assert "Firefox, Linux" in page
    assert "Safari, iPhone" in page
    assert (done.status_code, statuses) == (303, [200, 303])
    assert "Safari, iPhone" not in after
    assert [TO.findall(page) for page in refused] == [[question], [answer], ["/console/"]]
    assert all("Kesken jäänyt" in page for page in refused)
    assert "session ended" in acts


async def test_all_others_are_ended_at_once(office: Office) -> None:
    """Whoever suspects somebody need not find out which one it is."""
    tokens = [await office.token(office.vaino) for _ in range(2)]
    async with office.at_work(office.vaino) as vaino:
        done = await vaino.sends("/console/me", "/console/me/sessions/end")
        here = await vaino.sees("/console/")
    statuses = []
    for token in tokens:
        async with office.visitor(token) as other:
            statuses.append((await other.sees("/console/")).status_code)

    assert (done.status_code, here.status_code, statuses) == (303, 200, [303, 303])


async def test_nobody_ends_somebody_elses_log_in(office: Office) -> None:
    """Not even by its id: it is as if it weren't there."""
    async with office.at_work(office.vaino) as vaino, office.at_work(office.saara) as saara:
        await office.token(office.vaino)
        (there,) = re.findall(
            r'action="(/console/me/sessions/[0-9a-f]{32}/end)"', (await vaino.sees("/console/me")).text
        )
        answer = await saara.sends("/console/me", there)
        still = END.findall((await vaino.sees("/console/me")).text)

    assert answer.status_code == 404
    assert still == [there]
