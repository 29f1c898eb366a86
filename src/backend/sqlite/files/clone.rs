use std::{path::Path, time::Duration};

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::Text,
};
use diesel_tenants_translate::SchemaName;

use super::{
    Access, FileError, Folder,
    open::{SCRATCH, attach_readable, open, uri},
};
use crate::{backend::migration_sql::VERSION_TABLE, tenancy::TenantStatus};

impl Folder {
    /// Creates a tenant as a copy of another one, as of one moment, or does nothing. The template may be in use.
    /// Without data, the copy has the structure, and the versions of the migrations.
    pub(crate) fn clone_tenant(
        &self,
        template: &SchemaName,
        tenant: &SchemaName,
        with_data: bool,
        wait: Duration,
    ) -> Result<(), FileError> {
        let (source, target) = (self.path_of(template)?, self.path_of(tenant)?);
        let _lock = self.lock("clone", &[template, tenant], wait)?;
        match self.facts(template)? {
            Some(facts) if facts.status.is_tenant() => {}
            _ => return Err(FileError::Missing { path: source }),
        }
        self.require_free(tenant)?;
        self.build(&self.stem_of(tenant)?, &target, |unfinished| {
            match with_data {
                true => copy_whole(&source, unfinished, wait)?,
                false => copy_structure(&source, unfinished, wait)?,
            }
            self.write_note(unfinished, TenantStatus::Active)
        })
    }
}

/// Makes a file that has everything that another one has at this moment, and no free space.
pub(super) fn copy_whole(source: &Path, target: &Path, wait: Duration) -> Result<(), FileError> {
    let copy = format!("VACUUM main INTO '{}'", uri(target, Access::Create));
    let copied = open(source, Access::Write, wait)?.batch_execute(&copy);
    copied.map_err(FileError::sqlite("copy", source))
}

#[derive(QueryableByName)]
struct Sql {
    #[diesel(sql_type = Text)]
    sql: String,
}

/// Makes a file with the tables, indexes, views and triggers of another one, without rows.
fn copy_structure(source: &Path, target: &Path, wait: Duration) -> Result<(), FileError> {
    let failed = FileError::sqlite("copy", source);
    // Files of different encodings can't be attached to each other.
    let numbers = "SELECT printf('PRAGMA main.encoding = ''%s''; PRAGMA main.user_version = %d; PRAGMA main.application_id = %d', \
                   encoding, user_version, application_id) AS sql \
                   FROM pragma_encoding, pragma_user_version, pragma_application_id";
    let numbers = texts(&mut open(source, Access::Write, wait)?, numbers)
        .map_err(&failed)?
        .concat();
    let mut copy = open(target, Access::Create, wait)?;
    let settings = format!("{numbers}; {SCRATCH}; {}", attach_readable("template", source));
    copy.batch_execute(&settings).map_err(&failed)?;
    copy.immediate_transaction(|copy| {
        for statement in texts(copy, STRUCTURE)? {
            copy.batch_execute(&statement)?;
        }
        copy.batch_execute(&format!(
            "INSERT INTO main.{VERSION_TABLE} SELECT * FROM template.{VERSION_TABLE}"
        ))
    })
    .map_err(failed)
}

/// What was created in the template, in an order in which it can be created again. SQLite makes its own tables, and the
/// shadow tables of virtual ones, by itself.
const STRUCTURE: &str = "SELECT s.sql FROM template.sqlite_schema s \
    LEFT JOIN pragma_table_list l ON l.schema = 'template' AND l.name = s.name AND s.type = 'table' \
    WHERE s.sql IS NOT NULL AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND l.type IS NOT 'shadow' \
    ORDER BY CASE s.type WHEN 'table' THEN 0 WHEN 'view' THEN 1 WHEN 'index' THEN 2 ELSE 3 END, s.rowid";

fn texts(connection: &mut SqliteConnection, query: &str) -> QueryResult<Vec<String>> {
    let rows: Vec<Sql> = diesel::sql_query(query).load(connection)?;
    Ok(rows.into_iter().map(|row| row.sql).collect())
}
