"""The `koppi` command. Heavy parts are imported by the command that needs them, so that the others start at once."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import click


@click.group()
def main() -> None:
    """Otappa koppi: an answer at once, or a real person."""


@main.command()
def serve() -> None:
    """Run the service in the foreground; SIGTERM or Ctrl-C ends it cleanly."""
    from admin import logs, run

    logs.set_up(_settings().log_format)
    try:
        _run(run.serve(_house(), click.echo))
    except run.CannotStart as error:
        raise click.ClickException(str(error)) from error


@main.command()
def migrate() -> None:
    """Bring the database to this version's schema (the service does so itself when it starts)."""
    from bot.store import migrate as migrations

    async def upgrade() -> None:
        house = _house()
        try:
            changed = await migrations.upgrade(house.store)
        finally:
            await house.store.close()
        click.echo("upgraded" if changed else "nothing to do")

    _run(upgrade())


@main.command()
def away() -> None:
    """Print the page for when the service is down, for the proxy in front of it to serve."""
    from bot.channels.webchat.away import page

    click.echo(page(_house().profile))


@main.command()
@click.option("--language", type=click.Choice(["fi", "sv", "en"]), default="fi", help="Its language; default: fi.")
def dpia(language: str) -> None:
    """Print the impact assessment (GDPR, Article 35), filled from service.yaml, and the blanks left for its owner."""
    from admin import impact_assessment
    from bot.profile import DEFAULT_FILE, FILE_NAME, InvalidProfile, parse_profile

    settings = _settings()
    own = settings.data_dir / FILE_NAME
    try:
        profile = parse_profile(own if own.exists() else DEFAULT_FILE)
    except InvalidProfile as error:
        raise click.ClickException(str(error)) from error
    document = impact_assessment.document(
        profile,
        language,  # type: ignore[arg-type]
        has_telegram=settings.telegram_token is not None,
        widget_origins=settings.framing_origins,
    )
    click.echo(document)


@main.command()
@click.argument("text", required=False)
@click.option("--batch", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="One question a line.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@click.option("--explain", "why", is_flag=True, help="Show what led to the verdict.")
def ask(text: str | None, batch: Path | None, as_json: bool, why: bool) -> None:
    """Print the verdict on TEXT (or on standard input), with no side effect."""
    from admin import asking

    _run(asking.ask(_settings(), text=text, batch=batch, as_json=as_json, why=why, out=click.echo))


@main.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--fit", is_flag=True, help="First fit anew all that is fitted on the development questions.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw the risk-coverage curve (SVG).")
@click.option("--compare", "peers", is_flag=True, help="Ask other searches the same, and print how all of them did.")
def evaluate(files: tuple[Path, ...], fit: bool, as_json: bool, picture: Path | None, peers: bool) -> None:
    """Report how well the labelled questions in FILES find their answers (default: the development questions)."""
    from admin import comparing, evaluating

    try:
        evaluating.evaluate(_settings(), files, fit=fit, as_json=as_json, picture=picture, peers=peers, out=click.echo)
    except comparing.PeersMissing as error:
        raise click.ClickException(str(error)) from error


@main.group()
def advisor() -> None:
    """Console accounts."""


@advisor.command("add")
@click.argument("name")
@click.option(
    "--role", required=True, type=click.Choice(["sosiaaliohjaaja", "tyovoimaneuvoja", "koordinaattori", "yllapitaja"])
)
@click.option("--password-stdin", is_flag=True, required=True, expose_value=False, help="Read the password there.")
def advisor_add(name: str, role: str) -> None:
    """Make a console account for NAME."""
    from bot import passwords
    from bot.store import accounts, migrate
    from bot.store import audit as audit_log

    password = sys.stdin.readline().rstrip("\r\n")
    name = " ".join(name.split())
    if not 1 <= len(name) <= 60:
        raise click.ClickException("a name has 1 to 60 characters")

    async def add() -> None:
        house = _house()
        try:
            passwords.check(password, name)
            await migrate.upgrade(house.store)
            password_hash = await accounts.hash_password(password)
            async with house.store.write() as tx:
                added = await accounts.add(
                    tx,
                    name=name,
                    role=role,  # type: ignore[arg-type]
                    password_hash=password_hash,
                    must_change_password=False,
                    now=house.clock(),
                )
                with audit_log.coming_from("koppi advisor add"):
                    await audit_log.record(tx, None, "account added", added.id, house.clock())
        except passwords.WeakPassword as error:
            raise click.ClickException(str(error)) from error
        except accounts.NameTaken as error:
            raise click.ClickException(f"there is an account called {name} already") from error
        finally:
            await house.store.close()

    _run(add())
    click.echo(f"{name} can log in.")


@main.command()
@click.option("--period", required=True, type=click.Choice(["day", "week", "month"]))
@click.option(
    "--date", "on", type=click.DateTime(["%Y-%m-%d"]), help="A day in the period; default: the last whole one."
)
@click.option("--send", is_flag=True, help="Also send it to its readers, to each of them once.")
def summary(period: str, on: Any, send: bool) -> None:
    """Print a usage summary."""
    from admin import logs
    from admin.summaries import send as summaries
    from bot.store import migrate

    logs.set_up(_settings().log_format)

    async def show() -> None:
        house = _house()
        try:
            await migrate.upgrade(house.store)
            day: date | None = on.date() if on else None
            click.echo(await summaries.summary_text(house, period, day, send=send))  # type: ignore[arg-type]
        except summaries.NotOver as error:
            raise click.ClickException(f"the period runs until {error}: it can be sent when it is over") from error
        finally:
            await house.store.close()

    _run(show())


@main.group()
def knowledge() -> None:
    """The FAQ."""


_TODAY = click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="Judge dates as on this day; default: the real one."
)


@knowledge.command("check")
@click.option("--strict", is_flag=True, help="What is overdue for review is a fault, too.")
@click.option("--links", "with_links", is_flag=True, help="Also fetch every address and report the dead ones.")
@_TODAY
def knowledge_check(strict: bool, with_links: bool, today: Any) -> None:
    """Validate every FAQ file: a line a fault, exit code 1 when there is one."""
    from admin import curating
    from bot.profile import InvalidProfile
    from knowledge.library import InvalidLibrary

    settings = _settings()
    shelf = curating.Shelf.of(settings.data_dir)
    try:
        is_well = curating.check(shelf, _day(today, settings), strict=strict, out=click.echo)
    except InvalidProfile as error:
        raise click.ClickException(str(error)) from error
    if with_links:
        try:
            is_well = _run(curating.check_links(shelf, click.echo)) and is_well
        except InvalidLibrary as error:  # its faults are printed already
            raise click.ClickException("the addresses can be fetched once the FAQ can be read") from error
    if not is_well:
        raise SystemExit(1)


@knowledge.command("stale")
@click.option("--within", type=click.IntRange(0, 3650), help="So many days ahead; default: a month.")
@_TODAY
def knowledge_stale(within: int | None, today: Any) -> None:
    """List what is to be reviewed soon, oldest first."""
    from admin import asking, curating
    from bot.profile import InvalidProfile, parse_profile
    from knowledge.freshness import SOON
    from knowledge.library import InvalidLibrary

    settings = _settings()
    try:
        books = _run(asking.books_in_use(settings))
        profile = parse_profile(curating.Shelf.of(settings.data_dir).profile_file)
    except (InvalidLibrary, InvalidProfile) as error:
        raise click.ClickException(str(error)) from error
    within_days = SOON.days if within is None else within
    curating.stale(books, profile, _day(today, settings), within_days=within_days, out=click.echo)


@knowledge.command("export")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
def knowledge_export(folder: Path | None) -> None:
    """Write what was edited in the console into FOLDER as files, for review in git (default: the FAQ's own folder)."""
    from admin import asking, exporting
    from knowledge.library import FAQ_FOLDER, InvalidLibrary

    target = folder or FAQ_FOLDER
    try:
        changed = exporting.export(target, _run(asking.settled_edits(_settings())), click.echo)
    except InvalidLibrary as error:
        raise click.ClickException(f"the files and the edits can't be read together:\n{error}") from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or target} can't be written ({error.strerror})") from error
    click.echo(f"{changed} file{'' if changed == 1 else 's'} changed in {target}" if changed else "nothing to write")


def _day(given: Any, settings: Any) -> date:
    """The day asked for, or today's date where the service is."""
    from admin.house import utc_now

    day: date = given.date() if given else utc_now().astimezone(settings.zone).date()
    return day


@main.command()
@click.option("--after", type=click.IntRange(0), default=0, help="Only the lines after the one with this id.")
def audit(after: int) -> None:
    """Print the audit log, a JSON object a line, for another machine to keep."""
    from admin import auditing
    from bot.store.engine import Store

    async def show() -> None:
        store = Store.at(_settings().database)
        try:
            async for line in auditing.lines(store, after):
                click.echo(line)
        finally:
            await store.close()

    _run(show())


@main.command()
@click.option("--retention", "only_retention", is_flag=True, help="Only look whether anything is kept too long.")
def check(only_retention: bool) -> None:
    """Prove that nothing is lost, doubled or kept too long: a line a violation, exit code 1 if any."""
    from sqlalchemy import inspect, make_url

    from admin import invariants
    from admin.house import utc_now
    from bot.profile import FILE_NAME, InvalidProfile, Retention, parse_profile
    from bot.store import retention
    from bot.store.engine import Store
    from bot.store.schema import inbox

    settings = _settings()
    url = make_url(settings.database)
    is_file = url.get_backend_name() == "sqlite"
    place = url.database if is_file else url.render_as_string(hide_password=True)
    nothing_there = click.ClickException(f"there is no database at {place}; `koppi serve` makes it")
    if is_file and not Path(str(place)).exists():  # connecting would make it
        raise nothing_there

    profile_file = settings.data_dir / FILE_NAME
    try:
        kept = parse_profile(profile_file).retention if profile_file.exists() else Retention()
    except InvalidProfile as error:
        raise click.ClickException(str(error)) from error

    async def violations() -> list[str]:
        store = Store.at(settings.database)  # the store alone: a house is furnished with files when it is built
        try:
            async with store.read() as read:
                is_made = await read.run_sync(lambda connection: inspect(connection).has_table(inbox.name))
            if not is_made:
                raise nothing_there
            overdue = await retention.overdue(store, kept, utc_now())
            return overdue if only_retention else [*await invariants.violations(store, utc_now(), kept), *overdue]
        finally:
            await store.close()

    found = _run(violations())
    for line in found:
        click.echo(line)
    if found:
        raise SystemExit(1)
    click.echo(
        "ok: nothing kept too long" if only_retention else "ok: nothing lost, nothing doubled, nothing kept too long"
    )


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the database and service.yaml into FILE, while the service runs; the key is to be kept apart."""
    from admin import backup as backups
    from admin.house import utc_now
    from bot.store.copying import NotCopied

    settings = _settings()
    try:
        with _progress("backing up") as tell:
            backups.make(settings, file, utc_now(), tell)
    except NotCopied as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file} is made. The key (koppi.key or KOPPI_SECRET_KEY) is not in it: keep it in another place.")


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--audit",
    "log",
    type=click.File(encoding="utf-8"),
    help="Lines of `koppi audit` from after the backup: whoever was erased by them is erased again.",
)
def restore(file: Path, log: Any) -> None:
    """Put the backup FILE into an empty data folder or database."""
    from admin import backup as backups
    from admin.house import utc_now
    from bot.store.copying import NotCopied
    from bot.store.engine import Store

    settings = _settings()

    async def put_back() -> None:
        with _progress("restoring") as tell:
            restored = await backups.restore(settings, file, tell)
        click.echo(f"The backup of {restored.made_at} is in place.")
        if log is not None:
            store = Store.at(settings.database)
            try:
                erased = await backups.erase_again(store, log, utc_now())
            finally:
                await store.close()
            click.echo(f"Erased again: {erased}.")
        else:
            click.echo("Whoever was erased since is back: erase them again (docs/operating.md).")
        click.echo("Put the key that belongs to it in place, then look: `koppi check`, `koppi doctor`.")

    try:
        _run(put_back())
    except NotCopied as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _progress(words: str) -> Iterator[Callable[[float], None]]:
    """A bar on a terminal, nothing elsewhere; what it gives is told how much is done, 0.0 to 1.0."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(words, total=1.0)
        yield lambda done: progress.update(task, completed=done)


@main.command()
def bounce() -> None:
    """Read a letter that came back from standard input: nothing more is sent to that reader of summaries."""
    from admin import bounces
    from bot.store import audit as audit_log

    try:
        letter, status = bounces.read(sys.stdin.buffer.read())
    except bounces.NotABounce as error:
        raise click.ClickException(f"nothing was done: {error}") from None

    async def note() -> bool:
        house = _house()
        try:
            with audit_log.coming_from("koppi bounce"):
                return await bounces.note(house.store, letter, house.clock())
        finally:
            await house.store.close()

    click.echo(f"{status}: " + ("no more summaries go there" if _run(note()) else "no reader of summaries has it"))


@main.command()
def demo() -> None:
    """Fill an empty data folder with marked example data, for screenshots and trying out."""
    from admin import demo as example
    from admin import logs

    logs.set_up(_settings().log_format)

    async def fill() -> None:
        house = _house()
        try:
            password = await example.fill(house)
        finally:
            await house.store.close()
        for name, role in example.STAFF:
            click.echo(f"{name} ({role}), password: {password}")
        click.echo("Example data is in place. Start the service with `koppi serve` to look at it.")

    try:
        example.require_empty(_settings().data_dir)
        _run(fill())
    except example.NotEmpty as error:
        raise click.ClickException(
            f"{error} is not empty, and examples must not mix with real data; name a new folder in KOPPI_DATA_DIR"
        ) from error


@main.command()
def doctor() -> None:
    """Look for what keeps the service from working well: a line each, exit code 1 when there is a fault."""
    from admin import doctor as examination

    findings = asyncio.run(examination.examine(_settings()))
    for finding in findings:
        click.echo(str(finding))
    if any(finding.is_fault for finding in findings):
        raise SystemExit(1)


def _settings() -> Any:
    from pydantic import ValidationError

    from bot.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        # A fault of several settings together stands at no single one of them, and names them itself.
        faults = "\n".join(
            "  " + "".join(f"KOPPI_{str(name).upper()}: " for name in fault["loc"][:1]) + fault["msg"]
            for fault in error.errors()
        ).replace("Value error, ", "")
        raise click.ClickException(f"these settings can't be used:\n{faults}") from None


def _house() -> Any:
    from admin import house
    from bot.profile import InvalidProfile

    settings = _settings()
    try:
        return house.build(settings)
    except InvalidProfile as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(
            f"{settings.data_dir} can't be written ({error.strerror}); give this user the folder, "
            "or name another in KOPPI_DATA_DIR"
        ) from error


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    from bot.store.engine import StoreUnavailable
    from bot.store.migrate import NewerSchema

    try:
        return asyncio.run(work)
    except StoreUnavailable as error:
        raise click.ClickException(f"the database can't be reached ({error}); see KOPPI_DATABASE_URL") from error
    except NewerSchema as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
