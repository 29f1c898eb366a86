#!/bin/sh
# Runs examples/store. Arguments go to the example. Without any, and without DATABASE_URL, it runs in a temporary folder,
# on SQLite, which is compiled in: a C compiler and Rust suffice. With --postgres it runs on a throw-away PostgreSQL
# server, which is installed if it is missing.
set -eu
cd "$(dirname "$0")/.."

case " $* " in
    *' --postgres '*) DATABASE_URL='' scripts/install-postgresql.sh ;;
    # Nothing of PostgreSQL.
    *) DATABASE_URL=${DATABASE_URL:-sqlite:} scripts/install-postgresql.sh ;;
esac
echo "Building and running examples/store (the first build takes a minute or two) ..." >&2
exec cargo run --quiet --example store --features sqlite -- "$@"
