"""Every sentence of the summaries and of the letters about them, by name, in Finnish.

The Swedish and English ones are in `locale/`, keyed by these. Values stand in braces. Texts are the Markdown of the
FAQ, bold only; letters and the page behind their link are plain.
"""

from functools import cache
from pathlib import Path

from bot import translations
from knowledge.entry import Language

LOCALE = Path(__file__).parent / "locale"

# --- in short -------------------------------------------------------------------------------------------------

WEEK_TITLE = "viikko {number} ({first}–{last})"
STILL_RUNNING = "Luvut tähän asti, jakso on vielä kesken."
LATELY = {"day": "Eilen", "week": "Viime viikolla", "month": "Viime kuussa"}
SO_FAR = {"day": "Tänään", "week": "Tällä viikolla", "month": "Tässä kuussa"}
IN_WEEK = "Viikolla {number}"
IN_MONTH = "{month}ssa"
QUESTIONS_ONE = "{when} 1 kysymys"
QUESTIONS = "{when} {count} kysymystä"
QUESTIONS_NONE = "{when} ei yhtään kysymystä"
MORE = "{count} enemmän kuin {than}"
FEWER = "{count} vähemmän kuin {than}"
AS_MANY = "yhtä monta kuin {than}"
NONE_BUT_BEFORE = "{than} {count}"
THAN_BEFORE = {
    "day": "edellisenä päivänä",
    "week": "edellisellä",
    "month": "edellisessä",
    "range": "edellisellä yhtä pitkällä jaksolla",
}
THAN_LAST_YEAR = "vuosi sitten"
OUTSIDE_ONE = "1 tuli virka-ajan ulkopuolella."
OUTSIDE = "{count} tuli virka-ajan ulkopuolella."
OUTSIDE_NONE = "Yksikään ei tullut virka-ajan ulkopuolella."
WHO = "Kysyjiä oli {askers}. Heti vastauksen sai {answered}, ja ihmiselle lähetettiin {escalated}."

# --- the figures ----------------------------------------------------------------------------------------------

LINE = "**{name}:** {value}"
NAMES = {
    "questions": "Kysymyksiä",
    "askers": "Kysyjiä",
    "returned": "Heistä palasi 30 päivän sisällä",
    "answered": "Botti vastasi heti",
    "choices": "Botti tarjosi vaihtoehtoja",
    "picked": "Vaihtoehto valittiin",
    "not_found": "Botti ei löytänyt vastausta",
    "escalated": "Lähetettiin ihmiselle",
    "human_replies": "Ihminen vastasi",
    "median_wait": "Odotus ihmisen vastaukseen, mediaani",
    "promises": "Luvatussa ajassa",
    "outside_hours": "Virka-ajan ulkopuolella",
    "helped": "Auttoi / ei auttanut",
    "heard": "Kampanjan linkki avattiin",
    "visited": "Verkkochat avattiin",
    "way": "Matka",
    "channels": "Kanavat",
    "campaigns": "Kampanjat",
    "topics": "Eniten kysyttiin",
    "rising": "Kysyttiin selvästi enemmän kuin ennen",
    "gaps": "Ilman hyvää vastausta",
    "reviews": "Tarkistettavia vastauksia",
}
CHANNELS = {"telegram": "Telegram", "web": "verkkochat"}
BESIDE = "{value} ({beside})"
LAST_YEAR = "vuosi sitten {value}"
PART = "{part} / {whole}"
PERCENT = "{count}, {percent} %"
WAY = {
    "came": "tuli {count}",
    "asked": "kysyi {count}",
    "helped": "sai apua {count}",
    "returned": "palasi {count}",
}
NOTHING = "–"
TOO_SMALL = "ei eritellä, koska jossakin on alle {fewest} kysyjää"
OTHERS = "muut {count}"
NO_CAMPAIGN = "ilman kampanjaa {count}"
UNKNOWN_TOPIC = "mikään vastaus ei osunut"
REVIEWS = "{count}, ensimmäisenä {title}"
MEANING = {
    "day": "Suluissa edellinen päivä.",
    "week": "Suluissa edellinen viikko.",
    "month": "Suluissa edellinen kuukausi.",
    "range": "Suluissa edellinen yhtä pitkä jakso.",
}
MORE_IN_CONSOLE = "Kaikki luvut konsolissa: {address}"
LESS_THAN_A_MINUTE = "alle 1 min"
MINUTES = "{minutes} min"
HOURS = "{hours} h"
HOURS_MINUTES = "{hours} h {minutes} min"
DAYS = "{days} vrk"
DAYS_HOURS = "{days} vrk {hours} h"

# --- one thing to do ------------------------------------------------------------------------------------------

ONE_THING = {
    "day": "Yksi asia tälle päivälle:",
    "week": "Yksi asia tälle viikolle:",
    "month": "Yksi asia tälle kuulle:",
    "range": "Yksi asia seuraavaksi:",
}
DO = {
    "silence": (
        "avaa chat osoitteessa {address} ja kokeile, että se vastaa. Jos vastaa, vie osoite yhteen paikkaan, jossa "
        "nuoret jo ovat, vaikka oppilaitoksen viestiin tai työpajan seinälle."
    ),
    "came_not_asked": "avaa chat osoitteessa {address} niin kuin nuori sen näkee, ja kysy siltä jotakin.",
    "promises": "sopikaa, kuka katsoo jonoa minäkin päivänä, tai pidentäkää luvattua vastausaikaa.",
    "gap": "kirjoita tai korjaa vastaus ”{topic}”.",
    "gap_unknown": "katso konsolin sivulta Oppiminen, mihin botti ei löytänyt mitään, ja vastaa yleisimpään.",
    "unhelpful": "kirjoita selvemmäksi vastaus ”{topic}”.",
    "fall": "muistuta palvelusta siellä, missä nuoret jo ovat: yksi viesti, yksi ryhmä, yksi seinä.",
    "idle_campaign": "katso, onko kampanja ”{campaign}” paikallaan ja aukeaako sen linkki.",
    "rising": "katso, että tämä vastaus on ajan tasalla, ja nosta aihe esiin: ”{topic}”.",
    "review": "tarkista vastaus ”{topic}”.",
    "waits": "kokeilkaa yhtä iltapäivystystä viikossa.",
    "no_campaign": "tee kampanja ja vie sen juliste yhteen paikkaan, jossa nuoria käy.",
    "ask_one": "kysy yhdeltä nuorelta, tietääkö hän palvelusta ja mitä hän siltä kysyisi.",
}
WHY = {
    "silence": "Syy: kukaan ei kysynyt eikä edes avannut chattia. Joko se ei toimi, tai siitä ei tiedetä.",
    "came_not_asked": "Syy: chatin avasi {came}, mutta kukaan ei kysynyt. Joko se ei toimi, tai alku karkottaa.",
    "promises": "Syy: luvattu vastausaika ylittyi {missed} kertaa, kun lupauksia oli {promises}.",
    "gap": "Syy: {lacking} kysymystä siitä jäi ilman hyvää vastausta.",
    "gap_unknown": "Syy: {lacking} kysymykseen ei löytynyt mitään sinne päinkään.",
    "unhelpful": "Syy: se on auttanut vain noin {helped} kertaa kymmenestä.",
    "fall": "Syy: kysymyksiä tuli {questions}, edellisellä kerralla {before}. Sattuma tuskin selittää eroa.",
    "idle_campaign": "Syy: se on ollut käynnissä yli viikon, eikä kukaan ole tullut sen linkistä.",
    "rising": "Syy: siitä kysyttiin {questions} kertaa, enemmän kuin sattuma selittää.",
    "review": "Syy: sen tarkistuspäivä {by} on mennyt. Tarkistettavia on yhteensä {count}.",
    "waits": "Syy: {percent} % kysymyksistä tuli virka-ajan ulkopuolella, ja ihmistä odotettiin tavallisesti {wait}.",
    "no_campaign": "Syy: yhtään kampanjaa ei ole käynnissä, eikä kukaan kuule palvelusta mistään uudesta paikasta.",
    "ask_one": "Syy: mikään luku ei nyt vaadi muuta, ja yksi keskustelu kertoo enemmän kuin luvut.",
}

# --- the picture ----------------------------------------------------------------------------------------------

PICTURE = "Kuvassa: {shown}"
PICTURE_OF_DAYS = "Kysymykset päivittäin"
PICTURE_OF_WAY = "Kuinka pitkälle päästiin"
PICTURE_OF_ANSWERS = "Mitä botti vastasi"
PICTURE_OF_TOPICS = "Kysytyimmät aiheet"
PICTURE_BEFORE = {"day": "edellinen päivä", "week": "edellinen viikko", "month": "edellinen kuukausi"}
PICTURE_BESIDE = "suluissa ja harmaalla {before}"
STEPS = {
    "came": "tuli",
    "asked": "kysyi",
    "answered": "sai vastauksen",
    "person": "lähetti ihmiselle",
    "helped": "sai apua",
    "returned": "palasi",
}
ANSWERS = {
    "answered": "vastauksen",
    "choices": "vaihtoehtoja",
    "not_found": "ei löytänyt",
}

# --- e-mail ---------------------------------------------------------------------------------------------------

WANTED_SUBJECT = "{service}: haluatko yhteenvedot?"
WANTED = (
    "Hei!\n\n"
    "{by} lisäsi tämän osoitteen palvelun {service} yhteenvetojen saajiin. Yhteenveto kertoo luvuin, montako nuorta "
    "kysyi, mistä ja miten kävi. Siinä ei ole kysymysten tekstejä eikä nimiä.\n\n"
    "Jos haluat yhteenvedot, vahvista osoite tällä sivulla:\n\n"
    "{link}\n\n"
    "Muuten sinun ei tarvitse tehdä mitään: osoite poistetaan {days} päivän kuluttua.\n"
)
SUBJECT = "{service}: {title}"
END_HERE = "Jos et enää halua näitä viestejä, lopeta ne tällä sivulla: {link}"

# --- the page behind a letter's link ----------------------------------------------------------------------------

PAGE_TITLE = "Yhteenvedot"
PAGE_WHAT = (
    "Palvelun {service} yhteenveto kertoo luvuin, montako nuorta kysyi, mistä ja miten kävi. Siinä ei ole kysymysten "
    "tekstejä eikä nimiä."
)
PAGE_WHEN = "Sähköpostiisi tulee: {periods}."
PAGE_NOTHING = "Sähköpostiisi ei juuri nyt tule yhtään yhteenvetoa."
PAGE_WANTED = "Haluatko yhteenvedot sähköpostiisi?"
PAGE_CONFIRM = "Kyllä, lähettäkää"
PAGE_REFUSE = "En halua"
PAGE_CONFIRMED = "Kiitos, osoitteesi on vahvistettu."
PAGE_END = "Lopeta yhteenvedot"
PAGE_GONE = "Yhteenvetoja ei enää tule sähköpostiisi, ja osoitteesi on poistettu."
PERIODS = {
    "day": "päivän yhteenveto joka aamu klo 8",
    "week": "viikon yhteenveto maanantaisin klo 8",
    "month": "kuukauden yhteenveto kuun ensimmäisenä päivänä klo 8",
}


def say(language: Language, sentence: str, **values: str) -> str:
    """*sentence* in *language*, with its values filled in; in Finnish where a translation is missing."""
    return _catalogue(language).get(sentence, sentence).format(**values)


@cache
def _catalogue(language: Language) -> dict[str, str]:
    return {} if language == "fi" else translations.read(LOCALE / f"{language}.po", language)
