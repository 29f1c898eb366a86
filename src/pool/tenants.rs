use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{CheckoutError, Target, TenantPool};
use crate::{SchemaName, connection::TenantStatus};

/// A tenant, as the database's catalog knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tenant {
    /// The name, which is that of the schema.
    pub name: SchemaName,
    /// Whether it can be checked out, and if not, why.
    pub status: TenantStatus,
}

impl TenantPool {
    /// All tenants, active and suspended, in the order of their names: the schemas with a table
    /// `__diesel_schema_migrations`, other than the shared one and those of extensions. One query, whatever their number.
    ///
    /// # Errors
    /// [`CheckoutError`], if there is no connection for the query, or the server refuses it.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, CheckoutError> {
        let mut tenants = self.all_tenants().await?;
        tenants.retain(|tenant| tenant.status.is_tenant());
        Ok(tenants)
    }

    /// Tenants of every status: also spare and archived ones, and what a crash left unfinished.
    ///
    /// # Errors
    /// As for [`tenants`](Self::tenants).
    pub async fn all_tenants(&self) -> Result<Vec<Tenant>, CheckoutError> {
        let mut connection = self.shared().get().await?;
        let (waiting, untranslated) = connection.watched();
        let tenants = self.tenants_by(untranslated).await;
        waiting.answered(tenants.is_ok());
        tenants.map_err(|source| CheckoutError::Lookup {
            target: Target::Shared,
            source,
        })
    }

    /// The same, asked on a connection.
    pub(crate) async fn tenants_by(&self, connection: &mut AsyncPgConnection) -> QueryResult<Vec<Tenant>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            schema: String,
            #[diesel(sql_type = Nullable<Text>)]
            comment: Option<String>,
        }

        let rows: Vec<Row> = diesel::sql_query(
            "SELECT n.nspname::pg_catalog.text AS schema, pg_catalog.obj_description(c.oid, 'pg_class') AS comment \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relname = '__diesel_schema_migrations' AND c.relkind IN ('r', 'p') \
             ORDER BY n.nspname COLLATE \"C\"",
        )
        .load(connection)
        .await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                // What no tenant can be named is no tenant.
                let name = self.tenant_name(row.schema.as_str()).ok()?;
                let status = TenantStatus::of_comment(row.comment.as_deref());
                Some(Tenant { name, status })
            })
            .collect())
    }
}
