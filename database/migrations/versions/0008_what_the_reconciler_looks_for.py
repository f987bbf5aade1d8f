"""what the reconciler looks for is found quickly."""

from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

_INDEXES = (
    ('ix_text_claimed', 'text', 'claimed_real', None),
    ('ix_text_with_body', 'text', 'claimed_real', 'body_encrypted IS NOT NULL'),
    ('ix_text_without_end', 'text', 'looked_up_real', "state IN ('sending', 'unknown', 'accepted', 'sent')"),
    ('ix_text_not_delivered', 'text', 'updated_real', "error_code IS NOT NULL OR state IN ('undelivered', 'failed')"),
    ('ix_inbound_message_with_body', 'inbound_message', 'received_at', 'body_encrypted IS NOT NULL'),
)


def upgrade() -> None:
    # By themselves, so that they can be made again: one that is made beside everybody's work may be left half made.
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')  # it waits for others, and nobody waits for it
        for name, table, column, where in _INDEXES:
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(name, table, [column], unique=False, postgresql_where=where, postgresql_concurrently=True)


def downgrade() -> None:
    for name, table, _, _ in _INDEXES:
        op.drop_index(name, table_name=table)
