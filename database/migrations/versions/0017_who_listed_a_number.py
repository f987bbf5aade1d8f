"""who put a number on a list, who took it off, and why."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

_OF_BLOCKED = ('added_by', 'note', 'ended_by', 'ended_why')
_OF_OPT_OUTS = ('entered_by', 'entered_why', 'ended_by', 'ended_why')


def upgrade() -> None:
    for name in _OF_BLOCKED:
        op.add_column('blocked_number', sa.Column(name, sa.String(), nullable=True))
    for name in _OF_OPT_OUTS:
        op.add_column('opt_out', sa.Column(name, sa.String(), nullable=True))
    op.add_column('opt_out', sa.Column('stop_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('opt_out', 'stop_at')
    for name in _OF_OPT_OUTS:
        op.drop_column('opt_out', name)
    for name in _OF_BLOCKED:
        op.drop_column('blocked_number', name)
