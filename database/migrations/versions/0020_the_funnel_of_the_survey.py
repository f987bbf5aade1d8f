"""how many opened and started the survey, by week; whether a link was opened."""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'survey_count',
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('week', sa.String(), nullable=False),
        sa.Column('language', sa.String(), nullable=False),
        sa.Column('opened', sa.Integer(), nullable=False),
        sa.Column('started', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('agency', 'week', 'language'),
    )
    op.add_column(
        'survey_invitation', sa.Column('opened', sa.Boolean(), nullable=False, server_default='false')
    )


def downgrade() -> None:
    op.drop_column('survey_invitation', 'opened')
    op.drop_table('survey_count')
