//! A tenant like another one.

mod copy;
mod errors;
mod hold;
mod rows;

use std::future::IntoFuture;

use futures_core::future::BoxFuture;

use crate::{IntoSchemaName, SchemaName, SchemaNameError, TenantPool, tenancy::LifecycleEvent};

use copy::Copying;
pub use errors::CloneTenantError;
use hold::hold;
pub(crate) use hold::{LOCK_TABLES, keep_from_migrating};

impl TenantPool {
    /// Creates a tenant by copying another one: its structure, its rows, and the versions of its migrations.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), diesel_tenants::CloneTenantError> {
    /// pool.clone_tenant("client1", "client2").await?;
    /// pool.clone_tenant("template", "client9").without_data().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// All or nothing, in one transaction, by the server alone. The template may be in use: the clone has the rows of one
    /// moment, and nobody waits, other than who wants to change the template's tables. No trigger fires. Everything in the
    /// clone leads to the clone: foreign keys, defaults, views, triggers, functions; what led to shared tables still does.
    ///
    /// Everything belongs to the role that clones. Not copied are large objects, tablespaces, publications and security
    /// labels, the comment on the schema, and the names of the schema within strings of functions, which are refused.
    ///
    /// # Errors
    /// [`CloneTenantError`]; there is no clone then. A schema of that name that exists already is not touched.
    pub fn clone_tenant(&self, template: impl IntoSchemaName, tenant: impl IntoSchemaName) -> CloneTenant<'_> {
        let names = self
            .tenant_name(template)
            .and_then(|template| Ok((template, self.new_tenant_name(tenant)?)));
        CloneTenant {
            pool: self,
            names,
            with_data: true,
        }
    }
}

/// A clone to be made, by `.await`. See [`TenantPool::clone_tenant`].
#[must_use = "nothing is cloned until this is awaited"]
#[derive(Debug)]
pub struct CloneTenant<'a> {
    pool: &'a TenantPool,
    /// Template and clone.
    names: Result<(SchemaName, SchemaName), SchemaNameError>,
    with_data: bool,
}

impl CloneTenant<'_> {
    /// Leaves the tables empty, and the sequences at their start. The versions of the migrations are copied all the same.
    pub fn without_data(mut self) -> Self {
        self.with_data = false;
        self
    }

    async fn run(self) -> Result<(), CloneTenantError> {
        let (template, tenant) = self.names?;
        if template == tenant {
            return Err(CloneTenantError::AlreadyExists { template, tenant });
        }
        let event = LifecycleEvent::Clone {
            from: template.clone(),
            to: tenant.clone(),
        };
        let cloned = clone(self.pool, &template, &tenant, self.with_data);
        self.pool.hooked(&event, cloned).await
    }
}

async fn clone(
    pool: &TenantPool,
    template: &SchemaName,
    tenant: &SchemaName,
    with_data: bool,
) -> Result<(), CloneTenantError> {
    let begin = |source| CloneTenantError::Begin {
        template: template.clone(),
        tenant: tenant.clone(),
        source,
    };
    let mut held = hold(pool, template, tenant).await.map_err(begin)?;
    let copying = Copying::connect(pool, template, tenant).await.map_err(begin)?;
    let _forget = pool.forget_afterwards(tenant);
    let copied = copying.run(with_data).await;
    held.rollback().await;
    copied
}

impl<'a> IntoFuture for CloneTenant<'a> {
    type Output = Result<(), CloneTenantError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
