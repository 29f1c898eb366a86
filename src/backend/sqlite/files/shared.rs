//! Changes to the shared file that the library itself makes.

use std::time::Duration;

use diesel::{
    Connection, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    result::Error as DieselError,
    sql_types::{BigInt, Bool},
};
use diesel_tenants_translate::SchemaName;

use super::{Access, FileError, Folder, busy_timeout, uri};

impl Folder {
    /// Runs SQL on the shared file, which has the name of the shared schema there: all of it, or nothing.
    pub(crate) fn change_shared(&self, sql: &str, wait: Duration) -> QueryResult<()> {
        let mut connection = self.with_shared(Access::Write, wait)?;
        connection.immediate_transaction(|connection| connection.batch_execute(sql))
    }

    /// Whether the shared file has a table of this name.
    pub(crate) fn has_shared_table(&self, table: &str, wait: Duration) -> Result<bool, FileError> {
        #[derive(QueryableByName)]
        struct Found {
            #[diesel(sql_type = Bool)]
            found: bool,
        }

        if !self.shared_path().exists() {
            return Ok(false);
        }
        let sql = format!("SELECT {} AS found", has_table(self.shared(), table));
        let connection = self.with_shared(Access::Read, wait);
        let found = connection.and_then(|mut connection| diesel::sql_query(sql).get_result::<Found>(&mut connection));
        let found = found.map_err(FileError::sqlite("read", self.shared_path()))?;
        Ok(found.found)
    }

    /// A connection whose `main` is empty, as the pool's are.
    pub(crate) fn with_shared(&self, access: Access, wait: Duration) -> QueryResult<SqliteConnection> {
        let opened = SqliteConnection::establish(":memory:");
        let mut connection = opened.map_err(|error| DieselError::QueryBuilderError(Box::new(error)))?;
        connection.batch_execute(&format!(
            "{}; PRAGMA foreign_keys = ON; ATTACH '{}' AS {}",
            busy_timeout(wait),
            uri(self.shared_path(), access),
            self.shared().quoted()
        ))?;
        Ok(connection)
    }
}

/// The SQL expression for whether the file that is attached under a schema's name has a table.
pub(crate) fn has_table(schema: &SchemaName, table: &str) -> String {
    let schema = schema.quoted();
    format!("EXISTS (SELECT 1 FROM {schema}.sqlite_schema WHERE type = 'table' AND name = '{table}')")
}

/// Notices that a number in the shared file is another one than it was.
pub(crate) struct SharedNumber {
    connection: SqliteConnection,
    /// Which version of the file was looked at.
    version: String,
    number: String,
    seen: Option<(i64, i64)>,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl SharedNumber {
    /// The number in a column of a table with one row.
    pub(crate) fn of(folder: &Folder, table: &str, column: &str) -> QueryResult<Self> {
        let schema = folder.shared().quoted();
        Ok(Self {
            connection: folder.with_shared(Access::Read, Duration::from_secs(1))?,
            version: format!("PRAGMA {schema}.data_version"),
            number: format!("SELECT {column} AS number FROM {schema}.{table}"),
            seen: None,
        })
    }

    /// Whether the number has changed since the last call; true at first. Costs some microseconds while nothing is
    /// written to the file.
    pub(crate) fn has_changed(&mut self) -> QueryResult<bool> {
        let Version { data_version } = diesel::sql_query(&self.version).get_result(&mut self.connection)?;
        if self.seen.is_some_and(|(seen, _)| seen == data_version) {
            return Ok(false);
        }
        let number: QueryResult<Number> = diesel::sql_query(&self.number).get_result(&mut self.connection);
        // There may be no such table yet.
        let number = number.map_or(0, |Number { number }| number);
        let before = self.seen.replace((data_version, number));
        Ok(before.is_none_or(|(_, before)| before != number))
    }
}
