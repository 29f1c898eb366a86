//! A diagnosis to be started, of any kind of database.

use std::fmt;

use crate::{TenantPoolBuilder, backend::postgres::driver::Dial};

/// A diagnosis to be started by `run`. See [`TenantPoolBuilder::diagnose`].
#[must_use = "nothing is looked at until `run`"]
pub struct DiagnosisRequest<P = TenantPoolBuilder> {
    pub(super) builder: P,
    pub(super) dial: Option<Box<dyn Dial>>,
    /// Whether the contents of all files are checked.
    #[cfg(feature = "sqlite")]
    pub(super) checks_integrity: bool,
}

impl<P> DiagnosisRequest<P> {
    pub(super) fn new(builder: P) -> Self {
        Self {
            builder,
            dial: None,
            #[cfg(feature = "sqlite")]
            checks_integrity: false,
        }
    }
}

impl<P: fmt::Debug> fmt::Debug for DiagnosisRequest<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiagnosisRequest")
            .field("builder", &self.builder)
            .finish_non_exhaustive()
    }
}
