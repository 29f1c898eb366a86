use std::error::Error;

use futures_util::stream::{self, StreamExt};

use super::{Checkout, CheckoutError, TenantPool};
use crate::{IntoSchemaName, SchemaName, SchemaNameError, TenantStatus};

/// Work to be done for many tenants; see [`TenantPool::each_tenant`].
#[must_use = "nothing is done until `run`"]
pub struct EachTenant<'a> {
    pool: &'a TenantPool,
    chosen: Option<Result<Vec<SchemaName>, SchemaNameError>>,
    concurrency: usize,
}

/// What came of it for every tenant, in the order in which they were asked for; by default that of their names.
#[derive(Debug)]
#[must_use = "failures are found in here"]
#[non_exhaustive]
pub struct FanOut<T, E> {
    /// Each tenant with its result.
    pub tenants: Vec<(SchemaName, Result<T, FanOutError<E>>)>,
}

impl<T, E> FanOut<T, E> {
    /// The tenants for which it worked, each with what it gave.
    pub fn successes(&self) -> impl Iterator<Item = (&SchemaName, &T)> {
        self.tenants
            .iter()
            .filter_map(|(tenant, result)| Some((tenant, result.as_ref().ok()?)))
    }

    /// The tenants for which it failed, each with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&SchemaName, &FanOutError<E>)> {
        self.tenants
            .iter()
            .filter_map(|(tenant, result)| Some((tenant, result.as_ref().err()?)))
    }

    /// What it gave for each tenant, if it worked for all.
    ///
    /// # Errors
    /// The first tenant for which it failed, with the reason.
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

/// A tenant for which it failed.
#[derive(Debug, thiserror::Error)]
#[error("the work for tenant {:?} failed", .tenant.as_str())]
#[non_exhaustive]
pub struct FailedTenant<E: Error + 'static> {
    /// The tenant.
    pub tenant: SchemaName,
    /// Why.
    pub source: Box<FanOutError<E>>,
}

/// Why it failed for one tenant.
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

impl TenantPool {
    /// Does something for all active tenants, several at a time, each on a connection of the pool that is checked out for it.
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
    pub fn each_tenant(&self) -> EachTenant<'_> {
        EachTenant {
            pool: self,
            chosen: None,
            // Requests go on meanwhile.
            concurrency: (self.status().max_size / 2).max(1),
        }
    }
}

impl EachTenant<'_> {
    /// Only these tenants, in this order. Default: all that are active.
    pub fn only(self, tenants: impl IntoIterator<Item: IntoSchemaName>) -> Self {
        let names = tenants.into_iter().map(|tenant| self.pool.tenant_name(tenant));
        Self {
            chosen: Some(names.collect()),
            ..self
        }
    }

    /// For how many tenants at a time; at least one. Default: half as many as the pool has connections.
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self {
            concurrency: concurrency.max(1),
            ..self
        }
    }

    /// Does it. A failure for one tenant keeps no other from its turn. Dropping the future stops it.
    ///
    /// # Errors
    /// [`CheckoutError`] if the tenants can't be listed, or one that was chosen has a name that no tenant can have: nothing
    /// was done then. What fails for single tenants is in the result.
    pub async fn run<T, E, F>(self, work: impl Fn(Checkout) -> F) -> Result<FanOut<T, E>, CheckoutError>
    where
        F: Future<Output = Result<T, E>>,
    {
        let tenants: Vec<SchemaName> = match self.chosen {
            Some(chosen) => chosen?,
            None => {
                let tenants = self.pool.tenants().await?.into_iter();
                tenants
                    .filter(|tenant| tenant.status == TenantStatus::Active)
                    .map(|tenant| tenant.name)
                    .collect()
            }
        };
        let (pool, work) = (self.pool, &work);
        let each = tenants.into_iter().map(|tenant| async move {
            let result = match pool.for_tenant(&tenant).get().await {
                Ok(checkout) => work(checkout).await.map_err(FanOutError::Work),
                Err(error) => Err(FanOutError::Checkout(error)),
            };
            (tenant, result)
        });
        Ok(FanOut {
            tenants: stream::iter(each).buffered(self.concurrency).collect().await,
        })
    }
}
