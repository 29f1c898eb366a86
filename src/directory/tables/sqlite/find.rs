//! Reads the directory's tables on SQLite.

use std::time::Duration;

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::super::{
    DirectoryTables,
    record::{Notation, of_row},
    rows::{NamedRow, Owner, Row, owner_of_domain, row_of_tenant, rows_of_tenants},
};
use crate::{
    BoxFuture, SchemaName, Sqlite, TenantDirectory, TenantPool,
    backend::sqlite::STATE_TABLE,
    tenancy::{DirectoryAnswer, DirectoryCache, DirectoryChange, DirectoryEntry},
};

impl TenantDirectory<Sqlite> for DirectoryTables {
    fn find<'a>(
        &'a self,
        tenant: &'a SchemaName,
        pool: &'a TenantPool<Sqlite>,
    ) -> BoxFuture<'a, DirectoryAnswer<DirectoryEntry>> {
        Box::pin(async move {
            let mut connection = pool.shared().get().await?;
            let sql = row_of_tenant(pool.shared_schema().quoted(), "?");
            let query = diesel::sql_query(sql).bind::<Text, _>(tenant.as_str());
            let row = self.in_time(query.get_result::<Row>(&mut connection)).await?;
            row.map(|row| row.entry(tenant)).transpose()
        })
    }

    fn list<'a>(
        &'a self,
        pool: &'a TenantPool<Sqlite>,
    ) -> BoxFuture<'a, DirectoryAnswer<Vec<(SchemaName, DirectoryEntry)>>> {
        Box::pin(async move {
            let mut connection = pool.shared().get().await?;
            let sql = rows_of_tenants(pool.shared_schema().quoted());
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
        pool: &'a TenantPool<Sqlite>,
    ) -> BoxFuture<'a, DirectoryAnswer<SchemaName>> {
        Box::pin(async move {
            let mut connection = pool.shared().get().await?;
            let sql = owner_of_domain(pool.shared_schema().quoted(), "?");
            let query = diesel::sql_query(sql).bind::<Text, _>(domain);
            let owner = self.in_time(query.get_result::<Owner>(&mut connection)).await?;
            Ok(owner.map(|owner| owner.tenant.parse()).transpose()?)
        })
    }

    fn record(&self, change: &DirectoryChange<'_>, pool: &TenantPool<Sqlite>) -> Option<String> {
        let schema = pool.shared_schema();
        let reuse_after = |time: Duration| {
            let seconds = time.as_secs_f64();
            format!("UPDATE {}.{STATE_TABLE} SET reuse_after = {seconds:?}", schema.quoted())
        };
        // Other changes, such as the application's own, have the default.
        Some(format!(
            "{};\n{};\n{}",
            reuse_after(pool.reuse_after()),
            of_row(change, &Notation::standard(schema)),
            reuse_after(DirectoryCache::default().reuse_after())
        ))
    }
}
