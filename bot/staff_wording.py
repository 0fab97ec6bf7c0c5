"""What the bot says to the people behind the service in Telegram. In Finnish, as their console is.

Answers to a press are at most 200 characters long, Telegram's limit, with the longest name an account can have.
"""

OWN_LINKED = "Telegramisi on nyt yhdistetty konsolitiliin {name}. Voit ottaa kysymyksiä ja vastata niihin ryhmässä."
OWN_CODE_SHOWN = (
    "Tuo koodi oli vain sinulle. Nyt muutkin näkivät sen, joten se ei enää käy. "
    "Tee konsolissa uusi ja lähetä se minulle yksityisviestinä."
)

BUTTON_TAKE = "Otan tämän"
TAKEN_NOW = "Kysymys on nyt sinun. Vastaa ryhmässä vastaamalla tähän viestiin, tai vastaa konsolissa."
TAKEN_ALREADY = "Kysymys on jo sinun."
TAKEN_BY = "{name} hoitaa tätä."
CLOSED_ALREADY = "Kysymys on jo suljettu."
GONE = "Tätä kysymystä ei enää ole."
ONLY_ADVISORS = "Vain ohjaajat voivat ottaa kysymyksiä ja vastata niihin."
LINK_YOURSELF = (
    "En vielä tunne sinua. Avaa konsolissa Oma tili, tee koodi Telegramia varten ja lähetä se minulle yksityisviestinä."
)

NOT_SENT_BY = "{name} hoitaa tätä. Viestiäsi ei välitetty."
NOT_SENT_CLOSED = "Kysymys on jo suljettu, joten viestiäsi ei välitetty. Voit avata sen uudelleen konsolissa."
NOT_SENT_GONE = "En löydä kysymystä, johon vastasit, joten viestiäsi ei välitetty. Vastaa konsolissa."
NOT_SENT_EDIT = (
    "Muokattu viesti ei välity: asiakas näkee sen, minkä kirjoitit ensin. Kirjoita korjaus uutena vastauksena."
)
NOT_SENT_MEDIA = "Välitän vain tekstiä. Kuvat, äänet ja tiedostot jäävät tähän ryhmään."
NOT_SENT_LONG = "Viesti on liian pitkä, eikä sitä välitetty. Lyhennä se tai jaa kahteen osaan."
NOT_SENT_STRANGER = "Viestiäsi ei välitetty. "  # followed by why

REPLY_ARRIVED = "Välitetty: {alias} saa vastauksesi."
REPLY_BLOCKED = "Ei mennyt perille: {alias} ei ota enää vastaan botin viestejä."
REPLY_UNSURE = "Saattoi mennä perille: yhteys katkesi kesken. Katso konsolista."
REPLY_FAILED = "Ei mennyt perille. Voit yrittää uudelleen konsolissa."

POST_NEW = "Uusi kysymys"
POST_GOES_ON = "Kysymys jatkuu"
POST_FREE = "Odottaa ottajaa"
POST_TAKEN = "{name} hoitaa"
POST_REPLIED = "{name} on vastannut"
POST_CLOSED = "Suljettu"
POST_CLOSED_BY = "{name} on sulkenut"
POST_ENDED = "Asiakas on lopettanut"
POST_SUPERSEDED = "Tästä kysymyksestä on uudempi viesti alempana"
POST_REMOVED = "Poistettu."
TOPIC_REMOVED = "Poistettu"
ASKER_WROTE = "{alias} kirjoitti lisää"
