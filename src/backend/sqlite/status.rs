//! A tenant's status, read on a connection that has the tenant's file attached.

use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{Bool, Text},
};
use diesel_async::RunQueryDsl;

use super::{
    connection::AsyncSqliteConnection,
    files::{NOTE_TABLE, note_of},
};
use crate::{SchemaName, backend::migration_sql::VERSION_TABLE, tenancy::TenantStatus};

/// The status of the tenant in an attached file; `None` if the file is no tenant's.
pub(crate) async fn status_of(
    schema: &SchemaName,
    connection: &mut AsyncSqliteConnection,
) -> QueryResult<Option<TenantStatus>> {
    #[derive(QueryableByName)]
    struct Tables {
        #[diesel(sql_type = Bool)]
        versions: bool,
        #[diesel(sql_type = Bool)]
        note: bool,
    }
    #[derive(QueryableByName)]
    struct Note {
        #[diesel(sql_type = Text)]
        note: String,
    }

    let quoted = schema.quoted();
    let exists =
        |table| format!("EXISTS (SELECT 1 FROM {quoted}.sqlite_schema WHERE type = 'table' AND name = '{table}')");
    let tables: Tables = diesel::sql_query(format!(
        "SELECT {} AS versions, {} AS note",
        exists(VERSION_TABLE),
        exists(NOTE_TABLE)
    ))
    .get_result(connection)
    .await?;
    let note: Option<Note> = match tables.note {
        true => diesel::sql_query(note_of(schema))
            .get_result(connection)
            .await
            .optional()?,
        false => None,
    };
    let comment = note.as_ref().map(|note| note.note.as_str());
    Ok(tables.versions.then(|| TenantStatus::of_comment(comment)))
}
