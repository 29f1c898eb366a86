use std::time::Instant;

use diesel::{
    QueryResult, QueryableByName,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

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

/// What the role can use directly, and would show it other tenants' rows: partitions and children of tables under row-level
/// security that have no policy of their own (a query of the partition asks none of the table's), tables of the role's own
/// without `FORCE`, foreign tables, views that run as a role which no policy holds back, and materialized views.
///
/// It costs what these tables and their partitions do, however many other tables there are.
const UNPROTECTED: &str = "WITH RECURSIVE reached (oid, shown) AS (\
    SELECT p.polrelid, NOT pg_catalog.row_security_active(p.polrelid) FROM pg_catalog.pg_policy p \
    WHERE p.polname = 'tenant_rows_only' \
    UNION SELECT c.oid, CASE c.relkind \
    WHEN 'v' THEN r.shown OR (o.rolsuper OR o.rolbypassrls) AND NOT EXISTS (\
        SELECT FROM pg_catalog.pg_options_to_table(c.reloptions) WHERE option_name = 'security_invoker' AND option_value::bool) \
    WHEN 'm' THEN true \
    ELSE NOT pg_catalog.row_security_active(c.oid) \
        OR EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid) \
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant_rows_only') \
    END FROM reached r CROSS JOIN LATERAL (\
        SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = r.oid \
        UNION ALL SELECT w.ev_class FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid \
        WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = r.oid \
        AND w.ev_type = '1' AND w.ev_class <> r.oid) next (oid) \
    JOIN pg_catalog.pg_class c ON c.oid = next.oid JOIN pg_catalog.pg_roles o ON o.oid = c.relowner) \
    SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM reached r \
    JOIN pg_catalog.pg_class c ON c.oid = r.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE r.shown AND (pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE') \
        OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')) ORDER BY 1";

async fn unprotected(connection: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Relation {
        #[diesel(sql_type = Text)]
        name: String,
    }

    let relations: Vec<Relation> = diesel::sql_query(UNPROTECTED).load(connection).await?;
    Ok(relations.into_iter().map(|relation| relation.name).collect())
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
        let sees_all = self.ask(pool, wish, async |connection| show.get_result::<bool>(connection).await);
        match sees_all.await? {
            true if tenant_id.is_some() => {
                self.discard();
                Err(CheckoutError::BypassesRowSecurity { target: target.clone() })
            }
            _ if tenant_id.is_some() => Box::pin(self.refuse_unprotected(pool, wish)).await,
            _ => {
                self.set_shows_rows(false);
                Ok(())
            }
        }
    }

    /// Partitions come and go, and views: asked again when the last answer is a second old.
    async fn refuse_unprotected(&mut self, pool: &TenantPool, wish: &Wish<'_>) -> Result<(), CheckoutError> {
        let asked = Instant::now();
        if pool.rows_are_protected(asked) {
            return Ok(());
        }
        let relations = self.ask(pool, wish, unprotected).await?;
        if relations.is_empty() {
            pool.note_protected_rows(asked);
            return Ok(());
        }
        self.discard();
        Err(CheckoutError::UnprotectedRows {
            target: wish.target.clone(),
            relations,
        })
    }
}
