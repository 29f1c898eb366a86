//! The server, and the role.
//!
//! All is asked without names for statements: an old pooler mixes those up.

use tokio_postgres::{Client, Error};

use super::Finding;

/// The oldest version that the library supports.
const OLDEST: i32 = 130_000;

pub async fn findings(client: &Client) -> Result<Vec<Finding>, Error> {
    Ok(vec![
        version(client).await?,
        superuser(client).await?,
        row_security(client).await?,
    ])
}

async fn version(client: &Client) -> Result<Finding, Error> {
    let sql =
        "SELECT pg_catalog.current_setting('server_version_num')::int4, pg_catalog.current_setting('server_version')";
    let row = client.query_typed_one(sql, &[]).await?;
    let (number, name): (i32, String) = (row.get(0), row.get(1));
    Ok(if number >= OLDEST {
        Finding::fine("server version", name)
    } else {
        Finding::problem(
            "server version",
            name,
            "the library needs PostgreSQL 13 or newer: upgrade the server",
        )
    })
}

async fn superuser(client: &Client) -> Result<Finding, Error> {
    let sql = "SELECT current_user::text, rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";
    let row = client.query_typed_one(sql, &[]).await?;
    let (role, is_superuser): (String, bool) = (row.get(0), row.get(1));
    Ok(if is_superuser {
        Finding::warning(
            "superuser",
            format!("{role} is a superuser"),
            "no privilege and no policy holds it back: give the application a role of its own, that owns the tenants' schemas",
        )
    } else {
        Finding::fine("superuser", format!("{role} is none"))
    })
}

async fn row_security(client: &Client) -> Result<Finding, Error> {
    let sql = "SELECT current_user::text, rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user";
    let row = client.query_typed_one(sql, &[]).await?;
    let (role, bypasses): (String, bool) = (row.get(0), row.get(1));
    Ok(if bypasses {
        Finding::warning(
            "row-level security",
            format!("{role} bypasses it (BYPASSRLS)"),
            "policies don't apply to this role: ALTER ROLE … NOBYPASSRLS, if any table relies on them",
        )
    } else {
        Finding::fine(
            "row-level security",
            format!("applies to {role}, unless it owns the table"),
        )
    })
}
