"""What stands in the e-mails to the people behind the service. Finnish; never a word of an asker's, never an alias."""

from datetime import datetime

from admin.house import House
from bot.channels.email import Letter
from bot.hours import moment_in_words
from bot.store.invitations import Invitation

AS = {
    "sosiaaliohjaaja": "sosiaaliohjaajaksi",
    "tyovoimaneuvoja": "työvoimaneuvojaksi",
    "koordinaattori": "koordinaattoriksi",
    "yllapitaja": "ylläpitäjäksi",
}


def invitation(house: House, invited: Invitation, link: str, *, by: str, now: datetime) -> Letter:
    """The way in for somebody whom *by* has invited."""
    zone = house.hours.zone
    until = moment_in_words(invited.expires_at.astimezone(zone), now.astimezone(zone).date(), "fi")
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
    )
