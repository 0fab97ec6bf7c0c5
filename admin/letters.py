"""What stands in the e-mails to the people behind the service. Finnish; never a word of an asker's, never an alias."""

from collections.abc import Sequence
from datetime import datetime

from admin.house import House
from bot.channels.email import Letter
from bot.hours import moment_in_words
from bot.store.invitations import Invitation
from bot.store.tickets import TicketRow

AS = {
    "sosiaaliohjaaja": "sosiaaliohjaajaksi",
    "tyovoimaneuvoja": "työvoimaneuvojaksi",
    "koordinaattori": "koordinaattoriksi",
    "yllapitaja": "ylläpitäjäksi",
}


def invitation(house: House, invited: Invitation, link: str, *, by: str, now: datetime) -> Letter:
    """The way in for somebody whom *by* has invited."""
    until = _moment(house, invited.expires_at, now)
    return Letter(
        subject=f"Kutsu: {house.profile.name}",
        text=(
            f"Hei, {invited.name}!\n\n"
            f"{by} kutsui sinut palvelun {house.profile.name} {AS[invited.role]}. "
            "Valitse oma salasanasi tästä linkistä:\n\n"
            f"{link}\n\n"
            f"Linkki toimii kerran, viimeistään {until}. Älä lähetä sitä muille.\n"
            "Jos et odottanut kutsua, sinun ei tarvitse tehdä mitään.\n"
        ),
        ends=invited.expires_at.isoformat(),
    )


def digest(house: House, free: Sequence[TicketRow], own: Sequence[TicketRow], now: datetime) -> Letter:
    """How much waits: *free* for anybody of the reader's role, *own* for the reader. At least one of them."""
    waiting = [*free, *own]
    urgent = sum(ticket.urgent for ticket in waiting)
    said = []
    if free:
        said.append(f"Jonossa odottaa ottajaa {_questions(len(free))}.")
    if own:
        said.append(f"Sinulla on kesken {_questions(len(own))}.")
    if urgent:
        said.append(f"Näistä {urgent} on kiireellinen." if urgent == 1 else f"Näistä {urgent} on kiireellisiä.")
    promises = [ticket.promised_at for ticket in waiting if ticket.replied_at is None]
    if promises:
        first = min(promises)
        is_late = first < now
        said.append(f"{'Myöhässä: vastaus luvattiin' if is_late else 'Lähin lupaus:'} {_moment(house, first, now)}.")
    return Letter(
        subject=f"{house.profile.name}: {_questions(len(waiting))} odottaa",
        text=(
            "\n".join(said) + f"\n\nAvaa konsoli: {house.settings.console_address}/console/\n\n"
            "Tämä viesti tulee enintään kerran päivässä ja vain, kun jotakin odottaa. Kysymysten tekstejä ei lähetetä "
            "sähköpostilla.\nVoit lopettaa nämä viestit konsolissa: Oma tili.\n"
        ),
    )


def urgent(house: House, ticket: TicketRow, now: datetime) -> Letter:
    """That an urgent question waits for somebody to take it."""
    is_late = ticket.promised_at < now
    promise = f"Vastaus {'luvattiin' if is_late else 'on luvattu'} {_moment(house, ticket.promised_at, now)}."
    return Letter(
        subject=f"{house.profile.name}: kiireellinen kysymys odottaa",
        text=(
            f"Kiireellinen kysymys odottaa ottajaa. {promise}\n\n"
            f"Avaa se konsolissa: {house.settings.console_address}/console/tickets/{ticket.id}\n\n"
            "Kysymysten tekstejä ei lähetetä sähköpostilla. Voit lopettaa nämä viestit konsolissa: Oma tili.\n"
        ),
    )


def _questions(count: int) -> str:
    return "1 kysymys" if count == 1 else f"{count} kysymystä"


def _moment(house: House, at: datetime, now: datetime) -> str:
    zone = house.hours.zone
    return moment_in_words(at.astimezone(zone), now.astimezone(zone).date(), "fi")
