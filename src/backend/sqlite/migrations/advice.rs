//! What to do, where SQLite's message does not show it.

use diesel::result::Error as DieselError;
use diesel_tenants_translate::SchemaName;

/// Advice on a statement that failed.
pub(super) fn on(error: &DieselError, statement: &str, shared: Option<&SchemaName>) -> Option<String> {
    let DieselError::DatabaseError(_, information) = error else {
        return None;
    };
    let message = information.message();
    let text = statement.to_ascii_lowercase();
    if message.contains("near \".\": syntax error") && text.contains("references") {
        return Some(
            "a foreign key can't lead to another file in SQLite: leave REFERENCES out for shared tables, and let the \
             application check"
                .to_owned(),
        );
    }
    if message.contains("readonly database") {
        let schema = shared.map_or("the shared schema", SchemaName::as_str);
        return Some(format!(
            "a tenant's migration can't change {schema}, which all tenants share: move the statement to the shared \
             migrations"
        ));
    }
    if message.contains("cannot VACUUM from within a transaction") {
        return Some("put `run_in_transaction = false` in the migration's metadata.toml".to_owned());
    }
    None
}
