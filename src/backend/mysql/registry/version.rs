use diesel::QueryResult;
use diesel_tenants_translate::SchemaName;

use super::tables::VERSION;
use crate::backend::mysql::{Session, quote};

/// The number that has grown if a tenant was made, was dropped, or has another name or status than when it was read
/// last.
pub(crate) async fn version(session: &mut Session, shared: &SchemaName) -> QueryResult<i64> {
    let shared = quote::database(shared);
    session
        .number(&format!(
            "SELECT version AS number FROM {shared}.{VERSION} WHERE id = 1"
        ))
        .await
}

/// Tells all processes that the tenants have changed. It belongs in the transaction of the change.
pub(crate) async fn bump(session: &mut Session, shared: &SchemaName) -> QueryResult<()> {
    let shared = quote::database(shared);
    session
        .run(&format!(
            "UPDATE {shared}.{VERSION} SET version = version + 1 WHERE id = 1"
        ))
        .await
}
