"""every way a call goes: numbers of a call, what a person should look at, numbers that must not be texted."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Columns with a constant default and tables: none of this rewrites or scans `call`.
    op.create_table('blocked_number',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('phone_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('phone_encrypted', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('since_real', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until_real', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_real', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('uq_blocked_number_in_force', 'blocked_number', ['phone_hash'], unique=True, postgresql_where='ended_real IS NULL')
    op.add_column('call', sa.Column('numbers', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default='{}', nullable=False))
    op.alter_column('call', 'numbers', server_default=None)
    op.add_column('call', sa.Column('first_heard', sa.DateTime(timezone=True), nullable=True))
    op.add_column('call', sa.Column('trouble', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('call', sa.Column('trouble_since_real', sa.DateTime(timezone=True), nullable=True))
    op.drop_column('call', 'phone_versions')
    with op.get_context().autocommit_block():
        op.create_index('ix_call_trouble', 'call', ['trouble_since_real'], unique=False, postgresql_where='trouble IS NOT NULL', postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index('ix_call_trouble', table_name='call', postgresql_where='trouble IS NOT NULL')
    op.add_column('call', sa.Column('phone_versions', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default='{}', nullable=False))
    op.alter_column('call', 'phone_versions', server_default=None)
    op.drop_column('call', 'trouble_since_real')
    op.drop_column('call', 'trouble')
    op.drop_column('call', 'first_heard')
    op.drop_column('call', 'numbers')
    op.drop_index('uq_blocked_number_in_force', table_name='blocked_number', postgresql_where='ended_real IS NULL')
    op.drop_table('blocked_number')
