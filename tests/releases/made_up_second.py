"""A migration of no release: a column more, filled, and a table; a file `kill` beside it ends it in between."""

import os
import signal
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table(
        "asker", recreate="auto" if op.get_bind().dialect.name == "postgresql" else "always"
    ) as asker:
        asker.add_column(sa.Column("made_up", sa.String(40)))
    op.execute("UPDATE asker SET made_up = alias")
    if Path(__file__).with_name("kill").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    op.create_table("made_up", sa.Column("patience", sa.String(40)))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("INSERT INTO made_up VALUES (current_setting('statement_timeout'))")
