//! Checkouts that only read, served by replicas.

use std::{sync::Arc, time::Duration};

use crate::{
    backend::postgres::catalog::schema::SchemaIdentity,
    pool::{
        Checkout, CheckoutError, DatabaseError, TenantPool,
        backends::replica_errors::{is_behind, is_out_of_reach},
        checkouts::ConnectionRequest,
        options::Options,
        routing::Replicas,
    },
};

/// How long a schema on a replica is remembered. The time is short because a replica's pool is not told about changes
/// to schemas.
const SCHEMAS_KNOWN_FOR: Duration = Duration::from_secs(1);

impl Options {
    /// The options of the pools that read from replicas.
    pub(crate) fn to_read_only(&self) -> Self {
        Self {
            read_only: true,
            schemas_cached_for: self.schemas_cached_for.min(SCHEMAS_KNOWN_FOR),
            // These pools are not told about the schemas that this process creates.
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
        request: &ConnectionRequest<'_>,
    ) -> Result<Checkout, CheckoutError> {
        let replicas = match database {
            None => Some(&self.readers().main),
            Some(database) => self.readers().further.get(&**database),
        };
        for (replicas, replica) in replicas.iter().flat_map(|replicas| replicas.in_turn()) {
            let url = async { Ok(replica.url.clone()) };
            match self.reader(&replica.name, url, request).await {
                Ok((checkout, found)) => {
                    replica.rest.end();
                    let is_current = match found {
                        Some(found) => {
                            request.may_be(found) && self.is_current(database, replicas, request, found).await?
                        }
                        None => request.map.unqualified().is_none(),
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
        let own = self.own_reader(database, request).await?;
        Checkout::get(&own, request).await
    }

    /// Whether the schema that a replica shows is the schema that has the name in the database now. OIDs can be
    /// compared: a physical replica has those of its database.
    ///
    /// The database is asked if its pool doesn't remember which schema has the name. While the database can't be asked,
    /// the last remembered answer counts; without one, the replica's answer does.
    async fn is_current(
        &self,
        database: Option<&Arc<str>>,
        replicas: &Replicas<String>,
        request: &ConnectionRequest<'_>,
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
                None => match self.database_for(request.target, database, request.deadline).await {
                    Err(error) if is_out_of_reach(&error) => {
                        replicas.rest.begin();
                        return Ok(true);
                    }
                    primary => primary?,
                },
            },
        };
        let is_found = |known: SchemaIdentity| known.oid == found.oid;
        let known = primary.schemas().identity(request.map);
        // The pool of a further database is not told which of its schemas a notification was about.
        let is_outdated = |seen| {
            database.is_some()
                && self
                    .remembered()
                    .is_some_and(|remembered| remembered.known.heard_since(seen))
        };
        if let Some((known, Some(seen))) = known
            && primary.schemas().counts(seen)
            && !is_outdated(seen)
            && (is_found(known) || seen.elapsed() < SCHEMAS_KNOWN_FOR)
        {
            return Ok(is_found(known));
        }
        let last_word = match known {
            Some((known, Some(seen))) => is_found(known) && !is_outdated(seen),
            // The schema was changed since it was last looked up.
            Some((_, None)) => false,
            None => true,
        };
        if !replicas.rest.may_be_tried() {
            return Ok(last_word);
        }
        let asked = async {
            let own = self.own_reader(database, request).await?;
            let mut checkout = Checkout::wait(&own, request.target, request.deadline).await?;
            checkout.look_up(&primary, request).await
        };
        let asked = asked.await;
        match asked {
            Err(ref error) if is_out_of_reach(error) => replicas.rest.begin(),
            _ => replicas.rest.end(),
        }
        match asked {
            Ok(_) => Ok(primary
                .schemas()
                .identity(request.map)
                .is_some_and(|(known, _)| is_found(known))),
            Err(error) if is_behind(&error) => Ok(false),
            Err(error) if is_out_of_reach(&error) => Ok(last_word),
            Err(CheckoutError::Exhausted { .. }) => Ok(last_word),
            Err(error) => Err(error),
        }
    }

    /// The pool that reads from the database itself.
    async fn own_reader(
        &self,
        database: Option<&Arc<str>>,
        request: &ConnectionRequest<'_>,
    ) -> Result<TenantPool, CheckoutError> {
        match database {
            None => {
                let url = async { Ok(self.readers().main_url.clone()) };
                self.open_reader(&Arc::from("read-only"), url, request).await
            }
            Some(database) => {
                let name = Arc::from(format!("{database}, read-only"));
                self.open_reader(&name, self.databases().url(database), request).await
            }
        }
    }

    /// A connection, and which schema it leads to. The schema's OID is left to the caller: a logical replica has others.
    async fn reader(
        &self,
        name: &Arc<str>,
        url: impl Future<Output = Result<String, DatabaseError>>,
        request: &ConnectionRequest<'_>,
    ) -> Result<(Checkout, Option<SchemaIdentity>), CheckoutError> {
        let pool = self.open_reader(name, url, request).await?;
        let any = ConnectionRequest {
            namespace: None,
            ..*request
        };
        let checkout = Checkout::get(&pool, &any).await?;
        let found = pool.schemas().identity(request.map);
        Ok((checkout, found.map(|(found, _)| found)))
    }

    async fn open_reader(
        &self,
        name: &Arc<str>,
        url: impl Future<Output = Result<String, DatabaseError>>,
        request: &ConnectionRequest<'_>,
    ) -> Result<TenantPool, CheckoutError> {
        let pool = self.readers().pools.get_at(name, url, request.deadline).await;
        pool.map_err(|source| CheckoutError::Database {
            target: request.target.clone(),
            source: Box::new(source),
        })
    }
}

impl ConnectionRequest<'_> {
    /// Whether the schema on a replica has the OID that it must have. A logical replica has OIDs of its own.
    fn may_be(&self, found: SchemaIdentity) -> bool {
        !found.is_replayed || self.namespace.is_none_or(|namespace| namespace == u64::from(found.oid))
    }
}
