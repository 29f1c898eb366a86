use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::{
    pool::{CheckoutError, Target, WaitingCheckout},
    signals::DurationCounts,
};

/// As many permits as there may be connections in use.
pub(crate) struct Permits {
    permits: Arc<Semaphore>,
    max_size: usize,
    waiting: AtomicUsize,
}

impl Permits {
    pub(crate) fn new(max_size: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(max_size)),
            max_size,
            waiting: AtomicUsize::new(0),
        }
    }

    /// A permit; `None` if all are taken.
    pub(crate) fn try_take(&self, target: &Target) -> Result<Option<OwnedSemaphorePermit>, CheckoutError> {
        match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => Ok(Some(permit)),
            Err(TryAcquireError::NoPermits) => Ok(None),
            Err(TryAcquireError::Closed) => Err(closed(target)),
        }
    }

    /// Waits for a permit.
    pub(crate) async fn take(
        &self,
        target: &Target,
        patience: Duration,
        waits: &DurationCounts,
    ) -> Result<OwnedSemaphorePermit, CheckoutError> {
        if let Some(permit) = self.try_take(target)? {
            return Ok(permit);
        }
        let waiting = (WaitingCheckout::begin(&self.waiting), waits.time());
        let permit = tokio::time::timeout(patience, Arc::clone(&self.permits).acquire_owned()).await;
        drop(waiting);
        match permit {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(closed(target)),
            Err(_) => Err(CheckoutError::Exhausted {
                target: target.clone(),
                waited: patience,
                max_size: self.max_size,
            }),
        }
    }

    /// Fails if the permits were [closed](Self::close).
    #[cfg(feature = "blocking")]
    pub(crate) fn must_be_open(&self, target: &Target) -> Result<(), CheckoutError> {
        match self.permits.is_closed() {
            true => Err(closed(target)),
            false => Ok(()),
        }
    }

    /// Refuses all who wait, and all who come later.
    pub(crate) fn close(&self) {
        self.permits.close();
    }

    pub(crate) fn max_size(&self) -> usize {
        self.max_size
    }

    /// How many permits are taken.
    pub(crate) fn taken(&self) -> usize {
        self.max_size.saturating_sub(self.permits.available_permits())
    }

    /// How many callers wait for one.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }
}

fn closed(target: &Target) -> CheckoutError {
    CheckoutError::Closed { target: target.clone() }
}
