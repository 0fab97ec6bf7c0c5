"""The judge judged: what the fake Telegram refuses, keeps and forgets is what the real one does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support import telegram_faults as faults
from tests.support import telegram_html
from tests.support.fake_telegram import CONFLICT, TOKEN, FakeTelegram
from tests.support.http_server import HttpServer, Request, Response
from tests.support.people import AINO, BULK
from tests.support.picture import A_PICTURE
from tests.support.telegram_html import BadMarkup, Entity


class Bot:
    """A bare client of the Bot API."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The whole answer to one call, its parameters sent as JSON."""
        response = await self._client.post(f"{self._url}/bot{TOKEN}/{method}", json=parameters)
        return response.json()  # type: ignore[no-any-return]

    async def updates(self, **parameters: Any) -> list[int]:
        """The ids of what getUpdates brings."""
        answer = await self.call("getUpdates", **parameters)
        return [update["update_id"] for update in answer["result"]]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    """A Telegram whose violations are what is tested."""
    async with FakeTelegram(first_update_id=100) as telegram:
        yield telegram


@pytest.fixture
async def bot(fake: FakeTelegram) -> AsyncIterator[Bot]:
    """A client of it."""
    async with httpx.AsyncClient() as client:
        yield Bot(client, fake.url)


def with_button(**button: str) -> dict[str, Any]:
    """A message with one button of these fields."""
    return {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", **button}]]}}


@pytest.mark.parametrize(
    ("message", "violation"),
    [
        ({}, "lacks text"),
        ({"text": "moi", "disable_web_page_preview": True}, "has no parameter disable_web_page_preview"),
        ({"text": 5}, "text is no String"),
        ({"text": ""}, "message text is empty"),
        ({"text": " \n"}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "😀" * 2049}, "message is too long"),
        ({"text": "<b>x", "parse_mode": "HTML"}, "can't parse entities"),
        ({"text": "x", "parse_mode": "HTLM"}, "reads HTML alone"),
        ({"text": "x", "link_preview_options": {"is_disabled": "yes"}}, "is no Boolean"),
        (with_button(), "does several things"),
        (with_button(callback_data="å" * 33), "66 bytes"),
        (with_button(url="tel:112"), "Wrong HTTP URL"),
        (with_button(data="1"), "InlineKeyboardButton has no field data"),
    ],
)
async def test_a_message_that_telegram_would_refuse_is_refused_and_kept_in_mind(
    fake: FakeTelegram, bot: Bot, message: dict[str, Any], violation: str
) -> None:
    """Each is a message that no asker would ever see."""
    await fake.says(AINO, "moi")
    answer = await bot.call("sendMessage", chat_id=AINO, **message)

    assert (answer["ok"], answer["error_code"]) == (False, 400)
    assert violation in fake.violations[0]
    assert fake.accepted[AINO] == []


async def test_a_message_at_every_limit_is_accepted(fake: FakeTelegram, bot: Bot) -> None:
    """A judge that refuses too much would be believed, too."""
    await fake.says(AINO, "moi")
    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "å" * 32}]]}
    answer = await bot.call("sendMessage", chat_id=AINO, text="😀" * 2048, reply_markup=keyboard)
    marked = await bot.call("sendMessage", chat_id=AINO, text="<b>" + "x" * 4096 + "</b>", parse_mode="HTML")

    assert (answer["ok"], marked["ok"], fake.violations) == (True, True, [])


@pytest.mark.parametrize(
    ("html", "text", "entities"),
    [
        ("<b>a</b><i>b</i>", "ab", [Entity("bold", 0, 1), Entity("italic", 1, 1)]),
        ("<B><EM>😀</EM></b>", "😀", [Entity("italic", 0, 2), Entity("bold", 0, 2)]),
        ('<a href="https://e.org/?a=1&amp;b=2">x</a>', "x", [Entity("text_link", 0, 1, "https://e.org/?a=1&b=2")]),
        ("&lt;b&gt; &amp;amp; &quot; &#228; &#xe4; &nbsp; & a > b", '<b> &amp; " ä ä &nbsp; & a > b', []),
        ("<b></b>x", "x", []),
    ],
)
def test_html_is_read_as_telegram_reads_it(html: str, text: str, entities: list[Entity]) -> None:
    """Four named entities, tags in any case, offsets in UTF-16 units."""
    shown, found = telegram_html.parse(html)

    assert (shown, set(found)) == (text, set(entities))


@pytest.mark.parametrize(
    "html", ["<b>", "</b>", "<b><i></b></i>", "<p>x</p>", "<br>", "a < b", "<", "<b", "<span>x</span>", "<a href>x</a>"]
)
def test_html_that_telegram_refuses_is_refused(html: str) -> None:
    """The whole message is lost for one wrong tag."""
    with pytest.raises(BadMarkup):
        telegram_html.parse(html)


async def test_an_unknown_method_and_a_wrong_token_are_refused(fake: FakeTelegram, bot: Bot) -> None:
    """404 and 401, as the real one answers."""
    unknown = await bot.call("sendMesage", chat_id=AINO, text="x")
    async with httpx.AsyncClient() as client:
        stranger = (await client.get(f"{fake.url}/bot1:wrong/getMe")).json()

    assert (unknown["error_code"], stranger["error_code"], len(fake.violations)) == (404, 401, 1)


async def test_an_offset_confirms_what_is_before_it_and_only_that(fake: FakeTelegram, bot: Bot) -> None:
    """What is confirmed is gone; what is not comes again."""
    for word in "abc":
        await fake.says(AINO, word)

    assert await bot.updates() == [100, 101, 102]
    assert await bot.updates(offset=101, limit=1) == [101]
    assert fake.unconfirmed == [101, 102]
    assert await bot.updates(offset=-1) == [102]
    assert await bot.updates(offset=5_000_000) == [102]
    assert await bot.updates(offset=103) == []


async def test_the_same_offset_again_at_once_brings_one_update(fake: FakeTelegram, bot: Bot) -> None:
    """The real server takes it for a crash and slows down."""
    for word in "abc":
        await fake.says(AINO, word)

    assert [await bot.updates(offset=100), await bot.updates(offset=100)] == [[100, 101, 102], [100]]


async def test_updates_are_kept_for_a_day(bot: Bot) -> None:
    """A longer outage of ours is a loss that the operator must be warned of."""
    now = 0.0
    async with FakeTelegram(clock=lambda: now) as telegram:
        await telegram.says(AINO, "a")
        now += 23 * 3600
        kept = len(telegram.unconfirmed)
        now += 2 * 3600

        assert (kept, telegram.unconfirmed) == (1, [])


async def test_kinds_nobody_asked_for_do_not_come_and_the_wish_is_remembered(fake: FakeTelegram, bot: Bot) -> None:
    """A bot that forgets my_chat_member never learns that it was blocked."""
    await bot.updates(allowed_updates=["message"])
    await fake.blocks(AINO)
    await fake.says(AINO, "a")

    assert await bot.updates() == [101]


async def test_a_long_poll_answers_as_soon_as_something_comes(fake: FakeTelegram, bot: Bot) -> None:
    """And waits until then."""
    poll = asyncio.create_task(bot.updates(timeout=20))
    await asyncio.sleep(0)
    await fake.says(AINO, "a")
    async with asyncio.timeout(2):
        assert await poll == [100]


async def test_a_second_poller_ends_the_older_poll(fake: FakeTelegram, bot: Bot) -> None:
    """409 goes to the one that was first."""
    older = asyncio.create_task(bot.call("getUpdates", timeout=20))
    while not fake.calls["getUpdates"]:  # noqa: ASYNC110 - until the older one is on its way
        await asyncio.sleep(0.005)
    newer = await bot.updates(timeout=0)

    assert ((await older)["description"], newer) == (CONFLICT, [])


async def test_a_webhook_gets_each_chats_updates_in_order_and_again_until_it_takes_them() -> None:
    """One chat's failing update holds back that chat alone."""
    got: list[tuple[int, str]] = []
    refusals = {AINO: 3}

    async def hook(request: Request) -> Response:
        chat = request.fields["message"]["chat"]["id"]
        assert request.headers["x-telegram-bot-api-secret-token"] == "secret"
        if refusals.get(chat, 0):
            refusals[chat] -= 1
            return Response(500, b"")
        got.append((chat, request.fields["message"]["text"]))
        return Response(200, b"")

    async with (
        FakeTelegram(webhook_retry_seconds=0.01) as fake,
        HttpServer(hook) as server,
        httpx.AsyncClient() as client,
    ):
        bot = Bot(client, fake.url)
        await bot.call("setWebhook", url=f"http://127.0.0.1:{server.port}/", secret_token="secret")
        for chat, words in ((AINO, "a"), (AINO, "b"), (BULK[0], "c")):
            await fake.says(chat, words)
        async with asyncio.timeout(5):
            while fake.unconfirmed:  # noqa: ASYNC110 - the queue empties when the hook has taken all
                await asyncio.sleep(0.005)
        polled = await bot.call("getUpdates")

    assert got == [(BULK[0], "c"), (AINO, "a"), (AINO, "b")]
    assert "webhook is active" in polled["description"]


async def test_beyond_its_limits_it_answers_429_and_takes_nothing() -> None:
    """One a second in a chat."""
    async with FakeTelegram(keeps_limits=True) as fake, httpx.AsyncClient() as client:
        bot = Bot(client, fake.url)
        await fake.says(AINO, "moi")
        answers = [await bot.call("sendMessage", chat_id=AINO, text=word) for word in "ab"]

    assert [answer["ok"] for answer in answers] == [True, False]
    assert answers[1]["parameters"] == {"retry_after": 1}
    assert len(fake.accepted[AINO]) == 1


async def test_a_lost_answer_is_in_the_ledger_and_a_lost_request_is_not(fake: FakeTelegram, bot: Bot) -> None:
    """The ledger is what people saw, not what the bot believes; and updates that come again are the same ones."""
    said = await fake.says(AINO, "moi")
    for fault, text in (
        (faults.RESET_BEFORE_ACCEPTING, "lost"),
        (faults.RESET_AFTER_ACCEPTING, "seen"),
        (faults.TORN_AFTER_ACCEPTING, "seen, too"),
    ):
        fake.fails(fault, times=2)
        with pytest.raises(httpx.TransportError):
            await bot.call("sendMessage", chat_id=AINO, text=text)
        fake.mends()
    await fake.brings_again(1)

    assert [message.text for message in fake.accepted[AINO]] == ["seen", "seen, too"]
    assert await bot.updates() == fake.issued == [said, said]


async def test_a_photo_is_sent_as_a_form_with_a_file(fake: FakeTelegram) -> None:
    """Charts travel so."""
    await fake.says(AINO, "moi")
    async with httpx.AsyncClient() as client:
        response = await client.post(
            f"{fake.url}/bot{TOKEN}/sendPhoto",
            data={"chat_id": str(AINO), "caption": "<b>Viikko</b>", "parse_mode": "HTML"},
            files={"photo": ("chart.png", A_PICTURE, "image/png")},
        )

    assert response.json()["ok"] is True
    assert [(message.method, message.text) for message in fake.accepted[AINO]] == [("sendPhoto", "Viikko")]


async def test_messages_are_edited_and_deleted_as_people_would_see_it(fake: FakeTelegram, bot: Bot) -> None:
    """Posts in the advisors' group are."""
    await fake.says(AINO, "moi")
    sent = (await bot.call("sendMessage", chat_id=AINO, text="a"))["result"]["message_id"]
    edited = await bot.call("editMessageText", chat_id=AINO, message_id=sent, text="b")
    again = await bot.call("editMessageText", chat_id=AINO, message_id=sent, text="b")
    seen = fake.sees(AINO)
    deleted = [(await bot.call("deleteMessage", chat_id=AINO, message_id=sent))["ok"] for _ in range(2)]

    assert (edited["ok"], again["description"][:39]) == (True, "Bad Request: message is not modified: s")
    assert (seen, deleted, fake.sees(AINO), fake.violations) == (["b"], [True, False], [], [])


async def test_a_press_is_answered_once(fake: FakeTelegram, bot: Bot) -> None:
    """A second answer comes too late, as one to a press that never was."""
    await fake.says(-3003, "moi")
    number = await fake.presses_data(-3003, "x", by=AINO)
    answers = [
        (await bot.call("answerCallbackQuery", callback_query_id=query, text="ok"))["ok"]
        for query in (f"query-{number}", f"query-{number}", "query-none")
    ]

    assert (answers, fake.answered_queries) == ([True, False, False], {f"query-{number}": "ok"})


async def test_a_reply_needs_what_it_replies_to_and_a_topic_has_to_be_there(fake: FakeTelegram, bot: Bot) -> None:
    """Somebody may have deleted either."""
    await fake.says(-3003, "moi")
    fake.forums.add(-3003)
    thread = (await bot.call("createForumTopic", chat_id=-3003, name="Kettu 1"))["result"]["message_thread_id"]
    sent = [
        (await bot.call("sendMessage", chat_id=-3003, text="x", **fields))["ok"]
        for fields in (
            {"reply_parameters": {"message_id": 1}},
            {"reply_parameters": {"message_id": 99}},
            {"reply_parameters": {"message_id": 99, "allow_sending_without_reply": True}},
            {"message_thread_id": thread},
            {"message_thread_id": 99},
        )
    ]

    assert sent == [True, False, True, True, False]
    assert [(message.answers, message.thread) for message in fake.accepted[-3003]] == [
        (1, None),
        (None, None),
        (None, thread),
    ]


async def test_others_messages_and_topics_go_by_a_moderator_only(fake: FakeTelegram, bot: Bot) -> None:
    """What the bot itself wrote it may delete."""
    await fake.says(-3003, "moi")
    fake.forums.add(-3003)
    topic = {"chat_id": -3003, "message_thread_id": 2}
    await bot.call("createForumTopic", chat_id=-3003, name="Kettu 1")
    refused = [
        (await bot.call("deleteMessage", chat_id=-3003, message_id=1))["ok"],
        (await bot.call("deleteForumTopic", **topic))["ok"],
    ]
    renamed = (await bot.call("editForumTopic", **topic, name="y"))["ok"]
    named = dict(fake.topics[-3003])
    fake.moderated.add(-3003)
    done = [
        (await bot.call("deleteMessage", chat_id=-3003, message_id=1))["ok"],
        (await bot.call("deleteForumTopic", **topic))["ok"],
    ]

    assert (refused, renamed, named, done) == ([False, False], True, {2: "y"}, [True, True])


async def test_a_group_that_became_a_supergroup_says_where_it_is(fake: FakeTelegram, bot: Bot) -> None:
    """With every refusal, and in a service message."""
    await fake.says(-3003, "moi")
    await fake.upgrades(-3003, -1_000_000_003_003)
    answer = await bot.call("sendMessage", chat_id=-3003, text="x")
    (_, update) = (await bot.call("getUpdates"))["result"]

    assert answer["parameters"] == {"migrate_to_chat_id": -1_000_000_003_003}
    assert update["message"]["migrate_to_chat_id"] == -1_000_000_003_003


async def _sends(client: httpx.AsyncClient, fake: FakeTelegram, content: bytes, **fields: str) -> dict[str, Any]:
    answer = await client.post(
        f"{fake.url}/bot{TOKEN}/sendDocument",
        data={"chat_id": str(AINO), **fields},
        files={"document": ("a.txt", content)},
    )
    return answer.json()  # type: ignore[no-any-return]


async def test_a_file_is_taken_with_its_name_and_its_caption(fake: FakeTelegram) -> None:
    """As a multipart form, which is the only way for a file that Telegram has not seen."""
    fake.meets(AINO)
    async with httpx.AsyncClient() as client:
        answer = await _sends(client, fake, "ä".encode(), caption="Tässä")
    (message,) = fake.accepted[AINO]

    assert answer["result"]["document"]["file_name"] == "a.txt"
    assert (message.method, message.text, message.file, message.file and message.file.name) == (
        "sendDocument", "Tässä", "ä".encode(), "a.txt",
    )  # fmt: skip
    assert fake.violations == []


@pytest.mark.parametrize(
    ("content", "fields", "violation"),
    [
        (b"", {}, "file must be non-empty"),
        (b"x", {"caption": "x" * 1025}, "caption is too long"),
        (b"x", {"text": "x"}, "has no parameter text"),
    ],
)
async def test_a_file_that_telegram_would_refuse_is_refused(
    fake: FakeTelegram, content: bytes, fields: dict[str, str], violation: str
) -> None:
    """Whatever the fake lets pass, nobody else notices before Telegram does."""
    fake.meets(AINO)
    async with httpx.AsyncClient() as client:
        answer = await _sends(client, fake, content, **fields)

    assert not answer["ok"]
    assert violation in fake.violations[0]


async def test_a_file_of_more_than_50_mb_is_too_large(fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a smaller limit here: what matters is the refusal."""
    monkeypatch.setattr("tests.support.fake_telegram.FILE_LIMIT", 10)
    fake.meets(AINO)
    async with httpx.AsyncClient() as client:
        answer = await _sends(client, fake, b"x" * 11)

    assert (answer["error_code"], fake.accepted[AINO]) == (413, [])


async def test_a_document_by_words_alone_is_no_file(fake: FakeTelegram, bot: Bot) -> None:
    """An id or an address would do for Telegram; the bot has neither."""
    fake.meets(AINO)
    await bot.call("sendDocument", chat_id=AINO, document="text")

    assert "wrong file identifier" in fake.violations[0]
