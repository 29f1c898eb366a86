//! An audit on PostgreSQL, from its beginning to its end.

use super::{
    super::{AuditError, AuditedBackend, Scope, culprits::name_culprits, evidence::Evidence, recorder::Recorder},
    changes::Catalogs,
    counters::Counters,
    observer::Observer,
    server_log::ServerLog,
};
use crate::{Postgres, SchemaName, TenantPool, tenancy::Tables};

/// What the server said before the work.
pub struct Witness {
    observer: Observer,
    recording: Recording,
    allowed: Vec<String>,
    log: Option<ServerLog>,
    unwatched: Vec<&'static str>,
    counters: Counters,
    catalogs: Catalogs,
}

/// Calls of functions are counted only where this is set.
const FUNCTIONS: &[(&str, &str)] = &[("track_functions", "all")];

impl AuditedBackend for Postgres {
    type Witness = Witness;
    type Observer = String;

    async fn watch(scope: &Scope<'_, Self>, tenant: &SchemaName) -> Result<Witness, AuditError> {
        let schema = schema_of(scope.pool, tenant).await?;
        let observer = Observer::connect(scope.pool, scope.observer.as_deref()).await?;
        let sql = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1";
        if observer
            .query("look for the tenant", sql, &[&schema.as_str()])
            .await?
            .is_empty()
        {
            return Err(AuditError::UnknownTenant { tenant: tenant.clone() });
        }
        let allowed = allowed(scope, &schema);
        let log = ServerLog::begin(&observer).await?;
        let mut unwatched = Vec::new();
        match observer.is_superuser {
            true => observer.set(FUNCTIONS).await?,
            false => unwatched.push("calls of functions in other schemas: only a superuser can have them counted"),
        }
        let recording = Recording::begin(scope.pool);
        observer.end_other_sessions().await?;
        let counters = Counters::read(&observer, &allowed).await?;
        let catalogs = Catalogs::read(&observer, &allowed).await?;
        Ok(Witness {
            observer,
            recording,
            allowed,
            log,
            unwatched,
            counters,
            catalogs,
        })
    }

    async fn testify(witness: Witness) -> Result<Evidence, AuditError> {
        let Witness {
            observer,
            recording,
            allowed,
            log,
            unwatched,
            counters,
            catalogs,
        } = witness;
        observer.end_other_sessions().await?;
        let mut leaks = Counters::read(&observer, &allowed).await?.since(&counters);
        leaks.extend(Catalogs::read(&observer, &allowed).await?.since(&catalogs));
        let messages = match log {
            Some(log) => Some(log.end(&observer).await?),
            None => None,
        };
        if observer.is_superuser {
            observer.reset(FUNCTIONS).await?;
        }
        observer.close().await;
        name_culprits(&mut leaks, &recording.recorder.take(), messages);
        Ok(Evidence { leaks, unwatched })
    }
}

async fn schema_of(pool: &TenantPool, tenant: &SchemaName) -> Result<SchemaName, AuditError> {
    let elsewhere = |reason| AuditError::Elsewhere {
        tenant: tenant.clone(),
        reason,
    };
    let placement = pool.placement_of(tenant).await?;
    let placement = placement.ok_or_else(|| AuditError::UnknownTenant { tenant: tenant.clone() })?;
    match placement.parts() {
        (Some(_), _) => Err(elsewhere("lives in another database")),
        (None, Tables::Rows(_)) => Err(elsewhere("shares tables with others")),
        (None, Tables::Schema(schema)) => Ok(schema.clone()),
    }
}

/// The schemas that the work may use.
fn allowed(scope: &Scope<'_, Postgres>, schema: &SchemaName) -> Vec<String> {
    let extensions = scope.pool.migration_connector().extension_schemas().iter();
    let own = [schema, scope.pool.shared_schema()]
        .into_iter()
        .chain(extensions)
        .map(ToString::to_string);
    let catalogs = ["information_schema".to_owned()];
    own.chain(catalogs).chain(scope.allowed.iter().cloned()).collect()
}

/// Records what the connections send that the pool opens, until it is dropped.
struct Recording {
    pool: TenantPool,
    recorder: Recorder,
}

impl Recording {
    fn begin(pool: &TenantPool) -> Self {
        let recorder = Recorder::default();
        let of_connection = recorder.clone();
        let instrument = Box::new(move || Box::new(of_connection.clone()) as _);
        pool.postgres()
            .connections
            .manager()
            .test_instrumentation
            .set(Some(instrument));
        Self {
            pool: pool.clone(),
            recorder,
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.pool
            .postgres()
            .connections
            .manager()
            .test_instrumentation
            .set(None);
    }
}
