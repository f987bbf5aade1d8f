#!/bin/sh
# The server's own start, with its password from a file: its image knows a variable only.
set -eu
POSTGRES_PWD="$(cat "${TEMPORAL_PASSWORD_FILE}")"
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
