//! The tenants' databases, and the shared one.

use crate::{
    backend::mysql::diagnosis::{Databases, Look, Settings},
    diagnosis::{Check, Finding, Severity},
};

pub(super) fn check(databases: &Databases, look: Look, settings: &Settings) -> Vec<Finding> {
    let Look {
        engines,
        character_sets,
        events,
        keyless,
        crossing,
        unfinished_migrations,
        foreign_definers,
    } = look;
    let mut findings = vec![
        Finding::names(
            Check::MissingDatabases,
            Severity::Problem,
            databases.missing(),
            "such a tenant can't be checked out: restore its database from a backup, or remove the tenant by \
             `drop_tenant`",
        ),
        Finding::names(
            Check::UnfinishedTenants,
            Severity::Warning,
            databases.unfinished(),
            "an operation is under way, or its process has died: if nobody is at work on the tenant, do the same \
             again, and it goes on",
        ),
        Finding::names(
            Check::UnfinishedMigrations,
            Severity::Problem,
            unfinished_migrations,
            "a migration stopped between two of its statements: correct what its error named, and migrate again, \
             which goes on with that statement",
        ),
        Finding::names(
            Check::CrossReferences,
            Severity::Problem,
            crossing,
            "this shows rows of one tenant to another, or binds their rows: drop it, and make it again for the \
             tenant's own tables",
        )
        .or_fine("no foreign key and no view leads into another tenant"),
        Finding::names(
            Check::Engines,
            Severity::Warning,
            engines,
            "only InnoDB has transactions and foreign keys: after an error or a crash, rows of these tables may be \
             there twice, or half. ALTER TABLE … ENGINE = InnoDB, in a migration",
        )
        .or_fine("all tables are InnoDB's"),
        Finding::names(
            Check::CharacterSets,
            Severity::Warning,
            character_sets,
            "texts with letters that the character set lacks are refused or changed: ALTER DATABASE … CHARACTER SET \
             utf8mb4, and ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4, in a migration",
        )
        .or_fine("all are utf8mb4"),
        Finding::names(
            Check::Definers,
            Severity::Warning,
            foreign_definers,
            "other accounts have defined these, and they run with those accounts' rights. To rename, clone or import \
             such a tenant, this account needs SET USER (MariaDB) or SET_ANY_DEFINER (MySQL)",
        )
        .or_fine("this account has defined all views, triggers, routines and events"),
    ];
    let is_scheduled = settings.event_scheduler.eq_ignore_ascii_case("ON");
    findings.push(if is_scheduled || events.is_empty() {
        let fact = match events.len() {
            0 => "none".to_owned(),
            count => format!("{count}, and the event scheduler runs"),
        };
        Finding::fine(Check::Events, fact)
    } else {
        let advice = "the event scheduler is off, so that these never run: SET GLOBAL event_scheduler = ON";
        Finding::names(Check::Events, Severity::Warning, events, advice)
    });
    if settings.nodes > 0 {
        findings.push(Finding::names(
            Check::PrimaryKeys,
            Severity::Warning,
            keyless,
            "a Galera cluster can't replicate all changes of tables without a primary key: add one, in a migration",
        ));
    }
    findings
}
