//! The server's settings, and the account's rights.

use crate::{
    backend::mysql::diagnosis::Settings,
    diagnosis::{Check, Finding, Severity},
};

/// What an application needs at least: one connection, with the statements that it repeats.
const FEW_STATEMENTS: i64 = 1_000;

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![
        Finding::fine(Check::ServerVersion, &settings.version),
        check_mode(&settings.sql_mode),
        check_prepared(settings),
        check_connections(settings),
    ];
    findings.extend(check_log(&settings.binary_log));
    findings.extend(check_cluster(settings.nodes));
    findings
}

pub(super) fn check_rights(missing: Vec<String>) -> Finding {
    let finding = Finding::names(
        Check::Rights,
        Severity::Warning,
        missing,
        "without these rights some operations on tenants fail: GRANT them to the account ON *.*, or on the databases of \
         a pattern that all tenants' names match",
    );
    finding.or_fine("the account has what operations on tenants need")
}

fn check_mode(sql_mode: &str) -> Finding {
    let is_strict = sql_mode
        .split(',')
        .any(|mode| matches!(mode, "STRICT_TRANS_TABLES" | "STRICT_ALL_TABLES" | "TRADITIONAL"));
    if is_strict {
        return Finding::fine(Check::SqlMode, sql_mode);
    }
    Finding::bad(
        Check::SqlMode,
        Severity::Warning,
        format!("{sql_mode:?}, without STRICT_TRANS_TABLES"),
        "the server cuts off values that are too long, and stores 0 for numbers that it can't read, without an error: \
         add STRICT_TRANS_TABLES to the server's sql_mode, or give the pool one by `sql_mode`",
    )
}

fn check_prepared(settings: &Settings) -> Finding {
    let (used, most) = (settings.prepared, settings.max_prepared);
    let fact = format!("{used} of {most} in use");
    if most < FEW_STATEMENTS || used > most / 3 * 2 {
        let advice = "connections share this room, and beyond it the server refuses to prepare statements: raise \
                      max_prepared_stmt_count, or lower `max_size` and `max_statements` of the pools";
        return Finding::bad(Check::PreparedStatements, Severity::Warning, fact, advice);
    }
    Finding::fine(Check::PreparedStatements, fact)
}

fn check_connections(settings: &Settings) -> Finding {
    let (used, most) = (settings.most_connections, settings.max_connections);
    let fact = format!("{most} at most, and {used} were open at once");
    // One more is kept for the administrator.
    if used >= most {
        let advice = "checkouts wait for room on the server: raise max_connections, or lower `max_size` of the pools";
        return Finding::bad(Check::Connections, Severity::Warning, fact, advice);
    }
    Finding::fine(Check::Connections, fact)
}

fn check_log(binary_log: &str) -> Option<Finding> {
    match binary_log {
        "OFF" => None,
        "STATEMENT" => Some(Finding::bad(
            Check::BinaryLog,
            Severity::Warning,
            "logs statements",
            "connections have no default database, by which such a log is filtered (binlog_do_db, replicate_do_db), so \
             that a filter loses statements: set binlog_format to ROW or MIXED, and filter by tables",
        )),
        format => Some(Finding::fine(Check::BinaryLog, format!("is of the format {format}"))),
    }
}

fn check_cluster(nodes: i64) -> Option<Finding> {
    (nodes > 0).then(|| {
        Finding::bad(
            Check::Cluster,
            Severity::Warning,
            format!("a Galera cluster of {nodes} nodes"),
            "locks hold on one node: have all processes that migrate, create, rename or drop tenants connect to the \
             same node. Queries may use any",
        )
    })
}
