//! The fast path for creating a tenant: everything in one message, on a connection of the pool.

use std::fmt::Write as _;

use diesel::QueryResult;
use diesel_async::{SimpleAsyncConnection, pooled_connection::PoolableConnection};

use crate::{
    SchemaName, TenantPool,
    backend::postgres::{require_lock, reset::RESET, search_path, version_table::text},
    lifecycle::postgres::spares::spares,
    migrations::{Body, Script},
    tenancy::{DirectoryChange, TenantStatus},
};

impl TenantPool {
    /// Creates a tenant, and returns whether that worked. If not, nothing was done, and the slow path reports the
    /// reason.
    ///
    /// Used only if there is no spare to take, and only with migrations that leave nothing on the session, because the
    /// connection is the pool's.
    ///
    /// Fails if the connection was lost: then it is unknown whether the tenant was created.
    pub(crate) async fn create_at_once(
        &self,
        tenant: &SchemaName,
        scripts: &[Script],
        status: TenantStatus,
    ) -> QueryResult<bool> {
        let Some(sql) = self.creation(tenant, scripts, status) else {
            return Ok(false);
        };
        let Some(mut checkout) = self.free_migration_connection().await else {
            return Ok(false);
        };
        let (waiting, connection) = checkout.watched();
        let may_be_spared =
            status == TenantStatus::Active && !matches!(spares(connection).await, Ok(spares) if spares.is_empty());
        if may_be_spared || !matches!(self.sends_batches(connection).await, Ok(true)) {
            waiting.answered(false);
            return Ok(false);
        }
        // Several statements in one message are one transaction to the server.
        let created = connection.batch_execute(&sql).await;
        waiting.answered(created.is_ok());
        match created {
            Ok(()) => Ok(true),
            Err(error) if connection.is_broken() => Err(error),
            Err(_) => Ok(false),
        }
    }

    fn creation(&self, tenant: &SchemaName, scripts: &[Script], status: TenantStatus) -> Option<String> {
        let mut schemas = vec![tenant.clone()];
        schemas.extend_from_slice(self.migration_connector().extension_schemas());
        let search_path = search_path(&schemas);
        let mut sql = format!(
            "SELECT {};\nCREATE SCHEMA {};\nSET LOCAL search_path = {};\n{};\n",
            require_lock(tenant),
            tenant.quoted(),
            search_path,
            text::create(tenant)
        );
        if status == TenantStatus::Active {
            sql += &self.note(&DirectoryChange::Added { tenant });
        } else {
            let _ = writeln!(sql, "{};", text::mark(tenant, &status.comment()));
        }
        for script in scripts {
            let Body::Sql(body) = &script.body else { return None };
            if !script.migration.in_transaction || script.affects_session {
                return None;
            }
            let _ = writeln!(
                sql,
                "{};",
                text::insert_if(tenant, &script.migration.version, script.checksum.as_deref(), "true")
            );
            // A text may end with a line comment without a newline.
            sql.extend(body.iter().flat_map(|body| [body.as_str(), "\n;\n"]));
            // Nothing else may carry over between migrations that share a transaction.
            let _ = writeln!(sql, "{RESET};\nSET LOCAL search_path = {search_path};");
        }
        Some(sql)
    }
}
