"""a call is found by any number that it ever had, by its case number however it is typed; a switch by its scope."""

from alembic import op
from sqlalchemy import text

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

_PLAIN = "upper(regexp_replace(case_number, '[^A-Za-z0-9]', '', 'g'))"
_INDEXES = (
    ('ix_call_case_plain', 'call', text(_PLAIN), 'btree'),
    ('ix_call_phone_versions', 'call', 'phone_versions', 'gin'),
    ('ix_switch_scope', 'switch', 'scope', 'btree'),
)


def upgrade() -> None:
    # By themselves, so that they can be made again: one that is made beside everybody's work may be left half made.
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')  # it waits for others, and nobody waits for it
        for name, table, column, how in _INDEXES:
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(name, table, [column], postgresql_using=how, postgresql_concurrently=True)


def downgrade() -> None:
    for name, table, _, _ in _INDEXES:
        op.drop_index(name, table_name=table)
