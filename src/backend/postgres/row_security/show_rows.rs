use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Bool, Text},
};

/// Binds a tenant id to the session, and tells whether the role would see all rows anyway. Prepared once for a
/// connection.
pub(crate) struct ShowRows<'a> {
    pub(crate) setting: &'a str,
    pub(crate) tenant_id: &'a str,
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
