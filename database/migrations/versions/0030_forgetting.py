"""what is forgotten: calls without their numbers, comments by the month of their review, old entries of the audit log."""

import sqlalchemy as sa
from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None

_INDEXES = (
    ('ix_call_to_forget', 'call', 'updated_real', 'forgotten_real IS NULL AND ended_reason IS NOT NULL'),
    ('ix_text_with_number', 'text', 'claimed_real', 'phone_hash IS NOT NULL'),
)
_COMMENTS = ('survey_comment', 'member_feedback')
_WITH_A_COPY_AT_THE_CARRIER = ('text', 'inbound_message')

# Nobody, whatever role they have, deletes an entry of the last 365 days, or changes or empties anything. Older ones go
# through the function alone: it belongs to the owner of the table, and the service may call it.
_ONLY_OLD_ENTRIES_GO = """
CREATE OR REPLACE FUNCTION audit_entry_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'DELETE' AND OLD.at_real < now() - interval '365 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is only added to';
END $$;
CREATE FUNCTION forget_audit_entries(older_than timestamptz, at_most integer) RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    WITH gone AS (
        DELETE FROM audit_entry WHERE id IN (
            SELECT id FROM audit_entry
            WHERE at_real < least(older_than, now() - interval '365 days')
            ORDER BY at_real LIMIT at_most
        ) RETURNING 1
    )
    SELECT count(*)::integer FROM gone
$$;
"""
_AS_BEFORE = """
DROP FUNCTION forget_audit_entries(timestamptz, integer);
CREATE OR REPLACE FUNCTION audit_entry_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$;
"""


def upgrade() -> None:
    op.add_column('call', sa.Column('forgotten_real', sa.DateTime(timezone=True), nullable=True))
    for table in _WITH_A_COPY_AT_THE_CARRIER:
        op.add_column(table, sa.Column('at_carrier', sa.Boolean(), server_default=sa.true(), nullable=False))
    for table in _COMMENTS:
        op.add_column(table, sa.Column('reviewed_month', sa.String(), nullable=True))
        # When they were reviewed nobody has written down: at the latest now.
        op.execute(f"UPDATE {table} SET reviewed_month = to_char(now(), 'YYYY-MM') WHERE reviewed")
    op.alter_column('survey_invitation', 'token_hash', nullable=True)
    op.execute(_ONLY_OLD_ENTRIES_GO)
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')  # it waits for others, and nobody waits for it
        for name, table, column, where in _INDEXES:
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(name, table, [column], postgresql_where=where, postgresql_concurrently=True)


def downgrade() -> None:
    for name, table, *_ in _INDEXES:
        op.drop_index(name, table_name=table)
    op.execute(_AS_BEFORE)
    # What was forgotten stays so: a link without its token opens nothing.
    op.execute("UPDATE survey_invitation SET token_hash = 'forgotten ' || id WHERE token_hash IS NULL")
    op.alter_column('survey_invitation', 'token_hash', nullable=False)
    for table in _COMMENTS:
        op.drop_column(table, 'reviewed_month')
    for table in _WITH_A_COPY_AT_THE_CARRIER:
        op.drop_column(table, 'at_carrier')
    op.drop_column('call', 'forgotten_real')
