use std::time::Duration;

use diesel::QueryResult;
use diesel_tenants_translate::SchemaName;

use super::{
    OperationError, database,
    placed::{require_own, require_unlisted},
};
use crate::backend::mysql::{
    Server, Session, is_wait_timeout,
    locks::{LOCK_TIMEOUT, Lock},
    quote,
    registry::{Entry, Operation, Step},
};
use crate::tenancy::DirectoryChange;

/// Drops a tenant's database with all that it has, or an archive's, or what an interrupted operation has left of one.
/// Waits for transactions that use its tables for at most `wait`.
pub(crate) async fn drop_tenant(server: &Server, tenant: &SchemaName, wait: Duration) -> Result<(), OperationError> {
    let shared = server.shared();
    let _lock = Lock::acquire(server, &[tenant], LOCK_TIMEOUT).await?;
    let mut session = server.open().await?;
    session.hold(tenant, LOCK_TIMEOUT).await?;
    session.wait_at_most(wait).await?;
    let Some(entry) = Entry::find(&mut session, shared, tenant).await? else {
        return Err(OperationError::Missing {
            database: tenant.clone(),
        });
    };
    // Whoever finishes a drop takes nothing from the tenant's owner.
    if entry.operation != Some(Operation::Drop) {
        require_own(server, &entry)?;
    }
    match entry.operation {
        Some(Operation::MoveTo { .. } | Operation::MoveFrom { .. }) => return Err(super::sweep::unfinished(&entry)),
        // A database that is there by now was not made by the library.
        Some(Operation::Make { step: Step::Begun }) if !database::is_empty(&mut session, tenant).await? => {
            return Ok(Entry::change(&mut session, shared, &[], &[tenant]).await?);
        }
        _ => {}
    }
    let by = referrers(&mut session, tenant).await?;
    if !by.is_empty() {
        return Err(OperationError::Referenced {
            database: tenant.clone(),
            by,
        });
    }
    let others = database::others_with_its_events(&mut session, tenant).await?;
    if !others.is_empty() {
        return Err(OperationError::SharesEvents {
            database: tenant.clone(),
            what: "dropped",
            others,
        });
    }
    let removed = server.record(&DirectoryChange::Removed { tenant });
    // The entry couldn't be removed once the database is gone.
    if removed.is_none() {
        require_unlisted(&mut session, server, tenant).await?;
    }
    Entry::rehearse(&mut session, shared, &[], removed.as_deref()).await?;
    let dropping = Entry {
        archive: entry.archive.clone(),
        placed_by: entry.placed_by.clone(),
        ..Entry::under(tenant, Operation::Drop)
    };
    Entry::change(&mut session, shared, &[&dropping], &[]).await?;
    match database::remove(&mut session, tenant).await {
        Ok(()) => Ok(Entry::change_and(&mut session, shared, &[], &[tenant], removed).await?),
        // The server takes all locks before it drops the first table.
        Err(error) if is_wait_timeout(&error) => {
            Entry::change(&mut session, shared, &[&entry], &[]).await?;
            Err(OperationError::InUse {
                database: tenant.clone(),
                waited: wait,
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// The foreign keys of other databases that refer to this one. The server would refuse to drop the tables that they refer
/// to, when other tables were gone already.
async fn referrers(session: &mut Session, database: &SchemaName) -> QueryResult<Vec<String>> {
    // InnoDB's own table of them has all databases in one index. MySQL has another name for it, and both servers show it
    // only to accounts that may see all processes.
    let name = quote::literal(database.as_str());
    // MariaDB has there the names of folders and files, in which most characters other than ASCII letters are encoded.
    let in_mariadb = format!("CONCAT(CONVERT(CONVERT({name} USING filename) USING binary), '/')");
    let in_mysql = format!("CONCAT(CONVERT({name} USING binary), '/')");
    for (table, beginning) in [("INNODB_SYS_FOREIGN", in_mariadb), ("INNODB_FOREIGN", in_mysql)] {
        let is_of_it = |column: &str| format!("LEFT(BINARY {column}, LENGTH({beginning})) = {beginning}");
        let query = format!(
            "SELECT ID AS name FROM information_schema.{table} WHERE {} AND NOT {} ORDER BY ID",
            is_of_it("REF_NAME"),
            is_of_it("FOR_NAME")
        );
        if let Ok(found) = database::names(session, &query).await {
            return Ok(found);
        }
    }
    let query = format!(
        "SELECT CONCAT(CONSTRAINT_SCHEMA, '/', CONSTRAINT_NAME) AS name FROM information_schema.REFERENTIAL_CONSTRAINTS \
         WHERE {} AND BINARY CONSTRAINT_SCHEMA <> BINARY {name} ORDER BY 1",
        quote::is_database("UNIQUE_CONSTRAINT_SCHEMA", database)
    );
    database::names(session, &query).await
}
