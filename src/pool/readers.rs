//! Checkouts that only read, served by replicas.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{
    Checkout, CheckoutError, DatabaseError, DatabaseLimits, TenantPool, TenantPoolBuilder, databases::Databases,
    options::Options, replicas::Replicas, request::Wish,
};
use crate::connection::SchemaIdentity;

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
    /// Declares a replica of the pool's own database, for [`read_only`](super::CheckoutRequest::read_only) checkouts.
    /// Several replicas are used in turn. Default: none, and the database itself serves these checkouts.
    ///
    /// Connections to a replica are opened when they are needed, with the options of this pool. A replica that can't be
    /// connected to is left alone for five seconds at a time.
    ///
    /// A standby server is asked whether it knows the same schema by the tenant's name. Another database with the same
    /// tenants, kept up to date by logical replication, works as well, with one exception: while it is behind, the name
    /// of a tenant that was renamed or dropped, and then given to another tenant, leads to the former tenant's rows.
    pub fn replica(mut self, database_url: impl Into<String>) -> Self {
        self.replicas.main.push(database_url.into());
        self
    }

    /// Declares a replica of another database, by the name under which that database was [declared](Self::database).
    pub fn database_replica(mut self, name: impl Into<String>, database_url: impl Into<String>) -> Self {
        let urls = self.replicas.further.entry(name.into()).or_default();
        urls.push(database_url.into());
        self
    }

    /// How many read-only connections there may be: to each replica, and to each database that serves in place of its
    /// replicas.
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
        pool: &TenantPool,
        database: Option<&Arc<str>>,
        wish: &Wish<'_>,
    ) -> Result<Checkout, CheckoutError> {
        let replicas = match database {
            None => Some(&self.main),
            Some(database) => self.further.get(&**database),
        };
        for (replicas, replica) in replicas.iter().flat_map(|replicas| replicas.in_turn()) {
            let url = async { Ok(replica.url.clone()) };
            match self.get(&replica.name, url, wish).await {
                Ok((checkout, found)) => {
                    replica.rest.end();
                    let is_current = match found {
                        Some(found) => self.is_current(pool, database, replicas, wish, found).await?,
                        None => wish.map.unqualified().is_none(),
                    };
                    match is_current {
                        true => return Ok(checkout),
                        false => break,
                    }
                }
                Err(error) if is_behind(&error) => {
                    replica.rest.end();
                    break;
                }
                Err(error) if is_out_of_reach(&error) => replica.rest.begin(),
                Err(error) => return Err(error),
            }
        }
        let own = self.own(database, wish).await?;
        Checkout::get(&own, wish).await
    }

    /// Whether the schema that a replica shows is the one that has the name by now. A physical replica has its database's OIDs.
    ///
    /// The database is asked when it isn't known there what has the name. While it can't be asked, what was known last counts, and
    /// where nothing was, the replica's word.
    async fn is_current(
        &self,
        pool: &TenantPool,
        database: Option<&Arc<str>>,
        replicas: &Replicas,
        wish: &Wish<'_>,
        found: SchemaIdentity,
    ) -> Result<bool, CheckoutError> {
        if !found.is_replayed {
            return Ok(true);
        }
        let primary = match database {
            None => pool.clone(),
            Some(database) => match pool.open_database(database) {
                Some(primary) => primary,
                None if !replicas.rest.may_be_tried() => return Ok(true),
                None => match pool.database_for(wish.target, database, wish.deadline).await {
                    Err(error) if is_out_of_reach(&error) => {
                        replicas.rest.begin();
                        return Ok(true);
                    }
                    primary => primary?,
                },
            },
        };
        let is_found = |known: SchemaIdentity| known.oid == found.oid;
        let known = primary.schemas().identity(wish.map);
        // Nobody tells the pool of a further database which of its schemas the news was about.
        let is_outdated = |seen| database.is_some() && pool.resolver().is_some_and(|known| known.heard_since(seen));
        if let Some((known, Some(seen))) = known
            && primary.schemas().counts(seen)
            && !is_outdated(seen)
            && (is_found(known) || seen.elapsed() < SCHEMAS_KNOWN_FOR)
        {
            return Ok(is_found(known));
        }
        let last_word = match known {
            Some((known, Some(seen))) => is_found(known) && !is_outdated(seen),
            // Something was done to it.
            Some((_, None)) => false,
            None => true,
        };
        if !replicas.rest.may_be_tried() {
            return Ok(last_word);
        }
        let asked = async {
            let own = self.own(database, wish).await?;
            let mut checkout = Checkout::wait(&own, wish.target, wish.deadline).await?;
            checkout.look_up(&primary, wish).await
        };
        let asked = asked.await;
        match asked {
            Err(ref error) if is_out_of_reach(error) => replicas.rest.begin(),
            _ => replicas.rest.end(),
        }
        match asked {
            Ok(_) => Ok(primary
                .schemas()
                .identity(wish.map)
                .is_some_and(|(known, _)| is_found(known))),
            Err(error) if is_behind(&error) => Ok(false),
            Err(error) if is_out_of_reach(&error) => Ok(last_word),
            Err(CheckoutError::Exhausted { .. }) => Ok(last_word),
            Err(error) => Err(error),
        }
    }

    /// The pool that reads from the database itself.
    async fn own(&self, database: Option<&Arc<str>>, wish: &Wish<'_>) -> Result<TenantPool, CheckoutError> {
        match database {
            None => {
                let url = async { Ok(self.main_url.clone()) };
                self.open(&Arc::from("read-only"), url, wish).await
            }
            Some(database) => {
                let name = Arc::from(format!("{database}, read-only"));
                self.open(&name, self.databases.url(database), wish).await
            }
        }
    }

    /// A connection, and which schema it leads to.
    async fn get(
        &self,
        name: &Arc<str>,
        url: impl Future<Output = Result<String, DatabaseError>>,
        wish: &Wish<'_>,
    ) -> Result<(Checkout, Option<SchemaIdentity>), CheckoutError> {
        let pool = self.open(name, url, wish).await?;
        let checkout = Checkout::get(&pool, wish).await?;
        let found = pool.schemas().identity(wish.map);
        Ok((checkout, found.map(|(found, _)| found)))
    }

    async fn open(
        &self,
        name: &Arc<str>,
        url: impl Future<Output = Result<String, DatabaseError>>,
        wish: &Wish<'_>,
    ) -> Result<TenantPool, CheckoutError> {
        let pool = self.pools.get_at(name, url, wish.deadline).await;
        pool.map_err(|source| CheckoutError::Database {
            target: wish.target.clone(),
            source: Box::new(source),
        })
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
