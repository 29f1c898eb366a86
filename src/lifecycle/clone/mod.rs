//! A tenant as a copy of another tenant.

mod clone_error;
mod copy;
mod copy_rows;
mod hold;

use std::future::IntoFuture;

use futures_core::future::BoxFuture;

use crate::{
    IntoSchemaName, SchemaName, SchemaNameError, TenantPool,
    pool::{Backend, Postgres},
    tenancy::LifecycleEvent,
};

pub use clone_error::CloneError;
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

/// Clones a tenant when awaited. See [`TenantPool::clone_tenant`].
#[must_use = "nothing is cloned until this is awaited"]
#[derive(Debug)]
pub struct CloneRequest<'a, B: Backend = Postgres> {
    pub(super) pool: &'a TenantPool<B>,
    /// The names of the template and of the clone.
    pub(super) names: Result<(SchemaName, SchemaName), SchemaNameError>,
    pub(super) with_data: bool,
}

impl<'a, B: Backend> CloneRequest<'a, B> {
    pub(super) fn new(pool: &'a TenantPool<B>, template: impl IntoSchemaName, tenant: impl IntoSchemaName) -> Self {
        let template = pool.tenant_name(template);
        Self {
            names: template.and_then(|template| Ok((template, pool.new_tenant_name(tenant)?))),
            pool,
            with_data: true,
        }
    }

    /// Leaves the tables empty, and the sequences at their start. The versions of the migrations are still copied.
    pub fn without_data(mut self) -> Self {
        self.with_data = false;
        self
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
