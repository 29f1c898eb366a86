use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_tenants_translate::SchemaName;

use super::tables::VERSION;
use crate::backend::{
    mysql::{Session, quote},
    random::random,
};

/// Tells one directory from those of other servers. The registry of the directory's own server makes it, once. Other
/// servers note it for the tenants that the directory owns there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirectoryId(String);

impl DirectoryId {
    /// An id that no other directory has.
    pub(super) fn random() -> Self {
        Self(format!("{:016x}{:016x}", random(), random()))
    }

    pub(super) fn from_column(id: String) -> Self {
        Self(id)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the directory of this shared database, whether or not there is a directory yet. The registry's tables
    /// must be there.
    pub(crate) async fn find(session: &mut Session, shared: &SchemaName) -> QueryResult<Self> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            directory: String,
        }

        let query = format!(
            "SELECT directory FROM {}.{VERSION} WHERE id = 1",
            quote::database(shared)
        );
        let rows: Vec<Row> = session.rows(&query).await?;
        let row = rows.into_iter().next().ok_or(diesel::result::Error::NotFound)?;
        Ok(Self(row.directory))
    }
}
