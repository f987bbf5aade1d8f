#!/bin/sh
# The schema of Temporal's two databases, made or brought up to the version of this image. Safe to run again, and the first
# step of every upgrade of Temporal: the server refuses to start on an older schema. As in temporalio/samples-server
# (temporalio/auto-setup is no longer made).
set -eu
SQL_PASSWORD="$(cat "${TEMPORAL_PASSWORD_FILE}")"
export SQL_PASSWORD
for database in temporal visibility; do
    name=temporal
    [ "$database" = visibility ] && name=temporal_visibility
    set -- --plugin postgres12 --ep "${POSTGRES_SEEDS}" --port 5432 --user temporal --db "$name"
    # Version 0.0 makes the table of versions. On a database that has one it changes nothing and may fail.
    temporal-sql-tool "$@" setup-schema -v 0.0 || echo "schema of $name: there already"
    temporal-sql-tool "$@" update-schema -d "/etc/temporal/schema/postgresql/v12/$database/versioned"
done
