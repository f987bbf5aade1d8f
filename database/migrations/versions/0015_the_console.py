"""the console: who is signed in, the audit log, the language that staff choose for a call."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

_ONLY_ADDED_TO = """
CREATE FUNCTION audit_entry_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$;
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_is_only_added_to();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_is_only_added_to();
"""


def upgrade() -> None:
    op.create_table(
        'staff_session',
        sa.Column('id_hash', sa.String(), nullable=False),
        sa.Column('subject', sa.String(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('roles', postgresql.JSONB(), nullable=False),
        sa.Column('began_real', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_real', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ends_real', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id_hash'),
    )
    op.create_index(op.f('ix_staff_session_ends_real'), 'staff_session', ['ends_real'])
    op.create_table(
        'audit_entry',
        sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column('at_real', sa.DateTime(timezone=True), nullable=False),
        sa.Column('subject', sa.String(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('roles', postgresql.JSONB(), nullable=False),
        sa.Column('act', sa.String(), nullable=False),
        sa.Column('outcome', sa.String(), nullable=False),
        sa.Column('about', sa.String(), nullable=True),
        sa.Column('detail', postgresql.JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_audit_entry_about', 'audit_entry', ['about', 'id'])
    op.create_index('ix_audit_entry_subject', 'audit_entry', ['subject', 'id'])
    op.create_index('ix_audit_entry_at', 'audit_entry', ['at_real'])
    op.execute(_ONLY_ADDED_TO)
    op.create_table(
        'caller_language',
        sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column('call_id', sa.String(), nullable=False),
        sa.Column('language', sa.String(), nullable=False),
        sa.Column('chosen_real', sa.DateTime(timezone=True), nullable=False),
        sa.Column('chosen_by', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_caller_language_call', 'caller_language', ['call_id', 'id'])


def downgrade() -> None:
    op.drop_table('caller_language')
    op.drop_table('audit_entry')
    op.execute('DROP FUNCTION audit_entry_is_only_added_to')
    op.drop_table('staff_session')
