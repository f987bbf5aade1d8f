"""PostgreSQL: tables, sessions, encryption of columns, migrations."""
