//! Which connections are handed out again, and which are replaced.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use deadpool::managed::{Metrics, RecycleError, RecycleResult};

use crate::pool::{Recycling, options::Options};

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
    pub(super) fn check<E>(&self, now: Instant, metrics: &Metrics, tenants: usize) -> RecycleResult<E> {
        if now - metrics.created > self.max_lifetime {
            return Err(RecycleError::message("the connection has reached `max_lifetime`"));
        }
        if tenants > self.max_tenants {
            return Err(RecycleError::message("the connection has reached `max_tenants`"));
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
    pub(super) async fn ask<E, D: fmt::Display>(
        &self,
        now: Instant,
        used: Instant,
        limits: &Limits,
        answer: impl Future<Output = Result<(), D>>,
    ) -> RecycleResult<E> {
        if self.silent_since().is_some_and(|silent_since| used <= silent_since) {
            return Err(RecycleError::message("another connection of that time doesn't answer"));
        }
        match tokio::time::timeout(limits.recycle_timeout, answer).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(RecycleError::message(format!("the connection is broken: {error}"))),
            Err(_) => {
                // Connections that were idle as long are replaced untested: testing them one by one could take the full
                // time for each.
                *self.silent_since() = Some(now);
                Err(RecycleError::message("the connection doesn't answer"))
            }
        }
    }

    fn silent_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.silent_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a connection was last used.
pub(super) fn last_used(metrics: &Metrics) -> Instant {
    metrics.recycled.unwrap_or(metrics.created)
}
