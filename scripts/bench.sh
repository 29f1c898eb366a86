#!/bin/sh
# Runs a benchmark with client and server on one core, where the system can pin them: on small machines the placement
# decides what a round trip costs. The first argument names the benchmark; `flat` takes the number of other tenants from OTHERS.
set -eu
cd "$(dirname "$0")/.."
# All features have Diesel's own PgConnection among them.
WITH_LIBPQ=1 scripts/install-postgresql.sh
bench=${1:-checkout}
if command -v taskset >/dev/null 2>&1; then
    cargo bench --all-features --bench "$bench" --no-run
    exec taskset -c 0 cargo bench --quiet --all-features --bench "$bench"
fi
exec cargo bench --quiet --all-features --bench "$bench"
