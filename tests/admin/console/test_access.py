"""Who gets in where: every route of the console, for every kind of visitor."""

import pytest
from starlette.routing import Route

from admin.console.access import ACCESS
from admin.console.front_door import FrontDoor
from admin.console.site import pages
from bot.store import sessions, tickets
from bot.store.accounts import Account
from tests.admin.console.office import OURS, Office, token_in

MISSING_ID = "0" * 32
VAINO, SAARA, KAISA, YRJO = "vaino", "saara", "kaisa", "yrjo"
ADVISORS, LEADERS, OPERATOR, ALL = {VAINO, SAARA}, {KAISA, YRJO}, {YRJO}, {VAINO, SAARA, KAISA, YRJO}

TEACHERS = ADVISORS | {KAISA}

# What a visitor who may gets, with an empty form, in this order, and who may; the others who are logged in get 404.
EXPECTED: dict[str, tuple[int, set[str]]] = {
    "code": (303, ALL),
    "check_code": (303, ALL),
    "new_code": (303, ALL),
    "set_up_code": (303, ALL),
    "renew_code": (404, ALL),
    "log_out": (303, ALL),
    "me": (200, ALL),
    "end_session": (404, ALL),
    "end_other_sessions": (303, ALL),
    "set_email": (404, ADVISORS),
    "set_shown_name": (303, ADVISORS),
    "change_habits": (303, ADVISORS),
    "make_own_code": (200, ADVISORS),
    "unlink_own": (303, ADVISORS),
    "password": (200, ALL),
    "change_password": (422, ALL),
    "search": (200, ADVISORS),
    "ticket": (200, ADVISORS),
    "claim": (303, ADVISORS),
    "release": (303, ADVISORS),
    "say": (400, ADVISORS),
    "save_draft": (400, ADVISORS),
    "drop_draft": (303, ADVISORS),
    "suggest": (400, ADVISORS),
    "typing": (204, ADVISORS),
    "try_again": (400, ADVISORS),
    "close": (422, ADVISORS),
    "hand_over": (422, ADVISORS),
    "reopen": (400, ADVISORS),
    "new_answer": (200, ADVISORS),
    "publish_answer": (422, ADVISORS),
    "new_phrasing": (200, ADVISORS),
    "publish_phrasing": (422, ADVISORS),
    "tips": (200, ALL),
    "add_tip": (422, {KAISA, YRJO}),
    "tip": (404, ALL),
    "change_tip": (404, ALL),
    "remove_tip": (404, ALL),
    "gaps": (200, TEACHERS),
    "put_gap_aside": (400, TEACHERS),
    "bring_gap_back": (400, TEACHERS),
    "new_answer_to_gap": (404, ALL),
    "publish_answer_to_gap": (422, TEACHERS),
    "new_phrasing_of_gap": (404, ALL),
    "publish_phrasing_of_gap": (422, TEACHERS),
    "phrasings": (200, TEACHERS),
    "decide_phrasings": (400, TEACHERS),
    "questions": (200, TEACHERS),
    "templates": (200, ADVISORS),
    "add_template": (422, ADVISORS),
    "template": (404, ADVISORS),
    "change_template": (400, ADVISORS),
    "remove_template": (400, ADVISORS),
    "faq": (200, ALL),
    "try_question": (200, ALL),
    "ask_bot": (422, ALL),
    "entry": (200, ALL),
    "new_entry": (200, ALL),
    "create_entry": (422, ALL),
    "withdraw_entry": (409, ALL),
    "withdraw_translation": (404, ALL),
    "edit_entry": (200, ALL),
    "save_entry": (409, ALL),
    "entry_versions": (200, ALL),
    "restore_entry": (422, ALL),
    "choose_text": (422, ALL),
    "figures": (200, ALL),
    "figures_csv": (200, ALL),
    "figures_xlsx": (200, ALL),
    "year_report": (200, ALL),
    "campaigns": (200, ALL),
    "make_campaign": (422, LEADERS),
    "campaign": (404, ALL),
    "end_campaign": (404, LEADERS),
    "checkins": (200, ALL),
    "outreach": (200, LEADERS),
    "make_outreach_campaign": (303, LEADERS),
    "finish_outreach": (303, LEADERS),
    "take_outreach_back": (303, LEADERS),
    "write_poster": (404, LEADERS),
    "poster": (404, ALL),
    "campaign_qr": (404, ALL),
    "readers": (200, LEADERS),
    "add_reader": (404, LEADERS),
    "change_reader": (400, LEADERS),
    "end_reader": (303, LEADERS),
    "send_to_reader_again": (404, LEADERS),
    "chats": (200, LEADERS),
    "make_code": (400, LEADERS),
    "unlink": (303, LEADERS),
    "people": (200, OPERATOR),
    "invite_person": (422, OPERATOR),
    "revoke_invitation": (404, OPERATOR),
    "disable_person": (404, OPERATOR),
    "reset_person": (404, OPERATOR),
    "reset_code": (404, OPERATOR),
    "end_sessions": (404, OPERATOR),
    "audit_log": (200, OPERATOR),
    "troubles": (200, OPERATOR),
    "watch": (200, LEADERS),
}
OPEN_TO_NOBODY = {
    "login",
    "log_in",
    "invited",
    "accept_invitation",
    "reading",
    "confirm_reading",
    "end_reading",
}
HAVE_TESTS_OF_THEIR_OWN = {"home", "events", "waiting"}


def _routes(office: Office) -> dict[str, Route]:
    return {route.name: route for route in pages(FrontDoor(office.house))}


def _address(route: Route, ticket_id: str) -> str:
    values = {
        "ticket_id": ticket_id,
        "entry_id": "cv",
        "language": "fi",
        "account_id": MISSING_ID,
        "chat_id": MISSING_ID,
        "session_id": MISSING_ID,
        "invitation_id": MISSING_ID,
        "message_id": "1",
        "template_id": MISSING_ID,
        "reader_id": MISSING_ID,
        "tip_id": MISSING_ID,
        "key": "a-key-of-it",
        "code": "nobody",
        "kind": "svg",
        "table": "days",
    }
    path = route.path
    for name, value in values.items():
        path = path.replace("{" + name + "}", value)
    return f"/console{path}"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_every_route_is_in_both_tables(office: Office) -> None:
    """A page that the table forgets would be a page that no test has walked past with every role."""
    names = set(_routes(office))

    assert names == set(ACCESS)
    assert names == set(EXPECTED) | OPEN_TO_NOBODY | HAVE_TESTS_OF_THEIR_OWN


@pytest.mark.parametrize("who", [VAINO, SAARA, KAISA, YRJO])
async def test_each_role_gets_exactly_what_is_its_own(office: Office, who: str) -> None:
    """A coordinator must never see a thread, and an advisor never another's account."""
    ticket_id = await office.ticket()
    await office.desk.reply(office.vaino, ticket_id, "Saa.", "a-key-of-it", office.clock())
    await office.desk.release(office.vaino, ticket_id, office.clock())
    account: Account = getattr(office, who)
    got, expected = {}, {}
    for name, route in _routes(office).items():
        if name not in EXPECTED:
            continue
        token = await office.token(account)
        async with office.store.read() as read:
            session = await sessions.find(read, token, office.clock())
        assert session is not None
        async with office.visitor(token) as person:  # the form token is not from a page: most routes take less than one
            got[name] = await _status(person.client, route, _address(route, ticket_id), session.form_token)
        status, allowed = EXPECTED[name]
        expected[name] = status if who in allowed else 404

    assert got == expected


async def test_who_is_not_logged_in_is_sent_to_the_door(office: Office) -> None:
    """A page leads to the log-in and back; a form is refused, and nothing of it is done."""
    ticket_id = await office.answered_ticket()
    got, expected = {}, {}
    async with office.visitor() as nobody:
        for name, route in _routes(office).items():
            if name in OPEN_TO_NOBODY:
                continue
            got[name] = await _status(nobody.client, route, _address(route, ticket_id), form_token="x")
            expected[name] = 401 if "POST" in (route.methods or ()) else 303

    assert got == expected


async def test_a_disabled_account_is_nobody(office: Office) -> None:
    """Somebody who has left must be out at once, whatever their browser still holds."""
    ticket_id = await office.ticket()
    async with office.visitor(await office.token(office.sulo)) as sulo:
        page = await sulo.sees(f"/console/tickets/{ticket_id}")
        act = await sulo.client.post(f"/console/tickets/{ticket_id}/claim", data={"form_token": "x"})

    assert (page.status_code, act.status_code) == (303, 401)


async def test_the_front_page_is_each_ones_own(office: Office) -> None:
    """Whoever logs in stands before their own work."""
    seen = {}
    for account in (office.vaino, office.kaisa, office.yrjo):
        async with office.at_work(account) as person:
            page = await person.sees("/console/")
            seen[account.role] = (page.status_code, page.headers.get("location"))

    assert seen == {
        "tyovoimaneuvoja": (200, None),
        "koordinaattori": (303, "/console/figures"),
        "yllapitaja": (303, "/console/people"),
    }


async def test_a_coordinator_can_not_follow_a_ticket_by_its_events(office: Office) -> None:
    """When something happens in a thread says something about it, too."""
    ticket_id = await office.ticket()
    async with office.at_work(office.kaisa) as kaisa:
        followed = await kaisa.sees(f"/console/events?ticket={ticket_id}")

    assert followed.status_code == 404


async def test_no_page_for_a_coordinator_or_an_operator_names_an_asker(office: Office) -> None:
    """The alias and the words are between the asker and the advisors."""
    ticket_id = await office.ticket("Sanon tässä merkkisanan kuunsirppi.")
    async with office.store.read() as read:
        row = await tickets.get(read, ticket_id)
    assert row is not None
    for account in (office.kaisa, office.yrjo):
        async with office.at_work(account) as person:
            for path in ("", "figures", "people", "chats", "troubles", "audit", "faq", "campaigns"):
                text = (await person.client.get(f"/console/{path}", follow_redirects=True)).text
                assert row.alias not in text
                assert "kuunsirppi" not in text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_only_our_own_pages_can_act(office: Office, headers: dict[str, str], status: int) -> None:
    """Another site's form must not act with an advisor's session."""
    ticket_id = await office.ticket()
    async with office.at_work(office.vaino) as vaino:
        form_token = token_in((await vaino.sees("/console/")).text)
        del vaino.client.headers["Sec-Fetch-Site"]
        answer = await vaino.client.post(
            f"/console/tickets/{ticket_id}/claim", data={"form_token": form_token}, headers=headers
        )

    assert status == answer.status_code


async def test_a_form_without_its_own_token_is_refused_and_the_text_given_back(office: Office) -> None:
    """A page left open since another log-in can't act, but what was written on it isn't lost."""
    ticket_id = await office.ticket()
    async with office.at_work(office.vaino) as vaino:
        answer = await vaino.client.post(
            f"/console/tickets/{ticket_id}/say",
            data={"form_token": "old", "act": "reply", "key": "12345678", "text": "Kirjoitin tätä kauan."},
        )

    assert answer.status_code == 403
    assert "Kirjoitin tätä kauan." in answer.text


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("form_token={}&shape=round", "application/x-www-form-urlencoded", 400),
        ("form_token={}&form_token={}", "application/x-www-form-urlencoded", 400),
        ("form_token={}&text=%ff", "application/x-www-form-urlencoded", 400),
        ("no form at all", "application/x-www-form-urlencoded", 400),
        ('{"form_token": "x"}', "application/json", 415),
        ("form_token={}&text=" + "a" * 200_000, "application/x-www-form-urlencoded", 413),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_form_that_is_none_of_ours_is_refused(
    office: Office, body: str, content_type: str, status: int
) -> None:
    """A field nobody knows, or bytes that are no form, get a proper error and change nothing."""
    ticket_id = await office.ticket()
    async with office.at_work(office.vaino) as vaino:
        form_token = token_in((await vaino.sees("/console/")).text)
        answer = await vaino.client.post(
            f"/console/tickets/{ticket_id}/claim",
            content=body.replace("{}", form_token),
            headers={"Content-Type": content_type},
        )

    assert status == answer.status_code
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("odd", ["%00", "..%2f..", "%ff", "0" * 5000, "%F0%9F%A6%8E"])
async def test_an_odd_address_is_an_unknown_one(office: Office, odd: str) -> None:
    """Whatever stands where an id should: not found, on both databases, and never a fault."""
    statuses = []
    for account, path in ((office.vaino, "tickets/{}"), (office.vaino, "faq/{}"), (office.yrjo, "people/{}/disable")):
        async with office.at_work(account) as person:
            form_token = token_in((await person.sees("/console/password")).text)
            address = f"/console/{path.format(odd)}"
            answer = await (
                person.client.post(address, data={"form_token": form_token})
                if "people" in path
                else person.sees(address)
            )
            statuses.append(answer.status_code)
    async with office.at_work(office.kaisa) as kaisa:
        answer = await kaisa.sends("/console/chats", f"/console/chats/{odd}/unlink")
        statuses.append(answer.status_code)

    assert statuses == [404] * 4


async def test_an_unknown_page_looks_like_the_others(office: Office) -> None:
    """Whoever mistypes is led back, in Finnish, with the same headers as everywhere."""
    async with office.visitor() as nobody:
        pages_ = [await nobody.sees(path) for path in ("/console/nope", "/console/tickets/1/2/3", "/console/static/no")]
        wrong_way = await nobody.client.put("/console/login")

    assert [page.status_code for page in (*pages_, wrong_way)] == [404, 404, 404, 405]
    for page in (*pages_, wrong_way):
        assert "Konsoliin" in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]


async def _status(client, route: Route, address: str, form_token: str) -> int:  # type: ignore[no-untyped-def]
    if "POST" not in (route.methods or ()):
        return (await client.get(address)).status_code
    return (await client.post(address, data={"form_token": form_token}, headers=OURS)).status_code
