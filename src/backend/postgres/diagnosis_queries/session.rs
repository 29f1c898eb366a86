//! What a session is like: which startup options arrived, and what a pooler does to it.

use tokio_postgres::{Client, Error, types::Type};

/// A startup option that only a session of the server itself knows afterwards.
pub(crate) const MARK: &str = "-c diesel_tenants.diagnosis=here";

/// Whether that option arrived.
pub(crate) async fn has_mark(client: &Client) -> Result<bool, Error> {
    let sql = "SELECT pg_catalog.current_setting('diesel_tenants.diagnosis', true) IS NOT DISTINCT FROM 'here'";
    client.query_typed_one(sql, &[]).await?.try_get(0)
}

/// The search_path of a session without startup options, and the schemas that it reaches besides those of extensions.
pub(crate) async fn search_path_of_role(
    client: &Client,
    extension_schemas: &[String],
) -> Result<(String, Vec<String>), Error> {
    let sql = "SELECT pg_catalog.current_setting('search_path'), ARRAY(SELECT s.name::pg_catalog.text FROM \
               pg_catalog.unnest(pg_catalog.current_schemas(false)) s (name) \
               WHERE s.name::pg_catalog.text <> ALL ($1))";
    let row = client
        .query_typed_one(sql, &[(&extension_schemas, Type::TEXT_ARRAY)])
        .await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Whether backslashes are ordinary characters in strings.
pub(crate) async fn has_standard_strings(client: &Client) -> Result<bool, Error> {
    let sql = "SELECT pg_catalog.current_setting('standard_conforming_strings') = 'on'";
    client.query_typed_one(sql, &[]).await?.try_get(0)
}

/// Prepares a statement, and uses it while another client is in a transaction: a pooler that shares sessions among
/// clients may answer from a session that doesn't know the statement.
pub(crate) async fn keeps_statements(client: &Client, other: &Client) -> Result<(), Error> {
    let statement = client.prepare("SELECT 1::pg_catalog.int4").await?;
    other.batch_execute("BEGIN").await?;
    client.query_one(&statement, &[]).await?;
    other.batch_execute("ROLLBACK").await
}
