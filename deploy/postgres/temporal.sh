#!/bin/sh
# Run once by the image of PostgreSQL, when its volume is new: a role of its own for Temporal, with two databases that the
# service cannot read, and the service's database, which Temporal cannot.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$(cat "${TEMPORAL_PASSWORD_FILE}")" -v service="${POSTGRES_DB}" \
    --username "${POSTGRES_USER}" --dbname "${POSTGRES_DB}" <<'SQL'
CREATE ROLE temporal LOGIN PASSWORD :'password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE temporal, temporal_visibility, :"service" FROM PUBLIC;
SQL
