"""Alembic's way into our schema; run through `bot.store.migrate`, which hands over the connection."""

from alembic import context

from bot.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    user_module_prefix="schema.",
)
with context.begin_transaction():
    context.run_migrations()
