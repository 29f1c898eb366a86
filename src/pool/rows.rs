use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Bool, Text},
};
use diesel_async::RunQueryDsl;

use super::{Checkout, CheckoutError, TenantPool, request::Wish};

/// Binds a tenant id to the session, and tells whether the role would see all rows anyway. Prepared once for a connection.
struct ShowRows<'a> {
    setting: &'a str,
    tenant_id: &'a str,
}

impl QueryFragment<Pg> for ShowRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT pg_catalog.set_config(");
        out.push_bind_param::<Text, _>(self.setting)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.tenant_id)?;
        out.push_sql(
            ", false) IS NULL OR r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles r WHERE r.rolname = current_user",
        );
        Ok(())
    }
}

impl QueryId for ShowRows<'_> {
    type QueryId = ShowRows<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for ShowRows<'_> {
    type SqlType = Bool;
}

impl Checkout {
    /// Shows the connection the rows of one tenant id, or of none: at every checkout for such a tenant, whatever the connection was told
    /// before, and at the first one for somebody else after that.
    pub(super) async fn show_rows(&mut self, pool: &TenantPool, wish: &Wish<'_>) -> Result<(), CheckoutError> {
        let Wish { target, tenant_id, .. } = *wish;
        if tenant_id.is_some() && pool.connector().may_be_pooled() {
            return Err(CheckoutError::RowsNeedSession { target: target.clone() });
        }
        let show = ShowRows {
            setting: pool.row_setting(),
            tenant_id: tenant_id.unwrap_or_default(),
        };
        // Also if nobody waits for the answer.
        self.set_shows_rows(true);
        let waited = pool.recycle_timeout().min(wish.deadline.left());
        let (waiting, connection) = self.watched();
        // Given up, or timed out, the connection counts as busy, and is closed.
        let answer = tokio::time::timeout(waited, show.get_result::<bool>(connection)).await;
        let Ok(answer) = answer else {
            drop(waiting);
            return Err(CheckoutError::LookupTimeout {
                target: target.clone(),
                waited,
            });
        };
        waiting.answered(answer.is_ok());
        match answer {
            Ok(true) if tenant_id.is_some() => {
                self.discard();
                Err(CheckoutError::BypassesRowSecurity { target: target.clone() })
            }
            Ok(_) => {
                self.set_shows_rows(tenant_id.is_some());
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
