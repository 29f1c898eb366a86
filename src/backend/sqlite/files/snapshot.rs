use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    sql_types::{BigInt, Text},
};
use diesel_tenants_translate::SchemaName;

use super::{
    Access, FileError, Folder, clone::copy_whole, create::UNFINISHED, facts::read, identity_of, note::NOTE_TABLE,
};
use crate::{
    backend::sqlite::migrations::{AppliedVersion, applied_with_checksums},
    tenancy::TenantStatus,
};

/// A copy of a tenant's file as of one moment, which has lost its name already: however the process ends, it leaves
/// nothing.
pub(crate) struct Snapshot {
    pub(crate) file: File,
    pub(crate) is_suspended: bool,
    /// The versions applied, oldest first.
    pub(crate) versions: Vec<AppliedVersion>,
    pub(crate) counts: Counts,
    /// Where the file still is, if the system doesn't remove files that are open.
    _left: Option<Left>,
}

/// How much is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// How many tables, without the library's own and those of virtual tables.
    pub(crate) tables: usize,
    /// How many rows in all of them.
    pub(crate) rows: u64,
}

struct Left(PathBuf);

impl Drop for Left {
    fn drop(&mut self) {
        // What stays is swept later.
        let _ = fs::remove_file(&self.0);
    }
}

impl Folder {
    /// Copies a tenant's or an archive's file, which may be in use. No operation changes it as a whole meanwhile.
    pub(crate) fn snapshot(&self, tenant: &SchemaName, wait: Duration) -> Result<Snapshot, FileError> {
        let source = self.path_of(tenant)?;
        let missing = || FileError::Missing { path: source.clone() };
        let _lock = self.lock("export", &[tenant], wait)?;
        let facts = self.facts(tenant)?.ok_or_else(missing)?;
        let is_suspended = match (facts.status, facts.archive) {
            (TenantStatus::Active, _) => false,
            (TenantStatus::Suspended, _) => true,
            (_, Some(archive)) => archive.suspended,
            _ => return Err(missing()),
        };
        let left = Left(self.passing_path(&self.stem_of(tenant)?, UNFINISHED));
        copy_whole(&source, &left.0, wait)?;
        let (versions, counts) = inspect(&left.0)?.ok_or_else(missing)?;
        let file = File::open(&left.0).map_err(|error| FileError::io("read", &left.0, error))?;
        let is_removed = fs::remove_file(&left.0).is_ok();
        Ok(Snapshot {
            file,
            is_suspended,
            versions,
            counts,
            _left: (!is_removed).then_some(left),
        })
    }
}

/// What is in a file that nobody writes to; `None` if it is no tenant's.
pub(super) fn inspect(path: &Path) -> Result<Option<(Vec<AppliedVersion>, Counts)>, FileError> {
    let identity = identity_of(path).map_err(|error| FileError::io("look for", path, error))?;
    let Some(identity) = identity else { return Ok(None) };
    let found = read(path, Access::AtRest, identity, |connection, table| {
        Ok((applied_with_checksums(connection, table)?, count(connection)?))
    })?;
    Ok(found.map(|(_, _, found)| found))
}

fn count(connection: &mut SqliteConnection) -> QueryResult<Counts> {
    #[derive(QueryableByName)]
    struct Table {
        #[diesel(sql_type = Text)]
        name: String,
    }
    #[derive(QueryableByName)]
    struct Rows {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }

    let tables: Vec<Table> = diesel::sql_query(format!(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '{NOTE_TABLE}'"
    ))
    .load(connection)?;
    let mut rows = 0;
    for Table { name } in &tables {
        let name = name.replace('"', "\"\"");
        let count = diesel::sql_query(format!("SELECT count(*) AS rows FROM main.\"{name}\""));
        rows += count.get_result::<Rows>(connection)?.rows.unsigned_abs();
    }
    Ok(Counts {
        tables: tables.len(),
        rows,
    })
}
