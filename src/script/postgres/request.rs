//! Starts a script.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    schemas::{in_schemas, of_chosen},
    sessions::Sessions,
    transaction::needs_transaction,
};
use crate::{
    TenantPool, TlsConnector,
    backend::postgres::driver::{Dial, With, dial},
    pool::DatabaseError,
    script::{ScriptAnswers, ScriptError, ScriptFailure, ScriptRequest, schemas::of_all},
};

/// # Running SQL in many tenants
impl TenantPool {
    /// Runs SQL in all active tenants, several at a time, and returns the answers as text: one or more statements of
    /// any kind. Tables without a schema are the tenant's.
    ///
    /// Several statements are one transaction in each tenant, and so is a statement that needs one, such as `LOCK
    /// TABLE`. SQL that begins or ends transactions itself is sent as it is. The SQL runs on connections of its own,
    /// none of them from the pool; whatever the SQL leaves on a session, no other tenant gets it.
    ///
    /// Tenants that the directory places in other databases are reached there, several at a time in each database. If a
    /// database is down, that is the answer of each of its tenants.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// let script = pool.run_script("UPDATE orders SET quantity = 1 WHERE quantity IS NULL");
    /// let mut answers = script.only(["client1", "client2"]).start().await?;
    /// while let Some((tenant, answer)) = answers.next().await {
    ///     println!("{tenant}: {} rows changed", answer?[0].count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_script(&self, sql: impl Into<String>) -> ScriptRequest<'_> {
        ScriptRequest::new(self, sql.into())
    }
}

impl<'a> ScriptRequest<'a> {
    /// How to connect with TLS: needed if [`establish_with`](crate::TenantPoolBuilder::establish_with) opens the pool's
    /// connections. Default: without TLS. The connector is used with the pool's own configuration.
    pub fn tls<T: TlsConnector>(mut self, tls: T) -> Self {
        self.dial = Some(Box::new(With(tls)));
        self
    }

    /// Finds the tenants and translates the SQL for each of them. The script then runs as the answers are asked for.
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
            dial: given,
        } = self;
        let in_transaction = needs_transaction(&sql)?;
        let dial: Arc<dyn Dial> = dial(pool.connector(), given).ok_or(ScriptError::NeedsTls)?.into();
        let schemas = match chosen {
            None => in_schemas(of_all(pool).await?)?,
            Some(chosen) => of_chosen(pool, chosen?).await?,
        };
        let mut groups: BTreeMap<Option<Arc<str>>, Vec<_>> = BTreeMap::new();
        for (tenant, database, schema) in schemas {
            let text = pool.map_of(&schema).translate(&sql)?.into_owned();
            groups.entry(database).or_default().push((tenant, text));
        }
        let (mut texts, mut all) = (Vec::new(), Vec::new());
        for (database, group) in groups {
            let pool = match database {
                None => Ok(pool.clone()),
                Some(database) => pool.using_database(database).pool().await.map_err(Arc::new),
            };
            let sessions = pool.map(|pool| Arc::new(Sessions::new(pool, Arc::clone(&dial), in_transaction)));
            all.extend(sessions.iter().cloned());
            let group = group
                .into_iter()
                .map(|(tenant, text)| (tenant, (sessions.clone(), text)));
            texts.push(group.collect());
        }
        let run = |(sessions, sql): (Result<Arc<Sessions>, Arc<DatabaseError>>, String)| async move {
            match sessions {
                Ok(sessions) => sessions.run(&sql).await,
                Err(source) => Err(ScriptFailure::Database(source)),
            }
        };
        let answers = ScriptAnswers::of_groups(texts, run, concurrency, stop);
        Ok(answers.ending(async move {
            for sessions in all {
                sessions.close().await;
            }
        }))
    }
}
