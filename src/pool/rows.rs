use diesel::{
    QueryableByName,
    sql_types::{Bool, Text},
};
use diesel_async::RunQueryDsl;

use super::{Checkout, CheckoutError, Target, TenantPool};

#[derive(QueryableByName)]
struct Set {
    #[diesel(sql_type = Bool)]
    bypasses: bool,
}

impl Checkout {
    /// Shows the connection the rows of one tenant id, or of none. A connection keeps what it was told until it is told
    /// otherwise, which it is before anybody else gets it.
    pub(super) async fn show_rows(
        &mut self,
        pool: &TenantPool,
        target: &Target,
        tenant_id: Option<&str>,
    ) -> Result<(), CheckoutError> {
        if self.tenant_id() == tenant_id {
            return Ok(());
        }
        if tenant_id.is_some() && pool.connector().may_be_pooled() {
            return Err(CheckoutError::RowsNeedSession { target: target.clone() });
        }
        let (waiting, connection) = self.watched();
        let set = diesel::sql_query(
            "SELECT pg_catalog.set_config($1, $2, false) IS NULL OR r.rolsuper OR r.rolbypassrls AS bypasses \
             FROM pg_catalog.pg_roles r WHERE r.rolname = current_user",
        )
        .bind::<Text, _>(pool.row_setting())
        .bind::<Text, _>(tenant_id.unwrap_or_default())
        .get_result::<Set>(connection);
        // Given up, or timed out, the connection counts as busy, and is closed.
        let Ok(set) = tokio::time::timeout(pool.recycle_timeout(), set).await else {
            drop(waiting);
            return Err(CheckoutError::LookupTimeout {
                target: target.clone(),
                waited: pool.recycle_timeout(),
            });
        };
        waiting.answered(set.is_ok());
        match set {
            Ok(Set { bypasses: true }) if tenant_id.is_some() => {
                self.discard();
                Err(CheckoutError::BypassesRowSecurity { target: target.clone() })
            }
            Ok(_) => {
                self.set_tenant_id(tenant_id);
                Ok(())
            }
            Err(source) => {
                self.discard();
                Err(CheckoutError::Lookup {
                    target: target.clone(),
                    source,
                })
            }
        }
    }
}
