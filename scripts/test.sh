#!/bin/sh
# Installs what is missing, and runs all tests, doctests included, on one throw-away PostgreSQL server, or on that of
# DATABASE_URL; those of MySQL on a throw-away MariaDB server. Arguments go to `cargo test`: scripts/test.sh --test NAME
set -eu
cd "$(dirname "$0")/.."

# Whatever DATABASE_URL says: some tests break a server of their own.
DATABASE_URL='' WITH_LIBPQ=1 scripts/install-postgresql.sh
scripts/install-mariadb.sh

echo "Building the tests and examples (the first build takes some minutes) ..." >&2
# Built along with the tests, for a build of its own would compile its dependencies once more.
messages=$(cargo test --workspace --all-features --no-run --message-format=json-render-diagnostics)
with_postgres=$(printf '%s\n' "$messages" | sed -n 's/.*"executable":"\([^"]*with-postgres\)".*/\1/p')

# Most tests wait for a server most of the time.
RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((2 * $(getconf _NPROCESSORS_ONLN)))}
export RUST_TEST_THREADS

echo "Running the tests ..." >&2
exec "$with_postgres" cargo test --workspace --all-features "$@"
