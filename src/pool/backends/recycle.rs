//! Which connections are handed out again, and which are replaced.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use deadpool::managed::{Metrics, RecycleError, RecycleResult};
use diesel_async::pooled_connection::PoolableConnection;

use crate::{
    TenantConnection,
    connection::Condition,
    pool::{Recycling, options::Options},
    signals::{Counters, Retirement},
};

/// What a connection may go through before it is replaced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) recycling: Recycling,
    pub(crate) recycle_timeout: Duration,
    pub(crate) max_lifetime: Duration,
    pub(crate) max_statements: usize,
    pub(crate) max_tenants: usize,
}

impl Limits {
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            recycling: options.recycling,
            recycle_timeout: options.recycle_timeout,
            max_lifetime: options.max_lifetime,
            max_statements: options.max_statements,
            max_tenants: options.max_tenants,
        }
    }

    /// Refuses a connection of too great an age, or that has served too many tenants.
    pub(super) fn check(&self, now: Instant, metrics: &Metrics, tenants: usize) -> Result<(), Retirement> {
        if now - metrics.created > self.max_lifetime {
            return Err(Retirement::Lifetime);
        }
        if tenants > self.max_tenants {
            return Err(Retirement::Tenants);
        }
        Ok(())
    }
}

/// Tests connections that were idle.
#[derive(Debug, Default)]
pub(super) struct Test {
    /// When a connection last failed to answer.
    silent_since: Mutex<Option<Instant>>,
}

impl Test {
    /// Refuses a connection that doesn't answer in time.
    pub(super) async fn ask<D>(
        &self,
        now: Instant,
        used: Instant,
        limits: &Limits,
        answer: impl Future<Output = Result<(), D>>,
    ) -> Result<(), Retirement> {
        // Another connection of that time didn't answer.
        if self.silent_since().is_some_and(|silent_since| used <= silent_since) {
            return Err(Retirement::Broken);
        }
        match tokio::time::timeout(limits.recycle_timeout, answer).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Retirement::Broken),
            Err(_) => {
                // Connections that were idle as long are replaced untested: testing them one by one could take the full
                // time for each.
                *self.silent_since() = Some(now);
                Err(Retirement::Broken)
            }
        }
    }

    fn silent_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.silent_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a connection that comes back is not kept; `None` if it is. `id` is that of the connection which was handed out.
pub(super) fn why_retired<C: PoolableConnection>(connection: &mut TenantConnection<C>, id: u64) -> Option<Retirement> {
    if connection.id() != id {
        return Some(Retirement::Swapped);
    }
    match connection.condition() {
        Condition::Interrupted => Some(Retirement::Abandoned),
        Condition::Altered => Some(Retirement::LeftState),
        Condition::Clean if connection.is_in_transaction() => Some(Retirement::InTransaction),
        Condition::Clean => connection.untranslated().is_broken().then_some(Retirement::Broken),
    }
}

/// What deadpool is told of a connection that is not handed out again, which is counted.
pub(super) fn counted<E>(recycled: Result<(), Retirement>, counters: &Counters) -> RecycleResult<E> {
    recycled.map_err(|reason| {
        counters.retired.add(reason);
        RecycleError::message(reason.name())
    })
}

/// When a connection was last used.
pub(super) fn last_used(metrics: &Metrics) -> Instant {
    metrics.recycled.unwrap_or(metrics.created)
}
