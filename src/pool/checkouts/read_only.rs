//! Checkouts that only read, served by replicas.

use std::{sync::Arc, time::Duration};

use super::{checkout::Checkout, wish::Wish};
use crate::{
    connection::SchemaIdentity,
    pool::{CheckoutError, DatabaseError, TenantPool, options::Options, routing::Replicas},
};

/// What is known of a schema on a replica is looked up anew after so long: nobody tells a replica's pool what was done to it.
const SCHEMAS_KNOWN_FOR: Duration = Duration::from_secs(1);

impl Options {
    /// For the pools that read from replicas.
    pub(crate) fn to_read_only(&self) -> Self {
        Self {
            read_only: true,
            schemas_cached_for: self.schemas_cached_for.min(SCHEMAS_KNOWN_FOR),
            // Nobody tells these pools what this process creates.
            schemas_absent_for: Duration::ZERO,
            ..self.clone()
        }
    }
}

impl TenantPool {
    /// A connection to a replica, or to the database itself.
    pub(super) async fn check_out_reader(
        &self,
        database: Option<&Arc<str>>,
        wish: &Wish<'_>,
    ) -> Result<Checkout, CheckoutError> {
        let replicas = match database {
            None => Some(&self.readers().main),
            Some(database) => self.readers().further.get(&**database),
        };
        for (replicas, replica) in replicas.iter().flat_map(|replicas| replicas.in_turn()) {
            let url = async { Ok(replica.url.clone()) };
            match self.reader(&replica.name, url, wish).await {
                Ok((checkout, found)) => {
                    replica.rest.end();
                    let is_current = match found {
                        Some(found) => self.is_current(database, replicas, wish, found).await?,
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
        let own = self.own_reader(database, wish).await?;
        Checkout::get(&own, wish).await
    }

    /// Whether the schema that a replica shows is the one that has the name by now. A physical replica has its database's OIDs.
    ///
    /// The database is asked when it isn't known there what has the name. While it can't be asked, what was known last counts, and
    /// where nothing was, the replica's word.
    async fn is_current(
        &self,
        database: Option<&Arc<str>>,
        replicas: &Replicas,
        wish: &Wish<'_>,
        found: SchemaIdentity,
    ) -> Result<bool, CheckoutError> {
        if !found.is_replayed {
            return Ok(true);
        }
        let primary = match database {
            None => self.clone(),
            Some(database) => match self.open_database(database) {
                Some(primary) => primary,
                None if !replicas.rest.may_be_tried() => return Ok(true),
                None => match self.database_for(wish.target, database, wish.deadline).await {
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
        let is_outdated =
            |seen| database.is_some() && self.resolver().is_some_and(|resolver| resolver.known.heard_since(seen));
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
            let own = self.own_reader(database, wish).await?;
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
    async fn own_reader(&self, database: Option<&Arc<str>>, wish: &Wish<'_>) -> Result<TenantPool, CheckoutError> {
        match database {
            None => {
                let url = async { Ok(self.readers().main_url.clone()) };
                self.open_reader(&Arc::from("read-only"), url, wish).await
            }
            Some(database) => {
                let name = Arc::from(format!("{database}, read-only"));
                self.open_reader(&name, self.databases().url(database), wish).await
            }
        }
    }

    /// A connection, and which schema it leads to.
    async fn reader(
        &self,
        name: &Arc<str>,
        url: impl Future<Output = Result<String, DatabaseError>>,
        wish: &Wish<'_>,
    ) -> Result<(Checkout, Option<SchemaIdentity>), CheckoutError> {
        let pool = self.open_reader(name, url, wish).await?;
        let checkout = Checkout::get(&pool, wish).await?;
        let found = pool.schemas().identity(wish.map);
        Ok((checkout, found.map(|(found, _)| found)))
    }

    async fn open_reader(
        &self,
        name: &Arc<str>,
        url: impl Future<Output = Result<String, DatabaseError>>,
        wish: &Wish<'_>,
    ) -> Result<TenantPool, CheckoutError> {
        let pool = self.readers().pools.get_at(name, url, wish.deadline).await;
        pool.map_err(|source| CheckoutError::Database {
            target: wish.target.clone(),
            source: Box::new(source),
        })
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
