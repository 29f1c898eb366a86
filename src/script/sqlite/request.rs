//! Starts a script in the files of tenants.

use std::sync::Arc;

use super::{run::Files, text::Script};
use crate::{
    CheckoutError, SchemaName, Sqlite, TenantPool,
    backend::sqlite::blocking,
    script::{
        ScriptAnswers, ScriptError, ScriptRequest,
        schemas::{in_own_schemas, of_all, of_entries},
    },
};

/// # Running SQL in many tenants
impl TenantPool<Sqlite> {
    /// Runs SQL in all active tenants, several at a time, and returns the answers as text: one or more statements of
    /// any kind. Tables without a schema are the tenant's.
    ///
    /// Several statements are one transaction in each tenant, which locks the tenant's file for writing when it begins.
    /// SQL that begins or ends transactions itself is run as it is. In each tenant the SQL has a connection of its own,
    /// none of the pool's, with the tenant's file and the shared one: no other file can be reached. What would attach
    /// one, write one, or change how files are locked is refused before anything is run.
    ///
    /// ```no_run
    /// # use diesel_tenants::{Sqlite, TenantPool};
    /// # async fn run(pool: TenantPool<Sqlite>) -> Result<(), Box<dyn std::error::Error>> {
    /// let script = pool.run_script("UPDATE orders SET quantity = 1 WHERE quantity IS NULL");
    /// let mut answers = script.only(["client1", "client2"]).start().await?;
    /// while let Some((tenant, answer)) = answers.next().await {
    ///     println!("{tenant}: {} rows changed", answer?[0].count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_script(&self, sql: impl Into<String>) -> ScriptRequest<'_, Sqlite> {
        ScriptRequest::new(self, sql.into())
    }
}

impl<'a> ScriptRequest<'a, Sqlite> {
    /// Finds the tenants and translates the SQL for each of them. The script then runs as the answers are asked for.
    /// A statement that is running when the answers are dropped is run to its end.
    ///
    /// # Errors
    /// [`ScriptError`]: the SQL can't be used, or a tenant doesn't exist or can't be reached by a script. Nothing was
    /// run in any tenant.
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
            Some(chosen) => require_files(pool, in_own_schemas(of_entries(pool, chosen?).await?)?).await?,
        };
        let mut texts = Vec::with_capacity(schemas.len());
        for (tenant, schema) in schemas {
            let statements = script.for_tenant(&pool.map_of(&schema))?;
            texts.push((tenant, (schema, statements)));
        }
        let files = Arc::new(Files::of(pool, script.needs_transaction()));
        let run = move |(schema, statements)| {
            let files = Arc::clone(&files);
            async move { files.run(schema, statements).await }
        };
        Ok(ScriptAnswers::new(texts, run, concurrency, stop))
    }
}

/// Makes sure that each of the chosen tenants has a file that is a tenant's.
async fn require_files(
    pool: &TenantPool<Sqlite>,
    chosen: Vec<(SchemaName, SchemaName)>,
) -> Result<Vec<(SchemaName, SchemaName)>, ScriptError> {
    let folder = pool.folder();
    let looked = blocking(move || {
        let mut missing = None;
        for (tenant, schema) in &chosen {
            let facts = folder.facts(schema)?;
            if !facts.is_some_and(|facts| facts.status.is_tenant()) {
                missing.get_or_insert_with(|| tenant.clone());
            }
        }
        Ok((chosen, missing))
    });
    match looked.await.map_err(CheckoutError::of_files)? {
        (_, Some(tenant)) => Err(ScriptError::UnknownTenant { tenant }),
        (chosen, None) => Ok(chosen),
    }
}
