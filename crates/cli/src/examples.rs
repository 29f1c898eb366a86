//! The examples at the end of each subcommand's `--help`.

/// An example in each line.
macro_rules! examples {
    ($name:ident: $($line:literal)*) => {
        pub const $name: &str = concat!("Examples:", $("\n  diesel-tenants ", $line),*);
    };
}

examples! { SHARED:
    "shared migrate"
    "shared status --check"
    "shared revert --number 2"
}
examples! { TENANT:
    "tenant create client1 client2"
    "tenant list --json"
    "tenant rename client1 client3"
    "tenant archive client2"
    "tenant archived --drop-older-than 30d --yes"
    "tenant export client3 client3.tenant"
    "tenant import client4 client3.tenant"
}
examples! { DATABASE:
    "database list"
    "database check --json"
}
examples! { DIRECTORY:
    "directory prepare"
    "directory adopt --all"
    "directory check"
}
examples! { DOMAIN:
    "domain add client1 shop.example.org www.example.org"
    "domain primary shop.example.org"
    "domain list"
}
examples! { SPARES:
    "spares prepare 10"
}
examples! { MIGRATE:
    "migrate --dry-run"
    "migrate --canary client1 --keep-going"
    "migrate --only client1 --only client2"
    "migrate --quiet --json > report.json"
}
examples! { REVERT:
    "revert --only client1"
    "revert --number 2 --yes"
}
examples! { REDO:
    "redo --only client1 --yes"
}
examples! { STATUS:
    "status"
    "status --check --json"
}
examples! { PAGE:
    "page --output fleet.html"
    "page --output fleet.html --force --title Production"
    "page > fleet.html"
}
examples! { BALANCE:
    "balance"
    "balance --keep client1 --at-most 5 --apply"
}
examples! { DRIFT:
    "drift template"
    "drift template --sql > repair.sql"
}
examples! { SCHEMA:
    "schema generate"
    "schema check"
}
examples! { RUN:
    "run \"SELECT count(*) FROM orders\""
    "run \"DELETE FROM orders WHERE quantity = 0\" --only client1"
}
examples! { DOCTOR:
    "doctor"
    "--database-url sqlite:data doctor --integrity"
}
