//! Reads the directory's tables on PostgreSQL.

use diesel::{OptionalExtension, QueryResult, QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;

use super::{
    DirectoryTables,
    placement::{COLUMNS, PlacementColumns},
};
use crate::{
    BoxFuture, SchemaName, TenantDirectory, TenantPool, TenantStatus,
    backend::postgres::PreparedSql,
    tenancy::{DirectoryAnswer, DirectoryChange, DirectoryEntry},
};

/// Why a row can't be an answer of the directory.
#[derive(Debug, thiserror::Error)]
enum BadRow {
    #[error("the row of tenant {tenant:?} in the table `tenants` has neither a schema nor a tenant id")]
    NoPlace { tenant: SchemaName },
    #[error("the directory's tables did not answer in time")]
    Late,
}

#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(embed)]
    columns: PlacementColumns,
    #[diesel(sql_type = Text)]
    status: String,
}

#[derive(QueryableByName)]
pub(super) struct NamedRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(embed)]
    row: Row,
}

#[derive(QueryableByName)]
pub(super) struct Owner {
    #[diesel(sql_type = Text)]
    pub(super) tenant: String,
}

impl Row {
    pub(super) fn entry(self, tenant: &SchemaName) -> Result<DirectoryEntry, Box<dyn std::error::Error + Send + Sync>> {
        let placement = self.columns.placement()?;
        let placement = placement.ok_or_else(|| BadRow::NoPlace { tenant: tenant.clone() })?;
        let status = match TenantStatus::from_word(&self.status) {
            Some(TenantStatus::Spare) | None => TenantStatus::Unfinished,
            Some(status) => status,
        };
        Ok(DirectoryEntry::new(placement).with_status(status))
    }
}

impl NamedRow {
    pub(super) fn entry(self) -> Result<(SchemaName, DirectoryEntry), Box<dyn std::error::Error + Send + Sync>> {
        let tenant: SchemaName = self.name.parse()?;
        let entry = self.row.entry(&tenant)?;
        Ok((tenant, entry))
    }
}

/// The query for a [`Row`], of the tenant whose name is the parameter. Each database writes the parameter, and the name of
/// the shared schema, in its own way.
pub(super) fn row_of_tenant(shared: &str, parameter: &str) -> String {
    format!("SELECT {COLUMNS}, status FROM {shared}.tenants WHERE name = {parameter}")
}

/// The query for a [`NamedRow`] of each tenant.
pub(super) fn rows_of_tenants(shared: &str) -> String {
    format!("SELECT name, {COLUMNS}, status FROM {shared}.tenants")
}

/// The query for the [`Owner`] of the domain that is the parameter.
pub(super) fn owner_of_domain(shared: &str, parameter: &str) -> String {
    format!("SELECT tenant FROM {shared}.domains WHERE domain = {parameter}")
}

impl DirectoryTables {
    /// The first row of a query, if there is one, within the directory's time limit.
    pub(super) async fn in_time<R>(
        &self,
        row: impl Future<Output = QueryResult<R>>,
    ) -> Result<Option<R>, Box<dyn std::error::Error + Send + Sync>> {
        let row = tokio::time::timeout(self.timeout, row).await;
        Ok(row.map_err(|_| BadRow::Late)?.optional()?)
    }
}

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
        Some(super::record::sql(change, pool.shared_schema(), pool.reuse_after()))
    }
}
