use std::time::Duration;

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl,
    sql_types::{Nullable, Text},
};

use crate::backend::sqlite::{
    STATE_TABLE,
    files::{Access, FileError, Folder},
};

const PATIENCE: Duration = Duration::from_secs(5);

/// A row of the directory's tenants.
#[derive(QueryableByName)]
pub(crate) struct DirectoryRow {
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    /// The name of the tenant's file.
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) schema_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub(crate) status: String,
}

/// What the directory says.
pub(crate) struct DirectoryFacts {
    /// The tenants that have a file, sorted by name.
    pub(crate) tenants: Vec<DirectoryRow>,
    /// The domains of no tenant, sorted.
    pub(crate) lost_domains: Vec<String>,
}

#[derive(QueryableByName)]
struct Domain {
    #[diesel(sql_type = Text)]
    domain: String,
}

/// Reads the directory's tables; `None` if there are none.
pub(crate) fn directory(folder: &Folder) -> Result<Option<QueryResult<DirectoryFacts>>, FileError> {
    if !folder.has_shared_table(STATE_TABLE, PATIENCE)? {
        return Ok(None);
    }
    Ok(Some(read(folder)))
}

fn read(folder: &Folder) -> QueryResult<DirectoryFacts> {
    let mut connection = folder.with_shared(Access::Read, PATIENCE)?;
    let shared = folder.shared().quoted();
    let tenants = diesel::sql_query(format!(
        "SELECT name, schema_name, status FROM {shared}.tenants WHERE database_name IS NULL ORDER BY name"
    ));
    let lost = diesel::sql_query(format!(
        "SELECT domain FROM {shared}.domains WHERE tenant NOT IN (SELECT name FROM {shared}.tenants) ORDER BY domain"
    ));
    let lost: Vec<Domain> = lost.load(&mut connection)?;
    Ok(DirectoryFacts {
        tenants: tenants.load(&mut connection)?,
        lost_domains: lost.into_iter().map(|Domain { domain }| domain).collect(),
    })
}
