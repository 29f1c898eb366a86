//! The same work for many tenants, several tenants at a time.

use std::error::Error;

use futures_util::stream::{self, StreamExt};

use crate::{
    Checkout, CheckoutError, IntoSchemaName, SchemaName, SchemaNameError, TenantPool,
    context::with_tenant,
    pool::{Backend, Postgres},
    signals::Span,
};

/// Work for many tenants; see [`TenantPool::each_tenant`].
#[must_use = "nothing is done until `run`"]
pub struct EachTenant<'a, B: Backend = Postgres> {
    pool: &'a TenantPool<B>,
    chosen: Option<Result<Vec<SchemaName>, SchemaNameError>>,
    concurrency: usize,
}

/// The report of [`EachTenant::run`]: the result for each tenant, in the order in which the tenants were given; by
/// default sorted by name.
#[derive(Debug)]
#[must_use = "failures are found in here"]
#[non_exhaustive]
pub struct FanOutReport<T, E> {
    /// Each tenant with its result.
    pub tenants: Vec<(SchemaName, Result<T, FanOutError<E>>)>,
}

impl<T, E> FanOutReport<T, E> {
    /// The tenants for which the work succeeded, each with its result.
    pub fn successes(&self) -> impl Iterator<Item = (&SchemaName, &T)> {
        self.tenants
            .iter()
            .filter_map(|(tenant, result)| Some((tenant, result.as_ref().ok()?)))
    }

    /// The tenants for which the work failed, each with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&SchemaName, &FanOutError<E>)> {
        self.tenants
            .iter()
            .filter_map(|(tenant, result)| Some((tenant, result.as_ref().err()?)))
    }

    /// The results for all tenants, if the work succeeded for all.
    ///
    /// # Errors
    /// The first tenant for which the work failed, with the reason.
    pub fn all(self) -> Result<Vec<(SchemaName, T)>, FailedTenant<E>>
    where
        E: Error + 'static,
    {
        let each = self.tenants.into_iter();
        each.map(|(tenant, result)| match result {
            Ok(value) => Ok((tenant, value)),
            Err(error) => Err(FailedTenant {
                tenant,
                source: Box::new(error),
            }),
        })
        .collect()
    }
}

/// A tenant for which the work failed.
#[derive(Debug, thiserror::Error)]
#[error("the work for tenant {:?} failed", .tenant.as_str())]
#[non_exhaustive]
pub struct FailedTenant<E: Error + 'static> {
    /// The tenant.
    pub tenant: SchemaName,
    /// The reason.
    pub source: Box<FanOutError<E>>,
}

/// Why the work failed for one tenant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FanOutError<E> {
    /// There was no connection for the tenant.
    #[error(transparent)]
    Checkout(CheckoutError),
    /// The work itself failed.
    #[error(transparent)]
    Work(E),
}

/// # Doing the same work for many tenants
impl<B: Backend> TenantPool<B> {
    /// Runs work for all active tenants, several at a time, each on a connection of the pool that is checked out for
    /// the tenant.
    ///
    /// ```no_run
    /// # use diesel::prelude::*;
    /// # use diesel_async::RunQueryDsl;
    /// # use diesel_tenants::TenantPool;
    /// # diesel::table! { orders (id) { id -> Integer } }
    /// # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// let counted = pool
    ///     .each_tenant()
    ///     .run(|mut conn| async move { orders::table.count().get_result::<i64>(&mut conn).await })
    ///     .await?;
    /// for (tenant, orders) in counted.successes() {
    ///     println!("{tenant}: {orders}");
    /// }
    /// for (tenant, error) in counted.failures() {
    ///     eprintln!("{tenant}: {error}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn each_tenant(&self) -> EachTenant<'_, B> {
        EachTenant {
            pool: self,
            chosen: None,
            // The other half is left to requests.
            concurrency: (self.status().max_size / 2).max(1),
        }
    }
}

impl<B: Backend> EachTenant<'_, B> {
    /// Chooses only these tenants, in this order. Default: all active tenants.
    pub fn only(self, tenants: impl IntoIterator<Item: IntoSchemaName>) -> Self {
        let names = tenants.into_iter().map(|tenant| self.pool.tenant_name(tenant));
        Self {
            chosen: Some(names.collect()),
            ..self
        }
    }

    /// How many tenants are worked on at a time; at least one. Default: half the number of the pool's connections.
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self {
            concurrency: concurrency.max(1),
            ..self
        }
    }

    /// Runs the work. Meanwhile the tenant is the [current tenant](crate::context), and with the feature `tracing` a span
    /// with the tenant's name is the current one. A failure for one tenant doesn't stop the others. Dropping the future stops the work.
    ///
    /// # Errors
    /// [`CheckoutError`] if the tenants can't be listed, or no tenant can have one of the chosen names. No work was
    /// done then. Failures of single tenants are in the report.
    pub async fn run<T, E, F>(self, work: impl Fn(Checkout<B>) -> F) -> Result<FanOutReport<T, E>, CheckoutError>
    where
        F: Future<Output = Result<T, E>>,
    {
        let tenants: Vec<SchemaName> = match self.chosen {
            Some(chosen) => chosen?,
            None => self.pool.active_tenants().await?,
        };
        let (pool, work) = (self.pool, &work);
        let each = tenants.into_iter().map(|tenant| async move {
            let result = async {
                match pool.for_tenant(&tenant).get().await {
                    Ok(checkout) => work(checkout).await.map_err(FanOutError::Work),
                    Err(error) => Err(FanOutError::Checkout(error)),
                }
            };
            let result = with_tenant(&tenant, Span::tenant(&tenant).run(result)).await;
            (tenant, result)
        });
        Ok(FanOutReport {
            tenants: stream::iter(each).buffered(self.concurrency).collect().await,
        })
    }
}
