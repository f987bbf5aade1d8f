"""ledger and carrier are compared; the words of texts can be deleted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A table, a column without a value, a condition less: nothing is rewritten or read through.
    op.create_table('reconciliation',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('texts_ours', sa.Integer(), nullable=False),
    sa.Column('texts_theirs', sa.Integer(), nullable=False),
    sa.Column('segments_ours', sa.Integer(), nullable=False),
    sa.Column('segments_theirs', sa.Integer(), nullable=False),
    sa.Column('only_at_carrier', sa.Integer(), nullable=False),
    sa.Column('only_in_ledger', sa.Integer(), nullable=False),
    sa.Column('states_differ', sa.Integer(), nullable=False),
    sa.Column('named', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('made_real', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('day')
    )
    op.add_column('text', sa.Column('looked_up_real', sa.DateTime(timezone=True), nullable=True))
    op.alter_column('inbound_message', 'body_encrypted', nullable=True)


def downgrade() -> None:
    op.execute("UPDATE inbound_message SET body_encrypted = '' WHERE body_encrypted IS NULL")
    op.alter_column('inbound_message', 'body_encrypted', nullable=False)
    op.drop_column('text', 'looked_up_real')
    op.drop_table('reconciliation')
