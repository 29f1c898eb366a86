//! Compares all tenants with a template.

use super::{
    compare::compare,
    cross_references,
    structures::{TOGETHER, structures},
};
use crate::{
    IntoSchemaName, PostgresConnection, SchemaName, TenantPool,
    backend::postgres::structure::Structure,
    drift::{DriftError, DriftReport},
};

/// # Comparing tenants with a template
impl TenantPool {
    /// Compares the structure of tenants with that of a template tenant. Rows are not compared, and nothing is changed.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), diesel_tenants::DriftError> {
    /// let report = pool.drift("template", ["client1", "client2"]).await?;
    /// for drift in &report.drifted {
    ///     for difference in &drift.differences {
    ///         println!("{}: {difference}", drift.tenant);
    ///     }
    ///     for repair in &drift.repair {
    ///         println!("{repair};{}", if repair.is_destructive { " -- destructive!" } else { "" });
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Everything that [`clone_tenant`](Self::clone_tenant) copies is compared, by [kind](crate::drift::ObjectKind) of
    /// object. Of the version table, only the existence is compared. The order of columns does not count. Other objects
    /// of a schema are [listed](crate::drift::Drift::not_compared), and their tenant never counts as alike. A
    /// comparison takes some twenty queries for each 50 tenants, on a connection of its own.
    ///
    /// # Errors
    /// [`DriftError`]. A tenant that does not exist is no error: the report names it.
    pub async fn drift<N: IntoSchemaName>(
        &self,
        template: impl IntoSchemaName,
        tenants: impl IntoIterator<Item = N>,
    ) -> Result<DriftReport, DriftError> {
        let template = self.tenant_name(template)?;
        let names = tenants.into_iter().map(|tenant| self.tenant_name(tenant));
        let names = names.collect::<Result<Vec<_>, _>>()?;
        let connected = self.migration_connector().connect().await;
        let mut connection = connected.map_err(|source| DriftError::Connect {
            template: template.clone(),
            source,
        })?;

        let expected = structure_of(&template, &mut connection).await?;
        compare_all((&template, &expected), &names, self.shared_schema(), &mut connection).await
    }
}

/// The structure of the template.
pub(super) async fn structure_of(
    template: &SchemaName,
    connection: &mut PostgresConnection,
) -> Result<Structure, DriftError> {
    let mut read = structures(connection, std::slice::from_ref(template)).await?;
    read.pop().flatten().ok_or_else(|| DriftError::UnknownTemplate {
        template: template.clone(),
    })
}

/// Compares the tenants of one database with a template, which may be in another one.
pub(super) async fn compare_all(
    (template, expected): (&SchemaName, &Structure),
    names: &[SchemaName],
    shared: &SchemaName,
    connection: &mut PostgresConnection,
) -> Result<DriftReport, DriftError> {
    let mut report = DriftReport::default();
    for names in names.chunks(TOGETHER) {
        let schemas: Vec<&str> = names.iter().map(SchemaName::as_str).collect();
        let found = cross_references::of(connection, &schemas, shared).await;
        let found = found.map_err(|source| DriftError::Read {
            tenants: names.to_vec(),
            source,
        });
        report.cross_references.extend(found?);
        for (tenant, found) in names.iter().zip(structures(connection, names).await?) {
            match found.map(|found| compare(template, tenant, expected, &found)) {
                None => report.missing.push(tenant.clone()),
                Some(drift) if !drift.differences.is_empty() => report.drifted.push(drift),
                Some(drift) if !drift.not_compared.is_empty() => report.partly_compared.push(drift),
                Some(_) => report.alike += 1,
            }
        }
    }
    Ok(report)
}
