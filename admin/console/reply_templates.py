"""Reply templates, written by advisors for all of them; nobody's change is written over unread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from admin.console.variables import VARIABLES, unknown_in
from admin.console.visit import RANDOM_ID, Visit, not_found
from bot.advising import MAX_REPLY
from bot.channels.incoming import clean
from bot.channels.markup import units
from bot.store import audit, reply_templates
from bot.store.reply_templates import Changed, NameTaken, ReplyTemplate, Texts
from knowledge import privacy
from knowledge.entry import LANGUAGES

FIELDS = ("name", "text_fi", "text_sv", "text_en")
MAX_NAME = 80


@dataclass(frozen=True)
class Fault:
    """What is wrong with a field: the name of the page's words for it, and what they are about."""

    why: str
    about: str = ""


Faults = Mapping[str, Sequence[Fault]]


async def listing(visit: Visit) -> Response:
    """All of them, and an empty form for one more."""
    return await _listing(visit, dict.fromkeys(FIELDS, ""), {})


async def add(visit: Visit) -> Response:
    """One more; with faults, the form again with each at its field."""
    fields, texts, faults = _read(visit)
    if not faults:
        try:
            async with visit.house.store.write() as tx:
                template_id = await reply_templates.add(tx, fields["name"], texts, visit.account.id, visit.now)
                await audit.record(tx, visit.account.id, "template added", template_id, visit.now)
        except NameTaken:
            faults = {"name": [Fault("taken")]}
    if faults:
        return await _listing(visit, fields, faults)
    return visit.go("/console/templates?done=added")


async def page(visit: Visit) -> Response:
    """One of them, to be changed."""
    template = await _template(visit)
    if template is None:
        raise not_found()
    return _page(visit, _fields_of(template), template)


async def change(visit: Visit) -> Response:
    """Put the form in its place, unless somebody else has changed it meanwhile: then both are shown."""
    version = visit.version()
    fields, texts, faults = _read(visit)
    is_stale = False
    if not faults:
        try:
            async with visit.house.store.write() as tx:
                await reply_templates.change(
                    tx, _id(visit), version, fields["name"], texts, visit.account.id, visit.now
                )
                await audit.record(tx, visit.account.id, "template changed", _id(visit), visit.now)
        except NameTaken:
            faults = {"name": [Fault("taken")]}
        except Changed:
            is_stale = True
        else:
            return visit.go("/console/templates?done=changed")
    template = await _template(visit)
    if template is None:
        return await _listing(visit, fields, faults, status=409, problem="removed")
    if is_stale:
        return _page(visit, fields, template, status=409, theirs=template)
    return _page(visit, fields, template, faults=faults, version=version, status=422)


async def remove(visit: Visit) -> Response:
    """Take it away, unless somebody has changed it meanwhile."""
    version = visit.version()
    try:
        async with visit.house.store.write() as tx:
            await reply_templates.remove(tx, _id(visit), version)
            await audit.record(tx, visit.account.id, "template removed", _id(visit), visit.now)
    except Changed:
        template = await _template(visit)
        if template is not None:
            return _page(visit, _fields_of(template), template, status=409, problem="not_removed")
    return visit.go("/console/templates?done=removed")


def _read(visit: Visit) -> tuple[dict[str, str], Texts, Faults]:
    """The form's fields, the texts that it gives, and what is wrong with either."""
    fields = {name: visit.form.get(name, "") for name in FIELDS}
    fields["name"] = " ".join(clean(fields["name"]).split())
    texts = {language: text for language in LANGUAGES if (text := clean(fields[f"text_{language}"]))}
    faults: dict[str, list[Fault]] = {}
    if not fields["name"]:
        faults["name"] = [Fault("empty")]
    elif len(fields["name"]) > MAX_NAME:
        faults["name"] = [Fault("long_name")]
    if not texts:
        faults["text_fi"] = [Fault("no_text")]
    for language, text in texts.items():
        found = [Fault("unknown_variable", unknown) for unknown in unknown_in(text)]
        if max(units(text), units(fields[f"text_{language}"])) > MAX_REPLY:
            found.append(Fault("too_long"))
        if privacy.mask(text)[1]:
            found.append(Fault("personal"))
        if found:
            faults[f"text_{language}"] = found
    return fields, texts, faults


async def _listing(
    visit: Visit, fields: Mapping[str, str], faults: Faults, *, status: int = 200, problem: str = ""
) -> Response:
    async with visit.house.store.read() as read:
        templates = await reply_templates.everything(read)
    return visit.render(
        "reply_templates.html",
        status if not faults or status != 200 else 422,
        templates=templates,
        fields=fields,
        faults=faults,
        problem=problem,
        variables=VARIABLES,
        max_reply=MAX_REPLY,
        done=visit.query("done", known=frozenset(["added", "changed", "removed"])) if not faults else None,
    )


def _page(
    visit: Visit,
    fields: Mapping[str, str],
    template: ReplyTemplate,
    *,
    faults: Faults | None = None,
    version: int | None = None,
    theirs: ReplyTemplate | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    """*version* is what the form was filled over, by default the latest; *theirs* what somebody else made of it."""
    return visit.render(
        "reply_template.html",
        status,
        standing=template,
        fields=fields,
        faults=faults or {},
        version=template.version if version is None else version,
        theirs=theirs,
        problem=problem,
        variables=VARIABLES,
        max_reply=MAX_REPLY,
    )


def _fields_of(template: ReplyTemplate) -> dict[str, str]:
    texts = {f"text_{language}": template.texts.get(language, "") for language in LANGUAGES}
    return {"name": template.name, **texts}


async def _template(visit: Visit) -> ReplyTemplate | None:
    async with visit.house.store.read() as read:
        return await reply_templates.get(read, _id(visit))


def _id(visit: Visit) -> str:
    template_id: str = visit.request.path_params["template_id"]
    if not RANDOM_ID.fullmatch(template_id):
        raise not_found()
    return template_id
