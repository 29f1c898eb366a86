//! The rows of the directory's tables, and the queries for them, which all kinds of database understand alike.

use diesel::{OptionalExtension, QueryResult, QueryableByName, sql_types::Text};

use super::{
    DirectoryTables,
    placement::{COLUMNS, PlacementColumns},
};
use crate::{SchemaName, TenantStatus, tenancy::DirectoryEntry};

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
