"""Every table of the service on one page. The promises are constraints here, not care elsewhere.

Texts of askers live in `message`, and sealed in `inbox` (until handled) and `quarantine`; what an advisor is writing to
them lives, sealed, in `draft`; nowhere else. By which words they are found stands in `message_word`, as keyed hashes.
Who an asker is to a channel lives, sealed, in `address` alone. `event` refers to nobody. What is forgotten when: see
`retention`.

Where rows are deleted, SQLite's AUTOINCREMENT keeps an id from ever naming another row: an old button under a message
that is gone must not press a new one, nor an old item's key keep a new reply from being sent.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine.default import DefaultExecutionContext

from bot.store.moments import moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases; a naive one is refused, since nobody could say what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored instant must know its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _moment_opened(context: DefaultExecutionContext) -> int:
    return moment(context.get_current_parameters()["opened_at"])  # type: ignore[no-untyped-call]


Id = String(32)  # random, 128 bits in hexadecimal: nobody guesses a neighbour's
Serial = BigInteger().with_variant(Integer, "sqlite")  # ascending: carries order

# --- who asks -------------------------------------------------------------------------------------------------

asker = Table(
    "asker",
    metadata,
    Column("id", Id, primary_key=True),
    Column("alias", String(40), nullable=False),
    Column("language", String(2), nullable=False),
    Column("first_campaign", String(64)),
    Column("first_campaign_on", Date),
    Column("last_campaign", String(64)),
    Column("last_campaign_on", Date),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("last_events", JSON, nullable=False),  # the local date of the latest event of each kind, to flag "first"
)

address = Table(
    "address",
    metadata,
    Column("id", Id, primary_key=True),
    Column("asker_id", Id, ForeignKey("asker.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("channel", String(16), nullable=False),
    Column("lookup", String(32), nullable=False),  # keyed hash of the chat id or web token
    Column("sealed", LargeBinary, nullable=False),  # the chat id or web token itself
    Column("reachable", Boolean, nullable=False, default=True),
    UniqueConstraint("channel", "lookup"),
)

conversation = Table(
    "conversation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("asker_id", Id, ForeignKey("asker.id", ondelete="CASCADE"), nullable=False),
    # None when the address has been forgotten: what is left of the thread goes in its own time.
    Column("address_id", Id, ForeignKey("address.id", ondelete="SET NULL"), unique=True),
    Column("channel", String(16), nullable=False),
    Column("state", JSON, nullable=False),
    Column("version", Integer, nullable=False, default=0),  # counts every visible change
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("asker_id", "channel"),
)

subscription = Table(  # what an asker has agreed to get unasked; to end it is to delete the row
    "subscription",
    metadata,
    Column("asker_id", Id, ForeignKey("asker.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("agreed", JSON, nullable=False, default=dict),  # to what, where the kind alone doesn't say
    Column("due_at", Instant),  # when the next may go; None: nothing is to come
    CheckConstraint("kind IN ('tips', 'checkins', 'outcomes')", name="kind"),
    Index("ix_subscription_kind_due_at", "kind", "due_at"),
)

# --- what is said ---------------------------------------------------------------------------------------------

message = Table(
    "message",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("conversation_id", Id, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("ticket_id", Id, ForeignKey("ticket.id", ondelete="SET NULL")),
    Column("author", String(8), nullable=False),
    Column("account_id", Id, ForeignKey("account.id")),  # which advisor
    Column("text", Text, nullable=False),
    Column("buttons", JSON, nullable=False),  # [{"verb", "value", "label"}, …]; pressed as verb:message:n
    Column("entry_id", String(64)),  # the entry an answer came from
    Column("question_id", Serial, ForeignKey("message.id", ondelete="SET NULL"), index=True),  # what a reply replies to
    Column("verdict", JSON),  # of a question: {"kind", "hits": [[id, score]…], "confidence"}
    Column("helped", Boolean),  # of an answer: whether its asker says that it did
    Column("gap", String(20)),  # of a question without a good answer: why the staff have put it aside
    Column("phrasing", String(20)),  # of a question: what the staff make of it as a way of asking for an entry
    Column(
        "indexed_as", Integer
    ),  # by which rules its words stand in message_word; None: they are still to be put there
    Column("created_at", Instant, nullable=False),
    CheckConstraint("author IN ('asker', 'bot', 'advisor', 'note')", name="author"),
    CheckConstraint("phrasing IN ('confirmed', 'rejected')", name="phrasing"),
    Index("ix_message_conversation_id_id", "conversation_id", "id"),
    Index(  # what was asked lately, whoever asked it
        "ix_message_asked",
        "created_at",
        sqlite_where=text("author = 'asker'"),
        postgresql_where=text("author = 'asker'"),
    ),
    Index("ix_message_ticket_id_id", "ticket_id", "id", "author"),  # who had the last word, without reading the texts
    Index(
        "ix_message_unindexed",
        "id",
        sqlite_where=text("ticket_id IS NOT NULL AND indexed_as IS NULL"),
        postgresql_where=text("ticket_id IS NOT NULL AND indexed_as IS NULL"),
    ),
    sqlite_autoincrement=True,
)

message_word = Table(  # by which words a ticket's messages are found: see `search`; they go with their message
    "message_word",
    metadata,
    Column("message_id", Serial, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Integer, primary_key=True),  # keyed hash of a word's beginning: no word stands here
    Column("opened", Integer, nullable=False),  # when the ticket was opened, as a `moment`
    Index("ix_message_word_key_opened", "key", "opened"),
    sqlite_with_rowid=False,
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", Id, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("role", String(20), nullable=False),
    Column("urgent", Boolean, nullable=False, default=False),
    Column("topic", String(64)),  # the bot's best candidate
    Column("opened_at", Instant, nullable=False),
    Column("opened", Integer, nullable=False, default=_moment_opened),  # the same, as `message_word` has it
    Column("reopened_at", Instant),
    Column("promised_at", Instant, nullable=False),
    Column("slipped_at", Instant),  # when the asker was told that the promise had passed
    Column("account_id", Id, ForeignKey("account.id")),  # who has claimed it
    Column("claimed_at", Instant),
    Column("replied_at", Instant),  # the first reply
    Column("closed_at", Instant),
    Column("outcome", String(20)),
    Column("version", Integer, nullable=False, default=0),
    # At most one open ticket per conversation:
    Index(
        "uq_ticket_open_conversation",
        "conversation_id",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index("ix_ticket_closed_at_promised_at", "closed_at", "promised_at"),
    Index("ix_ticket_replied_at", "replied_at"),
    Index("ix_ticket_topic_opened", "topic", "opened"),
    Index("ix_ticket_opened", "opened"),
    Index("ix_ticket_conversation_id_opened_at", "conversation_id", "opened_at"),
)

draft = Table(  # what an advisor has begun to write in a ticket and not sent: for their own eyes
    "draft",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("ticket_id", Id, ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False),
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("key", String(40), nullable=False),  # of the form it stands in: sent once, and gone then
    Column("mode", String(8), nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # saved anew every few seconds, it would leave readable copies
    Column("version", Integer, nullable=False),
    Column("saved_at", Instant, nullable=False),
    UniqueConstraint("ticket_id", "account_id", "key"),
    CheckConstraint("mode IN ('reply', 'note')", name="mode"),
)

# --- the road of messages -------------------------------------------------------------------------------------

inbox = Table(
    "inbox",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("channel", String(16), nullable=False),
    Column("key", String(80), nullable=False),  # the channel's own: an update id, a form's key
    Column("sender", String(32), nullable=False),  # keyed hash of the address: whose order is kept
    Column("body", LargeBinary),  # sealed raw bytes; emptied by the transaction that handles them
    Column("state", String(12), nullable=False, default="open"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("handled_at", Instant),
    UniqueConstraint("channel", "key"),  # a second delivery of the same thing changes nothing
    CheckConstraint("state IN ('open', 'done', 'quarantined')", name="state"),
    CheckConstraint("(state = 'open') = (handled_at IS NULL)", name="handled"),
    Index("ix_inbox_sender_id", "sender", "id"),  # what somebody who asks to see or erase it has sent
    Index(
        "ix_inbox_open",
        "sender",
        "id",
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    sqlite_autoincrement=True,
)

decision = Table(
    "decision",
    metadata,
    Column("inbox_id", Serial, ForeignKey("inbox.id"), primary_key=True, autoincrement=False),  # one decision an item
    Column("kind", String(20), nullable=False),
    Column("replies", Integer, nullable=False),  # how many outbox items it made
    Column("decided_at", Instant, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("channel", String(16), nullable=False),
    Column("key", String(80), nullable=False),
    Column("sender", String(32), nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),  # sealed raw bytes
    Column("reason", String(200), nullable=False),
    Column("received_at", Instant, nullable=False),
    UniqueConstraint("channel", "key"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("key", String(120), nullable=False, unique=True),  # what it is: once in the table, once sent
    Column("inbox_id", Serial, ForeignKey("inbox.id")),
    Column("ordinal", Integer),
    Column("message_id", Serial, ForeignKey("message.id", ondelete="CASCADE")),
    Column("notice_id", Serial, ForeignKey("notice.id", ondelete="CASCADE")),
    Column("group_message_id", Serial, ForeignKey("group_message.id", ondelete="SET NULL"), index=True),
    Column("act", String(8), nullable=False, default="send"),
    Column("target", String(40)),  # the channel's id of what is replied to, edited or deleted
    Column("channel", String(16), nullable=False),
    Column("destination", String(32), nullable=False),  # conversation id or chat link id: whose order is kept
    Column("is_broadcast", Boolean, nullable=False, default=False),  # nobody waits for it: all else goes ahead
    Column("is_urgent", Boolean, nullable=False, default=False),  # the reply to a danger: it goes ahead of all else
    Column("state", String(8), nullable=False, default="queued"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("uncertain", Boolean, nullable=False, default=False),  # an attempt may have arrived unseen
    Column("lease_until", Instant),
    Column("not_before", Instant, nullable=False),
    Column("queued_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("external_id", String(40)),  # the channel's id of what was sent
    Column("reason", String(200)),
    Column("sealed_address", LargeBinary),  # of a last word to somebody erased; emptied when it has been said
    UniqueConstraint("inbox_id", "ordinal"),  # no decision has two copies of a reply
    CheckConstraint("state IN ('queued', 'sending', 'sent', 'failed')", name="state"),
    CheckConstraint("act IN ('send', 'file', 'edit', 'delete', 'answer', 'open', 'drop', 'picture')", name="act"),
    CheckConstraint("(message_id IS NULL) <> (notice_id IS NULL)", name="content"),
    CheckConstraint("(state = 'sending') = (lease_until IS NOT NULL)", name="leased"),
    CheckConstraint("(state IN ('sent', 'failed')) = (finished_at IS NOT NULL)", name="finished"),
    *(
        Index(  # each destination's line, what somebody waits for and what nobody does; and the order of the latter
            name,
            *columns,
            sqlite_where=text(f"is_broadcast = {int(is_broadcast)} AND state IN ('queued', 'sending')"),
            postgresql_where=text(f"is_broadcast = {is_broadcast} AND state IN ('queued', 'sending')"),
        )
        for name, columns, is_broadcast in (
            ("ix_outbox_waiting", ("destination", "is_urgent", "id"), False),
            ("ix_outbox_broadcast_waiting", ("destination", "id"), True),
            ("ix_outbox_broadcast", ("id",), True),
        )
    ),
    Index("ix_outbox_message_id", "message_id"),
    Index("ix_outbox_notice_id", "notice_id"),
    sqlite_autoincrement=True,
)

# --- people behind the service --------------------------------------------------------------------------------

account = Table(
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(60), nullable=False, unique=True),
    Column("shown_name", String(60), nullable=False),  # what askers know them by
    Column("role", String(20), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("must_change_password", Boolean, nullable=False, default=False),
    Column("code_secret", LargeBinary),  # sealed: what the one-time codes of their phone are computed from
    Column("code_step", BigInteger),  # the half minute of the last code used: none is good twice
    Column("email", LargeBinary),  # sealed; for what they have asked for below, and nothing else
    Column("wants_digest", Boolean, nullable=False, default=False),  # a word a day when something waits
    Column("wants_urgent", Boolean, nullable=False, default=False),  # at once, when an urgent question comes
    Column("uses_keys", Boolean, nullable=False, default=True),  # in the console, single keys act
    Column("wants_notices", Boolean, nullable=False, default=False),  # the browser's, while the console is open
    Column("wants_sound", Boolean, nullable=False, default=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    CheckConstraint("role IN ('sosiaaliohjaaja', 'tyovoimaneuvoja', 'koordinaattori', 'yllapitaja')", name="role"),
)

recovery_code = Table(  # for who has lost the phone; a row goes when its code is used
    "recovery_code",
    metadata,
    Column("lookup", String(32), primary_key=True),  # keyed hash; the code itself is only on paper
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
)

invitation = Table(  # a link by which somebody chooses the password of a new account, or of one whose is lost
    "invitation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),  # the token itself is only in the link
    Column("name", String(60), nullable=False, unique=True),  # nobody has two links that open
    Column("role", String(20), nullable=False),
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), index=True),  # whose password is lost
    Column("invited_by", Id, ForeignKey("account.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    CheckConstraint("role IN ('sosiaaliohjaaja', 'tyovoimaneuvoja', 'koordinaattori', 'yllapitaja')", name="role"),
)

digest_run = Table(  # whose digest of which local day is settled: none is ever sent twice
    "digest_run",
    metadata,
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # the token itself is only in the browser
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("form_token", String(64), nullable=False),
    Column("is_confirmed", Boolean, nullable=False, default=False),  # by a one-time code, besides the password
    Column("device", String(40), nullable=False, default=""),  # in words, for its owner to know it by
    Column("offered_secret", LargeBinary),  # sealed: what a phone is to be set up with, until it shows a code of it
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

login_attempt = Table(
    "login_attempt",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("subject", String(32), nullable=False),  # keyed hash of the source address or the account name
    Column("attempted_at", Instant, nullable=False),
    Index("ix_login_attempt_subject_attempted_at", "subject", "attempted_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("account_id", Id),
    Column("act", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("origin", String(80), nullable=False),  # from where: a device in words and a keyed hash of its address
    Column("previous_hash", String(64), nullable=False, unique=True),  # the chain can't fork
    Column("hash", String(64), nullable=False),
    Index("ix_audit_at", "at"),
    Index("ix_audit_account_id_id", "account_id", "id"),
    Index("ix_audit_subject_id", "subject", "id"),  # who has looked at an asker's questions, for them to read
    sqlite_autoincrement=True,
)

chat_link = Table(  # Telegram chats of the people behind the service: the advisors' group, the coordinator's chat
    "chat_link",
    metadata,
    Column("id", Id, primary_key=True),
    Column("purpose", String(12), nullable=False),
    Column("lookup", String(32), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("former_lookup", String(32)),  # of the group that has become this supergroup
    Column("linked_at", Instant, nullable=False),
    UniqueConstraint("purpose", "lookup"),
    CheckConstraint("purpose IN ('advisors', 'coordinator')", name="purpose"),
)

telegram_account = Table(  # who of the advisors is who in Telegram, so that a group's buttons know them
    "telegram_account",
    metadata,
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("lookup", String(32), nullable=False, unique=True),  # keyed hash; their Telegram id itself is nowhere
    Column("linked_at", Instant, nullable=False),
)

link_code = Table(
    "link_code",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("purpose", String(12), nullable=False),
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), index=True),  # whose Telegram it is to link
    Column("expires_at", Instant, nullable=False),
    CheckConstraint("(purpose = 'account') = (account_id IS NOT NULL)", name="account"),
)

# What is sent to those chats: a ticket's post, a summary; an asker's text only if the owner wishes so. Or sealed mail.
notice = Table(
    "notice",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("text", Text, nullable=False),
    Column("buttons", JSON, nullable=False, default=list),  # as a message's; pressed as verb:group_message:n
    Column("created_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

group_message = Table(  # what stands in an advisors' group about a ticket, and goes from there when that is forgotten
    "group_message",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("key", String(120), nullable=False, unique=True),  # what it is: once in the table, once in the group
    Column("kind", String(8), nullable=False),  # a forum topic, a post, a word of the bot's, an advisor's reply
    Column("chat_link_id", Id, ForeignKey("chat_link.id", ondelete="CASCADE"), nullable=False),
    Column("ticket_id", Id, ForeignKey("ticket.id", ondelete="SET NULL"), index=True),
    # What a reply became in the thread, until the group has been told whether it arrived:
    Column("message_id", Serial, ForeignKey("message.id", ondelete="SET NULL"), index=True),
    Column("external_id", String(40)),  # the group's own id of it, once it is there
    Column("shown", String(64)),  # of a post: hash of what it says,
    Column("ticket_version", Integer),  # as of this version of the ticket,
    Column("heard", Integer),  # with so many messages of the asker's told of
    Column("created_at", Instant, nullable=False),
    CheckConstraint("kind IN ('topic', 'post', 'word', 'reply')", name="kind"),
    Index("ix_group_message_chat_link_id_external_id", "chat_link_id", "external_id"),
    sqlite_autoincrement=True,
)

# --- knowledge edited in the console --------------------------------------------------------------------------

entry_revision = Table(
    "entry_revision",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("entry_id", String(64), nullable=False),
    Column("language", String(2), nullable=False),
    Column("part", String(10), nullable=False),
    Column("base_hash", String(64)),  # of the file it was last compared with; none for a new entry
    Column("state", String(10), nullable=False),
    Column("text", Text, nullable=False),  # the whole new content of that file
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("part IN ('answer', 'phrasings')", name="part"),
    CheckConstraint("state IN ('draft', 'replaced', 'published', 'file', 'withdrawn')", name="state"),
    Index("ix_entry_revision_entry_id_language_part", "entry_id", "language", "part", "id"),
    Index(  # what is being written of a part is one text
        "uq_entry_revision_draft",
        "entry_id",
        "language",
        "part",
        unique=True,
        sqlite_where=text("state = 'draft'"),
        postgresql_where=text("state = 'draft'"),
    ),
)

reply_template = Table(  # what advisors begin their replies with
    "reply_template",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("texts", JSON, nullable=False),  # by language
    Column("version", Integer, nullable=False),  # counts its changes: nobody writes over what they haven't read
    Column("account_id", Id, ForeignKey("account.id")),  # who wrote it so; none: it came with the service
    Column("changed_at", Instant, nullable=False),
)

# --- figures --------------------------------------------------------------------------------------------------

campaign = Table(  # where the service is made known; its code stands in links and on posters
    "campaign",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("place", String(80), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("ended_at", Instant),  # before its last day
    Column("questions", JSON, nullable=False),  # of its posters, by language
    Index(  # a form sent twice makes one campaign: nothing would tell two of them apart
        "uq_campaign_not_ended",
        "name",
        "place",
        "first_day",
        "last_day",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

outreach = Table(  # what the calendar has proposed and somebody has taken up: a campaign made of it, or done otherwise
    "outreach",
    metadata,
    Column("key", String(100), primary_key=True),  # what is proposed, and for when
    Column("campaign", String(64), ForeignKey("campaign.code")),
    Column("done_at", Instant),
    CheckConstraint("(campaign IS NULL) <> (done_at IS NULL)", name="how"),
)

tip = Table(  # of which week those get what who have subscribed to tips
    "tip",
    metadata,
    Column("id", Id, primary_key=True),
    Column("monday", Date, nullable=False, unique=True),  # of its week: nobody gets two in one
    Column("texts", JSON, nullable=False),  # by language, Markdown
    Column("questions", JSON, nullable=False),  # which each of them ends with
    Column("is_approved", Boolean, nullable=False, default=False),  # a draft is sent to nobody
    Column("version", Integer, nullable=False),  # counts its changes: nobody writes over what they haven't read
    Column("account_id", Id, ForeignKey("account.id")),  # who wrote it so; none: it came with the service
    Column("changed_at", Instant, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("kind", String(20), nullable=False),
    Column("at", Instant, nullable=False),
    Column("local_day", Date, nullable=False),
    Column("local_hour", Integer, nullable=False),
    Column("in_office_hours", Boolean, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("language", String(2), nullable=False),
    Column("campaign", String(64)),  # by which link they came last, if within 30 days
    Column("first_campaign", String(64)),  # and first
    Column("topic", String(64)),
    Column("seconds", Float),  # of a reply: how long the asker waited
    Column("first_of_day", Boolean, nullable=False),  # this asker's first of the kind: lets askers be
    Column("first_of_week", Boolean, nullable=False),  # counted without naming them
    Column("first_of_month", Boolean, nullable=False),
    Column("first_of_year", Boolean, nullable=False, default=False),
    Column("first_of_campaign", Boolean, nullable=False, default=False),  # their first step of the kind by that link
    Column("first_of_first_campaign", Boolean, nullable=False, default=False),
    Column("is_returning", Boolean, nullable=False),
    Index("ix_event_local_day_kind", "local_day", "kind"),
    Index(  # the few that the calendar of tips counts
        "ix_event_tip",
        "topic",
        "kind",
        sqlite_where=text("kind IN ('tip_sent', 'tip_tapped', 'tip_asked', 'tip_left')"),
        postgresql_where=text("kind IN ('tip_sent', 'tip_tapped', 'tip_asked', 'tip_left')"),
    ),
    *(
        Index(  # the few that a campaign's table counts
            f"ix_event_{flag}",
            column,
            "kind",
            "channel",
            sqlite_where=text(f"{flag} = 1"),
            postgresql_where=text(flag),
        )
        for column, flag in (("campaign", "first_of_campaign"), ("first_campaign", "first_of_first_campaign"))
    ),
)

tallied_day = Table(  # a local day that is over and added up: see `tallying`
    "tallied_day",
    metadata,
    Column("local_day", Date, primary_key=True),
    Column("events", Integer, nullable=False),
    Column("mark", String(16), nullable=False),  # made anew whenever the day is added up, for who remembers what it was
    Column("waits", JSON, nullable=False),  # how many seconds each asker waited whom a person first answered that day
)

tally = Table(  # the events of a day by one thing at a time, each of which refers to nobody
    "tally",
    metadata,
    Column("dimension", String(8), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("local_day", Date, primary_key=True),
    Column("value", String(64), primary_key=True),
    *(Column(name, Integer, nullable=False) for name in ("times", "first_of_day", "first_of_week", "first_of_month")),
    *(Column(name, Integer, nullable=False) for name in ("first_of_year", "first_ever")),
    sqlite_with_rowid=False,
)

summary_run = Table(
    "summary_run",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("period", String(8), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("recipient", String(40), nullable=False),  # 'console' or a reader's id
    Column("text", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("period", "first_day", "recipient"),  # none is ever sent twice
)

summary_reader = Table(  # who gets summaries: an e-mail address, or a coordinator's chat with wishes
    "summary_reader",
    metadata,
    Column("id", Id, primary_key=True),  # a chat's is its link's
    Column("chat_link_id", Id, ForeignKey("chat_link.id", ondelete="CASCADE"), unique=True),
    Column("email", LargeBinary),  # sealed
    Column("lookup", String(32), unique=True),  # keyed hash of the address: nobody gets them twice
    Column("language", String(2), nullable=False),
    Column("wants_day", Boolean, nullable=False),
    Column("wants_week", Boolean, nullable=False),
    Column("wants_month", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("confirmed_at", Instant),  # by whom the address belongs to: until then only the question whether goes there
    Column("bounced_at", Instant),  # when a letter came back from there: from then on nothing goes there
    CheckConstraint("(chat_link_id IS NULL) = (email IS NOT NULL)", name="way"),
    CheckConstraint("(email IS NULL) = (lookup IS NULL)", name="found"),
)

asked_address = Table(  # that an address was asked whether it wants summaries, and has said no
    "asked_address",
    metadata,
    Column("lookup", String(32), primary_key=True),  # keyed hash of the address
    Column("asked_at", Instant, nullable=False),
    Column("refused_at", Instant),
)

self_check = Table(  # when the service last looked at itself, and what it found
    "self_check",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("checked_at", Instant, nullable=False),
    Column("ok_at", Instant),  # when it was last well
    Column("failures", Integer, nullable=False),  # in a row
    Column("trouble", String(16)),
    Column("since", Instant, nullable=False),  # since when it has been so, or looked at without a break
)

alarm = Table(  # what the people behind the service were told once: a channel is dead, hardly anybody asks
    "alarm",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("noticed_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_as", String(12)),
    Column("facts", JSON, nullable=False),  # numbers and names of groups, never of people
    Index(  # one at a time of each kind
        "uq_alarm_open_kind",
        "kind",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index("ix_alarm_noticed_at", "noticed_at"),
)

# --- the processes among themselves ---------------------------------------------------------------------------

revision_counter = Table(  # "has it changed since I looked?", for every process: the queue, the FAQ
    "revision_counter",
    metadata,
    Column("topic", String(20), primary_key=True),
    Column("number", Integer, nullable=False),
)

lease = Table(  # what only one process does at a time, such as asking Telegram for updates
    "lease",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("owner", String(32), nullable=False),
    Column("expires_at", Instant, nullable=False),
)
