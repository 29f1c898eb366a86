use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{SchemaName, pool::CheckoutError, signals::DurationCounts};

/// How many of a pool's connections each tenant may have at a time.
pub(crate) struct Shares {
    limit: usize,
    taken: Mutex<Taken>,
}

struct Taken {
    tenants: HashMap<SchemaName, Arc<Semaphore>>,
    /// At this number of tenants, those that neither have a connection nor wait for one are forgotten.
    forget_at: usize,
}

const FORGET_AT_LEAST: usize = 64;

impl Shares {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            taken: Mutex::new(Taken {
                tenants: HashMap::new(),
                forget_at: FORGET_AT_LEAST,
            }),
        }
    }

    /// Waits until the tenant has fewer connections than it may have. The permit counts as one of them until it is
    /// dropped.
    pub(crate) async fn take(
        &self,
        tenant: &SchemaName,
        patience: Duration,
        waits: &DurationCounts,
    ) -> Result<OwnedSemaphorePermit, CheckoutError> {
        let share = self.of(tenant);
        if let Ok(permit) = Arc::clone(&share).try_acquire_owned() {
            return Ok(permit);
        }
        let _waits = waits.time();
        match tokio::time::timeout(patience, share.acquire_owned()).await {
            Ok(permit) => Ok(permit.expect("a tenant's semaphore is never closed")),
            Err(_) => Err(CheckoutError::TenantExhausted {
                tenant: tenant.clone(),
                waited: patience,
                limit: self.limit,
            }),
        }
    }

    fn of(&self, tenant: &SchemaName) -> Arc<Semaphore> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = taken.tenants.get(tenant) {
            return Arc::clone(share);
        }
        if taken.tenants.len() >= taken.forget_at {
            // Each permit, and each task that waits for one, holds a reference to the semaphore.
            taken.tenants.retain(|_, share| Arc::strong_count(share) > 1);
            taken.forget_at = FORGET_AT_LEAST.max(taken.tenants.len() * 2);
        }
        let share = Arc::new(Semaphore::new(self.limit));
        taken.tenants.insert(tenant.clone(), Arc::clone(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tenants_who_have_nothing_are_forgotten_and_others_are_not() {
        let (shares, waits) = (Shares::new(1), DurationCounts::default());
        let name = |number: usize| SchemaName::new(&format!("tenant{number}")).expect("a name");
        let held = shares
            .take(&name(0), Duration::ZERO, &waits)
            .await
            .expect("the only one");
        for number in 1..10_000 {
            drop(
                shares
                    .take(&name(number), Duration::ZERO, &waits)
                    .await
                    .expect("its own"),
            );
        }
        assert!(shares.taken.lock().expect("no panic").tenants.len() <= FORGET_AT_LEAST);
        assert!(shares.take(&name(0), Duration::ZERO, &waits).await.is_err());
        drop(held);
        assert!(shares.take(&name(0), Duration::ZERO, &waits).await.is_ok());
    }
}
