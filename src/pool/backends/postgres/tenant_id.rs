//! Sets the id of a tenant that shares tables on the session.

use std::time::Instant;

use diesel_async::RunQueryDsl;

use crate::{
    backend::postgres::row_security::{ShowRows, unprotected},
    pool::{Checkout, CheckoutError, TenantPool, checkouts::ConnectionRequest},
};

impl Checkout {
    /// Shows the connection the rows of one tenant id, or of none. It runs at every checkout for a tenant that shares
    /// tables, whatever the connection's setting was before, and at the connection's next checkout for any other
    /// tenant.
    pub(crate) async fn show_rows(
        &mut self,
        pool: &TenantPool,
        request: &ConnectionRequest<'_>,
    ) -> Result<(), CheckoutError> {
        let ConnectionRequest { target, tenant_id, .. } = *request;
        if tenant_id.is_some() && pool.connector().may_be_pooled() {
            return Err(CheckoutError::RowsNeedSession { target: target.clone() });
        }
        let show = ShowRows {
            setting: pool.row_setting(),
            tenant_id: tenant_id.unwrap_or_default(),
        };
        // Set before the answer: the caller may give up while the statement still runs.
        self.set_shows_rows(true);
        let sees_all = self.ask(pool, request, async |connection| {
            show.get_result::<bool>(connection).await
        });
        match sees_all.await? {
            true if tenant_id.is_some() => {
                self.discard();
                Err(CheckoutError::BypassesRowSecurity { target: target.clone() })
            }
            _ if tenant_id.is_some() => Box::pin(self.refuse_unprotected(pool, request)).await,
            _ => {
                self.set_shows_rows(false);
                Ok(())
            }
        }
    }

    /// Partitions and views come and go, so the catalog is asked again when its last answer is a second old.
    async fn refuse_unprotected(
        &mut self,
        pool: &TenantPool,
        request: &ConnectionRequest<'_>,
    ) -> Result<(), CheckoutError> {
        let asked = Instant::now();
        if pool.rows_are_protected(asked) {
            return Ok(());
        }
        let ask = async |connection: &mut _| unprotected(pool.shared_schema(), connection).await;
        let relations = self.ask(pool, request, ask).await?;
        if relations.is_empty() {
            pool.note_protected_rows(asked);
            return Ok(());
        }
        self.discard();
        Err(CheckoutError::UnprotectedRows {
            target: request.target.clone(),
            relations,
        })
    }
}
