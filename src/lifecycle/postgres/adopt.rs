//! Tenants that were there before the directory.

use diesel_async::SimpleAsyncConnection;

use super::operation::{Operation, connect};
use crate::{
    IntoSchemaName, Placement, SchemaName, TenantPool, TenantStatus,
    backend::postgres::{catalog::schema::state_of, quote::literal, version_table},
    lifecycle::LifecycleError,
    tenancy::{DirectoryChange, LifecycleEvent, PLACED, Tables, is_placed},
};

/// # Tenants that were there before the directory
impl TenantPool {
    /// Records in the directory a tenant whose schema exists already, with a version table. Nothing about the schema
    /// changes. A suspended tenant stays suspended.
    ///
    /// In the pool's own database the schema must have the tenant's name. In another database the tenant belongs to this
    /// directory from now on: programs that connect to that database directly refuse to rename, archive or drop it.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// use diesel_tenants::Placement;
    ///
    /// pool.prepare_directory().await?;
    /// pool.adopt_tenant("client1", Placement::schema("client1".parse()?)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LifecycleError`]; nothing is recorded then. [`AlreadyExists`](LifecycleError::AlreadyExists) if the directory
    /// knows a tenant of that name, [`OthersDirectory`](LifecycleError::OthersDirectory) if a directory placed the schema
    /// in its database, [`NotFound`](LifecycleError::NotFound) if there is no such schema with a version
    /// table, or if it is a spare, an archive, or unfinished.
    pub async fn adopt_tenant(&self, tenant: impl IntoSchemaName, placement: Placement) -> Result<(), LifecycleError> {
        let tenant = self.new_tenant_name(tenant)?;
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let (elsewhere, schema) = match placement.parts() {
            (None, Tables::Schema(schema)) if *schema == tenant => (None, schema.clone()),
            (Some(database), Tables::Schema(schema)) => {
                (Some(self.database_of(database, &event).await?), schema.clone())
            }
            (None, Tables::Schema(_)) | (_, Tables::Rows(_)) => {
                return Err(LifecycleError::OtherName { tenant, placement });
            }
        };
        let _forget = self.forget_afterwards(&tenant);
        let mut connection = connect(self, &event).await?;
        let mut operation = Operation::new(self, &mut connection, event.clone());
        operation.begin(&[&tenant]).await?;
        let adopted = async {
            if self.known(&tenant, &event).await?.is_some() {
                return Err(LifecycleError::AlreadyExists { tenant: tenant.clone() });
            }
            let status = match &elsewhere {
                Some(elsewhere) => status_in(elsewhere, &tenant, &schema, &event).await?,
                None => operation.tenant_status(&tenant).await?,
            };
            let change = match &elsewhere {
                None => DirectoryChange::Added { tenant: &tenant },
                Some(_) => DirectoryChange::Placed {
                    tenant: &tenant,
                    placement: &placement,
                    finished: true,
                },
            };
            if !self.can_record(&change) {
                return Err(LifecycleError::NoDirectory {
                    operation: event.clone(),
                });
            }
            operation.note(&change).await?;
            if status == TenantStatus::Suspended {
                operation.note(&DirectoryChange::Suspended { tenant: &tenant }).await?;
            }
            if let Some(elsewhere) = &elsewhere
                && schema != *elsewhere.shared_schema()
            {
                let mark = version_table::mark(&schema, &literal(PLACED));
                let marked = connect(elsewhere, &event).await?.batch_execute(&mark).await;
                marked.map_err(|source| LifecycleError::of(&event, source))?;
            }
            Ok(())
        };
        let adopted = adopted.await;
        operation.end(adopted).await
    }
}

/// The status of a tenant in another database, which no directory placed there.
async fn status_in(
    elsewhere: &TenantPool,
    tenant: &SchemaName,
    schema: &SchemaName,
    event: &LifecycleEvent,
) -> Result<TenantStatus, LifecycleError> {
    let mut connection = connect(elsewhere, event).await?;
    let found = state_of(schema, &mut connection).await;
    let found = found.map_err(|source| LifecycleError::of(event, source))?;
    match found {
        // Two directories that know one schema would show one tenant's rows to another.
        Some(found) if is_placed(found.comment.as_deref()) => Err(LifecycleError::OthersDirectory {
            operation: event.clone(),
            make_own: format!("COMMENT ON TABLE {} IS NULL", version_table::table(schema)),
        }),
        Some(found) if found.has_versions && found.status.is_tenant() => Ok(found.status),
        _ => Err(LifecycleError::NotFound { tenant: tenant.clone() }),
    }
}
