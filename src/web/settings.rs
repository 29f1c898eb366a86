use std::time::Duration;

use super::Rejection;
use crate::{CheckoutError, TenantPool, pool::Backend};

/// The settings that each request carries.
pub(super) struct Settings<B: Backend> {
    pub(super) pool: TenantPool<B>,
    pub(super) retry_after: Duration,
    pub(super) transactions: bool,
}

impl<B: Backend> Clone for Settings<B> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            ..*self
        }
    }
}

impl<B: Backend> Settings<B> {
    pub(super) fn rejection_of(&self, error: CheckoutError) -> Rejection {
        Rejection::of_checkout(error, self.retry_after)
    }
}
