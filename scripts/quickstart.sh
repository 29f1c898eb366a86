#!/bin/sh
# Runs examples/store. Arguments go to the example. Without any, and without DATABASE_URL, it runs in a temporary folder,
# on SQLite, which is compiled in: a C compiler and Rust suffice. With --postgres it runs on a throw-away PostgreSQL
# server, with --mysql on a throw-away MariaDB server; either is installed if it is missing.
set -eu
cd "$(dirname "$0")/.."

features=sqlite
case " $* " in
    *' --postgres '*) DATABASE_URL='' scripts/install-postgresql.sh ;;
    # Nothing of PostgreSQL.
    *) DATABASE_URL=${DATABASE_URL:-sqlite:} scripts/install-postgresql.sh ;;
esac
case " $* " in
    *' --mysql '*) scripts/install-mariadb.sh ;;
esac
case "$* ${DATABASE_URL:-}" in
    *--mysql* | *mysql:* | *mariadb:*) features=sqlite,mysql ;;
esac
echo "Building and running examples/store (the first build takes a minute or two) ..." >&2
exec cargo run --quiet --example store --features "$features" -- "$@"
