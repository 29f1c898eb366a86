use diesel::QueryResult;
use diesel_tenants_translate::SchemaName;

use super::tables::VERSION;
use crate::backend::mysql::{Session, quote};

/// Tells all processes that the tenants have changed. It belongs in the transaction of the change.
pub(crate) async fn bump(session: &mut Session, shared: &SchemaName) -> QueryResult<()> {
    let shared = quote::database(shared);
    session
        .run(&format!(
            "UPDATE {shared}.{VERSION} SET version = version + 1 WHERE id = 1"
        ))
        .await
}
