use std::sync::{Arc, PoisonError, RwLock, atomic::AtomicBool};

use rocket::Request;

use crate::web::{Rejection, any_request::AnyRequest};

/// The fairing's decision about a request.
#[derive(Clone, Default)]
pub(super) enum Admission {
    #[default]
    NotInstalled,
    Admitted(Arc<dyn AnyRequest>),
    Rejected(Arc<Rejection>),
}

/// Where a request keeps the decision. Clones of a request share one, so the clone that was dispatched last decides.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) admission: RwLock<Admission>,
    /// Whether a guard has refused the request since, for the catcher.
    pub(super) is_refused: AtomicBool,
}

pub(super) fn slot<'r>(request: &'r Request<'_>) -> &'r Slot {
    request.local_cache(Slot::default)
}

pub(super) fn admission(request: &Request<'_>) -> Admission {
    let admission = slot(request).admission.read();
    admission.unwrap_or_else(PoisonError::into_inner).clone()
}

impl Admission {
    pub(super) fn context(&self) -> Option<&Arc<dyn AnyRequest>> {
        match self {
            Self::Admitted(context) => Some(context),
            Self::NotInstalled | Self::Rejected(_) => None,
        }
    }
}
