"""Campaigns in the console: made and ended, their links and QR codes, posters, what they brought, two compared."""

import asyncio
import html
import re
from datetime import timedelta
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import pytest
import segno
from PIL import ImageFont
from pydantic import SecretStr
from sqlalchemy import insert

from admin.console import posters
from bot import wording
from bot.profile import read_profile
from bot.store import campaigns, schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.admin.console.office import Office, opened
from tests.support.fake_telegram import TOKEN

PAGE = "/console/campaigns"
NAMES = ("Abijuliste Ä", "ملصق المدرسة", "学校のポスター 🦊", "'\"></textarea><script>alert(1)</script>", "a" * 80)
on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def _form(office: Office, **fields: str) -> dict[str, str]:
    today = office.clock().date()
    days = {"first_day": today.isoformat(), "last_day": (today + timedelta(days=9)).isoformat()}
    return {"name": "Juliste A", "place": "Koulun seinä", **days, **fields}


async def _brings(office: Office, code: str, *, opened: int, came: int, asked: int, helped: int) -> None:
    """Events as they are written when so many people come to the web chat by *code*, ask, and are helped."""
    moment = {"at": office.clock(), "local_day": office.clock().date(), "local_hour": 10, "in_office_hours": True}
    flags = dict.fromkeys(("first_of_day", "first_of_week", "first_of_month", "is_returning"), False)
    theirs = {"campaign": code, "first_campaign": code, "channel": "web", "language": "fi"}
    kinds = ["opened"] * opened + ["came"] * came + ["asked"] * asked + ["helped"] * helped
    firsts = {"first_of_campaign": True, "first_of_first_campaign": True}
    rows = [{"kind": kind, **moment, **flags, **theirs, **firsts} for kind in kinds]
    async with office.store.write() as tx:
        await tx.execute(insert(schema.event), [*rows, {**rows[-1], **dict.fromkeys(firsts, False)}])


def _rows(page: str) -> dict[str, list[str]]:
    """Each campaign of the table with its figures, as a reader sees them."""
    rows = re.findall(r'<tr role="row">\s*<th role="rowheader".*?</tr>', page, re.DOTALL)
    cells = [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell.partition("</span>")[2]).split())
            for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)
        ]
        for row in rows
    ]
    names = [html.unescape(re.sub(r"<[^>]+>", "", re.search(r"<bdi>(.*?)</bdi>", row)[1])) for row in rows]  # type: ignore[index]
    return dict(zip(names, cells, strict=True))


async def test_a_campaign_is_made_brings_people_and_ends(office: Office) -> None:
    """Under a name of any script; its code stays the same, the links work on, and the log tells who did it."""
    async with office.at_work(office.kaisa) as kaisa:
        pages = [(await kaisa.sends(PAGE, PAGE, **_form(office, name=name))).headers["location"] for name in NAMES]
        path = pages[0].partition("?")[0]
        code = path.rpartition("/")[2]
        await _brings(office, code, opened=31, came=12, asked=6, helped=3)
        listed = (await kaisa.sees(PAGE)).text
        first = (await kaisa.sees(f"{PAGE}?touch=first")).text
        made = (await kaisa.sees(path)).text
        ended = await kaisa.sends(path, f"{path}/end")
        over = (await kaisa.sees(path)).text
    async with office.at_work(office.vaino) as vaino:
        looked = (await vaino.sees(path)).text
        refused = await vaino.sends("/console/password", f"{path}/end")
    async with office.store.read() as read:
        kept = await campaigns.everything(read)
        acts = [row.act for row in await read.execute(schema.audit.select())]

    rows = _rows(listed)
    assert set(rows) == set(NAMES) == {campaign.name for campaign in kept}
    assert rows[NAMES[0]] == ["31", "12", "6 50 % / 12", "alle 5"]
    assert rows[NAMES[1]] == ["0", "0", "0", "0"]
    assert _rows(first) == rows
    assert "<script>alert" not in listed + made
    assert re.fullmatch("[2-9b-df-hj-kmnp-tv-xz]{6}", code)
    assert f"{office.address}/k/{code}</code>" in made
    assert "t.me" not in made
    assert ended.headers["location"] == f"{path}?done=ended"
    assert ("Lopeta kampanja" in made, "Lopeta kampanja" in over, "Lopeta kampanja" in looked) == (True, False, False)
    assert (refused.status_code, "Tallenna kysymykset" in looked) == (404, False)
    assert [acts.count(act) for act in ("campaign made", "campaign ended")] == [len(NAMES), 1]


async def test_a_button_pressed_twice_makes_one_campaign(office: Office) -> None:
    """Two of the same share what the one poster brings, and neither tells the truth; a changed form means another."""
    async with office.at_work(office.kaisa) as kaisa:
        first, second = await asyncio.gather(*(kaisa.sends(PAGE, PAGE, **_form(office)) for _ in range(2)))
        again = await kaisa.sends(PAGE, PAGE, **_form(office))
        page = (await kaisa.sees(again.headers["location"])).text
        other = await kaisa.sends(PAGE, PAGE, **_form(office, place="Kirjaston seinä"))
        path = again.headers["location"].partition("?")[0]
        await kaisa.sends(path, f"{path}/end")
        anew = await kaisa.sends(PAGE, PAGE, **_form(office))
    async with office.store.read() as read:
        kept = await campaigns.everything(read)
        acts = [row.act for row in await read.execute(schema.audit.select())]

    paths = {answer.headers["location"].partition("?")[0] for answer in (first, second, again)}
    assert paths == {path}
    assert "Tällainen kampanja on jo tehty" in page
    assert not {other.headers["location"].partition("?")[0], anew.headers["location"].partition("?")[0]} & paths
    assert (len(kept), acts.count("campaign made")) == (3, 3)


@on_one_database
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(office: Office) -> None:
    """A campaign that ends before it begins would count nobody, and nobody would know why."""
    yesterday = (office.clock().date() - timedelta(days=1)).isoformat()
    attempts = {
        "Tämä puuttuu.": {"name": " \u202e "},
        "Enintään 80 merkkiä.": {"place": "a" * 81},
        "Valitse päivä.": {"first_day": "<b>"},
        "Viimeinen päivä on ennen alkua.": {"last_day": yesterday},
        "Viimeinen päivä on jo mennyt.": {"first_day": "2026-01-01", "last_day": yesterday},
    }
    async with office.at_work(office.yrjo) as yrjo:
        for said, fields in attempts.items():
            answer = await yrjo.sends(PAGE, PAGE, **_form(office, **fields))

            assert (answer.status_code, said in answer.text) == (422, True)
            assert 'value="Koulun seinä"' in answer.text or "place" in fields
        odd = [
            (await yrjo.sees(f"{PAGE}/{code}{more}")).status_code
            for code in ("%00", "nobody", "a" * 65)
            for more in ("", "/poster", "/qr.svg", "/qr.exe")
        ]
    async with office.store.read() as read:
        assert await campaigns.everything(read) == []
    assert set(odd) == {404}


@on_one_database
async def test_two_campaigns_are_compared_and_chance_is_called_chance(office: Office) -> None:
    """Whoever has few cases is told so, and a group too small to be shown isn't given away by the interval."""
    today = office.clock().date()
    async with office.store.write() as tx:
        a, b, c = [
            await campaigns.make(tx, name=name, place="Seinä", first_day=today, last_day=today) for name in "ABC"
        ]
    await _brings(office, a, opened=80, came=40, asked=30, helped=20)
    await _brings(office, b, opened=80, came=40, asked=10, helped=5)
    await _brings(office, c, opened=80, came=30, asked=3, helped=1)
    async with office.at_work(office.vaino) as vaino:
        compared, few, same = [
            " ".join(re.sub(r"<[^>]+>", "", (await vaino.sees(f"{PAGE}?a={one}&b={other}")).text).split())
            for one, other in ((a, b), (a, c), (a, a))
        ]

    assert "A: 50 % (40 / 80; väli 39–61 %)" in compared
    assert (
        "A: 75 % (30 / 40; väli 60–86 %) B: 25 % (10 / 40; väli 14–40 %) Useammin: A, 29–65 prosenttiyksikköä."
        in compared
    )
    assert "B: 50 % (5 / 10; väli 24–76 %) Liian vähän, jotta erosta voisi sanoa mitään." in compared
    assert "C: alle 5 / 30 Useammin: A. Sattuma tuskin selittää eron." in few
    assert "C: alle 5 / alle 5 Liian vähän" in few
    assert "Valitse kaksi eri kampanjaa." in same


@on_one_database
async def test_the_qr_codes_lead_where_they_say_and_the_poster_says_what_it_must(office: Office) -> None:
    """Printed once, a wrong code hangs on forty walls: each is the code of exactly its link, in its language."""
    today = office.clock().date()
    async with office.store.write() as tx:
        code = await campaigns.make(tx, name="A", place="Seinä", first_day=today, last_day=today)
    path = f"{PAGE}/{code}"
    async with office.at_work(office.kaisa) as kaisa:
        by_itself = (await kaisa.sees(f"{path}/poster")).text
        written = await kaisa.sends(
            path, f"{path}/poster", question_fi="  Millon\nrahat? ", question_sv="<b>När?" + "x" * 99
        )
        shown = {
            language: (await kaisa.sees(f"{path}/poster?language={language}&size=a6")).text
            for language in ("fi", "sv", "en")
        }
        svg, png = [await kaisa.sees(f"{path}/qr.{kind}?language=sv") for kind in ("svg", "png")]
        no_telegram = await kaisa.sees(f"{path}/qr.svg?to=telegram")

    expected = BytesIO()
    link = segno.make(f"{office.address}/k/{code}?kieli=sv", error="m", micro=False)
    link.save(expected, kind="svg", omitsize=True, light="#fff", dark="#000")
    assert svg.content == expected.getvalue()
    assert (svg.headers["content-type"], png.headers["content-type"]) == ("image/svg+xml", "image/png")
    assert png.content.startswith(b"\x89PNG")
    assert no_telegram.status_code == 404
    assert written.status_code == 303
    assert html.escape(office.house.profile.examples["fi"][0]) in by_itself
    assert ">Millon rahat?</h1>" in shown["fi"]
    assert "<h1" in shown["sv"]
    assert "&lt;b&gt;När?" in shown["sv"]
    assert wording.say("en", wording.POSTER_PROMISE) in html.unescape(shown["en"])
    assert "poster-a6.css" in shown["fi"]


@on_one_database
async def test_the_telegram_link_is_there_once_the_bots_name_is_known(
    store: Store, vault: Vault, tmp_path: Path, faq_cache: Path
) -> None:
    """A link to a bot that nobody knows yet would lead forty walls nowhere."""
    async with opened(store, vault, tmp_path, faq_cache, telegram_token=SecretStr(TOKEN)) as office:
        today = office.clock().date()
        async with store.write() as tx:
            code = await campaigns.make(tx, name="A", place="Seinä", first_day=today, last_day=today)
        path = f"{PAGE}/{code}"
        async with office.at_work(office.kaisa) as kaisa:
            before = [await kaisa.sees(path), await kaisa.sees(f"{path}/qr.svg?to=telegram")]
            assert office.house.telegram is not None
            office.house.telegram.username = "koppi_bot"
            after = [await kaisa.sees(path), await kaisa.sees(f"{path}/qr.svg?to=telegram")]

    assert ("t.me" in before[0].text, before[1].status_code) == (False, 404)
    assert (f"https://t.me/koppi_bot?start={code}</code>" in after[0].text, after[1].status_code) == (True, 200)


@pytest.mark.parametrize(
    "question", ["Millon rahat?", "Hur anmäler jag mig som arbetslös?", "Työttömyyskassa", "x" * 70, "a " * 35, "🦊"]
)
def test_the_letters_of_a_poster_are_as_large_as_they_can_be_and_no_larger(question: str) -> None:
    """A question that runs off the sheet is found when forty are printed."""
    size = posters.letter_size(question)
    a_line = posters.WIDTH / (size * posters.WIDE)
    lines = len(question) / a_line

    assert size == posters.LETTERS[-1] or (max(map(len, question.split())) <= a_line and lines * size <= posters.HEIGHT)
    assert posters.letter_size("Hei?") == posters.LETTERS[0]


def test_no_word_of_a_poster_is_broken_in_a_font_with_broad_letters(tmp_path: Path) -> None:
    """As wide as letters are on average, the example that every new poster begins with left its "?" on a line alone."""
    drawing = find_spec("matplotlib")  # for its font; what it weighs nobody loads who doesn't draw
    assert drawing is not None
    assert drawing.origin is not None
    broad = ImageFont.truetype(Path(drawing.origin).with_name("mpl-data") / "fonts/ttf/DejaVuSans-Bold.ttf", 1000)
    examples = read_profile(tmp_path).examples.values()
    for question in [
        *(question for of_language in examples for question in of_language),
        "Mammamia WWW?",
        "KUKA AUTTAA?",
    ]:
        size = posters.letter_size(question)
        widest = max(broad.getlength(word) / 1000 - 0.02 * len(word) for word in question.split())
        assert widest * size <= posters.WIDTH, question
