"""unknown codes are found quickly: the board asks every few seconds."""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

_INDEXES = (
    ('ix_call_unknown_code', "rule IN ('unknown call type', 'unknown priority', 'unknown source')"),
    ('ix_call_unknown_outcome', "(facts ->> 'outcome') = 'unknown'"),
)


def upgrade() -> None:
    # By themselves, so that they can be made again: one that is made beside everybody's work may be left half made.
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')  # it waits for others, and nobody waits for it
        for name, where in _INDEXES:
            op.drop_index(name, 'call', if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name,
                'call',
                ['updated_real'],
                unique=False,
                postgresql_where=sa.text(where),
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    for name, _ in _INDEXES:
        op.drop_index(name, table_name='call')
