//! Checkouts that only read, served by replicas.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::{
    Checkout, CheckoutError, DatabaseError, DatabaseLimits, TenantPoolBuilder, databases::Databases, options::Options,
    request::Wish,
};

/// For how long nobody tries a replica that could not be connected to.
const REST: Duration = Duration::from_secs(5);

/// What is known of a schema on a replica is looked up anew after so long: nobody tells a replica's pool what was done to it.
const SCHEMAS_KNOWN_FOR: Duration = Duration::from_secs(1);

/// The replicas that were declared.
#[derive(Default)]
pub(super) struct ReplicaUrls {
    main: Vec<String>,
    further: HashMap<String, Vec<String>>,
    limits: DatabaseLimits,
}

impl TenantPoolBuilder {
    /// Declares a replica of the pool's own database, for [`read_only`](super::CheckoutRequest::read_only) checkouts. Several are taken in
    /// turn. Default: none, and the database itself serves them.
    ///
    /// It is connected to when it is needed, with the options of this pool. One that can't be connected to is left alone for five seconds at
    /// a time. Another database with the same tenants, kept up to date by logical replication, is as good as a standby server.
    pub fn replica(mut self, database_url: impl Into<String>) -> Self {
        self.replicas.main.push(database_url.into());
        self
    }

    /// Declares a replica of another database, by the name under which that was [declared](Self::database).
    pub fn database_replica(mut self, name: impl Into<String>, database_url: impl Into<String>) -> Self {
        let urls = self.replicas.further.entry(name.into()).or_default();
        urls.push(database_url.into());
        self
    }

    /// How many connections there may be that only read: to each replica, and to each database that serves in place of its replicas.
    pub fn replica_limits(mut self, replica_limits: DatabaseLimits) -> Self {
        self.replicas.limits = replica_limits;
        self
    }
}

/// Pools whose connections only read: one for each replica, and one for each database, as they are needed.
pub(super) struct Readers {
    pools: Arc<Databases>,
    main_url: String,
    databases: Arc<Databases>,
    main: Replicas,
    further: HashMap<String, Replicas>,
}

/// The replicas of one database.
#[derive(Default)]
struct Replicas {
    all: Vec<Replica>,
    next: AtomicUsize,
}

struct Replica {
    name: Arc<str>,
    url: String,
    /// Since it could not be connected to.
    rests_until: Mutex<Option<Instant>>,
}

impl Readers {
    pub(super) fn new(main_url: String, databases: Arc<Databases>, replicas: ReplicaUrls, options: &Options) -> Self {
        let ReplicaUrls { main, further, limits } = replicas;
        let options = Options {
            read_only: true,
            schemas_cached_for: options.schemas_cached_for.min(SCHEMAS_KNOWN_FOR),
            // Nobody tells these pools what this process creates.
            schemas_absent_for: Duration::ZERO,
            ..options.clone()
        };
        let further = further.into_iter().map(|(database, urls)| {
            let replicas = Replicas::new(&format!("{database}, replica"), urls);
            (database, replicas)
        });
        Self {
            pools: Databases::new(HashMap::new(), None, limits, options),
            main_url,
            databases,
            main: Replicas::new("replica", main),
            further: further.collect(),
        }
    }

    /// A connection to a replica, or to the database itself.
    pub(super) async fn check_out(
        &self,
        database: Option<&Arc<str>>,
        wish: &Wish<'_>,
    ) -> Result<Checkout, CheckoutError> {
        let replicas = match database {
            None => Some(&self.main),
            Some(database) => self.further.get(&**database),
        };
        for replica in replicas.iter().flat_map(|replicas| replicas.in_turn()) {
            let url = async { Ok(replica.url.clone()) };
            match self.get(&replica.name, url, wish).await {
                Ok(checkout) => {
                    replica.note(None);
                    return Ok(checkout);
                }
                Err(error) if is_behind(&error) => {
                    replica.note(None);
                    break;
                }
                Err(error) if is_out_of_reach(&error) => replica.note(Some(Instant::now() + REST)),
                Err(error) => return Err(error),
            }
        }
        match database {
            None => {
                let url = async { Ok(self.main_url.clone()) };
                self.get(&Arc::from("read-only"), url, wish).await
            }
            Some(database) => {
                let name = Arc::from(format!("{database}, read-only"));
                self.get(&name, self.databases.url(database), wish).await
            }
        }
    }

    async fn get(
        &self,
        name: &Arc<str>,
        url: impl Future<Output = Result<String, DatabaseError>>,
        wish: &Wish<'_>,
    ) -> Result<Checkout, CheckoutError> {
        let pool = self.pools.get_at(name, url, wish.deadline).await;
        let pool = pool.map_err(|source| CheckoutError::Database {
            target: wish.target.clone(),
            source: Box::new(source),
        })?;
        Checkout::get(&pool, wish).await
    }

    pub(super) fn close(&self) {
        self.pools.close();
    }
}

/// Whether a replica lacks what the database itself may have by now.
fn is_behind(error: &CheckoutError) -> bool {
    matches!(
        error,
        CheckoutError::UnknownTenant { .. } | CheckoutError::SuspendedTenant { .. }
    )
}

/// Whether another server may answer where this one doesn't.
fn is_out_of_reach(error: &CheckoutError) -> bool {
    match error {
        CheckoutError::Connect { .. }
        | CheckoutError::ConnectionTimeout { .. }
        | CheckoutError::Lookup { .. }
        | CheckoutError::LookupTimeout { .. } => true,
        CheckoutError::Database { source, .. } => {
            matches!(**source, DatabaseError::Open { .. } | DatabaseError::Slow { .. })
        }
        _ => false,
    }
}

impl Replicas {
    fn new(name: &str, urls: Vec<String>) -> Self {
        let replica = |(index, url)| Replica {
            name: format!("{name} {}", index + 1).into(),
            url,
            rests_until: Mutex::default(),
        };
        Self {
            all: urls.into_iter().enumerate().map(replica).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// Each of them once, but those that rest; another one first each time.
    fn in_turn(&self) -> impl Iterator<Item = &Replica> {
        let first = self.next.fetch_add(1, Relaxed);
        let count = self.all.len();
        let turn = (0..count).map(move |index| &self.all[(first % count + index) % count]);
        turn.filter(|replica| replica.may_be_tried())
    }
}

impl Replica {
    /// After its rest one tries it, and the others wait for how that ends.
    fn may_be_tried(&self) -> bool {
        let mut rests_until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match *rests_until {
            Some(until) if now < until => false,
            Some(_) => {
                *rests_until = Some(now + REST);
                true
            }
            None => true,
        }
    }

    fn note(&self, rests_until: Option<Instant>) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = rests_until;
    }
}
