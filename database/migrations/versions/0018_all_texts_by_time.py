"""all texts by time, as the console lists, counts and exports them; the audit log by act."""

from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

_INDEXES = (
    ('ix_text_due', 'text', ['due_at', 'id'], None, ['state', 'kind', 'language']),
    ('ix_text_state_due', 'text', ['state', 'due_at', 'id'], None, ['kind', 'language']),
    ('ix_text_kind_due', 'text', ['kind', 'due_at', 'id'], None, ['state', 'language']),
    ('ix_text_rule_due', 'text', ['rule', 'due_at', 'id'], 'rule IS NOT NULL', []),
    ('ix_text_error_due', 'text', ['error_code', 'due_at', 'id'], 'error_code IS NOT NULL', []),
    ('ix_audit_entry_act', 'audit_entry', ['act', 'id'], None, []),
)


def upgrade() -> None:
    # By themselves, so that they can be made again: one that is made beside everybody's work may be left half made.
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')  # it waits for others, and nobody waits for it
        for name, table, columns, where, include in _INDEXES:
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(name, table, columns, unique=False, postgresql_where=where, postgresql_include=include, postgresql_concurrently=True)


def downgrade() -> None:
    for name, table, *_ in _INDEXES:
        op.drop_index(name, table_name=table)
