"""The console's routes. Who may use which is `access`'s; what every one of them goes through is `front_door`'s."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from admin.console import (
    audit_log,
    campaigns,
    chats,
    checkins,
    composer,
    editing,
    entry_life,
    faq,
    figure_files,
    gaps,
    habits,
    inserting,
    invited,
    learning,
    live,
    me,
    outreach,
    overview,
    people,
    phrasings,
    posters,
    question_list,
    queue,
    readers,
    reading,
    reply_templates,
    searching,
    second_factor,
    ticket,
    tips,
    troubles,
    trying,
    versions,
    waiting,
    watch,
    year_report,
)
from admin.console.front_door import FrontDoor
from admin.console.sign_in import SignIn
from admin.house import House

STATIC = Path(__file__).parent / "static"


def routes(house: House) -> list[BaseRoute]:
    """Everything under `/console`."""
    door = FrontDoor(house)

    async def refused(request: Request, error: Exception) -> Response:
        return await door.refused(request, error.status_code if isinstance(error, HTTPException) else 500)

    console = Starlette(
        routes=[*pages(door), Mount("/static", _Static(directory=STATIC))], exception_handlers={HTTPException: refused}
    )
    return [Route("/console", _to_the_console), Mount("/console", console)]


def pages(door: FrontDoor) -> list[Route]:
    """Every page and every act, as the access table names them."""
    sign_in = SignIn()
    return [
        door.route("login", "/login", sign_in.page),
        door.route("log_in", "/login", sign_in.log_in, fields=("name", "password", "to")),
        door.route("invited", "/invited/{token}", invited.page),
        door.route("accept_invitation", "/invited/{token}", invited.accept, fields=("new", "again")),
        door.route("code", "/code", second_factor.page),
        door.route("check_code", "/code", second_factor.check, fields=("code", "to")),
        door.route("new_code", "/code/new", second_factor.new),
        door.route("set_up_code", "/code/new", second_factor.set_up, fields=("code",)),
        door.route("renew_code", "/code/renew", sign_in.renew_code, fields=("current",)),
        door.route("log_out", "/logout", sign_in.log_out, fields=()),
        door.route("me", "/me", me.page),
        door.route("end_session", "/me/sessions/{session_id}/end", me.end_session, fields=()),
        door.route("end_other_sessions", "/me/sessions/end", me.end_other_sessions, fields=()),
        door.route("change_habits", "/me/habits", habits.change, fields=habits.FIELDS),
        door.route("set_shown_name", "/me/name", me.set_shown_name, fields=("shown",)),
        door.route("set_email", "/me/email", me.set_email, fields=("email", "digest", "urgent")),
        door.route("make_own_code", "/me/telegram", me.make_own_code, fields=()),
        door.route("unlink_own", "/me/telegram/unlink", me.unlink_own, fields=()),
        door.route("password", "/password", sign_in.password_page),
        door.route("change_password", "/password", sign_in.change_password, fields=("current", "new", "again")),
        door.route("home", "/", queue.home),
        door.route("search", "/search", searching.page),
        door.route("events", "/events", live.events),
        door.route("waiting", "/waiting", waiting.waiting),
        door.route("ticket", "/tickets/{ticket_id}", ticket.page),
        door.route("claim", "/tickets/{ticket_id}/claim", ticket.claim, fields=()),
        door.route("release", "/tickets/{ticket_id}/release", ticket.release, fields=()),
        door.route("say", "/tickets/{ticket_id}/say", composer.say, fields=composer.SAY_FIELDS),
        door.route("save_draft", "/tickets/{ticket_id}/draft", composer.save_draft, fields=composer.DRAFT_FIELDS),
        door.route("drop_draft", "/tickets/{ticket_id}/drafts/{key}/drop", composer.drop_draft, fields=()),
        door.route("suggest", "/tickets/{ticket_id}/suggestions", inserting.suggest, fields=inserting.FIELDS),
        door.route("typing", "/tickets/{ticket_id}/typing", composer.typing, fields=("typing",)),
        door.route(
            "try_again", "/tickets/{ticket_id}/messages/{message_id}/again", ticket.try_again, fields=("delivery",)
        ),
        door.route("close", "/tickets/{ticket_id}/close", ticket.close, fields=ticket.CLOSE_FIELDS),
        door.route("hand_over", "/tickets/{ticket_id}/hand-over", ticket.hand_over, fields=("to", "note", "version")),
        door.route("reopen", "/tickets/{ticket_id}/reopen", ticket.reopen, fields=("version",)),
        door.route("new_answer", "/tickets/{ticket_id}/answer", learning.new_answer),
        door.route(
            "publish_answer",
            "/tickets/{ticket_id}/answer",
            learning.publish_answer,
            fields=(*learning.ANSWER_FIELDS, learning.ACT),
        ),
        door.route("new_phrasing", "/tickets/{ticket_id}/phrasing", learning.new_phrasing),
        door.route(
            "publish_phrasing",
            "/tickets/{ticket_id}/phrasing",
            learning.publish_phrasing,
            fields=(*learning.PHRASING_FIELDS, learning.ACT),
        ),
        *_teaching(door),
        door.route("templates", "/templates", reply_templates.listing),
        door.route("add_template", "/templates", reply_templates.add, fields=reply_templates.FIELDS),
        door.route("template", "/templates/{template_id}", reply_templates.page),
        door.route(
            "change_template",
            "/templates/{template_id}",
            reply_templates.change,
            fields=(*reply_templates.FIELDS, "version"),
        ),
        door.route("remove_template", "/templates/{template_id}/remove", reply_templates.remove, fields=("version",)),
        door.route("faq", "/faq", faq.listing),
        door.route("try_question", "/faq-ask", trying.page),
        door.route("ask_bot", "/faq-ask", trying.ask, fields=("question",)),
        door.route("entry", "/faq/{entry_id}", faq.entry),
        door.route("new_entry", "/faq-new", entry_life.new),
        door.route("create_entry", "/faq-new", entry_life.create, fields=entry_life.NEW_FIELDS),
        door.route("withdraw_entry", "/faq/{entry_id}/withdraw", entry_life.withdraw, fields=("base",)),
        door.route(
            "withdraw_translation",
            "/faq/{entry_id}/{language}/withdraw",
            entry_life.withdraw_translation,
            fields=("base",),
        ),
        door.route("edit_entry", "/faq/{entry_id}/{language}", editing.page),
        door.route("save_entry", "/faq/{entry_id}/{language}", editing.save, fields=editing.SAVE_FIELDS),
        door.route("entry_versions", "/faq/{entry_id}/{language}/versions", versions.page),
        door.route("restore_entry", "/faq/{entry_id}/{language}/restore", versions.restore, fields=("base", "version")),
        door.route(
            "choose_text", "/faq/{entry_id}/{language}/choose", versions.choose, fields=("base", "part", "choice")
        ),
        door.route("figures", "/figures", overview.page),
        door.route("figures_csv", "/figures/{table}.csv", figure_files.csv),
        door.route("figures_xlsx", "/figures.xlsx", figure_files.xlsx),
        door.route("year_report", "/figures/report", year_report.page),
        *_campaigns(door),
        *_summaries(door),
        door.route("tips", "/tips", tips.listing),
        door.route("add_tip", "/tips", tips.add, fields=tips.FIELDS),
        door.route("tip", "/tips/{tip_id}", tips.page),
        door.route("change_tip", "/tips/{tip_id}", tips.change, fields=(*tips.FIELDS, "version")),
        door.route("remove_tip", "/tips/{tip_id}/remove", tips.remove, fields=("version",)),
        door.route("chats", "/chats", chats.page),
        door.route("make_code", "/chats", chats.make_code, fields=("purpose",)),
        door.route("unlink", "/chats/{chat_id}/unlink", chats.unlink, fields=()),
        door.route("people", "/people", people.page),
        door.route("invite_person", "/people", people.invite, fields=("name", "role", "email")),
        door.route(
            "revoke_invitation", "/people/invitations/{invitation_id}/revoke", people.revoke_invitation, fields=()
        ),
        door.route("disable_person", "/people/{account_id}/disable", people.disable, fields=()),
        door.route("reset_person", "/people/{account_id}/reset", people.reset, fields=()),
        door.route("end_sessions", "/people/{account_id}/sessions/end", people.end_sessions, fields=()),
        door.route("reset_code", "/people/{account_id}/code", people.reset_code, fields=()),
        door.route("audit_log", "/audit", audit_log.page),
        door.route("troubles", "/troubles", troubles.page),
        door.route("watch", "/watch", watch.page),
    ]


def _teaching(door: FrontDoor) -> list[Route]:
    """What the bot is taught from: single questions, without alias or thread."""
    answer = (*learning.ANSWER_FIELDS, learning.ACT, *gaps.FIELDS)
    phrasing = (*learning.PHRASING_FIELDS, learning.ACT, *gaps.FIELDS)
    return [
        door.route("gaps", "/gaps", gaps.page),
        door.route("put_gap_aside", "/gaps/aside", gaps.put_aside, fields=("questions", "weeks", "reason")),
        door.route("bring_gap_back", "/gaps/back", gaps.bring_back, fields=("questions", "weeks")),
        door.route("new_answer_to_gap", "/gaps/answer", gaps.new_answer),
        door.route("publish_answer_to_gap", "/gaps/answer", gaps.publish_answer, fields=answer),
        door.route("new_phrasing_of_gap", "/gaps/phrasing", gaps.new_phrasing),
        door.route("publish_phrasing_of_gap", "/gaps/phrasing", gaps.publish_phrasing, fields=phrasing),
        door.route("phrasings", "/phrasings", phrasings.page),
        door.route("decide_phrasings", "/phrasings", phrasings.decide, fields=phrasings.FIELDS),
        door.route("questions", "/questions", question_list.page),
    ]


def _campaigns(door: FrontDoor) -> list[Route]:
    """Where the service is made known, and what comes of it."""
    return [
        door.route("campaigns", "/campaigns", campaigns.listing),
        door.route("make_campaign", "/campaigns", campaigns.make, fields=campaigns.FIELDS),
        door.route("checkins", "/checkins", checkins.page),
        door.route("outreach", "/outreach", outreach.page),
        door.route("make_outreach_campaign", "/outreach/campaign", outreach.make_campaign, fields=("key",)),
        door.route("finish_outreach", "/outreach/done", outreach.finish, fields=("key",)),
        door.route("take_outreach_back", "/outreach/back", outreach.take_back, fields=("key",)),
        door.route("campaign", "/campaigns/{code}", campaigns.page),
        door.route("end_campaign", "/campaigns/{code}/end", campaigns.end, fields=()),
        door.route("write_poster", "/campaigns/{code}/poster", posters.write, fields=posters.FIELDS),
        door.route("poster", "/campaigns/{code}/poster", posters.page),
        door.route("campaign_qr", "/campaigns/{code}/qr.{kind}", posters.qr),
    ]


def _summaries(door: FrontDoor) -> list[Route]:
    """Who gets the summaries; and for these, who have no account here, the page that a letter leads to."""
    return [
        door.route("readers", "/readers", readers.page),
        door.route("add_reader", "/readers", readers.add, fields=("email", *readers.FIELDS)),
        door.route("change_reader", "/readers/{reader_id}", readers.change, fields=readers.FIELDS),
        door.route("end_reader", "/readers/{reader_id}/end", readers.end, fields=()),
        door.route("send_to_reader_again", "/readers/{reader_id}/again", readers.again, fields=()),
        door.route("reading", "/reading/{reader_id}/{token}", reading.page),
        door.route("confirm_reading", "/reading/{reader_id}/{token}/confirm", reading.confirm, fields=()),
        door.route("end_reading", "/reading/{reader_id}/{token}/end", reading.end, fields=()),
    ]


async def _to_the_console(_request: Request) -> Response:
    return RedirectResponse("/console/", status_code=308)


class _Static(StaticFiles):
    """Kept by browsers, but asked for again each time: an upgrade is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response
