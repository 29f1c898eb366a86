//! What the shared database knows of the tenants, as far as checkouts ask for it.

use diesel::{QueryResult, QueryableByName, sql_types};
use diesel_async::{AsyncMysqlConnection, RunQueryDsl};

use super::registry::{LOCKS, TENANTS, VERSION, registered_name};
use crate::{SchemaName, TenantStatus, translate::Dialect};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = sql_types::Text)]
    status: String,
    #[diesel(sql_type = sql_types::BigInt)]
    number: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    version: i64,
    #[diesel(sql_type = sql_types::Bool)]
    is_there: bool,
}

/// The status of a tenant, the number that no other tenant of that name has, and the [version] of the registry that says
/// so; `None` if there is no tenant of that name, or its database is gone.
pub(crate) async fn status_of(
    tenant: &SchemaName,
    shared: &SchemaName,
    connection: &mut AsyncMysqlConnection,
) -> QueryResult<Option<(TenantStatus, u32, i64)>> {
    let shared_name = Dialect::Mysql.quoted(shared);
    // The catalog compares names without regard to case.
    let query = format!(
        "SELECT status, number, (SELECT version FROM {shared_name}.{VERSION} WHERE id = 1) AS version, EXISTS (SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ? \
         AND BINARY SCHEMA_NAME = BINARY ?) AS is_there FROM {shared_name}.{TENANTS} WHERE name = ?"
    );
    let found = diesel::sql_query(query)
        .bind::<sql_types::Text, _>(tenant.as_str())
        .bind::<sql_types::Text, _>(tenant.as_str())
        .bind::<sql_types::Text, _>(tenant.as_str())
        .load::<Row>(connection)
        .await;
    let rows = match found {
        Ok(rows) => rows,
        // A server that has no tenants yet: the registry's last table is missing.
        Err(_) if !has_table(shared, LOCKS, connection).await? => Vec::new(),
        Err(error) => return Err(error),
    };
    let there = rows.into_iter().find(|row| row.is_there);
    // The number grows by one with each change of a tenant: its lowest bits tell apart those that a process may remember.
    Ok(there.map(|row| (status(&row.status), row.number as u32, row.version)))
}

/// The names and statuses of all tenants, sorted by name.
pub(crate) async fn all(
    shared: &SchemaName,
    connection: &mut AsyncMysqlConnection,
) -> QueryResult<Vec<(SchemaName, TenantStatus)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql_types::Text)]
        name: String,
        #[diesel(sql_type = sql_types::Text)]
        status: String,
    }

    let query = format!(
        "SELECT name, status FROM {}.{TENANTS} ORDER BY name",
        Dialect::Mysql.quoted(shared)
    );
    let found = diesel::sql_query(query).load::<Row>(connection).await;
    match found {
        Ok(rows) => {
            let rows = rows.into_iter();
            rows.map(|row| Ok((registered_name(&row.name)?, status(&row.status))))
                .collect()
        }
        Err(_) if !has_table(shared, TENANTS, connection).await? => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The number that has grown if a tenant was made, was dropped, or has another name or status than when it was read
/// last; `None` on a server that has no tenants yet.
pub(crate) async fn version(shared: &SchemaName, connection: &mut AsyncMysqlConnection) -> QueryResult<Option<i64>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql_types::BigInt)]
        version: i64,
    }

    let query = format!(
        "SELECT version FROM {}.{VERSION} WHERE id = 1",
        Dialect::Mysql.quoted(shared)
    );
    match diesel::sql_query(query).load::<Row>(connection).await {
        Ok(rows) => Ok(rows.into_iter().next().map(|row| row.version)),
        Err(_) if !has_table(shared, VERSION, connection).await? => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the server has had tenants yet.
pub(crate) async fn is_there(shared: &SchemaName, connection: &mut AsyncMysqlConnection) -> QueryResult<bool> {
    has_table(shared, TENANTS, connection).await
}

/// The numbers of tables and bytes in a database; `None` if there is none of that name.
pub(crate) async fn size_of(
    database: &SchemaName,
    connection: &mut AsyncMysqlConnection,
) -> QueryResult<Option<(u64, u64)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql_types::Text)]
        name: String,
        #[diesel(sql_type = sql_types::BigInt)]
        tables: i64,
        #[diesel(sql_type = sql_types::BigInt)]
        bytes: i64,
    }

    let rows = diesel::sql_query(
        "SELECT SCHEMA_NAME AS name, \
         (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE NOT LIKE '%VIEW') \
         AS tables, \
         (SELECT CAST(COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) AS SIGNED) FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = ?) AS bytes FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?",
    )
    .bind::<sql_types::Text, _>(database.as_str())
    .bind::<sql_types::Text, _>(database.as_str())
    .bind::<sql_types::Text, _>(database.as_str())
    .load::<Row>(connection)
    .await?;
    let found = rows.into_iter().find(|row| row.name == database.as_str());
    Ok(found.map(|row| (row.tables.unsigned_abs(), row.bytes.unsigned_abs())))
}

/// A word of a newer version of this library is that of no tenant.
fn status(word: &str) -> TenantStatus {
    TenantStatus::from_word(word).unwrap_or(TenantStatus::Unfinished)
}

async fn has_table(shared: &SchemaName, table: &str, connection: &mut AsyncMysqlConnection) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = sql_types::BigInt)]
        count: i64,
    }

    let count: Count = diesel::sql_query(
        "SELECT COUNT(*) AS count FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
    )
    .bind::<sql_types::Text, _>(shared.as_str())
    .bind::<sql_types::Text, _>(table)
    .get_result(connection)
    .await?;
    Ok(count.count > 0)
}
