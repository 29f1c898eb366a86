//! An audit on MySQL, from its beginning to its end.

use super::{
    super::{AuditError, AuditedBackend, Leak, Scope, culprits::name_culprits, evidence::Evidence, recorder::Recorder},
    cascades::Cascades,
    general_log::GeneralLog,
    observer::Observer,
    open_tables::OpenTables,
    settings::Settings,
    statistics::Statistics,
    structure::Structure,
};
use crate::{CheckoutError, Mysql, MysqlUrl, SchemaName, TenantPool, tenancy::Tables};

/// What the server said before the work.
pub struct Witness {
    observer: Observer,
    recording: Recording,
    settings: Settings,
    allowed: Vec<String>,
    before: Before,
}

struct Before {
    structure: Structure,
    cascades: Cascades,
    statistics: Statistics,
    log: GeneralLog,
}

/// Databases that belong to the server itself.
const OF_THE_SERVER: [&str; 4] = ["information_schema", "mysql", "performance_schema", "sys"];

impl AuditedBackend for Mysql {
    type Witness = Witness;
    type Observer = MysqlUrl;

    async fn watch(scope: &Scope<'_, Self>, tenant: &SchemaName) -> Result<Witness, AuditError> {
        let pool = scope.pool;
        let schema = database_of(pool, tenant).await?;
        // Without a directory every name could be a tenant's.
        drop(pool.for_tenant(tenant).get().await.map_err(|error| match error {
            CheckoutError::UnknownTenant { tenant } => AuditError::UnknownTenant { tenant },
            error => AuditError::Tenant(error),
        })?);
        let own = pool.mysql().connector.as_ref();
        let connected = match &scope.observer {
            Some(url) => url.connect().await,
            None => own.connect().await,
        };
        let connection = connected.map_err(AuditError::MysqlConnect)?;
        let mut observer = Observer::begin(connection, own.server()).await?;
        let own = [schema.as_str(), pool.shared_schema().as_str()];
        let own = own.into_iter().chain(OF_THE_SERVER).map(str::to_owned);
        let allowed: Vec<String> = own.chain(scope.allowed.iter().cloned()).collect();
        let settings = Settings::begin(&mut observer).await?;
        let recording = Recording::begin(pool);
        match Before::look(&mut observer, &allowed).await {
            Ok(before) => Ok(Witness {
                observer,
                recording,
                settings,
                allowed,
                before,
            }),
            Err(error) => {
                settings.end(&mut observer).await?;
                Err(error)
            }
        }
    }

    async fn testify(witness: Witness) -> Result<Evidence, AuditError> {
        let Witness {
            mut observer,
            recording,
            settings,
            allowed,
            before,
        } = witness;
        let leaks = before.leaks(&mut observer, &allowed).await;
        let log = before.log.read(&mut observer).await;
        settings.end(&mut observer).await?;
        observer.end().await?;
        let mut leaks = leaks?;
        name_culprits(&mut leaks, &recording.recorder.take(), Some(log?));
        Ok(Evidence {
            leaks,
            unwatched: recording.unwatched(),
        })
    }
}

impl Before {
    async fn look(observer: &mut Observer, allowed: &[String]) -> Result<Self, AuditError> {
        // These open tables.
        let structure = Structure::read(observer).await?;
        let cascades = Cascades::begin(observer, allowed).await?;
        OpenTables::close_all(observer, allowed).await?;
        Ok(Self {
            structure,
            cascades,
            statistics: Statistics::read(observer).await?,
            log: GeneralLog::begin(observer).await?,
        })
    }

    async fn leaks(&self, observer: &mut Observer, allowed: &[String]) -> Result<Vec<Leak>, AuditError> {
        let Self {
            structure,
            cascades,
            statistics,
            log: _,
        } = self;
        let open = OpenTables::at_rest(observer, allowed).await?;
        let mut leaks = Statistics::read(observer).await?.since(statistics, allowed);
        add_new(&mut leaks, cascades.since(observer).await?, |known, new| {
            known.access == new.access
        });
        leaks.extend(Structure::read(observer).await?.since(structure, allowed));
        // Who reads a row, or alters a table, opens it too.
        add_new(&mut leaks, open.leaks(|table| cascades.contains(table)), |_, _| true);
        Ok(leaks)
    }
}

/// Adds leaks of objects of which nothing is known yet that says the same.
fn add_new(leaks: &mut Vec<Leak>, found: Vec<Leak>, says_the_same: impl Fn(&Leak, &Leak) -> bool) {
    let is_known = |new: &Leak| {
        leaks
            .iter()
            .any(|known| known.name() == new.name() && says_the_same(known, new))
    };
    let found: Vec<Leak> = found.into_iter().filter(|new| !is_known(new)).collect();
    leaks.extend(found);
}

async fn database_of(pool: &TenantPool<Mysql>, tenant: &SchemaName) -> Result<SchemaName, AuditError> {
    let elsewhere = |reason| AuditError::Elsewhere {
        tenant: tenant.clone(),
        reason,
    };
    let placement = pool.placement_of(tenant).await?;
    let placement = placement.ok_or_else(|| AuditError::UnknownTenant { tenant: tenant.clone() })?;
    match placement.parts() {
        (Some(_), _) => Err(elsewhere("lives on another server")),
        (None, Tables::Rows(_)) => Err(elsewhere("shares tables with others")),
        (None, Tables::Schema(schema)) => Ok(schema.clone()),
    }
}

/// Records what the connections send that the pool opens, until it is dropped.
struct Recording {
    pool: TenantPool<Mysql>,
    recorder: Recorder,
}

impl Recording {
    fn begin(pool: &TenantPool<Mysql>) -> Self {
        let recorder = Recorder::default();
        for connections in [&pool.mysql().connections, &pool.mysql().readers] {
            let of_connection = recorder.clone();
            let instrument = Box::new(move || Box::new(of_connection.clone()) as _);
            connections.manager().test_instrumentation.set(Some(instrument));
            connections.manager().forget_first();
            // Those that are open would tell nobody.
            connections.retain(|_, _| false);
        }
        Self {
            pool: pool.clone(),
            recorder,
        }
    }

    fn unwatched(&self) -> Vec<&'static str> {
        let mysql = self.pool.mysql();
        let others = [
            (
                &mysql.databases,
                "the pool's further servers: an audit asks the pool's own",
            ),
            (
                &mysql.replicas.pools,
                "the replicas: an audit asks the pool's own server",
            ),
        ];
        let used = others.into_iter().filter(|(others, _)| !others.all_open().is_empty());
        used.map(|(_, what)| what).collect()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        for connections in [&self.pool.mysql().connections, &self.pool.mysql().readers] {
            connections.manager().test_instrumentation.set(None);
            connections.retain(|_, _| false);
        }
    }
}
