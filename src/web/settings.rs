use std::time::Duration;

use super::Rejection;
use crate::{CheckoutError, TenantPool};

/// The settings that each request carries.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) pool: TenantPool,
    pub(super) retry_after: Duration,
    pub(super) transactions: bool,
}

impl Settings {
    pub(super) fn rejection_of(&self, error: CheckoutError) -> Rejection {
        Rejection::of_checkout(error, self.retry_after)
    }
}
