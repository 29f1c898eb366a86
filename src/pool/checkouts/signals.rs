//! What is told of a checkout: its span, its count, and what the spans of its queries say.

use std::sync::Arc;

use super::Checkout;
use crate::{
    SchemaName,
    pool::{Backend, CheckoutError, TenantPool},
    signals::{Label, Span},
};

impl<B: Backend> TenantPool<B> {
    /// The span of a checkout, in the database that was asked for, or else in the pool's own.
    pub(crate) fn span_of_checkout(
        &self,
        tenant: Option<&SchemaName>,
        database: Option<&Arc<str>>,
        read_only: bool,
    ) -> Span {
        let database = database.unwrap_or(&self.counters().database);
        Span::checkout(B::SYSTEM, tenant, database, read_only)
    }

    /// Counts a checkout, and notes whose it is.
    pub(crate) fn counted(
        &self,
        checkout: Result<Checkout<B>, CheckoutError>,
        tenant: Option<&SchemaName>,
        database: Option<&Arc<str>>,
    ) -> Result<Checkout<B>, CheckoutError> {
        let counters = self.counters();
        match checkout {
            Ok(mut checkout) => {
                counters.checked_out(tenant);
                checkout.set_label(Label::of(tenant, database.unwrap_or(&counters.database)));
                Ok(checkout)
            }
            Err(error) => {
                counters.not_checked_out(error.is_for_want_of_connections());
                Err(error)
            }
        }
    }
}
