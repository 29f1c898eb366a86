use diesel::result::Error as DieselError;
use diesel_tenants_translate::SchemaName;

use super::{database, objects::SCHEMA_OF_TRIGGER};
use crate::backend::mysql::{Session, quote};

/// The objects that another account has defined, if this account may not make such ones.
pub(super) async fn foreign_definers(session: &mut Session, database: &SchemaName) -> Result<Vec<String>, DieselError> {
    let may = session
        .number(
            "SELECT COUNT(*) AS number FROM information_schema.USER_PRIVILEGES \
             WHERE PRIVILEGE_TYPE IN ('SUPER', 'SET USER', 'SET_USER_ID', 'SET_ANY_DEFINER') \
             AND GRANTEE = CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', \
             SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')",
        )
        .await?;
    if may > 0 {
        return Ok(Vec::new());
    }
    let message = "': its definer is another account, which this one may not name: run this as an account that has the \
                   privilege SET USER'";
    let of = |kind: &str, column: &str, table: &str, schema: &str| {
        format!(
            "SELECT CONCAT('{kind} ', {column}, {message}) AS name FROM information_schema.{table} \
             WHERE {} AND DEFINER <> CURRENT_USER()",
            quote::is_database(schema, database)
        )
    };
    let query = [
        of("view", "TABLE_NAME", "VIEWS", "TABLE_SCHEMA"),
        of("trigger", "TRIGGER_NAME", "TRIGGERS", SCHEMA_OF_TRIGGER),
        of("routine", "ROUTINE_NAME", "ROUTINES", "ROUTINE_SCHEMA"),
        of("event", "EVENT_NAME", "EVENTS", "EVENT_SCHEMA"),
    ];
    database::names(session, &query.join(" UNION ALL ")).await
}
