//! Reads the directory's tables on PostgreSQL.

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::{
    super::{
        DirectoryTables,
        rows::{NamedRow, Owner, Row, owner_of_domain, row_of_tenant, rows_of_tenants},
    },
    record,
};
use crate::{
    BoxFuture, SchemaName, TenantDirectory, TenantPool,
    backend::postgres::PreparedSql,
    tenancy::{DirectoryAnswer, DirectoryChange, DirectoryEntry},
};

impl TenantDirectory for DirectoryTables {
    fn find<'a>(
        &'a self,
        tenant: &'a SchemaName,
        pool: &'a TenantPool,
    ) -> BoxFuture<'a, DirectoryAnswer<DirectoryEntry>> {
        Box::pin(async move {
            let mut connection = pool.shared().get().await?;
            let sql = row_of_tenant(pool.shared_schema().quoted(), "$1");
            let query = PreparedSql(diesel::sql_query(sql).bind::<Text, _>(tenant.as_str()));
            let row = query.get_result::<Row>(&mut connection);
            let row = self.in_time(row).await?;
            row.map(|row| row.entry(tenant)).transpose()
        })
    }

    fn list<'a>(&'a self, pool: &'a TenantPool) -> BoxFuture<'a, DirectoryAnswer<Vec<(SchemaName, DirectoryEntry)>>> {
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

    fn find_domain<'a>(&'a self, domain: &'a str, pool: &'a TenantPool) -> BoxFuture<'a, DirectoryAnswer<SchemaName>> {
        Box::pin(async move {
            let mut connection = pool.shared().get().await?;
            let sql = owner_of_domain(pool.shared_schema().quoted(), "$1");
            let query = PreparedSql(diesel::sql_query(sql).bind::<Text, _>(domain));
            let row = query.get_result::<Owner>(&mut connection);
            let owner = self.in_time(row).await?;
            Ok(owner.map(|owner| owner.tenant.parse()).transpose()?)
        })
    }

    fn record(&self, change: &DirectoryChange<'_>, pool: &TenantPool) -> Option<String> {
        Some(record::sql(change, pool.shared_schema(), pool.reuse_after()))
    }
}
