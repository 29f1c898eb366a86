//! Facts about a database as a whole, and about its server.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, BigInt, Bool, Nullable, Oid, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};

use crate::{
    PostgresConnection,
    backend::postgres::{LockSpan, lock_name, try_lock_named},
};

/// Which database a connection leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DatabaseIdentity {
    /// The identifier of the server's data, which standbys share; `None` if the role may not read it.
    system: Option<String>,
    /// The database's OID.
    oid: u32,
}

#[derive(QueryableByName)]
struct Identity {
    #[diesel(sql_type = Nullable<Text>)]
    system: Option<String>,
    #[diesel(sql_type = Oid)]
    oid: u32,
    #[diesel(sql_type = Bool)]
    is_standby: bool,
}

impl DatabaseIdentity {
    /// Whether this may be the same database. A server that began as a copy of another server's files keeps the
    /// identifiers of that time, so [`is_same_database`] must confirm it.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        let is_known = self.system.is_some() && other.system.is_some();
        self.oid == other.oid && (!is_known || self.system == other.system)
    }
}

/// The database's identity, and whether the server is a standby, which accepts no writes.
pub(crate) async fn identity(connection: &mut PostgresConnection) -> QueryResult<(DatabaseIdentity, bool)> {
    let query = |system: &str| {
        diesel::sql_query(format!(
            "SELECT {system} AS system, d.oid AS oid, pg_catalog.pg_is_in_recovery() AS is_standby \
             FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"
        ))
    };
    let known = query("(SELECT c.system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system() c)");
    let found = match known.get_result::<Identity>(connection).await {
        Ok(found) => found,
        // A provider may have revoked the function.
        Err(_) => query("NULL::pg_catalog.text").get_result(connection).await?,
    };
    let Identity {
        system,
        oid,
        is_standby,
    } = found;
    Ok((DatabaseIdentity { system, oid }, is_standby))
}

/// Whether two connections lead to one database: a lock that is taken here can't be taken there.
pub(crate) async fn is_same_database(
    here: &mut PostgresConnection,
    there: &mut PostgresConnection,
) -> QueryResult<bool> {
    type Transactions = <PostgresConnection as AsyncConnection>::TransactionManager;

    let name = lock_name::random();
    Transactions::begin_transaction(here).await?;
    let _ = try_lock_named(here, &name, LockSpan::Transaction).await?;
    let is_free = try_lock_named(there, &name, LockSpan::Transaction).await;
    Transactions::rollback_transaction(here).await?;
    Ok(!is_free?)
}

/// Whether transactions can write: not on a standby, nor where a setting of the server, the database or the role forbids
/// it.
pub(crate) async fn accepts_writes(connection: &mut PostgresConnection) -> QueryResult<bool> {
    diesel::select(diesel::dsl::sql::<Bool>(
        "pg_catalog.current_setting('transaction_read_only') = 'off'",
    ))
    .get_result(connection)
    .await
}

/// What is known of a database besides its tenants.
#[derive(Debug, QueryableByName)]
pub(crate) struct DatabaseFacts {
    #[diesel(sql_type = Text)]
    pub(crate) server_version: String,
    #[diesel(sql_type = Bool)]
    pub(crate) is_standby: bool,
    /// `None` if the role may not read it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) bytes: Option<i64>,
    #[diesel(sql_type = Array<Text>)]
    pub(crate) extensions: Vec<String>,
}

/// Reads the facts. The size takes the server a moment: it looks at every file of the database.
pub(crate) async fn database_facts(connection: &mut PostgresConnection) -> QueryResult<DatabaseFacts> {
    diesel::sql_query(
        "SELECT pg_catalog.current_setting('server_version') AS server_version, \
         pg_catalog.pg_is_in_recovery() AS is_standby, \
         CASE WHEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CONNECT') \
         THEN pg_catalog.pg_database_size(pg_catalog.current_database()) END AS bytes, \
         ARRAY(SELECT e.extname::pg_catalog.text FROM pg_catalog.pg_extension e ORDER BY e.extname) AS extensions",
    )
    .get_result(connection)
    .await
}
