//! How tenants that are databases of MySQL or MariaDB differ.
//!
//! The server itself writes each definition (`SHOW CREATE`), with the tenant's name where it names its own database. The
//! template's definitions with the other tenant's name must be those of the other tenant.

mod compare;
mod table;

use std::collections::HashSet;

use futures_util::future::try_join_all;

use self::compare::compare;
use super::{CrossReference, Drift, DriftError, DriftReport};
use crate::{
    IntoSchemaName, Mysql, SchemaName, TenantPool,
    backend::mysql::{
        Server, SessionError,
        lifecycle::{Definition, all_definitions},
    },
    pool::MysqlError,
};

/// How many sessions read definitions.
const SESSIONS: usize = 4;

/// # Comparing tenants with a template
///
/// Tables with their columns, keys and constraints, sequences, views, triggers, routines and events are compared; rows
/// are not, and nothing is changed. The order of a table's columns is a difference.
impl TenantPool<Mysql> {
    /// Compares the structure of tenants with that of a template tenant.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool<diesel_tenants::Mysql>) -> Result<(), diesel_tenants::DriftError> {
    /// let report = pool.drift("template", ["client1", "client2"]).await?;
    /// for drift in &report.drifted {
    ///     for difference in &drift.differences {
    ///         println!("{}: {difference}", drift.tenant);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
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
        let names: Vec<SchemaName> = names.collect::<Result<_, _>>()?;
        let listed = self.all_tenants().await.map_err(|source| DriftError::Tenants {
            source: Box::new(source),
        })?;
        let there = listed.into_iter().filter(|tenant| tenant.status.is_migrated());
        let there: HashSet<SchemaName> = there.map(|tenant| tenant.name).collect();
        if !there.contains(&template) {
            return Err(DriftError::UnknownTemplate { template });
        }
        let (names, missing): (Vec<SchemaName>, Vec<SchemaName>) =
            names.into_iter().partition(|name| there.contains(name));
        let failed = |error| DriftError::Mysql {
            source: MysqlError::session(error),
        };
        let server = self.mysql_server();
        let expected = read(&server, std::slice::from_ref(&template)).await.map_err(failed)?;
        let expected = expected.into_iter().next().unwrap_or_default();
        let share = names.len().div_ceil(SESSIONS).max(1);
        let found = try_join_all(names.chunks(share).map(|names| read(&server, names)));
        let found = found.await.map_err(failed)?;
        let mut report = DriftReport {
            missing,
            cross_references: self.leads_elsewhere(&template, &expected),
            ..DriftReport::default()
        };
        for (tenant, found) in names.into_iter().zip(found.into_iter().flatten()) {
            report.cross_references.extend(self.leads_elsewhere(&tenant, &found));
            let drift: Drift = compare(&template, tenant, &expected, &found);
            match (drift.differences.is_empty(), drift.not_compared.is_empty()) {
                (false, _) => report.drifted.push(drift),
                (true, false) => report.partly_compared.push(drift),
                (true, true) => report.alike += 1,
            }
        }
        Ok(report)
    }

    /// The objects of a tenant that name another database than its own and the shared one.
    fn leads_elsewhere(&self, tenant: &SchemaName, definitions: &[Definition]) -> Vec<CrossReference> {
        let references = definitions.iter().filter_map(|definition| {
            let others = definition.others(&[tenant, self.shared_schema()]);
            let names: Vec<SchemaName> = others.iter().filter_map(|name| SchemaName::new(name).ok()).collect();
            (!names.is_empty()).then(|| CrossReference {
                tenant: tenant.clone(),
                object: definition.named(),
                names,
            })
        });
        references.collect()
    }
}

/// The definitions of some databases, in their order.
async fn read(server: &Server, databases: &[SchemaName]) -> Result<Vec<Vec<Definition>>, SessionError> {
    let mut session = server.open().await?;
    let mut all = Vec::with_capacity(databases.len());
    for database in databases {
        all.push(all_definitions(&mut session, database).await?);
    }
    Ok(all)
}
