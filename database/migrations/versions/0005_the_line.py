"""the line: how fast, and whether, our numbers may send."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('line',
    sa.Column('sender', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('free_at_real', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_since_real', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_because', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('try_again_real', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('sender')
    )
    op.create_table('line_place',
    sa.Column('text_id', sa.Uuid(), nullable=False),
    sa.Column('sender', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.Column('until_real', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('text_id')
    )
    op.add_column('text', sa.Column('sender', sqlmodel.sql.sqltypes.AutoString(), nullable=True))


def downgrade() -> None:
    op.drop_column('text', 'sender')
    op.drop_table('line_place')
    op.drop_table('line')
