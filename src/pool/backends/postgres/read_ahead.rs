//! Looks schemas up ahead of their first checkouts, beside the requests.

use std::time::Duration;

use crate::{
    pool::{Checkout, Target, TenantPool, checkouts::ConnectionRequest, deadline::Deadline},
    translate::SchemaTranslateMap,
};

/// How long a connection, and then the answer, are waited for.
const READ_AHEAD_TIMEOUT: Duration = Duration::from_secs(5);

impl TenantPool {
    /// Looks the next schemas up together if many were looked up one by one. A task of its own does that, with a
    /// connection of the pool, so that no request waits for the answer. Without an answer, checkouts go on asking for
    /// one schema at a time.
    pub(super) fn read_ahead(&self) {
        let Some(portion) = self.postgres().schemas.portion_due() else {
            return;
        };
        let pool = self.clone();
        tokio::spawn(async move {
            let request = ConnectionRequest {
                target: &Target::Shared,
                map: &SchemaTranslateMap::default(),
                tenant_id: None,
                namespace: None,
                deadline: Deadline::of_checkout(READ_AHEAD_TIMEOUT),
            };
            if let Ok(mut checkout) = Checkout::wait(&pool, request.target, request.deadline).await {
                let looked_up = checkout.ask(&pool, &request, async |connection| portion.look_up(connection).await);
                let _ = looked_up.await;
            }
        });
    }
}
