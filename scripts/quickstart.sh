#!/bin/sh
# Installs what is missing, and runs examples/store on a throw-away PostgreSQL server, or on that of DATABASE_URL.
# Arguments go to the example.
set -eu
cd "$(dirname "$0")/.."

scripts/install-postgresql.sh
echo "Building and running examples/store (the first build takes a minute or two) ..." >&2
exec cargo run --quiet --example store -- "$@"
