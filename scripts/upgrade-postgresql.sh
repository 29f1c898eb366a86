#!/bin/sh
# Brings PostgreSQL's packages to the distribution's newest minor version, where root may do that by apt-get. Never under a running
# server: its processes would load programs and libraries of two versions.
set -eu

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    say "left as it is: that takes root and apt-get"
    exit 0
fi
for comm in /proc/[0-9]*/comm; do
    if [ "$(cat "$comm" 2>/dev/null)" = postgres ]; then
        say "left as it is: a server is running"
        exit 0
    fi
done
packages=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 'postgresql*' 'libpq5' 2>/dev/null | sed -n 's/^ii  *//p' || true)
if [ -z "$packages" ]; then
    say "left as it is: no package of it is installed"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1
apt-get update -qq
# shellcheck disable=SC2086 # one word a package
apt-get install -y -qq --no-install-recommends --only-upgrade -o DPkg::Lock::Timeout=300 $packages >/dev/null
