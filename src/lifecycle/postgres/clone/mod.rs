//! A tenant as a copy of another tenant.

mod copy;
mod copy_rows;
mod hold;

use std::future::IntoFuture;

use futures_core::future::BoxFuture;

use crate::{CloneError, CloneRequest, IntoSchemaName, SchemaName, TenantPool, tenancy::LifecycleEvent};

use copy::Copying;
use hold::hold;
pub(crate) use hold::keep_from_migrating;

/// # Cloning a tenant
impl TenantPool {
    /// Creates a tenant as a copy of another tenant: its structure, its rows, and the versions of its migrations.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), diesel_tenants::CloneError> {
    /// pool.clone_tenant("client1", "client2").await?;
    /// pool.clone_tenant("template", "client9").without_data().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The clone is created completely or not at all, in one transaction within the server. The template may be in use:
    /// the clone has the template's rows as of one moment, and only changes to the structure of the template's tables
    /// wait. No trigger fires. Everything in the clone refers to the clone: foreign keys, defaults, views, triggers,
    /// functions. References to shared tables stay.
    ///
    /// The role that clones owns all objects of the clone. Large objects, tablespaces, publications, security labels
    /// and the comment on the schema are not copied. A template whose functions contain the schema's name in strings is
    /// refused.
    ///
    /// # Errors
    /// [`CloneError`]; there is then no clone. A schema of that name that exists already is not touched.
    pub fn clone_tenant(&self, template: impl IntoSchemaName, tenant: impl IntoSchemaName) -> CloneRequest<'_> {
        CloneRequest::new(self, template, tenant)
    }
}

impl CloneRequest<'_> {
    async fn run(self) -> Result<(), CloneError> {
        let (template, tenant) = self.names?;
        if template == tenant {
            return Err(CloneError::AlreadyExists { template, tenant });
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
) -> Result<(), CloneError> {
    let begin = |source| CloneError::Begin {
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

impl<'a> IntoFuture for CloneRequest<'a> {
    type Output = Result<(), CloneError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
