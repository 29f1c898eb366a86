//! The server's version, and the role's attributes.

use tokio_postgres::{Client, Error};

use crate::{
    backend::postgres::diagnosis_queries::{ServerFacts, server_facts},
    diagnosis::{Check, Finding, Severity},
};

/// The oldest version that the library supports.
const OLDEST: i32 = 130_000;

/// Checks the server's version, and the role.
pub(super) async fn check_server(client: &Client) -> Result<[Finding; 3], Error> {
    let ServerFacts {
        version_number,
        version,
        role,
        is_superuser,
        bypasses_row_security,
    } = server_facts(client).await?;
    Ok([
        if version_number >= OLDEST {
            Finding::fine(Check::ServerVersion, version)
        } else {
            Finding::bad(
                Check::ServerVersion,
                Severity::Problem,
                version,
                "the library needs PostgreSQL 13 or newer: upgrade the server",
            )
        },
        if is_superuser {
            Finding::bad(
                Check::Superuser,
                Severity::Warning,
                format!("{role} is a superuser"),
                "privileges and policies don't apply to a superuser: give the application a role of its own that owns \
                 the tenants' schemas",
            )
        } else {
            Finding::fine(Check::Superuser, format!("{role} is none"))
        },
        if bypasses_row_security {
            Finding::bad(
                Check::RowSecurity,
                Severity::Warning,
                format!("{role} bypasses it (BYPASSRLS)"),
                "policies don't apply to this role: ALTER ROLE … NOBYPASSRLS, if any table relies on them",
            )
        } else {
            let fact = format!("applies to {role}, unless it owns the table");
            Finding::fine(Check::RowSecurity, fact)
        },
    ])
}
