//! Reads the directory's tables on MySQL and MariaDB.

use std::time::Duration;

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::super::{
    DirectoryTables,
    record::{Notation, of_row},
    rows::{NamedRow, Owner, Row, owner_of_domain, row_of_tenant, rows_of_tenants},
};
use crate::{
    BoxFuture, Mysql, SchemaName, TenantDirectory, TenantPool,
    backend::mysql::quote,
    tenancy::{DirectoryAnswer, DirectoryChange, DirectoryEntry},
};

impl TenantDirectory<Mysql> for DirectoryTables {
    fn find<'a>(
        &'a self,
        tenant: &'a SchemaName,
        pool: &'a TenantPool<Mysql>,
    ) -> BoxFuture<'a, DirectoryAnswer<DirectoryEntry>> {
        Box::pin(async move {
            let mut connection = pool.shared().get().await?;
            let sql = row_of_tenant(&quote::database(pool.shared_schema()), "?");
            let query = diesel::sql_query(sql).bind::<Text, _>(tenant.as_str());
            let row = self.in_time(query.get_result::<Row>(&mut connection)).await?;
            row.map(|row| row.entry(tenant)).transpose()
        })
    }

    fn list<'a>(
        &'a self,
        pool: &'a TenantPool<Mysql>,
    ) -> BoxFuture<'a, DirectoryAnswer<Vec<(SchemaName, DirectoryEntry)>>> {
        Box::pin(async move {
            let mut connection = pool.shared().get().await?;
            let sql = rows_of_tenants(&quote::database(pool.shared_schema()));
            let rows: Vec<NamedRow> = diesel::sql_query(sql).load(&mut connection).await?;
            rows.into_iter()
                .map(NamedRow::entry)
                .collect::<Result<_, _>>()
                .map(Some)
        })
    }

    fn find_domain<'a>(
        &'a self,
        domain: &'a str,
        pool: &'a TenantPool<Mysql>,
    ) -> BoxFuture<'a, DirectoryAnswer<SchemaName>> {
        Box::pin(async move {
            let mut connection = pool.shared().get().await?;
            let sql = owner_of_domain(&quote::database(pool.shared_schema()), "?");
            let query = diesel::sql_query(sql).bind::<Text, _>(domain);
            let owner = self.in_time(query.get_result::<Owner>(&mut connection)).await?;
            Ok(owner.map(|owner| owner.tenant.parse()).transpose()?)
        })
    }

    fn record(&self, change: &DirectoryChange<'_>, pool: &TenantPool<Mysql>) -> Option<String> {
        Some(record(change, pool.shared_schema(), pool.reuse_after()))
    }
}

/// The statements that tell the directory of a change.
pub(super) fn record(change: &DirectoryChange<'_>, shared: &SchemaName, reuse_after: Duration) -> String {
    let notation = Notation {
        shared: quote::database(shared),
        literal: quote::literal,
    };
    // The triggers of the table read the variable. It stays on a session of the library's own.
    format!(
        "SET @diesel_tenants_reuse_after = {:?};\n{}",
        reuse_after.as_secs_f64(),
        of_row(change, &notation)
    )
}
