"""every way a call goes: what a person should look at, numbers that must not be texted."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nullable columns and a table: nothing is rewritten, and the program before this one runs on beside it.
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
    op.add_column('call', sa.Column('behind_since_real', sa.DateTime(timezone=True), nullable=True))
    op.add_column('call', sa.Column('trouble', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('call', sa.Column('trouble_since_real', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('call', 'trouble_since_real')
    op.drop_column('call', 'trouble')
    op.drop_column('call', 'behind_since_real')
    op.drop_index('uq_blocked_number_in_force', table_name='blocked_number', postgresql_where='ended_real IS NULL')
    op.drop_table('blocked_number')
