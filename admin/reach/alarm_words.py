"""What alarms and checks are called, and what is told of them, in the reader's language. Pure; Markdown, bold only."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.wording import escape_markdown
from knowledge.entry import Language

Words = Mapping[Language, str]

RARE = 1000  # rarer than once in so many times, nobody can tell how rare

CHECKS: Mapping[str, Words] = {
    "web": {"fi": "Verkkochat", "sv": "Webbchatten", "en": "The web chat"},
    "widget": {"fi": "Chat muilla sivuilla (widget)", "sv": "Chatten på andra sidor", "en": "The chat on other sites"},
    "telegram": {"fi": "Telegram", "sv": "Telegram", "en": "Telegram"},
    "service": {"fi": "Palvelu oli pysähdyksissä", "sv": "Tjänsten stod stilla", "en": "The service stood still"},
}

RESTART: Words = {
    "fi": "Käynnistä palvelu uudelleen. Jos se ei auta, aja koppi doctor.",
    "sv": "Starta om tjänsten. Om det inte hjälper, kör koppi doctor.",
    "en": "Restart the service. If that doesn't help, run koppi doctor.",
}

# What is wrong, then what to do about it.
TROUBLES: Mapping[str, tuple[Words, Words]] = {
    "page": (
        {"fi": "Sivu ei aukea", "sv": "Sidan öppnas inte", "en": "The page does not open"},
        RESTART,
    ),
    "post": (
        {
            "fi": "Sivu aukeaa, mutta viestiä ei oteta vastaan",
            "sv": "Sidan öppnas, men meddelanden tas inte emot",
            "en": "The page opens, but takes no message",
        },
        {
            "fi": "Tarkista levytila ja tietokanta (koppi doctor).",
            "sv": "Kontrollera diskutrymme och databas (koppi doctor).",
            "en": "Check the disk space and the database (koppi doctor).",
        },
    ),
    "no_answer": (
        {
            "fi": "Kysymys otettiin vastaan, mutta vastausta ei tullut",
            "sv": "Frågan togs emot, men inget svar kom",
            "en": "A question was taken, but no answer came",
        },
        {
            "fi": "Käynnistä palvelu uudelleen ja katso lokista, mihin käsittely jää.",
            "sv": "Starta om tjänsten och se i loggen var det stannar.",
            "en": "Restart the service and see in the log where it stops.",
        },
    ),
    "wrong_answer": (
        {
            "fi": "Botti vastasi, mutta ei vastauksella, jonka se tietää",
            "sv": "Boten svarade, men inte med det svar den känner till",
            "en": "The bot replied, but not with the answer it knows",
        },
        {
            "fi": "Kokeile chatissa valmista kysymystä ja tarkista viimeksi julkaistut vastaukset.",
            "sv": "Pröva en färdig fråga i chatten och kontrollera de senast publicerade svaren.",
            "en": "Try an example question in the chat and check the answers published last.",
        },
    ),
    "script": (
        {"fi": "Widgetin skripti ei lataudu", "sv": "Widgetens skript laddas inte", "en": "Its script does not load"},
        RESTART,
    ),
    "frame": (
        {"fi": "Widgetin chat ei aukea", "sv": "Widgetens chatt öppnas inte", "en": "Its chat does not open"},
        {
            "fi": "Tarkista KOPPI_WIDGET_ORIGINS ja käynnistä palvelu uudelleen.",
            "sv": "Kontrollera KOPPI_WIDGET_ORIGINS och starta om tjänsten.",
            "en": "Check KOPPI_WIDGET_ORIGINS and restart the service.",
        },
    ),
    "token": (
        {
            "fi": "Telegram ei tunne botin tunnusta",
            "sv": "Telegram känner inte igen botens nyckel",
            "en": "Telegram does not know the bot's token",
        },
        {
            "fi": "Kopioi tunnus uudelleen @BotFatherilta asetukseen KOPPI_TELEGRAM_TOKEN.",
            "sv": "Kopiera nyckeln på nytt från @BotFather till KOPPI_TELEGRAM_TOKEN.",
            "en": "Copy it again from @BotFather to KOPPI_TELEGRAM_TOKEN.",
        },
    ),
    "network": (
        {
            "fi": "Yhteyttä Telegramiin ei synny: vika on verkossa",
            "sv": "Ingen förbindelse till Telegram: felet är i nätet",
            "en": "No connection to Telegram comes about: it is the network",
        },
        {
            "fi": "Tarkista palvelimen verkkoyhteys ja palomuuri.",
            "sv": "Kontrollera serverns nätförbindelse och brandvägg.",
            "en": "Check the server's network and firewall.",
        },
    ),
    "telegram": (
        {
            "fi": "Telegram ei vastaa tai vastaa virheellä: vika on Telegramissa",
            "sv": "Telegram svarar inte eller svarar med ett fel: felet är hos Telegram",
            "en": "Telegram does not answer, or with an error: it is Telegram",
        },
        {
            "fi": "Odota: Telegram säilyttää viestit vuorokauden, ja niihin vastataan, kun se toimii.",
            "sv": "Vänta: Telegram bevarar meddelandena i ett dygn, och de besvaras när det fungerar.",
            "en": "Wait: Telegram keeps the messages for a day, and they are answered when it works.",
        },
    ),
    "elsewhere": (
        {
            "fi": "Telegram lähettää viestit muualle kuin tähän palveluun",
            "sv": "Telegram skickar meddelandena någon annanstans",
            "en": "Telegram sends the messages elsewhere",
        },
        {
            "fi": "Joku käyttää samaa tunnusta muualla. Sulje se, ja käynnistä tämä palvelu uudelleen.",
            "sv": "Någon använder samma nyckel på annat håll. Stäng det och starta om tjänsten.",
            "en": "Somebody uses the same token elsewhere. Stop that, and restart this service.",
        },
    ),
    "taken": (
        {
            "fi": "Toinen ohjelma hakee tämän botin viestit",
            "sv": "Ett annat program hämtar botens meddelanden",
            "en": "Another program fetches this bot's messages",
        },
        {
            "fi": "Sulje toinen ohjelma, tai vaihda tunnus @BotFatherilla.",
            "sv": "Stäng det andra programmet, eller byt nyckel hos @BotFather.",
            "en": "Stop the other program, or change the token at @BotFather.",
        },
    ),
    "not_asking": (
        {
            "fi": "Telegram vastaa, mutta viestien haku ei onnistu",
            "sv": "Telegram svarar, men meddelandena kan inte hämtas",
            "en": "Telegram answers, but messages can't be fetched",
        },
        {
            "fi": "Käynnistä palvelu uudelleen ja tarkista tietokanta (koppi doctor).",
            "sv": "Starta om tjänsten och kontrollera databasen (koppi doctor).",
            "en": "Restart the service and check the database (koppi doctor).",
        },
    ),
    "refused": (
        {
            "fi": "Telegram ei saa viestejä perille tähän palveluun",
            "sv": "Telegram får inte fram meddelandena till tjänsten",
            "en": "Telegram can't deliver the messages to this service",
        },
        {
            "fi": "Tarkista, että KOPPI_PUBLIC_URL aukeaa ulkoa ja sen varmenne on voimassa.",
            "sv": "Kontrollera att KOPPI_PUBLIC_URL öppnas utifrån och att certifikatet gäller.",
            "en": "Check that KOPPI_PUBLIC_URL opens from outside and its certificate is valid.",
        },
    ),
}

IS_DEAD: Words = {"fi": "{check} ei toimi.", "sv": "{check} fungerar inte.", "en": "{check} does not work."}
IS_BACK: Words = {
    "fi": "{check} toimii taas. Häiriö kesti {time}.",
    "sv": "{check} fungerar igen. Felet varade {time}.",
    "en": "{check} works again. It was out of order for {time}.",
}
ONCE: Words = {
    "fi": "Kerron tästä kerran, ja uudelleen, kun se toimii.",
    "sv": "Jag säger detta en gång, och igen när det fungerar.",
    "en": "I say this once, and again when it works.",
}

QUIET_ZERO: Words = {
    "fi": "{days} päivää ilman kysymystä.",
    "sv": "{days} dagar utan frågor.",
    "en": "{days} days without a question.",
}
QUIET_FEW: Words = {
    "fi": "{days} päivässä {came} {askers}.",
    "sv": "{came} {askers} på {days} dagar.",
    "en": "{came} {askers} in {days} days.",
}
ASKERS: Mapping[Language, tuple[str, str]] = {
    "fi": ("kysyjä", "kysyjää"),
    "sv": ("person har frågat", "personer har frågat"),
    "en": ("person asked", "people asked"),
}
USUALLY: Words = {
    "fi": "Tavallisesti tänä aikana kysyy noin {expected}; sattumalta näin käy {one_in}.",
    "sv": "Vanligen frågar ungefär {expected} på den tiden; av en slump händer detta {one_in}.",
    "en": "About {expected} people usually ask in that time; by chance this happens {one_in}.",
}
CAUSES: Mapping[str, Words] = {
    "broken": {
        "fi": "**Syy voi olla botissa:** samaan aikaan siinä oli vika ({checks}).",
        "sv": "**Felet kan vara botens:** den var ur funktion under tiden ({checks}).",
        "en": "**The bot may be the cause:** it was out of order meanwhile ({checks}).",
    },
    "fewer_came": {
        "fi": "**Tulijoita on tavallista vähemmän:** palvelua ei löydetä. Botti toimii. Vie linkki tällä viikolla "
        "yhteen paikkaan, jossa nuoret jo ovat.",
        "sv": "**Färre än vanligt hittar hit.** Boten fungerar. Ta länken den här veckan till ett ställe där de unga "
        "redan är.",
        "en": "**Fewer than usual come:** the service isn't found. The bot works. Take the link this week to one place "
        "where the young already are.",
    },
    "did_not_ask": {
        "fi": "**Tulijoita on kuten ennen, mutta he eivät kysy.** Botti toimii. Avaa chat, katso sitä tulijan silmin "
        "ja vaihda esimerkkikysymykset ajankohtaisiin.",
        "sv": "**Lika många som förr kommer, men de frågar inte.** Boten fungerar. Öppna chatten, se på den med nya "
        "ögon och byt exempelfrågorna mot aktuella.",
        "en": "**As many come as before, but they don't ask.** The bot works. Open the chat, look at it with new eyes "
        "and change the example questions for timely ones.",
    },
    "flooded": {
        "fi": "Botti toimii. Verkkochat avattiin useimpina päivinä paljon tavallista useammin, mutta kysyjiä oli "
        "vähemmän. Avaaja voi olla ohjelma, joten tulijoiden määrää ei voi sanoa. Jos olet juuri kertonut "
        "palvelusta, avaa chat ja katso sitä tulijan silmin; muuten vie linkki yhteen paikkaan, jossa nuoret jo "
        "ovat.",
        "sv": "Boten fungerar. De flesta dagar öppnades webbchatten mycket oftare än vanligt, men färre frågade. Det "
        "kan vara ett program, så hur många som kom kan inte sägas. Har du just berättat om tjänsten, öppna "
        "chatten och se på den med nya ögon; annars ta länken till ett ställe där de unga redan är.",
        "en": "The bot works. On most days the web chat was opened much more often than usual, but fewer asked. That "
        "may be a program, so how many came can't be told. If you have just made the service known, open the "
        "chat and look at it with new eyes; otherwise take the link to one place where the young already are.",
    },
    "unclear": {
        "fi": "Botti toimii. Sitä, tuliko väkeä vähemmän vai jättivätkö tulijat kysymättä, ei voi sanoa näin pienistä "
        "luvuista. Vie linkki yhteen paikkaan, jossa nuoret jo ovat.",
        "sv": "Boten fungerar. Om färre kom eller om de lät bli att fråga kan inte sägas av så små tal. Ta länken till "
        "ett ställe där de unga redan är.",
        "en": "The bot works. Whether fewer came or they didn't ask can't be told from figures this small. Take the "
        "link to one place where the young already are.",
    },
}
RUSHES: tuple[Words, Words] = (  # on one day, on several
    {
        "fi": "Verkkochat avattiin yhtenä päivänä poikkeuksellisen usein. Se voi olla ohjelma, joten se päivä on "
        "laskettu tavalliseksi.",
        "sv": "En dag öppnades webbchatten ovanligt ofta. Det kan vara ett program, så den dagen räknas som en vanlig.",
        "en": "On one day the web chat was opened unusually often. That may be a program, so the day is counted as a "
        "usual one.",
    },
    {
        "fi": "Verkkochat avattiin {days} päivänä poikkeuksellisen usein. Se voi olla ohjelma, joten ne päivät on "
        "laskettu tavallisiksi.",
        "sv": "På {days} dagar öppnades webbchatten ovanligt ofta. Det kan vara ett program, så de dagarna räknas som "
        "vanliga.",
        "en": "On {days} days the web chat was opened unusually often. That may be a program, so those days are "
        "counted as usual ones.",
    },
)
PLACE: Words = {
    "fi": "Lasku on lähinnä tässä: {place}.",
    "sv": "Nedgången är främst här: {place}.",
    "en": "The fall is mostly here: {place}.",
}
EVERYWHERE: Words = {
    "fi": "Lasku on kaikkialla yhtä suuri.",
    "sv": "Nedgången är lika stor överallt.",
    "en": "The fall is the same everywhere.",
}
PLACES: Mapping[tuple[str, str], Words] = {
    ("channel", "telegram"): {"fi": "Telegram", "sv": "Telegram", "en": "Telegram"},
    ("channel", "web"): {"fi": "verkkochat", "sv": "webbchatten", "en": "the web chat"},
    ("language", "fi"): {"fi": "suomeksi kysyvät", "sv": "de som frågar på finska", "en": "who ask in Finnish"},
    ("language", "sv"): {"fi": "ruotsiksi kysyvät", "sv": "de som frågar på svenska", "en": "who ask in Swedish"},
    ("language", "en"): {"fi": "englanniksi kysyvät", "sv": "de som frågar på engelska", "en": "who ask in English"},
    ("campaign", ""): {
        "fi": "ilman kampanjan linkkiä tulevat",
        "sv": "de som kommer utan kampanjlänk",
        "en": "who come without a campaign's link",
    },
    ("hours", "night"): {"fi": "yöt klo 0–6", "sv": "nätterna kl. 0–6", "en": "nights, 0–6"},
    ("hours", "morning"): {"fi": "aamupäivät klo 6–12", "sv": "förmiddagarna kl. 6–12", "en": "mornings, 6–12"},
    ("hours", "afternoon"): {
        "fi": "iltapäivät klo 12–18",
        "sv": "eftermiddagarna kl. 12–18",
        "en": "afternoons, 12–18",
    },
    ("hours", "evening"): {"fi": "illat klo 18–24", "sv": "kvällarna kl. 18–24", "en": "evenings, 18–24"},
}
CAMPAIGN: Words = {"fi": "kampanja {name}", "sv": "kampanjen {name}", "en": "the campaign {name}"}
RARELY_WRONG: Words = {
    "fi": "Kerron tästä kerran. Noin kerran vuodessa hälytän turhaan.",
    "sv": "Jag säger detta en gång. Ungefär en gång om året larmar jag i onödan.",
    "en": "I say this once. About once a year I am wrong.",
}
ONLY_ONCE: Words = {"fi": "Kerron tästä kerran.", "sv": "Jag säger detta en gång.", "en": "I say this once."}

NOTHING: Mapping[str, Words] = {
    "telegram": {
        "fi": "Telegramista ei ole tullut mitään {time}.",
        "sv": "Ingenting har kommit från Telegram på {time}.",
        "en": "Nothing has come from Telegram for {time}.",
    },
    "web": {
        "fi": "Verkkochatista ei ole tullut mitään {time}.",
        "sv": "Ingenting har kommit från webbchatten på {time}.",
        "en": "Nothing has come from the web chat for {time}.",
    },
}
WHO_IS_SILENT: Mapping[str, Words] = {
    "telegram": {
        "fi": "Telegram vastaa ja verkko toimii, joten hiljaa ovat nuoret – tai heidän linkkinsä ei enää toimi. Avaa "
        "botti omalla puhelimellasi, ja tarkista julisteet ja linkit.",
        "sv": "Telegram svarar och nätet fungerar, så det är de unga som är tysta – eller så fungerar deras länk inte. "
        "Öppna boten i din egen telefon, och kontrollera affischer och länkar.",
        "en": "Telegram answers and the network works, so it is the young who are silent – or their link is broken. "
        "Open the bot on your own phone, and check the posters and links.",
    },
    "web": {
        "fi": "Chat vastaa tällä palvelimella, joten hiljaa ovat nuoret – tai sivulle ei pääse ulkoa. Avaa {address} "
        "omalla puhelimellasi, ja tarkista linkit ja sivut, joilla chat on.",
        "sv": "Chatten svarar på den här servern, så det är de unga som är tysta – eller så nås sidan inte utifrån. "
        "Öppna {address} i din egen telefon, och kontrollera länkarna och sidorna där chatten finns.",
        "en": "The chat answers on this server, so it is the young who are silent – or the page can't be reached from "
        "outside. Open {address} on your own phone, and check the links and the sites that show the chat.",
    },
}
RARER: Words = {"fi": "harvemmin kuin ", "sv": "mera sällan än ", "en": "less often than "}
MORE: Words = {
    "fi": "Tarkemmin: {address}/console/watch",
    "sv": "Mera: {address}/console/watch",
    "en": "More: {address}/console/watch",
}


def dead(language: Language, check: str, facts: Mapping[str, Any], address: str) -> str:
    """That something does not work, why, and what to do."""
    what, todo = TROUBLES[str(facts["trouble"])]
    title = IS_DEAD[language].format(check=CHECKS[check][language])
    return _paragraphs(
        f"**{title}** {what[language]}. {todo[language]}", ONCE[language], MORE[language], address=address
    )


def back(language: Language, check: str, lasted: timedelta) -> str:
    """That it works again."""
    return IS_BACK[language].format(check=CHECKS[check][language], time=time_in_words(lasted, language))


def quiet(language: Language, facts: Mapping[str, Any], address: str) -> str:
    """That fewer ask than chance explains: how few, where, why as far as it can be told, what to do."""
    title, usually = quiet_in_short(language, facts)
    where = place(language, facts)
    return _paragraphs(
        f"**{title}** {usually}{' ' + where if where else ''}",
        cause(language, facts),
        RARELY_WRONG[language],
        MORE[language],
        address=address,
    )


def quiet_in_short(language: Language, facts: Mapping[str, Any]) -> tuple[str, str]:
    """How few, and how many are usual with what chance makes of it: two sentences."""
    one, many = ASKERS[language]
    few = QUIET_FEW if facts["came"] else QUIET_ZERO
    askers = one if facts["came"] == 1 else many
    title = few[language].format(days=facts["days"], came=facts["came"], askers=askers)
    return title, USUALLY[language].format(
        expected=round(facts["expected"]), one_in=_out_of(int(facts["one_in"]), language)
    )


def cause(language: Language, facts: Mapping[str, Any]) -> str:
    """Why, as far as it can be told, and what to do."""
    checks = ", ".join(CHECKS[name][language] for name in facts.get("broken", ()))
    why = CAUSES[str(facts["cause"])][language].format(checks=checks)
    rushes = int(facts.get("rushes", 0)) if facts["cause"] != "flooded" else 0  # told there already
    return f"{why} {RUSHES[rushes > 1][language].format(days=rushes)}" if rushes else why


def place(language: Language, facts: Mapping[str, Any]) -> str:
    """Where, or empty where that can't be told."""
    where = facts.get("place")
    if where is None:
        return ""
    if where == "everywhere":
        return EVERYWHERE[language]
    dimension, group = where
    named = PLACES.get((dimension, group))
    name = CAMPAIGN[language].format(name=escape_markdown(str(facts.get("campaign", group))))
    return PLACE[language].format(place=named[language] if named else name)


def nothing(language: Language, channel: str, facts: Mapping[str, Any], address: str) -> str:
    """That nothing at all has come by *channel*, and who is silent."""
    title, usually = nothing_in_short(language, channel, facts)
    return _paragraphs(
        f"**{title}** {usually}",
        WHO_IS_SILENT[channel][language],
        ONLY_ONCE[language],
        MORE[language],
        address=address,
    )


def nothing_in_short(language: Language, channel: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """For how long, and how many are usual with what chance makes of it: two sentences."""
    time = time_in_words(timedelta(hours=facts["hours"]), language, is_during=True)
    usually = USUALLY[language].format(
        expected=round(facts["expected"]), one_in=_out_of(int(facts["one_in"]), language)
    )
    return NOTHING[channel][language].format(time=time), usually


def time_in_words(time: timedelta, language: Language, *, is_during: bool = False) -> str:
    """A time, rounded: minutes below two hours, hours below two days, then days; *is_during*: "(not) for so long"."""
    minutes = round(time / timedelta(minutes=1))
    if minutes < 120:
        count, unit = minutes, "minute"
    elif minutes < 48 * 60:
        count, unit = round(minutes / 60), "hour"
    else:
        count, unit = round(minutes / 60 / 24), "day"
    forms = _UNITS[language][unit]
    if language == "fi" and is_during:
        return f"{count} {forms[2]}"
    return f"{count} {forms[0] if count == 1 else forms[1]}"


def _out_of(number: int, language: Language) -> str:
    """How often: "once in 40"; Finnish bends the number by its last spoken word, 40:stä but 500:sta."""
    rarer = RARER[language] if number > RARE else ""
    number = min(number, RARE)
    is_front = (number % 100 and not number % 10) or number % 10 in {1, 4, 5, 7, 9}
    once = {
        "fi": f"1 kerran {number}:{'stä' if is_front else 'sta'}",
        "sv": f"1 gång på {number}",
        "en": f"once in {number}",
    }
    return f"{rarer}{once[language]}"


_UNITS: Mapping[Language, Mapping[str, tuple[str, ...]]] = {
    "fi": {
        "minute": ("minuutti", "minuuttia", "minuuttiin"),
        "hour": ("tunti", "tuntia", "tuntiin"),
        "day": ("päivä", "päivää", "päivään"),
    },
    "sv": {"minute": ("minut", "minuter"), "hour": ("timme", "timmar"), "day": ("dag", "dagar")},
    "en": {"minute": ("minute", "minutes"), "hour": ("hour", "hours"), "day": ("day", "days")},
}


def _paragraphs(*parts: str, address: str) -> str:
    return "\n\n".join(parts).replace("{address}", escape_markdown(address))
