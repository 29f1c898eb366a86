use tokio_postgres::{Client, Error};

use crate::{
    backend::postgres::diagnosis_queries::{FunctionText, function_texts},
    diagnosis::{Check, Finding, Severity},
    migrations::left_on_session,
};

/// Finds functions of the tenants and of the shared schema that leave something on their caller's session. A function
/// that is the same in all tenants is checked once, and named for the first tenant.
pub(super) async fn check_functions(client: &Client, shared_schema: &str) -> Result<Finding, Error> {
    let mut found = Vec::new();
    for FunctionText { name, count, body } in function_texts(client, shared_schema).await? {
        let left = left_on_session(&body);
        if !left.is_empty() {
            let others = match count - 1 {
                0 => String::new(),
                others => format!(", and {others} like it"),
            };
            found.push(format!("{name} ({}{others})", left.join("; ")));
        }
    }
    let finding = Finding::names(
        Check::Functions,
        Severity::Warning,
        found,
        "the next tenant on the connection finds what these functions leave: use ON COMMIT DROP, SET LOCAL, \
         set_config(…, true), pg_advisory_xact_lock; and SET search_path = …, pg_temp, because otherwise a temporary \
         table hides the tenant's table",
    );
    Ok(finding.or_fine("no function leaves anything on the session, as far as its text shows"))
}
