#!/bin/sh
# Installs MySQL itself beside the system's MariaDB, from Debian's packages (of sid, since no stable Debian has MySQL), and
# prints a folder with programs of MariaDB's names that run it. Put that first in $PATH to have the tests run on MySQL:
#   bin=$(scripts/install-mysql.sh) && PATH=$bin:$PATH cargo test --all-features --test mysql
# Tests of what only MariaDB has fail there: sequences, system versioning, EXECUTE IMMEDIATE, tables of Aria, Galera.
# It needs apt-get, dpkg and the package debian-archive-keyring, on x86-64. Nothing is installed into the system, and no
# server is started.
set -eu
cd "$(dirname "$0")/.."

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# When root runs the tests, the server runs as the account mysql, which may not look into root's folders.
if [ "$(id -u)" -eq 0 ]; then
    folder=/var/cache/diesel-tenants/mysql
else
    folder=$PWD/target/mysql
fi
root=$folder/root
bin=$folder/bin

if [ -x "$bin/mariadbd" ]; then
    printf '%s\n' "$bin"
    exit 0
fi
rm -rf "$folder"
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" "$root" "$bin"

# Package lists, downloads and the list of installed packages of our own: the server comes with all its libraries.
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian sid main" \
    >"$folder/sources.list"
: >"$folder/status"
apt() {
    apt-get -q -y -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State::lists="$folder/lists" -o Dir::State::status="$folder/status" -o Dir::Cache="$folder/cache" \
        -o APT::Install-Recommends=0 -o Debug::NoLocking=1 "$@" >&2
}
say "downloading MySQL from Debian sid into $folder, which takes some 70 MB"
apt update
apt --download-only install mysql-server-core mysql-client-core
for package in "$folder"/cache/archives/*.deb; do
    dpkg -x "$package" "$root"
done
rm -rf "$folder/cache" "$folder/lists"

# Runs a program with the libraries that came with it, which are newer than the system's.
cat >"$bin/with-libraries" <<END
#!/bin/sh
library="$root/usr/lib/x86_64-linux-gnu"
program=\$1
shift
exec "\$library/ld-linux-x86-64.so.2" --library-path "\$library:$root/usr/lib/mysql/private" "$root/usr/\$program" "\$@"
END

cat >"$bin/mariadb-install-db" <<END
#!/bin/sh
for argument; do
    case \$argument in
        --datadir=*) data=\$argument ;;
    esac
done
exec "$bin/with-libraries" sbin/mysqld --no-defaults --initialize-insecure "\$data" --basedir="$root/usr" \\
    --lc-messages-dir="$root/usr/share/mysql"
END

# The first statements set the password. MySQL keeps it elsewhere, and has no account for 127.0.0.1 yet.
cat >"$bin/mariadbd" <<END
#!/bin/sh
for argument; do
    shift
    case \$argument in
        --no-defaults | --skip-log-bin | --innodb-flush-method=*) continue ;;
        --init-file=?*)
            file=\${argument#--init-file=}
            password=\$(sed -n "s/.*PASSWORD('\\([0-9a-f]*\\)').*/\\1/p" "\$file")
            umask 077
            printf '%s\\n' "ALTER USER root@localhost IDENTIFIED BY '\$password';" \\
                "CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY '\$password';" \\
                "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;" >"\${file%.sql}-of-mysql.sql"
            argument=--init-file=\${file%.sql}-of-mysql.sql
            ;;
    esac
    set -- "\$@" "\$argument"
done
exec "$bin/with-libraries" sbin/mysqld --no-defaults --disable-log-bin --mysqlx=0 --basedir="$root/usr" \\
    --lc-messages-dir="$root/usr/share/mysql" "\$@"
END

cat >"$bin/mariadb" <<END
#!/bin/sh
exec "$bin/with-libraries" bin/mysql "\$@"
END
chmod 755 "$bin"/*
"$bin/with-libraries" sbin/mysqld --version >&2
printf '%s\n' "$bin"
