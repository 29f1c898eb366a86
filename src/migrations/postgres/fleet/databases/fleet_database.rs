//! One of several databases, and what there is to do in it.

use std::collections::{HashMap, HashSet};

use diesel::QueryResult;

use crate::{
    PostgresConnection, SchemaName, SchemaNameError, TenantPool,
    backend::postgres::{
        catalog::{database::DatabaseIdentity, schema::status_of},
        version_table,
    },
    migrations::{
        MigrationError, Plan, SchemaOwner, TenantOutcome, TenantReport,
        postgres::fleet::survey::{Applied, Survey, SurveyedTenant},
    },
    pool::{OWN_DATABASE, Reached, Resident},
};

/// A database that was reached.
pub(super) struct FleetDatabase {
    pub(super) name: String,
    pub(super) pool: TenantPool,
    pub(super) identity: DatabaseIdentity,
    pub(super) residents: Vec<Resident>,
    /// The names of tenants whose schemas have other names, by the schemas.
    pub(super) names: HashMap<SchemaName, SchemaName>,
}

impl FleetDatabase {
    pub(super) fn of(reached: Reached) -> (Self, PostgresConnection) {
        let Reached {
            name,
            pool,
            connection,
            identity,
            residents,
            ..
        } = reached;
        let others = residents.iter().filter(|resident| resident.tenant != resident.schema);
        let names = others.map(|resident| (resident.schema.clone(), resident.tenant.clone()));
        let names = names.collect();
        let database = Self {
            name,
            pool,
            identity,
            residents,
            names,
        };
        (database, connection)
    }

    /// The tenant whose schema is the shared schema of this database, which then belongs to that tenant alone.
    pub(super) fn owner(&self) -> Option<&Resident> {
        let shared = self.pool.shared_schema();
        self.residents.iter().find(|resident| resident.schema == *shared)
    }

    /// The tenant's name, by its schema.
    pub(super) fn tenant<'n>(&'n self, schema: &'n SchemaName) -> &'n SchemaName {
        self.names.get(schema).unwrap_or(schema)
    }

    /// The migrations that the shared schema lacks, oldest first: those of the tenant if it is the tenant's.
    pub(super) async fn applied_to_shared(&self, connection: &mut PostgresConnection) -> QueryResult<Vec<String>> {
        version_table::applied(connection, self.pool.shared_schema()).await
    }

    /// Adds the tenants that the directory knows here and that have no version table, and returns those without a
    /// schema.
    pub(super) async fn complete(
        &self,
        survey: &mut Survey,
        connection: &mut PostgresConnection,
    ) -> QueryResult<Vec<SchemaName>> {
        let known: HashSet<SchemaName> = survey.tenants.iter().map(|tenant| tenant.name.clone()).collect();
        for tenant in &mut survey.tenants {
            tenant.reserved = self.reserved(&tenant.name);
        }
        let shared = self.pool.shared_schema();
        let mut missing = Vec::new();
        for resident in &self.residents {
            // An unfinished tenant's schema may not exist yet.
            if !resident.status.is_tenant() || resident.schema == *shared || known.contains(&resident.schema) {
                continue;
            }
            match status_of(&resident.schema, connection).await? {
                Some(status) if status.is_migrated() => survey.tenants.push(SurveyedTenant {
                    name: resident.schema.clone(),
                    status,
                    reserved: self.reserved(&resident.schema),
                    applied: Ok(std::sync::Arc::new(Applied::default())),
                }),
                _ => missing.push(resident.tenant.clone()),
            }
        }
        Ok(missing)
    }

    /// Why the tenant of this schema may not have its name, if that is so. In a further database, a tenant's schema may
    /// have another name than the tenant, and then no name is reserved.
    fn reserved(&self, schema: &SchemaName) -> Option<SchemaNameError> {
        match self.name == OWN_DATABASE {
            true => self.pool.tenant_name(schema).err(),
            false => self.pool.tenant_name(self.tenant(schema)).err(),
        }
    }

    /// The report of a tenant that has no schema here, though the directory says so.
    pub(super) fn missing(tenant: SchemaName) -> TenantReport {
        let owner = SchemaOwner::Tenant(tenant.clone());
        let error = MigrationError::UnknownSchema { owner };
        TenantReport::new(tenant, Vec::new(), TenantOutcome::Failed(error))
    }
}

/// The versions of a plan that are not among those applied, oldest first.
pub(super) fn lacking(plan: &Plan, applied: &[String]) -> Vec<String> {
    let versions = plan.migrations.iter().map(|migration| &migration.version);
    versions.filter(|version| !applied.contains(version)).cloned().collect()
}
