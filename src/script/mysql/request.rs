//! Starts a script in the databases of tenants.

use std::{collections::HashSet, sync::Arc};

use super::{run::Sessions, text::Script};
use crate::{
    Mysql, SchemaName, TenantPool,
    pool::Backend,
    script::{
        ScriptAnswers, ScriptError, ScriptRequest,
        schemas::{in_own_schemas, of_all, of_entries},
    },
};

/// # Running SQL in many tenants
impl TenantPool<Mysql> {
    /// Runs SQL in all active tenants, several at a time, and returns the answers as text: one or more statements of
    /// any kind. Tables without a database are the tenant's.
    ///
    /// Several statements are one transaction in each tenant. Definitions commit by themselves on MySQL: what stands
    /// before one of them stays, if a later statement fails. SQL that begins or ends transactions itself is run as it
    /// is. In each tenant the SQL has a connection of its own, none of the pool's, without a default database.
    ///
    /// ```no_run
    /// # use diesel_tenants::{Mysql, TenantPool};
    /// # async fn run(pool: TenantPool<Mysql>) -> Result<(), Box<dyn std::error::Error>> {
    /// let script = pool.run_script("UPDATE orders SET quantity = 1 WHERE quantity IS NULL");
    /// let mut answers = script.only(["client1", "client2"]).start().await?;
    /// while let Some((tenant, answer)) = answers.next().await {
    ///     println!("{tenant}: {} rows found", answer?[0].count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_script(&self, sql: impl Into<String>) -> ScriptRequest<'_, Mysql> {
        ScriptRequest::new(self, sql.into())
    }
}

impl<'a> ScriptRequest<'a, Mysql> {
    /// Finds the tenants and translates the SQL for each of them. The script then runs as the answers are asked for.
    /// The server may still finish a statement that is running when the answers are dropped.
    ///
    /// # Errors
    /// [`ScriptError`]: the SQL can't be used, or a tenant doesn't exist or can't be reached by a script. Nothing was
    /// sent to any tenant.
    pub async fn start(self) -> Result<ScriptAnswers<'a>, ScriptError> {
        let Self {
            pool,
            sql,
            chosen,
            concurrency,
            stop,
            ..
        } = self;
        let script = Script::read(&sql)?;
        let schemas = match chosen {
            None => in_own_schemas(of_all(pool).await?)?,
            Some(chosen) => require_tenants(pool, in_own_schemas(of_entries(pool, chosen?).await?)?).await?,
        };
        let mut texts = Vec::with_capacity(schemas.len());
        for (tenant, schema) in schemas {
            texts.push((tenant, script.for_tenant(&pool.map_of(&schema))?));
        }
        let sessions = Arc::new(Sessions::of(
            Arc::clone(&pool.mysql().connector),
            script.needs_transaction(),
        ));
        let run = move |statements| {
            let sessions = Arc::clone(&sessions);
            async move { sessions.run(statements).await }
        };
        Ok(ScriptAnswers::new(texts, run, concurrency, stop))
    }
}

/// Makes sure that each of the chosen databases is a tenant's.
async fn require_tenants(
    pool: &TenantPool<Mysql>,
    chosen: Vec<(SchemaName, SchemaName)>,
) -> Result<Vec<(SchemaName, SchemaName)>, ScriptError> {
    let known = Mysql::all_tenants(pool).await?.into_iter();
    let known: HashSet<SchemaName> = known
        .filter(|tenant| tenant.status.is_tenant())
        .map(|tenant| tenant.name)
        .collect();
    match chosen.iter().find(|(_, schema)| !known.contains(schema)) {
        Some((tenant, _)) => Err(ScriptError::UnknownTenant { tenant: tenant.clone() }),
        None => Ok(chosen),
    }
}
