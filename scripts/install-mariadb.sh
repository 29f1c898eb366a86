#!/bin/sh
# Installs what the tests of MySQL need besides Rust, where it is missing: MariaDB's server programs and its
# client, Galera where the system has it as a package, and, for root, the account `mysql` that a server runs as. Starts
# no server, and sets up no service.
set -eu

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# In the same places as the tests: see PLACES in tests/support/src/mariadb/binaries.rs.
has_program() {
    set -f
    IFS=:
    # shellcheck disable=SC2086 # split at the colons
    set -- "$1" $PATH
    unset IFS
    set +f
    program=$1
    shift
    for folder in "$@" /usr/sbin /usr/libexec /usr/local/sbin /opt/homebrew/opt/mariadb/bin \
        /usr/local/opt/mariadb/bin /usr/local/mariadb/bin; do
        if [ -x "$folder/$program" ]; then return 0; fi
    done
    return 1
}

# In the same places as the tests: see PLACES in tests/support/src/mariadb/galera.rs. Without it, the test of a cluster
# is skipped.
has_galera() {
    for folder in /usr/lib/galera /usr/lib/galera-4 /usr/lib64/galera /usr/lib64/galera-4; do
        if [ -e "$folder/libgalera_smm.so" ]; then return 0; fi
    done
    ! command -v apt-get >/dev/null && ! command -v dnf >/dev/null
}

# MariaDB refuses to run as root.
has_account() {
    [ "$(id -u)" -ne 0 ] || grep -q '^mysql:' /etc/passwd
}

missing() {
    if ! has_program mariadbd || ! has_program mariadb-install-db; then echo server; fi
    if ! has_program mariadb; then echo client; fi
    if ! has_galera; then echo galera; fi
    if ! has_account; then echo account; fi
}

has_all() {
    [ -z "$(missing)" ]
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

# packages SERVER CLIENT GALERA: the names of those that are missing, on one line.
packages() {
    names=
    for part in $(missing); do
        case $part in
            server) names="$names $1" ;;
            client) names="$names $2" ;;
            galera) names="$names $3" ;;
        esac
    done
    echo "$names"
}

has_all && exit 0
say "missing here: $(missing | tr '\n' ' ')"

if [ -n "$(packages server client galera)" ]; then
    if command -v apt-get >/dev/null; then
        # The programs alone: the package mariadb-server would start a service.
        wanted=$(packages mariadb-server-core mariadb-client-core galera-4)
        say "installing with apt-get, which takes a minute:$wanted"
        as_root "export DEBIAN_FRONTEND=noninteractive; apt-get update -qq; apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300$wanted >/dev/null"
    elif command -v dnf >/dev/null; then
        as_root "dnf install -y$(packages mariadb-server mariadb galera)"
    elif command -v pacman >/dev/null; then
        as_root "pacman -S --noconfirm --needed$(packages mariadb mariadb-clients "")"
    elif command -v apk >/dev/null; then
        as_root "apk add$(packages mariadb mariadb-client "")"
    elif command -v brew >/dev/null; then
        say "running: brew install mariadb"
        brew install mariadb
    fi
fi
if ! has_account; then
    as_root "useradd --system --no-create-home --shell /usr/sbin/nologin mysql"
fi

if ! has_all; then
    say "still missing: $(missing | tr '\n' ' ')"
    say "Install MariaDB's server (mariadbd, mariadb-install-db) and client (mariadb) in this system's own way."
    exit 1
fi
say "done"
