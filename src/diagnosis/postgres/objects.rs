use tokio_postgres::{Client, Error};

use crate::{
    backend::postgres::diagnosis_queries::{
        HALF_DETACHED, INVALID_INDEXES, LockRoom, UNCHECKED, UNLOGGED, lock_room, names,
    },
    diagnosis::{Check, Finding, Found, Severity},
};

/// Changes to tables that were begun and not finished, in tenants' schemas and the shared schema.
const UNFINISHED_CHANGES: [(Check, &str, &str); 3] = [
    (
        Check::InvalidIndexes,
        INVALID_INDEXES,
        "PostgreSQL could not build these indexes, and doesn't use them; invalid unique indexes let duplicates in. \
         Remove the cause, such as duplicate rows, then run REINDEX INDEX CONCURRENTLY, or drop the index (indexes \
         named …_ccnew and …_ccold are left over from such a REINDEX); the index of a partitioned table waits for \
         ALTER INDEX … ATTACH PARTITION",
    ),
    (
        Check::UncheckedConstraints,
        UNCHECKED,
        "these constraints were added as NOT VALID, and older rows may violate them: ALTER TABLE … VALIDATE CONSTRAINT",
    ),
    (
        Check::HalfDetachedPartitions,
        HALF_DETACHED,
        "DETACH PARTITION … CONCURRENTLY was interrupted: ALTER TABLE … DETACH PARTITION … FINALIZE",
    ),
];

/// Checks the objects in the tenants' schemas.
pub(super) async fn check_objects(client: &Client, shared_schema: &str) -> Result<Vec<Finding>, Error> {
    let unlogged = names(client, UNLOGGED, shared_schema).await?;
    let mut findings = vec![
        Finding::names(
            Check::UnloggedTables,
            Severity::Warning,
            unlogged,
            "unlogged tables are empty after a crash, and on replicas: ALTER TABLE … SET LOGGED",
        ),
        check_locks(lock_room(client, shared_schema).await?),
    ];
    for (check, query, advice) in UNFINISHED_CHANGES {
        let found = names(client, query, shared_schema).await?;
        findings.push(Finding::names(check, Severity::Warning, found, advice));
    }
    Ok(findings)
}

/// A transaction that touches a whole schema, such as dropping it, takes at least one lock for each relation.
fn check_locks(LockRoom { room, largest }: LockRoom) -> Finding {
    let fits = largest.as_ref().is_none_or(|(_, relations)| relations * 4 <= room);
    Finding {
        check: Check::Locks,
        severity: if fits { Severity::Fine } else { Severity::Warning },
        found: Found::Locks {
            room: room.unsigned_abs(),
            largest: largest.map(|(tenant, relations)| (tenant, relations.unsigned_abs())),
        },
        advice: (!fits).then_some(
            "dumping, cloning or renaming the tenant may fail because the server runs out of locks, and dropping it \
             takes several transactions: raise max_locks_per_transaction, and restart the server",
        ),
    }
}
