use std::path::Path;

use diesel::{Connection, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::Text};

use crate::{
    SchemaName,
    backend::sqlite::files::{FileError, Folder, look_with_locks},
    tenancy::TenantStatus,
};

/// What a look into a file found.
pub(crate) struct Examined {
    pub(crate) status: TenantStatus,
    /// Such as `wal`.
    pub(crate) journal_mode: String,
    /// What is damaged, in SQLite's words; empty if that was not asked for.
    pub(crate) damage: Vec<String>,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The version of SQLite.
pub(crate) fn version() -> Option<String> {
    let mut connection = SqliteConnection::establish(":memory:").ok()?;
    let asked = diesel::sql_query("SELECT sqlite_version() AS version").get_result(&mut connection);
    asked.ok().map(|Version { version }| version)
}

/// Looks into a tenant's file. `None` if it is no tenant's.
pub(crate) fn examine(folder: &Folder, name: &SchemaName, integrity: bool) -> Result<Option<Examined>, FileError> {
    examine_file(&folder.path_of(name)?, integrity)
}

/// Looks into the shared file. `None` if there is none, or it was never migrated.
pub(crate) fn examine_shared(folder: &Folder, integrity: bool) -> Result<Option<Examined>, FileError> {
    examine_file(folder.shared_path(), integrity)
}

fn examine_file(path: &Path, integrity: bool) -> Result<Option<Examined>, FileError> {
    let looked = look_with_locks(path, |connection, _| {
        let damage = match integrity {
            true => damage(connection)?,
            false => Vec::new(),
        };
        Ok((journal_mode(connection)?, damage))
    })?;
    Ok(looked.map(|(facts, _, (journal_mode, damage))| Examined {
        status: facts.status,
        journal_mode,
        damage,
    }))
}

fn journal_mode(connection: &mut SqliteConnection) -> QueryResult<String> {
    #[derive(QueryableByName)]
    struct Mode {
        #[diesel(sql_type = Text)]
        journal_mode: String,
    }

    let mode: Mode = diesel::sql_query("PRAGMA main.journal_mode").get_result(connection)?;
    Ok(mode.journal_mode)
}

/// What SQLite finds when it reads the whole file.
fn damage(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Text)]
        quick_check: String,
    }

    let found: Vec<Found> = diesel::sql_query("PRAGMA main.quick_check(5)").load(connection)?;
    let found = found.into_iter().map(|found| found.quick_check);
    Ok(found.filter(|found| found != "ok").collect())
}
