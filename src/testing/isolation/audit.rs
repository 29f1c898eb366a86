use std::fmt;

use super::{Access, AuditError, Leak, Marker, Report, evidence::Evidence};
use crate::{Backend, CheckoutError, IntoSchemaName, Postgres, SchemaName, TenantPool};

/// Prepares an audit of work that is a tenant's. See the [module](crate::testing::isolation).
pub fn audit<B: AuditedBackend>(pool: &TenantPool<B>, tenant: impl IntoSchemaName) -> Audit<'_, B> {
    Audit {
        tenant: pool.tenant_name(tenant).map_err(CheckoutError::from),
        scope: Scope {
            pool,
            allowed: Vec::new(),
            observer: None,
        },
        markers: Vec::new(),
    }
}

/// An audit that is being prepared; made by [`audit`].
#[must_use = "an audit does nothing until `run`"]
pub struct Audit<'a, B: AuditedBackend = Postgres> {
    tenant: Result<SchemaName, CheckoutError>,
    scope: Scope<'a, B>,
    markers: Vec<Marker>,
}

/// What is watched, and by whom.
pub struct Scope<'a, B: AuditedBackend> {
    pub(super) pool: &'a TenantPool<B>,
    /// The schemas that the work may use besides the tenant's.
    pub(super) allowed: Vec<String>,
    /// Where the session connects that asks the server.
    pub(super) observer: Option<B::Observer>,
}

impl<B: AuditedBackend> Audit<'_, B> {
    /// Allows the work to use this schema as well. The tenant's own schema, the shared schema and those of extensions
    /// are always allowed.
    pub fn allow(mut self, schema: impl Into<String>) -> Self {
        self.scope.allowed.push(schema.into());
        self
    }

    /// A text that rows of another tenant contain: [`run_and_search`](Self::run_and_search) looks for it.
    pub fn marker(mut self, marker: &Marker) -> Self {
        self.markers.push(marker.clone());
        self
    }

    /// Runs the work, and has the database testify. What the work returns is in the report.
    ///
    /// # Errors
    /// [`AuditError`], if the audit could not be made. The work may have run.
    pub async fn run<T>(self, work: impl AsyncFnOnce() -> T) -> Result<Report<T>, AuditError> {
        self.run_then(work, |_, _| Vec::new()).await
    }

    /// Runs the work, has the database testify, and searches what the work returns, such as the body of a response, for
    /// the [markers](Self::marker) of other tenants' rows.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn run_and_search<T: AsRef<[u8]>>(self, work: impl AsyncFnOnce() -> T) -> Result<Report<T>, AuditError> {
        self.run_then(work, |output, markers| shown(output.as_ref(), markers))
            .await
    }

    async fn run_then<T>(
        self,
        work: impl AsyncFnOnce() -> T,
        search: impl FnOnce(&T, &[Marker]) -> Vec<Leak>,
    ) -> Result<Report<T>, AuditError> {
        let Self { tenant, scope, markers } = self;
        let tenant = tenant?;
        let witness = B::watch(&scope, &tenant).await?;
        let output = work().await;
        let Evidence { mut leaks, unwatched } = B::testify(witness).await?;
        let others: Vec<Marker> = markers
            .into_iter()
            .filter(|marker| *marker.tenant() != tenant)
            .collect();
        leaks.extend(search(&output, &others));
        Ok(Report {
            tenant,
            leaks,
            unwatched,
            output,
        })
    }
}

fn shown(output: &[u8], markers: &[Marker]) -> Vec<Leak> {
    let found = markers.iter().filter(|marker| marker.is_in(output));
    found
        .map(|marker| Leak {
            schema: marker.tenant().to_string(),
            object: None,
            access: Access::Shown,
            evidence: format!("it contains the marker {marker}"),
            statements: Vec::new(),
            is_certain: false,
        })
        .collect()
}

impl Audit<'_, Postgres> {
    /// Connects with this URL, without TLS, to have the server testify. Default: as the pool's migrations do.
    ///
    /// Use it if the pool's role may not end the sessions of other roles that the work uses, or if the pool opens
    /// connections with a function of its own: [`Database::url`](crate::testing::Database::url) has the role that may
    /// do everything.
    pub fn observer(mut self, url: impl Into<String>) -> Self {
        self.scope.observer = Some(url.into());
        self
    }
}

#[cfg(feature = "mysql")]
impl Audit<'_, crate::Mysql> {
    /// Connects with this URL to have the server testify. Default: as the pool does.
    ///
    /// Use it if the account of the pool may not do what the audit does
    /// ([the rights](crate::testing::isolation#what-mariadb-testifies)), as it should not in production. The URL is of the
    /// same server.
    pub fn observer(mut self, url: crate::MysqlUrl) -> Self {
        self.scope.observer = Some(url);
        self
    }
}

impl<B: AuditedBackend> fmt::Debug for Audit<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit")
            .field("tenant", &self.tenant)
            .field("allowed", &self.scope.allowed)
            .finish_non_exhaustive()
    }
}

/// Kinds of database that can testify. Only this library implements it.
pub trait AuditedBackend: Backend {
    /// What the database said before the work.
    #[doc(hidden)]
    type Witness;

    /// Where the audit's own session may connect.
    #[doc(hidden)]
    type Observer;

    #[doc(hidden)]
    fn watch(scope: &Scope<'_, Self>, tenant: &SchemaName) -> impl Future<Output = Result<Self::Witness, AuditError>>;

    #[doc(hidden)]
    fn testify(witness: Self::Witness) -> impl Future<Output = Result<Evidence, AuditError>>;
}
