"""stop and go: switches, the mode of the service, the phones of a pilot."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('switch',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('scope', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('stopped_real', sa.DateTime(timezone=True), nullable=False),
    sa.Column('stopped_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('why', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('released_real', sa.DateTime(timezone=True), nullable=True),
    sa.Column('released_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('released_why', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('uq_switch_in_force', 'switch', ['scope'], unique=True, postgresql_where='released_real IS NULL')
    op.create_table('service_mode',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('mode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('since_real', sa.DateTime(timezone=True), nullable=False),
    sa.Column('set_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('why', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('pilot_number',
    sa.Column('phone_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('phone_encrypted', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('since_real', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('phone_hash')
    )


def downgrade() -> None:
    op.drop_table('pilot_number')
    op.drop_table('service_mode')
    op.drop_index('uq_switch_in_force', table_name='switch', postgresql_where='released_real IS NULL')
    op.drop_table('switch')
