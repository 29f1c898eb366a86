//! What the objects of a schema need outside the schema.

use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use tokio_postgres::Error;

use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{driver::DriverSession, splice},
};

/// Something outside the schema that its objects need.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub(crate) struct Requirement {
    /// `extension`, `role`, or a kind of object in a shared schema.
    #[diesel(sql_type = Text)]
    pub(crate) kind: String,
    /// The name as in SQL, with the schema; for extensions and roles, the name alone.
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    /// The schema of an extension; empty for everything else.
    #[diesel(sql_type = Text)]
    pub(crate) schema: String,
}

/// All requirements of a schema, except what comes with PostgreSQL.
pub(crate) async fn requirements(
    connection: &mut PostgresConnection,
    schema: &SchemaName,
) -> QueryResult<Vec<Requirement>> {
    diesel::sql_query(splice(include_str!("requirements.sql")))
        .bind::<Text, _>(schema.as_str())
        .load(connection)
        .await
}

/// The requirements that a database lacks, in words for people.
pub(crate) async fn missing(session: &DriverSession, requirements: &[Requirement]) -> Result<Vec<String>, Error> {
    let column = |pick: fn(&Requirement) -> &String| -> Vec<&str> {
        let column = requirements.iter().map(pick);
        column.map(String::as_str).collect()
    };
    let (kinds, names, schemas) = (
        column(|requirement| &requirement.kind),
        column(|requirement| &requirement.name),
        column(|requirement| &requirement.schema),
    );
    let rows = session
        .query(include_str!("missing.sql"), &[&kinds, &names, &schemas])
        .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}
