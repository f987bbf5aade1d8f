"""answers counted by area, and what waits to be counted."""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None

# The planner's statistics hold values of a column as they are: an older night's numbers, too (R7).
WITHOUT_STATISTICS = (('survey_area_held', 'body_encrypted'), ('survey_area_count', 'count'))


def upgrade() -> None:
    op.create_table(
        'survey_area_held',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('body_encrypted', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    named = ('agency', 'month', 'area', 'area_version', 'survey_version', 'question', 'option')
    op.create_table(
        'survey_area_count',
        *(sa.Column(name, sa.String(), nullable=False) for name in named),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*named),
    )
    for table, column in WITHOUT_STATISTICS:
        op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0')


def downgrade() -> None:
    op.drop_table('survey_area_count')
    op.drop_table('survey_area_held')
