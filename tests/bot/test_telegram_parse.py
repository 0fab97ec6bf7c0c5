"""What an update says: every kind that Telegram brings, and anything else that bytes can be."""

import json
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.channels.incoming import (
    MAX_TEXT,
    GroupMoved,
    Incoming,
    InGroup,
    LinkChat,
    Pressed,
    PressedInGroup,
    RepliedInGroup,
    Unparsable,
    clean,
    command_language,
)
from bot.channels.telegram import parse
from bot.dialogue import Command, Empty, Left, Start, Text, Unreadable
from tests.support.odd_updates import PARTS, SCALARS, anything

CHAT = {"id": 1001, "type": "private", "first_name": "X"}
PERSON = {"id": 1001, "is_bot": False, "first_name": "X", "language_code": "sv-FI"}
GROUP = {"id": -3003, "type": "group", "title": "Neuvojat"}


def message(**fields: Any) -> str:
    """The bytes of an update with a private message of these fields."""
    content = {"message_id": 7, "date": 1_790_000_000, "chat": CHAT, "from": PERSON, **fields}
    return json.dumps({"update_id": 1, "message": content})


def said(body: str) -> object:
    """What was said, or None when it is nothing to us."""
    incoming = parse(body)
    return incoming.said if incoming else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Moi, miten haen tukea?", Text("Moi, miten haen tukea?")),
        ("/start", Start(None)),
        ("/start oulu-lehti_1", Start("oulu-lehti_1")),
        ("/start " + "x" * 65, Text("/start " + "x" * 65)),
        ("/start <b>", Text("/start <b>")),
        ("/start haluan tappaa itseni", Text("/start haluan tappaa itseni")),
        ("/start itsemurha", Text("/start itsemurha")),
        ("/start jatka-tappaa itseni", Text("/start jatka-tappaa itseni")),
        ("/start@otappa_koppi_bot kampanja", Start("kampanja")),
        ("/START", Start(None)),
        ("/ihminen", Command("ihminen")),
        ("/human", Command("ihminen")),
        ("/människa", Command("ihminen")),
        ("/hjälp", Command("apua")),
        ("/språk", Command("kieli")),
        (unicodedata.normalize("NFD", "/hjälp"), Command("apua")),
        ("/Ämnen", Command("aiheet")),
        ("/glöm", Command("unohda")),
        ("/person", Command("ihminen")),
        ("/forget", Command("unohda")),
        ("/topics", Command("aiheet")),
        ("/amnen", Command("aiheet")),
        ("/manniska", Command("ihminen")),
        ("/emergency", Command("apua")),
        ("/hjalp", Command("apua")),
        ("/language", Command("kieli")),
        ("/sprak", Command("kieli")),
        ("/mydata", Command("tietoni")),
        ("/minadata", Command("tietoni")),
        ("/glom", Command("unohda")),
        ("/privacy", Command("tietosuoja")),
        ("/dataskydd", Command("tietosuoja")),
        ("/help", Command("ohje")),
        ("/info", Command("ohje")),
        ("/borja", Start(None)),
        ("/nosuchthing", Command("nosuchthing")),
        ("/liita abc123", LinkChat("abc123")),
        ("/liita", LinkChat("")),
        ("/liita " + "x" * 500, Text("/liita " + "x" * 500)),
        ("/liita haluan kuolla nyt", Text("/liita haluan kuolla nyt")),
        ("/liita itsemurha", Text("/liita itsemurha")),
        ("/ ei komento", Text("/ ei komento")),
        ("5/7 meni rikki", Text("5/7 meni rikki")),
        ("   ", Empty()),
        ("\u200b", Text("\u200b")),
        ("\x00", Empty()),
        ("\ud800", Empty()),
        ("a\x00b\ud800c", Text("a\ufffdb\ufffdc")),
        ("\u202emoi\u202c", Text("moi")),
        ("mita\u0308", Text("mitä")),
        ("rivi\r\ntoinen\x07", Text("rivi\ntoinen")),
    ],
)
def test_a_text_is_read_as_what_it_is(text: str, expected: object) -> None:
    """Commands by any of their names, words cleaned of what a database or a page would choke on."""
    assert said(message(text=text)) == expected


def test_a_command_tells_its_language_however_it_is_typed() -> None:
    """Some keyboards write "ä" as two signs; a name that is Swedish and English tells of neither."""
    assert command_language(unicodedata.normalize("NFD", "/hjälp")) == command_language("/hjalp") == "sv"
    assert command_language("/Forget") == "en"
    assert [command_language(text) for text in ("/person", "/tips", "/info", "/apua", "hjälp")] == [None] * 5


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]}, Unreadable("photo")),
        ({"voice": {"file_id": "a", "file_unique_id": "b", "duration": 1}}, Unreadable("voice")),
        ({"audio": {"file_id": "a", "file_unique_id": "b", "duration": 1}}, Unreadable("voice")),
        ({"video_note": {"file_id": "a", "file_unique_id": "b", "duration": 1, "length": 1}}, Unreadable("voice")),
        ({"location": {"latitude": 65.0, "longitude": 25.0}}, Unreadable("location")),
        ({"document": {"file_id": "a", "file_unique_id": "b"}}, Unreadable("file")),
        (
            {"video": {"file_id": "a", "file_unique_id": "b", "duration": 1, "width": 1, "height": 1}},
            Unreadable("file"),
        ),
        ({"dice": {"emoji": "🎲", "value": 3}}, Unreadable("other")),
        ({"contact": {"phone_number": "+358", "first_name": "X"}}, Unreadable("other")),
        ({"a_field_of_next_year": {"x": 1}}, Unreadable("other")),
        (
            {
                "photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}],
                "caption": "Mikä tämä on?",
            },
            Text("Mikä tämä on?", beside="photo"),
        ),
        (
            {"document": {"file_id": "a", "file_unique_id": "b"}, "caption": "Päätös"},
            Text("Päätös", beside="file"),
        ),
    ],
)
def test_what_holds_no_text_is_named_and_a_caption_is_text(fields: dict[str, Any], expected: object) -> None:
    """Each gets its own kind word; words under a picture are a question all the same."""
    assert said(message(**fields)) == expected


def test_an_edited_message_is_read_again() -> None:
    """Who mends their question wants an answer to the mended one."""
    body = json.loads(message(text="Miten haen asumistukea?", edit_date=1_790_000_100))

    assert said(json.dumps({"update_id": 1, "edited_message": body["message"]})) == Text("Miten haen asumistukea?")


def test_in_a_group_a_wrong_code_is_told_of_whatever_it_is() -> None:
    """There nobody asks anything of the bot, and whoever links the chat must hear that the code won't do."""
    assert said(message(text="/liita a b", chat=GROUP)) == LinkChat("a b")


def test_an_edit_without_words_is_nothing_to_answer() -> None:
    """A shared live location is edited every few seconds: each edit would bring one more refusal."""
    body = json.loads(message(location={"latitude": 65.0, "longitude": 25.0}, edit_date=1_790_000_100))

    assert said(json.dumps({"update_id": 1, "edited_message": body["message"]})) is None


def test_the_chat_its_language_and_the_time_come_along() -> None:
    """The address is whom we answer; the language is a first guess; the date tells a flood from an outage's queue."""
    said_at = datetime.fromtimestamp(1_790_000_000, UTC)
    edit = json.loads(message(text="hejsan", edit_date=1_790_000_100))["message"]
    edited = parse(json.dumps({"update_id": 1, "edited_message": edit}))

    assert parse(message(text="hej")) == Incoming("1001", Text("hej"), "sv", said_at)
    assert edited == Incoming("1001", Text("hejsan"), "sv", said_at + timedelta(seconds=100))


@pytest.mark.parametrize(
    ("before", "after", "kind", "expected"),
    [
        ("left", "member", "group", InGroup()),
        ("kicked", "administrator", "supergroup", InGroup()),
        ("member", "administrator", "supergroup", None),
        ("member", "left", "group", None),
        ("left", "administrator", "channel", None),
    ],
)
def test_only_being_added_to_a_group_is_something_to_answer(
    before: str, after: str, kind: str, expected: object
) -> None:
    """Once, and not at each change of its rights there."""
    bot = {"id": 77, "is_bot": True, "first_name": "Koppi"}
    acts = ("be_edited", "manage_chat", "delete_messages", "manage_video_chats", "restrict_members", "promote_members")
    more = ("change_info", "invite_users", "post_stories", "edit_stories", "delete_stories")
    rights = dict.fromkeys((f"can_{act}" for act in (*acts, *more)), False) | {"is_anonymous": False}
    old, new = ({"user": bot, "status": status, "until_date": 0, **rights} for status in (before, after))
    change = {"chat": {**GROUP, "type": kind}, "from": PERSON, "date": 1_790_000_000}
    change |= {"old_chat_member": old, "new_chat_member": new}

    assert said(json.dumps({"update_id": 1, "my_chat_member": change})) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("send:12:1", Pressed(12, 1)),
        ("pick:999999999999999999:0", Pressed(999999999999999999, 0)),
        ("", Pressed(0, 0)),
        ("send:-1:1", Pressed(0, 0)),
        ("send:1:1; DROP TABLE", Pressed(0, 0)),
        ("x" * 64, Pressed(0, 0)),
        (None, Pressed(0, 0)),
    ],
)
def test_a_press_carries_message_and_ordinal_and_a_forged_one_is_a_button_long_gone(
    data: str | None, expected: Pressed
) -> None:
    """Data comes from the network: what it means is looked up in this very conversation."""
    under = {"message_id": 8, "date": 1_790_000_000, "chat": CHAT}
    query = {"id": "1", "from": PERSON, "chat_instance": "1", "message": under}
    query |= {"data": data} if data is not None else {"game_short_name": "x"}

    assert said(json.dumps({"update_id": 1, "callback_query": query})) == expected


@pytest.mark.parametrize(
    ("data", "post"), [("take:12:0", 12), ("take:12:1", 0), ("send:12:0", 0), ("take:-1:0", 0), ("", 0), (None, 0)]
)
def test_a_press_in_a_group_names_its_post_and_who_pressed(data: str | None, post: int) -> None:
    """Whoever sits there may press: who it was decides what happens."""
    query = {"id": "q", "from": PERSON, "chat_instance": "1"}
    query |= {"message": {"message_id": 8, "date": 0, "chat": GROUP}}
    query |= {"data": data} if data is not None else {"game_short_name": "x"}
    body = json.dumps({"update_id": 1, "callback_query": query})

    assert parse(body) == Incoming("-3003", PressedInGroup(post, "1001", "q"))


BOT = {"id": 77, "is_bot": True, "first_name": "Koppi"}
OF_THE_BOT = {"message_id": 5, "date": 1_790_000_000, "chat": GROUP, "from": BOT, "text": "Uusi kysymys"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"text": " Saa. ", "reply_to_message": OF_THE_BOT}, RepliedInGroup("7", "5", "1001", "Saa.")),
        ({"caption": "Saa.", "reply_to_message": OF_THE_BOT}, RepliedInGroup("7", "5", "1001", None)),
        ({"text": "Saa.", "reply_to_message": {**OF_THE_BOT, "from": PERSON}}, None),
        (
            {
                "text": "Kuka ehtii?",
                "reply_to_message": {**OF_THE_BOT, "forum_topic_created": {"name": "x", "icon_color": 1}},
            },
            None,
        ),
        ({"text": "Kuka ehtii?"}, None),
        ({"migrate_to_chat_id": -1_000_000_003_003}, GroupMoved("-1000000003003")),
    ],
)
def test_in_a_group_only_what_is_said_to_the_bot_is_read(fields: dict[str, Any], expected: object) -> None:
    """Replies to its posts, and where the group has gone; the rest is colleagues' talk."""
    assert said(message(chat=GROUP, **fields)) == expected


def test_an_edited_reply_in_a_group_is_known_as_one() -> None:
    """It must not be sent a second time."""
    content = json.loads(message(chat=GROUP, text="Ei.", reply_to_message=OF_THE_BOT, edit_date=1_790_000_100))
    body = json.dumps({"update_id": 1, "edited_message": content["message"]})

    assert said(body) == RepliedInGroup("7", "5", "1001", "Ei.", is_edit=True)


@pytest.mark.parametrize(("status", "gone"), [("kicked", True), ("left", True), ("member", False)])
def test_blocking_and_coming_back_are_noticed(status: str, gone: bool) -> None:
    """Nothing is sent to someone who has blocked the bot."""
    states = [{"user": {**PERSON, "is_bot": True}, "status": name, "until_date": 0} for name in ("member", status)]
    change = {"chat": CHAT, "from": PERSON, "date": 1_790_000_000}
    change |= {"old_chat_member": states[0], "new_chat_member": states[1]}

    assert said(json.dumps({"update_id": 1, "my_chat_member": change})) == Left(gone)


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"message_id": 1, "date": 1_790_000_000, "chat": GROUP, "from": PERSON, "text": "Moi kaikki"}},
        {"channel_post": {"message_id": 1, "date": 1_790_000_000, "chat": GROUP, "text": "Uutinen"}},
        {"message_reaction": {"chat": CHAT, "message_id": 1, "user": PERSON, "date": 1_790_000_000,
                              "old_reaction": [], "new_reaction": []}},
        {"a_kind_of_next_year": {"x": 1}},
        {},
    ],
)  # fmt: skip
def test_what_is_none_of_our_business_is_left_alone(update: dict[str, Any]) -> None:
    """A group's talk is not a question to us, and new kinds of updates come every year."""
    assert parse(json.dumps({"update_id": 1, **update})) is None


@pytest.mark.parametrize(
    "body",
    [
        "", "{", "[]", '"text"', "17", "null", "true", "[" * 5000,
        '{"update_id": 1, "message": "text"}',
        '{"update_id": 1, "message": {"message_id": 1, "date": "yesterday", "chat": {"id": 1, "type": "private"}}}',
        '{"update_id": 1, "message": {"message_id": 1, "date": 1e300, "chat": {"id": 1, "type": "private"}}}',
        '{"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": 5}}',
        '{"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": []}}',
        '{"update_id": 1, "callback_query": {"id": 1}}',
        ('{"update_id": 1, "callback_query": {"id": "1", "from": {"id": 1, "is_bot": false, "first_name": "x"},'
        ' "data": 7, "chat_instance": "1", "message": {"message_id": 1, "date": 5, "chat": {"id": 1}}}}'),
        '{"update_id": 1, "my_chat_member": {"chat": {"id": 1, "type": "private"}}}',
    ],
)  # fmt: skip
def test_what_is_no_update_is_unparsable_and_its_words_are_not_in_the_reason(body: str) -> None:
    """It goes to quarantine at once; the reason is shown and logged, so it must not quote anybody."""
    with pytest.raises(Unparsable) as fault:
        parse(body)

    assert str(fault.value).startswith("not a Telegram update (")


ANYTHING = anything()
UPDATE = st.fixed_dictionaries({"update_id": st.integers()}, optional=dict.fromkeys(PARTS, ANYTHING))
NEARLY_A_MESSAGE = st.fixed_dictionaries(
    {"message_id": st.integers() | SCALARS, "date": st.integers() | SCALARS, "chat": st.just(CHAT) | ANYTHING},
    optional=dict.fromkeys(("text", "from", "photo", "voice", "caption", "entities"), ANYTHING),
)


@example({"update_id": 0, "message": {"message_id": 1, "date": 2**56, "chat": CHAT}})  # no clock goes so far
@given(UPDATE | st.fixed_dictionaries({"update_id": st.integers(), "message": NEARLY_A_MESSAGE}) | ANYTHING)
def test_any_json_at_all_is_read_ignored_or_unparsable(update: Any) -> None:
    """One odd update must not stop the others: 0 of 200 were answered by the stock updater."""
    try:
        incoming = parse(json.dumps(update))
    except Unparsable:
        return

    assert incoming is None or isinstance(incoming, Incoming)


@given(st.text(alphabet=st.characters(), max_size=5000))
def test_a_cleaned_text_can_be_stored_anywhere_and_stays_as_it_is(text: str) -> None:
    """PostgreSQL refuses NUL, no driver takes a lone surrogate, and cleaning twice must change nothing more."""
    cleaned = clean(text)

    assert "\0" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert len(cleaned) <= MAX_TEXT
    assert clean(cleaned) == cleaned
