//! A tenant's status, read on a connection that has the tenant's file attached.

use diesel::{OptionalExtension, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::Bool};

use super::files::{NOTE_TABLE, Note, has_table, note_of};
use crate::{SchemaName, backend::migration_sql::VERSION_TABLE, tenancy::TenantStatus};

/// The status of the tenant in an attached file; `None` if the file is no tenant's.
pub(crate) fn status_of(schema: &SchemaName, connection: &mut SqliteConnection) -> QueryResult<Option<TenantStatus>> {
    #[derive(QueryableByName)]
    struct Tables {
        #[diesel(sql_type = Bool)]
        versions: bool,
        #[diesel(sql_type = Bool)]
        note: bool,
    }

    let tables: Tables = diesel::sql_query(format!(
        "SELECT {} AS versions, {} AS note",
        has_table(schema, VERSION_TABLE),
        has_table(schema, NOTE_TABLE)
    ))
    .get_result(connection)?;
    let note: Option<Note> = match tables.note {
        true => diesel::sql_query(note_of(schema.quoted()))
            .get_result(connection)
            .optional()?,
        false => None,
    };
    let comment = note.as_ref().map(|note| note.note.as_str());
    Ok(tables.versions.then(|| TenantStatus::of_comment(comment)))
}
