"""Every sentence the bot says, by name, in Finnish; the Swedish and English ones are in `locale/`, keyed by these.

To change how the bot speaks, change a sentence here and its translations; no other code holds any. Values stand in
braces. The text is the Markdown of the FAQ: **bold** and [links](…) only.
"""

import re
from functools import cache
from pathlib import Path

from bot import translations
from knowledge.entry import AdvisorRole, Language

LOCALE = Path(__file__).parent / "locale"

GREETING = (
    "Moi! Olen Otappa koppi, botti: kysy työstä, rahasta tai opiskelusta omin sanoin. "
    "Jos en osaa, saat ihmisen. Svenska går bra. English is fine, too.\n\n"
    "En ole viranomainen enkä päivystys. Hädässä soita 112. Älä kirjoita tähän henkilötunnusta tai nimeäsi."
)
DID_IT_HELP = "Auttoiko tämä?"
SAME_ASKED = "Samaa kysyi viime viikkoina ainakin {count} muuta."
BUTTON_YES = "Auttoi"
BUTTON_NO = "Ei auttanut"
BUTTON_PERSON = "Kysy ihmiseltä"
CHECKED = "Tarkistettu {date}"
SOURCE = "Lähde: {source}"
CHOOSE_LANGUAGE = "Millä kielellä vastaan? Vilket språk? Which language?"
LANGUAGE_NAMES: dict[Language, str] = {"fi": "Suomi", "sv": "Svenska", "en": "English"}
LANGUAGE_CHOSEN = "Selvä, vastaan suomeksi. Kieltä voit vaihtaa milloin vain: /kieli."
OTHER_LANGUAGE = (
    "Osaan vain suomea, ruotsia ja englantia. Kirjoita jollakin niistä, tai kysy ihmiseltä. Hädässä soita 112."
)
STILL_ABOUT = "Luin tämän jatkoksi edelliseen. Jos et löydä vastausta tästä, kysy ihmiseltä."
TWO_QUESTIONS = "Kysyit kahta asiaa. Vastaan kumpaankin."
ONLY_IN_FINNISH = "Tämä vastaus on vasta suomeksi."

KNOW_NO_MORE = (
    "Tiedän tästä vain sen, mitä vastasin äsken. Siinä ei sanota, muuttaako kertomasi asiaa. Voit kysyä ihmiseltä."
)
DID_YOU_MEAN = "Tarkoititko jotakin näistä?"
WHICH_OF_THESE = "Mitä näistä tarkoitat? Valitse yksi, niin vastaan siitä."
BUTTON_NONE_OF_THESE = "Ei mikään näistä"
WHAT_WOULD_HELP = "Kiitos, kun kerroit. Mikä auttaisi?"

TOPICS = "Mistä haluat tietää? Voit myös kirjoittaa kysymyksesi omin sanoin."
CATEGORIES = {
    "tyonhaku-alkuun": "Työnhaku alkuun",
    "hakeminen": "Työpaikan hakeminen",
    "tyosuhde": "Työssä: palkka ja oikeudet",
    "raha": "Raha ja tuet",
    "opiskelu": "Opiskelu",
    "elama": "Elämäntilanteet",
    "palvelut": "Palvelut ja apu",
    "palvelu": "Tietoa tästä palvelusta",
}
POPULAR = "Näitä muut ovat kysyneet viime viikkoina:"
BUTTON_TOPICS = "Katso aiheet"
BUTTON_POPULAR = "Mitä muut kysyvät"
BUTTON_MORE = "Näytä lisää"
BUTTON_BACK = "Takaisin"

BUTTON_SITUATIONS = "En tiedä mitä kysyä"
SITUATIONS = "Ei haittaa. Mikä näistä on lähimpänä? Saat valmiita kysymyksiä, joihin tiedän vastauksen."
PRESS_THE_QUESTION = "Paina kysymystä, tai kirjoita omasi."
EDIT_THE_QUESTION = "Valitse kysymys. Se menee kenttään, ja voit muokata sitä ennen kuin lähetät."
BUTTON_OWN_WORDS = "Kirjoita omin sanoin"
OWN_WORDS = "Kirjoita tähän, mikä mietityttää. Muutama sana riittää, eikä kysymyksen tarvitse olla valmis."

OFFER_NOT_FOUND = (
    "Tätä en tiedä varmasti, enkä arvaa. Lähetänkö kysymyksen ohjaajalle? "
    "Hän näkee vain tämän viestin ja nimimerkin {alias}. Vastaus viimeistään {promise}."
)
OFFER = (
    "Lähetänkö kysymyksesi ohjaajalle? Hän näkee vain sen viestin ja nimimerkin {alias}. Vastaus viimeistään {promise}."
)
USUAL_WAIT = "Viime viikkoina puolet on saanut vastauksen {wait}."
BACK = "Ohjaajat ovat paikalla taas {back}."
WRITE_TO_PERSON = "Kirjoita kysymyksesi tähän. Lähetän sen ihmiselle vasta, kun annat luvan."
BUTTON_SEND: dict[AdvisorRole, str] = {
    "sosiaaliohjaaja": "Lähetä sosiaaliohjaajalle",
    "tyovoimaneuvoja": "Lähetä työvoimaneuvojalle",
}
BUTTON_SEND_MONEY = "Lähetä: raha ja arki"
BUTTON_SEND_WORK = "Lähetä: työ ja opinnot"
BUTTON_DO_NOT_SEND = "Älä lähetä"
SENT: dict[AdvisorRole, str] = {
    "sosiaaliohjaaja": "Lähetin kysymyksesi sosiaaliohjaajalle. Vastaus tulee tähän viimeistään {promise}.",
    "tyovoimaneuvoja": "Lähetin kysymyksesi työvoimaneuvojalle. Vastaus tulee tähän viimeistään {promise}.",
}
KEPT = "Selvä, en lähettänyt mitään. Voit kysyä toisin sanoin."
ALREADY_SENT = "Kysymyksesi on jo ohjaajalla. Voit kirjoittaa lisää tähän, niin hän näkee sen."
JOINED_TICKET = "Lisäsin tämän kysymykseesi. Ohjaaja näkee sen."
BUTTON_ADD_TO_TICKET = "Lisää neuvojalle"

PROMISE_CLOSE = (
    "Lupasimme vastata {promise}, mutta vastaus voi myöhästyä. "
    "Emme ole unohtaneet sinua: kysymyksesi on jonon kärjessä."
)
PROMISE_SLIPPED = "Lupasimme vastata {promise}, mutta ohjaaja on vielä kiinni. Kysymyksesi on jonossa ensimmäisenä."
CLOSED = "Ohjaaja sulki tämän keskustelun. Jos asia jatkuu, paina Jatka. Uuden kysymyksen voit kirjoittaa heti."
BUTTON_CONTINUE = "Jatka"
REOPENED = "Avasin keskustelun uudelleen. Kirjoita, mikä jäi auki. Vastaus viimeistään {promise}."
WAS_SENT_BEFORE = (
    "Tämä kysymys on jo ollut ohjaajalla. Jos asia jatkuu, paina Jatka. Uuden kysymyksen voit kirjoittaa heti."
)
TOO_LATE_TO_CONTINUE = "Siitä on jo aikaa. Kirjoita kysymyksesi uudelleen, niin etsin vastauksen."
BUTTON_END = "Lopeta keskustelu"
ENDED = "Keskustelu on lopetettu, eikä ohjaaja enää vastaa siihen. Jos asia jatkuu, paina Jatka 7 päivän sisällä."
ADVISOR_JOINED: dict[str, str] = {
    "sosiaaliohjaaja": "Sosiaaliohjaaja {name} on nyt täällä ja vastaa sinulle.",
    "tyovoimaneuvoja": "Työvoimaneuvoja {name} on nyt täällä ja vastaa sinulle.",
}
ADVISOR: dict[str, str] = {
    "sosiaaliohjaaja": "Sosiaaliohjaaja {name}",
    "tyovoimaneuvoja": "Työvoimaneuvoja {name}",
}
ADVISOR_LEFT = "{advisor} siirtyi muihin töihin. Kysymyksesi on taas jonossa, ja joku vastaa siihen."
STALE_BUTTON = "Tuo nappi ei ole enää voimassa. Kirjoita kysymyksesi, niin etsin vastauksen."

MASKED = "Peitin henkilötunnuksesi tai tilinumerosi, sitä ei tarvita."
CONTACTS_MASKED = "Peitin yhteystietosi, en tallenna niitä."
CONTACTS_NOT_SENT = (
    "Peitin yhteystietosi, eikä ohjaaja näe niitä. Jos haluat, että hän näkee ne, paina Lähetä numeroni."
)
BUTTON_SEND_CONTACTS = "Lähetä numeroni"
WRITE_CONTACTS = (
    "Kirjoita numerosi, sähköpostisi tai osoitteesi nyt. Se näkyy vain ohjaajalle, joka hoitaa tätä kysymystä, "
    "ja poistuu sen mukana."
)
CONTACTS_SENT = "Kiitos. Tämän näkee vain ohjaaja, joka hoitaa kysymystäsi."
CONTACTS_TOO_LATE = "Tämä kysymys on jo suljettu, joten en voi lähettää yhteystietojasi. Jos asia jatkuu, paina Jatka."
GENTLE_LINE = (
    "Jos olo on raskas, apua saa heti: Pohteen sosiaali- ja kriisipäivystys 044 703 6235 kellon ympäri, "
    "hengenvaarassa 112."
)
SAFETY_FOLLOW_UP = (
    "Olen tässä. Jos olet vaarassa, soita 112. Ihmisen saat kellon ympäri numerosta 044 703 6235 "
    "(Pohteen sosiaali- ja kriisipäivystys). Voin myös lähettää viestisi sosiaaliohjaajalle, joka vastaa palveluaikana."
)
LIFE_AT_RISK = "Jos joku on hengenvaarassa, soita 112."

UNREADABLE: dict[str, str] = {
    "photo": "En katso kuvia, koska papereissa on usein henkilötietoja. Kirjoita kysymys omin sanoin.",
    "voice": "En osaa kuunnella ääniviestejä. Kirjoita kysymys omin sanoin, lyhytkin riittää.",
    "sticker": "Kiva tarra! Kirjoita, mitä haluat kysyä, niin etsin vastauksen.",
    "location": "En tarvitse sijaintiasi enkä tallenna sitä. Kirjoita, mitä haluat kysyä.",
    "file": "En avaa tiedostoja, koska niissä on usein henkilötietoja. Kirjoita kysymys omin sanoin.",
    "other": "Luen vain tekstiä. Kirjoita kysymys omin sanoin.",
}
BESIDE_WORDS = (
    "Luin tekstin. Kuvaa tai muuta liitettä en avaa, eikä sitä näe kukaan muukaan: papereissa on usein henkilötietoja."
)
EMPTY = "Viestissä ei ollut tekstiä. Kirjoita, mitä haluat kysyä."
SMALL_TALK: dict[str, str] = {
    "greeting": "Moi! Mitä mielessä? Kirjoita omin sanoin tai paina esimerkkiä.",
    "thanks": "Kiva jos auttoi. Täällä ollaan.",
    "low": (
        "Kuulostaa siltä, että nyt on raskasta. Kerro omin sanoin, mikä painaa, tai kysy ihmiseltä. "
        "Jos on vaikea olla, apua saa heti: /apua."
    ),
    "swearing": "Kuulostaa siltä, että nyt ottaa päähän. Kerro, mikä meni pieleen, tai pyydä ihminen: /ihminen.",
    "who": "Olen Otappa koppi, botti. Vastaan heti, ja jos en osaa, saat ihmisen: /ihminen.",
    "bye": "Moikka! Kirjoita, kun tulee jotain mieleen.",
    "ok": "Selvä. Kirjoita, jos jäi jotain auki.",
    "wellbeing": "Kiitos kysymästä, botilla on kaikki hyvin. Entä sinulla? Kerro, mikä mietityttää.",
    "wordless": "Tuosta en vielä tiedä, mitä kysyt. Kirjoita muutama sana, niin etsin vastauksen.",
}
INSTRUCTIONS = (
    "Kirjoita kysymyksesi omin sanoin, lyhyestikin. Vastaan heti, jos tiedän.\n\n"
    "/aiheet – mistä voit kysyä\n/tilanteet – jos et tiedä, mitä kysyä\n"
    "/ihminen – kysymyksesi ihmiselle\n/apua – kriisinumerot\n/kieli – vaihda kieli\n"
    "/muistuta – kysyn myöhemmin, miten menee\n/vinkit – yksi vinkki viikossa\n"
    "/jaa – kerro kaverille\n/tietoni – mitä sinusta on tallessa\n"
    "/unohda – poista tietosi (kysyn ensin)\n/tietosuoja – mitä tallennan"
)
PRIVACY = (
    "En tallenna nimeäsi. Yhteystietosi peitän, ellet itse lähetä niitä ohjaajalle: ne näkee vain hän, joka hoitaa "
    "kysymystäsi. Ohjaaja näkee kysymyksen, jonka lähetät, sekä sen, mitä kirjoitat ennen kuin asia suljetaan, ja "
    "nimimerkin. Ohjaajat ja palvelun koordinaattori voivat lukea muitakin "
    "yksittäisiä kysymyksiä, jotta botti oppii, mutta ilman nimimerkkiä sekä henkilötunnukset ja yhteystiedot "
    "peitettyinä. Viestit, joissa huomaan hädän merkkejä, eivät ole mukana.\n\n"
    "Viestisi poistetaan, kun asiasi sulkemisesta tai viimeisestä viestistäsi on {texts_days} päivää. Mitään viestiä "
    "ei säilytetä yli {texts_at_most_days} päivää. Tunnistan sinut samaksi kysyjäksi {address_days} päivää, "
    "ja jos olet tilannut jotakin, niin kauan kuin tilaus on voimassa. Jos palaat "
    "myöhemmin, aloitamme alusta, enkä enää löydä vanhoja viestejäsi: ne poistuvat ajallaan.\n\n"
    "Telegram on oma palvelunsa eikä botin keskustelu ole päästä päähän salattu; verkkochat on yhtä hyvä tapa kysyä. "
    "/tietoni näyttää tietosi. Kun haluat ne pois, kirjoita /unohda ja paina Poista kaikki.\n\n"
    "Tiedoistasi vastaa {controller}. Yhteys: {contact}"
)
SHARE_MESSAGE = (
    "{name}: siellä voi kysyä työstä, rahasta ja opiskelusta omin sanoin ja nimettömänä. "
    "Botti vastaa heti, ja jos se ei osaa, saa ihmisen."
)
SHARE_READY = "Tässä on valmis viesti kaverille. Linkki on kaikilla sama, eikä se kerro, kuka sen jakoi."
SHARE_CHOOSE = "Valitse, kenelle lähetät"
BUTTON_SHARE = "Jaa kaverille"
COMMAND_HELP: dict[str, str] = {
    "start": "Aloita alusta",
    "aiheet": "Katso, mistä voit kysyä",
    "tilanteet": "En tiedä mitä kysyä",
    "muistuta": "Kysy minulta myöhemmin, miten menee",
    "vinkit": "Yksi vinkki viikossa",
    "kieli": "Vaihda kieli",
    "ihminen": "Kysy ihmiseltä",
    "apua": "Kriisinumerot heti",
    "ohje": "Näin minua käytetään",
    "jaa": "Kerro kaverille",
    "tietoni": "Mitä minusta on tallessa",
    "unohda": "Poista tietoni",
    "tietosuoja": "Mitä tallennetaan",
}
TIPS_OFFER = (
    "Voin lähettää sinulle kerran viikossa yhden lyhyen vinkin: työnhausta, hakuajoista tai siitä, mitä täällä "
    "tapahtuu. Vinkki ei tule yöllä. Saat sen vain, jos tilaat sen, ja lopetat yhdellä napilla. Osoitteesi on tallessa "
    "niin kauan kuin tilaus on voimassa."
)
TIPS_ON_THE_WEB = (
    "Verkossa vinkki odottaa tässä chatissa, kun tulet takaisin: en voi ilmoittaa siitä. Uusi vinkki tulee vanhan "
    "tilalle. Jos et kirjoita tänne pitkään aikaan, tilaus päättyy itsestään."
)
TIPS_BEGUN = "Selvä, saat vinkin kerran viikossa. Kun et enää halua niitä, paina Lopeta vinkit tai kirjoita /vinkit."
TIPS_STAND = "Saat vinkin kerran viikossa. Jos et enää halua niitä, paina Lopeta vinkit."
TIPS_ENDED = "Selvä, en lähetä enää vinkkejä. Jos kaipaat niitä, kirjoita /vinkit."
TIP_TITLE = "Viikon vinkki"
BUTTON_TIPS = "Vinkki viikossa"
BUTTON_SUBSCRIBE_TIPS = "Tilaa vinkit"
BUTTON_END_TIPS = "Lopeta vinkit"
UNKNOWN_COMMAND = "Tuota komentoa en tunne. Kirjoita kysymyksesi omin sanoin, tai katso /ohje."
FAILED = (
    "Jokin meni meillä vikaan, eikä viestiäsi voitu käsitellä. Se on tallessa, ja ylläpito näkee sen. "
    "Kirjoita kysymys uudelleen vähän toisin sanoin."
)

OFFER_TO_ASK = "Saanko kysyä myöhemmin, miten sinulla menee? Yksi viesti silloin tällöin, ja vastaat napilla."
BUTTON_FOLLOW_UP = "Kysy, miten kävi"
BUTTON_CHECKINS = "Valitse, milloin kysyn"
CHECKINS = (
    "Voin kysyä sinulta myöhemmin, miten sujuu. Milloin? Enintään yksi viesti kahdessa viikossa, ei öisin, ja lopetat "
    "yhdellä napilla. Vastauksista lasketaan vain määriä."
)
CHECKINS_ON_WEB = "Verkkochatissa viesti odottaa sinua täällä, kun avaat chatin uudelleen samalla selaimella."
CHECKINS_STANDING = "Olemme sopineet, että kysyn: {days}"
CHECKIN_WHEN = "Milloin kysyn?"
CHECKIN_AGREED = "Sovittu. Kysyn {days} tai pian sen jälkeen. Kaikki sovitut näet ja lopetat komennolla /muistuta."
CHECKINS_ENDED = "Selvä, en kysy enää. Kirjoita milloin vain itse."
AND = " ja "
BUTTON_END_ASKING = "Lopeta kyselyt"
BUTTON_ASK_AGAIN = "Kysy taas kahden viikon päästä"
MOMENTS: dict[str, str] = {
    "later": "Kahden viikon päästä",
    "graduation": "Kun valmistun",
    "ending": "Kun työ tai palvelu loppuu",
    "jobless": "Jäin juuri työttömäksi",
    "joint": "Yhteishaun aikaan",
    "summer": "Kesätöiden aikaan",
}
WHENS: dict[str, str] = {
    "tomorrow": "Huomenna",
    "week": "Viikon päästä",
    "two-weeks": "Kahden viikon päästä",
    "month": "Kuukauden päästä",
    "three-months": "Kolmen kuukauden päästä",
    "january": "Tammikuussa",
    "march": "Maaliskuun alussa",
    "may": "Toukokuun lopussa",
    "june": "Kesäkuun lopulla",
    "christmas": "Ennen joulua",
}
CHECKIN_ASKS: dict[str, str] = {
    "later": "Moi! Miten työnhaku sujuu?",
    "graduation": "Moi! Miten menee koulun jälkeen?",
    "ending": "Moi! Miten menee nyt, kun työ tai palvelu loppuu?",
    "jobless": "Moi! Miten on lähtenyt käyntiin työttömänä?",
    "joint": "Moi! Miten yhteishaku sujuu?",
    "summer": "Moi! Miten kesätöiden haku sujuu?",
}
CHECKIN_WHY = "Pyysit minua kysymään. Vastaa napilla, niin neuvon eteenpäin."
BUTTON_FEELINGS: dict[str, str] = {"good": "Hyvin", "stuck": "Jumissa", "ask": "Haluan kysyä"}
FEELS_GOOD = "Hienoa kuulla. Kirjoita, kun tulee jotain mieleen."
FEELS_STUCK = (
    "Kiitos, kun kerroit. Jumiin jää moni, ja siitä pääsee yksi asia kerrallaan. Mikä näistä on lähimpänä? "
    "Voit myös aloittaa alla olevasta kysymyksestä."
)
OUTCOME_ASK = "Moi! Kysyit täältä jotakin jokin aika sitten. Miten sinulla on käynyt? Vastaa napilla."
BUTTON_OUTCOMES: dict[str, str] = {
    "job": "Sain paikan",
    "applied": "Hain",
    "service": "Pääsin palveluun",
    "not_yet": "En vielä",
}
HEARD_OUTCOMES: dict[str, str] = {
    "job": "Onneksi olkoon! Kiitos, kun kerroit.",
    "applied": "Hyvä, se on jo paljon. Kiitos, kun kerroit.",
    "service": "Hyvä juttu. Kiitos, kun kerroit.",
    "not_yet": "Kiitos, kun kerroit. Ei haittaa, asiat vievät aikaa. Jos haluat, katsotaan yhdessä, mistä jatkaa.",
}

TOO_LONG = "Viesti on liian pitkä. Lyhennä se alle 4 000 merkkiin tai lähetä kahdessa osassa."
WEB_BAD_FORM = "Tuo ei mennyt perille. Lataa sivu uudelleen ja yritä vielä kerran."
WEB_TITLE = "Otappa koppi – kysy työstä, rahasta ja opiskelusta"
WEB_HEAD = "botti · ihminen {hours}"
WEB_FIELD = "Kirjoita kysymyksesi"
WEB_SEND = "Lähetä"
WEB_EXIT = "Poistu nopeasti"
WEB_LOG = "Keskustelu"
WEB_BOT = "Botti"
WEB_ADVISOR = "Ohjaaja {name}"
WEB_YOU = "Sinä"
WEB_SENT = "lähetetty"
WEB_TYPING = "{name} kirjoittaa…"
WEB_OTHERS_ASK = "Muut ovat kysyneet"
WEB_OFFLINE = "Yhteys katkesi. Yritän uudelleen. Viestisi on yhä kentässä."
WEB_OFFLINE_PRESS = "Yhteys katkesi. Yritän uudelleen."
WEB_AWAY = (
    "Palvelussa on hetken häiriö. Viestisi on yhä kentässä: odota hetki ja lähetä se uudelleen. "
    "Aiemmat viestisi ovat tallessa, vaikka ne eivät nyt näy. Hädässä soita 112."
)
WEB_AWAY_PRESS = (
    "Palvelussa on hetken häiriö. Odota hetki, avaa sivu uudelleen ja yritä vielä kerran. "
    "Aiemmat viestisi ovat tallessa, vaikka ne eivät nyt näy. Hädässä soita 112."
)
WEB_SLOW_DOWN = "Nyt tuli monta viestiä peräkkäin. Odota minuutti ja lähetä sitten uudelleen. Hädässä soita 112."
WEB_MANY_NEW = (
    "Tästä verkosta on juuri avattu monta keskustelua. Yritä uudelleen tunnin päästä tai toisesta verkosta. "
    "Hädässä soita 112."
)
WEB_NEW_BELOW = "Uusi viesti"
WEB_LOOK_AGAIN = "Näytä uudet viestit"
WEB_HELP_NOW = "Apua heti"
WEB_PERSON = "Kysy ihmiseltä"
WEB_SKIP = "Siirry kirjoittamaan"
WEB_SKIP_TO_TEXT = "Siirry tekstiin"
WEB_END = "Lopeta ja tyhjennä"
WEB_PRIVACY = "Tietosuoja"

WEB_KEEP_TITLE = "Löydät takaisin tähän keskusteluun"
WEB_KEEP = (
    "Tallenna tämä linkki. Sillä löydät vastauksen, vaikka suljet selaimen. "
    "Älä anna sitä muille: se avaa koko keskustelun. Linkki toimii {days} päivää."
)
WEB_KEEP_LINK = "Paluulinkki"
WEB_ACCESSIBILITY = "Saavutettavuus"
WEB_FOOT = "Tietoa palvelusta"
WEB_TO_CHAT = "Takaisin chattiin"
WEB_SHARE_TITLE = "Kerro kaverille"
WEB_SHARE_TEXT = "Viesti kaverille"
WEB_SHARE_COPY = "Kopioi viesti"
WEB_SHARE_COPIED = "Viesti on kopioitu."
WEB_SHARE_SEND = "Jaa…"
WEB_SHARE_IN = "Lähetä: {app}"
WEB_COPY = "Kopioi linkki"
WEB_COPIED = "Linkki on kopioitu."
WEB_TELEGRAM = "Jatka Telegramissa"
WEB_TELEGRAM_HINT = "Koko keskustelu siirtyy Telegramiin, ja saat sieltä ilmoituksen vastauksesta."
WEB_RETURN_TITLE = "Palaa keskusteluun"
WEB_RETURN = (
    "Tästä avautuu keskustelu, jonka linkin olet itse tallentanut. "
    "Älä avaa linkkiä, jonka joku muu on lähettänyt sinulle."
)
WEB_RETURN_PASTE = "Liitä paluulinkkisi tähän"
WEB_RETURN_OPEN = "Avaa keskustelu"
WEB_RETURN_REPLACES = "Tässä selaimessa on nyt toinen keskustelu. Se katoaa näkyvistä, kun avaat linkin."
WEB_RETURN_FORGED = "Tämä linkki ei avaa mitään keskustelua. Tarkista, että kopioit sen kokonaan."
WEB_RETURN_EXPIRED = "Tämä linkki on vanhentunut. Voit kysyä uudelleen, niin etsin vastauksen."
WEB_RETURN_GONE = "Keskustelu, johon linkki vei, on poistettu. Voit kysyä uudelleen."
WEB_MOVED = "Keskustelusi jatkuu Telegramissa. Tässä voit aloittaa uuden."
WEB_NEW = "Kysy uusi kysymys"
WEB_OWN_TAB = "Avaa omaan välilehteen"
WEB_NO_COOKIE = (
    "Selaimesi ei anna chatin muistaa keskustelua tällä sivulla. Avaa chat omaan välilehteen. Hädässä soita 112."
)
WIDGET_OPEN = "Kysy botilta"
WIDGET_NEWS = "Uusi viesti"
WIDGET_TITLE = "{name} – chat"
AWAY_TITLE = "Chat on hetken poissa"
AWAY = "Yritä uudelleen hetken päästä. Viestit, jotka ehdit lähettää, ovat tallessa. Jos tarvitset apua nyt, soita:"
WIDGET_CLOSE = "Sulje"
MOVED_HERE = "Jatketaan täällä. Aiempi keskustelusi on nyt tässä, ja ohjaajan vastaus tulee tänne."
MOVE_FAILED = (
    "Linkki ei enää käy, eikä mitään siirtynyt. Paina verkkochatissa uudelleen Jatka Telegramissa, "
    "tai kirjoita kysymyksesi tähän."
)
MOVE_REFUSED = "Sinulla on täällä jo kysymys ohjaajalla. Verkkochatin keskustelu jatkuu siksi verkossa."

TEXTS_GONE = "Viestejä on poistettu säilytysajan jälkeen."
HOLDINGS = (
    "Sinusta on tallessa: nimimerkki {alias}, kieli ({spoken}), viimeisin käynti {seen}, osoite salattuna ja "
    "{count} viestiä."
)
HOLDINGS_OPEN = "Yksi kysymyksesi on ohjaajalla tai odottaa vuoroaan ({since} lähtien)."
HOLDINGS_CONTACTS = "Yhteystietosi on tallennettu luvallasi {at}."
HOLDINGS_SUBSCRIBED = "Olet tilannut: {kinds}."
SUBSCRIPTIONS: dict[str, str] = {
    "tips": "vinkki viikossa",
    "checkins": "kuulumisten kysely",
    "outcomes": "kysymys siitä, miten kävi",
}
HOLDINGS_ALL = "Kaikki tämä on tiedostossa."
POSTER_WHAT = "{name}: kysy työstä, rahasta ja opiskelusta. Botti vastaa heti. Jos se ei osaa, saat ihmisen."
POSTER_PROMISE = "Kysy nimettömänä. Ei kirjautumista, nimeäsi ei kysytä."

HOLDINGS_CAPTION = (
    "Tietosi tiedostona. Lataa se itsellesi tai poista se tästä, kun et enää tarvitse sitä: /unohda poistaa sen, mitä "
    "meillä on, mutta ei tätä Telegramin kopiota."
)
BUTTON_FETCH = "Lataa tietosi tiedostona"
HOLDINGS_FILE = "otappa-koppi-tietoni.txt"
HOLDINGS_TITLE = "Otappa koppi: mitä sinusta on tallessa"
HOLDINGS_MADE = "Tehty {at}. Kellonajat ovat Suomen aikaa."
HOLDINGS_NOT_HERE = (
    "Tässä on kaikki, paitsi koneen omat tunnisteet, tiivisteet ja salattu osoitteesi. Ohjaajan omia muistiinpanoja, "
    "luonnoksia ja tietoa siitä, kuka työntekijä kysymystäsi katsoi, voit pyytää tiedoistasi vastaavalta: "
    "{controller}, {contact}"
)
HOLDINGS_NOTES = "Ohjaajan muistiinpanoja kysymyksistäsi: {count}."
HOLDINGS_DRAFTS = "Ohjaajan luonnoksia sinulle, joita ei ole lähetetty: {count}."
HOLDINGS_TOO_LARGE = "Tiedosto täyttyi tähän. Loput voit pyytää tiedoistasi vastaavalta: {controller}, {contact}"
HOLDINGS_YOU = "Sinä"
HOLDINGS_ADDRESS = "Osoite, johon vastaus menee, on salattuna:"
HOLDINGS_QUESTIONS = "Kysymykset ihmiselle"
HOLDINGS_SEALED = "Mitä ei voitu käsitellä (sisältö salattuna)"
HOLDINGS_MESSAGES = "Viestit ({count})"
HOLDINGS_RECEIVED = "Milloin viestejä tuli ja mitä niistä päätettiin"
HOLDINGS_SENT = "Milloin sinulle lähetettiin viestejä"
HOLDINGS_LOOKS = "Milloin kysymystäsi on katsottu tai hoidettu"
HOLDINGS_YES = "kyllä"
HOLDINGS_NO = "ei"
HOLDINGS_LABELS: dict[str, str] = {
    "alias": "Nimimerkki",
    "language": "Kieli",
    "created_at": "Alkoi",
    "last_seen_at": "Viimeisin käynti",
    "first_campaign": "Linkki, josta tulit ensin",
    "first_campaign_on": "Tulit siitä ensin",
    "last_campaign": "Linkki, josta tulit viimeksi",
    "last_campaign_on": "Tulit siitä viimeksi",
    "last_events": "Viimeisin päivä, jona mitäkin tapahtui",
    "channel": "Kanava",
    "reachable": "Viestit menevät perille",
    "subscribed": "Tilattu",
    "since": "Tilattu lähtien",
    "agreed": "Mitä sovittiin",
    "due_at": "Seuraava aikaisintaan",
    "state": "Tila",
    "opened_at": "Avattu",
    "role": "Kenelle",
    "account_id": "Ohjaaja",
    "urgent": "Kiireellinen",
    "topic": "Aihe",
    "promised_at": "Vastaus luvattu viimeistään",
    "slipped_at": "Viivästyksestä kerrottu",
    "claimed_at": "Otettu hoidettavaksi",
    "replied_at": "Ensimmäinen vastaus",
    "closed_at": "Suljettu",
    "outcome": "Lopputulos",
    "reopened_at": "Avattu uudelleen",
    "entry_id": "Vastaus on aiheesta",
    "buttons": "Painikkeet",
    "verdict": "Botin arvio",
    "helped": "Auttoi",
    "gap": "Käyty läpi puutteena",
    "phrasing": "Käyty läpi kysymistapana",
    "queued_at": "Jonoon",
    "act": "Teko",
    "finished_at": "Valmis",
    "attempts": "Yrityksiä",
    "uncertain": "Ehkä perillä aiemmin",
    "not_before": "Aikaisintaan",
    "lease_until": "Lähetys kestää enintään",
    "external_id": "Tunniste kanavassa",
    "reason": "Syy",
    "received_at": "Tullut",
    "handled_at": "Käsitelty",
    "kind": "Päätös",
    "replies": "Vastauksia",
    "decided_at": "Päätetty",
    "at": "Aika",
}
BUTTON_ERASE = "Poista kaikki"
ERASE_CONFIRM = "Poistetaanko kaikki viestisi ja osoitteesi, myös ohjaajalle lähetetyt? Tätä ei voi perua."
ERASED = "Poistin kaikki viestisi ja osoitteesi. Jäljellä on vain lukumääriä, joista sinua ei tunnista."

SLOW_DOWN = (
    "Nyt tuli monta viestiä peräkkäin, enkä ehtinyt lukea viimeisimpiä. Odota minuutti ja lähetä tärkein uudelleen. "
    "Hädässä soita 112."
)
ONLY_IN_PRIVATE = (
    "Hei! Juttelen vain kahden kesken, jotta kukaan muu ei näe kysymystäsi. Avaa profiilini ja paina Lähetä viesti."
)
LINKED = "Tämä keskustelu on nyt yhdistetty palveluun."
LINK_FAILED = "Koodi ei käy: se on väärä, käytetty tai vanhentunut. Tee konsolissa uusi koodi."


def say(language: Language, sentence: str, **values: str) -> str:
    """*sentence* in *language*, with its values filled in; in Finnish where a translation is missing."""
    return _catalogue(language).get(sentence, sentence).format(**values)


def escape_markdown(text: str) -> str:
    """*text* as Markdown that renders as exactly that text."""
    return re.sub(r"([\\`*_{}\[\]()#+.!<>|~-])", r"\\\1", text)


@cache
def _catalogue(language: Language) -> dict[str, str]:
    if language == "fi":
        return {}
    return translations.read(LOCALE / language / "LC_MESSAGES" / "koppi.po", language)
