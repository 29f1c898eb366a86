use tokio_postgres::{Client, Error};

/// The server's version, and the role's attributes.
pub(crate) struct ServerFacts {
    pub(crate) version_number: i32,
    pub(crate) version: String,
    pub(crate) role: String,
    pub(crate) is_superuser: bool,
    pub(crate) bypasses_row_security: bool,
}

pub(crate) async fn server_facts(client: &Client) -> Result<ServerFacts, Error> {
    let sql = "SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4, \
               pg_catalog.current_setting('server_version'), r.rolname::pg_catalog.text, r.rolsuper, r.rolbypassrls \
               FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";
    let row = client.query_typed_one(sql, &[]).await?;
    Ok(ServerFacts {
        version_number: row.try_get(0)?,
        version: row.try_get(1)?,
        role: row.try_get(2)?,
        is_superuser: row.try_get(3)?,
        bypasses_row_security: row.try_get(4)?,
    })
}
