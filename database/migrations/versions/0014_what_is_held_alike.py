"""no mark on a held answer that can be read without keys; a link whose end has passed is over for good."""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

_MARKS = ('urgent', 'seen')
"""They stand inside what is encrypted. The columns stay for one release: processes of the one before still write them,
until they are started anew, and every cut clears them. The release after this one drops them."""


def upgrade() -> None:
    op.execute('UPDATE survey_held SET urgent = false, seen = false WHERE urgent OR seen')  # a day's at most
    op.drop_index('ix_survey_held_urgent', table_name='survey_held')
    for mark in _MARKS:
        op.alter_column('survey_held', mark, server_default='false')
    # With a constant default no row is written: the lock lasts a moment.
    op.add_column('survey_invitation', sa.Column('over', sa.Boolean(), nullable=False, server_default='false'))


def downgrade() -> None:
    op.drop_column('survey_invitation', 'over')
    for mark in _MARKS:
        op.alter_column('survey_held', mark, server_default=None)
    op.create_index(
        'ix_survey_held_urgent', 'survey_held', ['id'], postgresql_where=sa.text('urgent AND NOT seen')
    )
