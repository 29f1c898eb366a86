#!/bin/sh
# Installs what the tests and the example need besides Rust, where it is missing: PostgreSQL's server programs (unless
# DATABASE_URL names a server), in CI also PgBouncer and Pgpool-II, a C linker for rustc, and certificates for cargo. With
# WITH_LIBPQ=1, as the tests call it, curl, and libpq, which Diesel's own PgConnection is linked with. Starts no server.
set -eu

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# In the same places as the tests: see PLACES in tests/support/src/binaries.rs.
has_server() {
    bindir=$(pg_config --bindir 2>/dev/null || true)
    set -f
    IFS=:
    # shellcheck disable=SC2086 # split at the colons
    set -- $PATH "$bindir"
    unset IFS
    set +f
    for folder in "$@" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/lib/postgresql*/bin /usr/libexec/postgresql* \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin /usr/local/pgsql*/bin; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then return 0; fi
    done
    return 1
}

# As in tests/support/src/poolers/process.rs.
has_poolers() {
    [ -n "${PGBOUNCER:-}" ] || command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || return 1
    [ -n "${PGPOOL:-}" ] || command -v pgpool >/dev/null || [ -x /usr/sbin/pgpool ]
}

# Where the crate pq-sys looks for it.
has_libpq() {
    libdir=${PQ_LIB_DIR:-$(pg_config --libdir 2>/dev/null || true)}
    [ -e "$libdir/libpq.so" ] || [ -e "$libdir/libpq.dylib" ]
}

has_certificates() {
    for file in "${SSL_CERT_FILE:-}" "${CARGO_HTTP_CAINFO:-}" /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem \
        /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem; do
        if [ -n "$file" ] && [ -e "$file" ]; then return 0; fi
    done
    return 1
}

has_all() {
    [ -z "$(missing)" ]
}

missing() {
    if [ -z "${DATABASE_URL:-}" ] && ! has_server; then echo server; fi
    # Elsewhere the tests that need it say that they skip.
    if [ -n "${CI:-}" ] && ! has_poolers; then echo poolers; fi
    if [ -n "${WITH_LIBPQ:-}" ] && ! has_libpq; then echo libpq; fi
    if ! command -v cc >/dev/null; then echo linker; fi
    if ! has_certificates; then echo certificates; fi
    # The tests replay what the documents do with it.
    if [ -n "${WITH_LIBPQ:-}" ] && ! command -v curl >/dev/null; then echo curl; fi
}

# as_root SCRIPT: announces it, and runs it.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        say "running: $1"
        sh -ec "$1" </dev/null
    elif command -v sudo >/dev/null; then
        say "running with sudo: $1"
        sudo sh -ec "$1"
    else
        say "only root can do this, and there is no sudo. Have root run:"
        printf '%s\n' "$1" >&2
        exit 1
    fi
}

# packages SERVER LINKER CERTIFICATES CURL LIBPQ: the names of those that are missing, on one line.
packages() {
    names=
    for part in $(missing); do
        case $part in
            server) names="$names $1" ;;
            poolers) names="$names pgbouncer pgpool2" ;;
            linker) names="$names $2" ;;
            certificates) names="$names $3" ;;
            curl) names="$names $4" ;;
            libpq) names="$names $5" ;;
        esac
    done
    echo "$names"
}

has_all && exit 0
say "missing here: $(missing | tr '\n' ' ')"

if command -v apt-get >/dev/null; then
    wanted=$(packages postgresql "gcc libc6-dev" ca-certificates curl libpq-dev)
    say "installing with apt-get, which takes a minute:$wanted"
    script="export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1"
    conf=/etc/postgresql-common/createcluster.conf
    if [ "${wanted#*postgresql}" != "$wanted" ] && [ ! -e "$conf" ]; then
        say "$conf will say that no database server of the system's own is wanted"
        script="$script; mkdir -p ${conf%/*}; echo create_main_cluster = false >$conf"
    fi
    # Without dpkg's line for each step of each package: what goes wrong is on the other output.
    as_root "$script; apt-get update -qq; apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300$wanted >/dev/null"
elif command -v dnf >/dev/null; then
    as_root "dnf install -y$(packages postgresql-server gcc ca-certificates curl libpq-devel)"
elif command -v pacman >/dev/null; then
    as_root "pacman -S --noconfirm --needed$(packages postgresql gcc ca-certificates curl postgresql-libs)"
elif command -v apk >/dev/null; then
    as_root "apk add$(packages postgresql "gcc musl-dev" ca-certificates curl libpq-dev)"
elif command -v brew >/dev/null; then
    say "running: brew install postgresql"
    brew install postgresql
fi

if ! has_all; then
    say "still missing: $(missing | tr '\n' ' ')"
    say "Install PostgreSQL's server (initdb, postgres), a C compiler (cc), CA certificates and curl in this system's own way."
    exit 1
fi
say "done"
