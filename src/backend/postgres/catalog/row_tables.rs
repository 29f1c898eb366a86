//! Tables that hold rows themselves, and their writable columns.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, Text},
};
use diesel_async::RunQueryDsl;
use tokio_postgres::Error;

use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{driver::DriverSession, splice},
};

/// A table. Names are as in the catalog, unquoted.
#[derive(QueryableByName)]
pub(crate) struct RowTable {
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    /// The columns that can be written.
    #[diesel(sql_type = Array<Text>)]
    pub(crate) columns: Vec<String>,
    /// The type of each column, as SQL, if the type is in the same schema; otherwise empty.
    #[diesel(sql_type = Array<Text>)]
    pub(crate) own_types: Vec<String>,
    /// The columns of the primary key.
    #[diesel(sql_type = Array<Text>)]
    pub(crate) key_names: Vec<String>,
    /// The types of the primary key's columns, as SQL.
    #[diesel(sql_type = Array<Text>)]
    pub(crate) key_types: Vec<String>,
}

/// The tables of a schema, except those of extensions, in the order of their creation. How types are written depends on
/// the session's search_path.
pub(crate) async fn row_tables(connection: &mut PostgresConnection, schema: &SchemaName) -> QueryResult<Vec<RowTable>> {
    diesel::sql_query(query())
        .bind::<Text, _>(schema.as_str())
        .load(connection)
        .await
}

/// Like `row_tables`, with a session of the driver.
pub(crate) async fn row_tables_by(session: &DriverSession, schema: &SchemaName) -> Result<Vec<RowTable>, Error> {
    let rows = session.query(&query(), &[&schema.as_str()]).await?;
    let table = |row: tokio_postgres::Row| {
        Ok(RowTable {
            name: row.try_get("name")?,
            columns: row.try_get("columns")?,
            own_types: row.try_get("own_types")?,
            key_names: row.try_get("key_names")?,
            key_types: row.try_get("key_types")?,
        })
    };
    rows.into_iter().map(table).collect()
}

fn query() -> String {
    splice(include_str!("row_tables.sql"))
}
