//! Lets tenants in ahead of a connection, as web requests need it.

use std::sync::Arc;

use super::{
    admitted::{Admitted, Identity},
    checkout::{Checkout, SecondConnectionPermit},
    checkout_request::{CheckoutRequest, check_out_placed},
    connection_request::ConnectionRequest,
};
use crate::{
    SchemaName,
    pool::{Backend, CheckoutError, Target, TenantPool, deadline::Deadline, directory_cache::Resolved},
    query::Translation,
    translate::SchemaTranslateMap,
};

impl<B: Backend> TenantPool<B> {
    /// Waits for a [`SecondConnectionPermit`]. A caller that is going to hold two connections at a time takes one
    /// first.
    pub(crate) async fn second_connection(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<SecondConnectionPermit, CheckoutError> {
        let second_connections = self.second_connections();
        if let Ok(permit) = Arc::clone(second_connections).try_acquire_owned() {
            return Ok(Arc::new(permit));
        }
        let _waits = self.counters().waits.time();
        let permit = Arc::clone(second_connections).acquire_owned();
        match tokio::time::timeout(self.wait_timeout().min(deadline.left()), permit).await {
            Ok(permit) => Ok(Arc::new(permit.expect("the semaphore is never closed"))),
            Err(_) => Err(CheckoutError::Exhausted {
                target: target.clone(),
                waited: self.wait_timeout(),
                max_size: self.status().max_size,
            }),
        }
    }

    /// A connection for shared tables.
    pub(crate) async fn check_out_shared(&self, deadline: Deadline) -> Result<Checkout<B>, CheckoutError> {
        self.shared().get_until(deadline).await
    }

    /// Admits a tenant. While the tenant is remembered, this takes no connection.
    pub(crate) async fn admit(&self, tenant: SchemaName) -> Result<Admitted, CheckoutError> {
        let tenant = self.tenant_name(tenant)?;
        let identity = match self.remembered() {
            Some(remembered) => {
                let resolved = self.resolve(remembered, &tenant, self.deadline()).await?;
                if resolved.namespace().is_none() {
                    Box::pin(self.find_schema_oid(&resolved, &tenant)).await?;
                }
                Identity::Placed(resolved)
            }
            None => match B::known(self, None, &self.map_of(&tenant)) {
                Some(known) => Identity::Schema(known),
                None => {
                    let (target, map) = (Target::Tenant(tenant.clone()), self.map_of(&tenant));
                    let request = ConnectionRequest {
                        target: &target,
                        map: &map,
                        tenant_id: None,
                        namespace: None,
                        deadline: self.deadline(),
                    };
                    let checkout = Box::pin(B::check_out(self, &request, None, false)).await?;
                    Identity::Schema(Arc::clone(checkout.translation()))
                }
            },
        };
        let pool = self.address();
        Ok(Admitted { tenant, identity, pool })
    }

    /// Finds the OID of the schema in which the tenant lives by the directory's answer. A checkout would look it up as
    /// well.
    async fn find_schema_oid(&self, resolved: &Resolved, tenant: &SchemaName) -> Result<(), CheckoutError> {
        if resolved.entry.placement.database().is_none()
            && let Some(known) = B::known(self, None, &resolved.map)
        {
            resolved.record_schema_oid(known.namespace());
            return Ok(());
        }
        check_out_placed(self, resolved, tenant, None, false, self.deadline()).await?;
        Ok(())
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// A checkout for an admitted tenant. A pool that did not admit the tenant checks out the tenant that has the name
    /// now.
    pub(crate) fn for_admitted(&self, admitted: Admitted) -> CheckoutRequest<'_, B> {
        let request = self.for_tenant(&admitted.tenant);
        let is_ours = admitted.pool == self.address();
        request.only_for(is_ours.then_some(admitted))
    }

    /// A connection for an admitted tenant; the tenant may have been suspended since.
    pub(crate) async fn check_out(
        &self,
        admitted: &Admitted,
        deadline: Deadline,
    ) -> Result<Checkout<B>, CheckoutError> {
        let tenant = &admitted.tenant;
        match &admitted.identity {
            Identity::Schema(known) => {
                let target = Target::Tenant(tenant.clone());
                B::check_out(
                    self,
                    &request_for(&target, known, known.namespace(), deadline),
                    None,
                    false,
                )
                .await
            }
            Identity::Placed(before) => {
                let now = self.still_there(before, tenant, deadline).await?;
                self.check_out_same(&now, before, tenant, false, deadline).await
            }
        }
    }

    /// A read-only connection for an admitted tenant. On a logical replica a schema has another OID, so the database
    /// itself is asked first whether the schema is still the tenant's.
    pub(crate) async fn check_out_read_only(
        &self,
        admitted: &Admitted,
        deadline: Deadline,
    ) -> Result<Checkout<B>, CheckoutError> {
        let tenant = &admitted.tenant;
        match &admitted.identity {
            Identity::Schema(known) => {
                if !self.has_seen(None, known.map(), known.namespace()) {
                    self.check_out(admitted, deadline).await?;
                }
                let target = Target::Tenant(tenant.clone());
                B::check_out(
                    self,
                    &request_for(&target, known, known.namespace(), deadline),
                    None,
                    true,
                )
                .await
            }
            Identity::Placed(before) => {
                let now = self.still_there(before, tenant, deadline).await?;
                let database = before.entry.placement.database();
                let is_seen = self.has_seen(database, &before.map, before.namespace());
                if !is_seen || !Arc::ptr_eq(&now, before) {
                    self.check_out(admitted, deadline).await?;
                }
                self.check_out_same(&now, before, tenant, true, deadline).await
            }
        }
    }

    /// A connection for the tenant that was admitted, and for no other that has its name and place now.
    async fn check_out_same(
        &self,
        now: &Resolved,
        before: &Resolved,
        tenant: &SchemaName,
        read_only: bool,
        deadline: Deadline,
    ) -> Result<Checkout<B>, CheckoutError> {
        let checkout = check_out_placed(self, now, tenant, before.namespace(), read_only, deadline).await;
        if let (Err(CheckoutError::ChangedTenant { .. }), Some(remembered)) = (&checkout, self.remembered()) {
            // The next request is admitted as the tenant that has the name now.
            remembered.known.forget(tenant);
        }
        checkout
    }

    /// Whether the schema behind `map` had the OID `namespace` at this process's last lookup in that database, if that
    /// is still fresh.
    fn has_seen(&self, database: Option<&str>, map: &SchemaTranslateMap, namespace: Option<u64>) -> bool {
        let seen = B::known(self, database, map);
        seen.is_some_and(|seen| seen.namespace() == namespace)
    }

    /// What the directory says now about a tenant that was admitted.
    async fn still_there(
        &self,
        before: &Resolved,
        tenant: &SchemaName,
        deadline: Deadline,
    ) -> Result<Arc<Resolved>, CheckoutError> {
        let Some(remembered) = self.remembered() else {
            unreachable!("a tenant is admitted by placement only in a pool with a directory");
        };
        let now = self.resolve(remembered, tenant, deadline).await?;
        match now.entry.placement == before.entry.placement {
            true => Ok(now),
            false => Err(CheckoutError::ChangedTenant { tenant: tenant.clone() }),
        }
    }
}

fn request_for<'a>(
    target: &'a Target,
    known: &'a Translation,
    namespace: Option<u64>,
    deadline: Deadline,
) -> ConnectionRequest<'a> {
    ConnectionRequest {
        target,
        map: known.map(),
        tenant_id: None,
        namespace,
        deadline,
    }
}
