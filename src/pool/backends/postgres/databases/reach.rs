//! Connects to the databases of a pool, and makes sure that they are different ones.

use std::{collections::BTreeSet, error::Error};

use futures_util::{StreamExt as _, future::join, stream};

use super::{AllDatabases, DatabasesError, OWN_DATABASE, Resident, UnreachableDatabase, residents::Residents};
use crate::{
    PostgresConnection, TenantPool,
    backend::postgres::catalog::database::{DatabaseIdentity, identity, is_same_database},
};

/// A database that answers.
pub(crate) struct Reached {
    pub(crate) name: String,
    pub(crate) pool: TenantPool,
    pub(crate) connection: PostgresConnection,
    pub(crate) identity: DatabaseIdentity,
    pub(crate) is_standby: bool,
    /// The tenants that the directory knows there, and that have schemas.
    pub(crate) residents: Vec<Resident>,
    /// How many tenants the directory knows there, with or without a schema of their own.
    pub(crate) tenants: usize,
}

impl Reached {
    /// Whether a tenant's schema is the shared schema of this database, which then belongs to that tenant alone.
    pub(crate) fn owner(&self) -> Option<&Resident> {
        let shared = self.pool.shared_schema();
        self.residents.iter().find(|resident| resident.schema == *shared)
    }
}

/// A database that does not answer.
pub(crate) struct Unreached {
    pub(crate) problem: UnreachableDatabase,
    pub(crate) residents: Vec<Resident>,
}

/// The databases of a pool, the pool's own first, the others sorted by name.
pub(crate) struct PoolDatabases {
    pub(crate) reached: Vec<Reached>,
    pub(crate) unreached: Vec<Unreached>,
}

type Connected = Result<(TenantPool, PostgresConnection), Box<dyn Error + Send + Sync>>;

impl AllDatabases<'_> {
    /// Connects to the databases. Unless they may be skipped, all must answer.
    pub(crate) async fn reach(&self) -> Result<PoolDatabases, DatabasesError> {
        let declared = self.pool.databases().names_with_tenants();
        let mut names: BTreeSet<String> = declared.collect();
        names.insert(OWN_DATABASE.to_owned());
        let wanted = names.iter().filter(|name| self.is_chosen(name)).cloned().collect();
        let (residents, mut connected) = join(Residents::of(self.pool), self.connect(wanted)).await;
        let mut residents = residents.map_err(|source| DatabasesError::Directory(Box::new(source)))?;
        let others: Vec<String> = residents
            .counts
            .keys()
            .filter(|name| !names.contains(*name))
            .cloned()
            .collect();
        let wanted = others.iter().filter(|name| self.is_chosen(name)).cloned().collect();
        connected.extend(self.connect(wanted).await);
        names.extend(others);
        if let Some(chosen) = &self.chosen
            && let Some(unknown) = chosen.iter().find(|chosen| !names.contains(*chosen))
        {
            return Err(DatabasesError::Unknown {
                database: unknown.clone(),
                known: names.into_iter().collect(),
            });
        }
        connected.sort_by(|(one, _), (other, _)| (one != OWN_DATABASE, one).cmp(&(other != OWN_DATABASE, other)));
        let mut databases = PoolDatabases {
            reached: Vec::new(),
            unreached: Vec::new(),
        };
        for (name, connected) in connected {
            let tenants = residents.counts.remove(&name).unwrap_or_default();
            let residents = residents.of.remove(&name).unwrap_or_default();
            match connected {
                Ok((pool, mut connection)) => {
                    let (identity, is_standby) =
                        identity(&mut connection).await.map_err(|source| DatabasesError::Read {
                            database: name.clone(),
                            source,
                        })?;
                    databases.reached.push(Reached {
                        name,
                        pool,
                        connection,
                        identity,
                        is_standby,
                        residents,
                        tenants,
                    });
                }
                Err(reason) => databases.unreached.push(Unreached {
                    problem: UnreachableDatabase {
                        database: name,
                        reason,
                        tenants,
                    },
                    residents,
                }),
            }
        }
        if !self.skips_unreachable && !databases.unreached.is_empty() {
            let databases = databases.unreached.into_iter().map(|unreached| unreached.problem);
            return Err(DatabasesError::Unreachable {
                databases: databases.collect(),
            });
        }
        databases.require_different().await?;
        Ok(databases)
    }

    fn is_chosen(&self, database: &str) -> bool {
        self.chosen
            .as_ref()
            .is_none_or(|chosen| chosen.iter().any(|chosen| chosen == database))
    }

    async fn connect(&self, databases: Vec<String>) -> Vec<(String, Connected)> {
        let each = databases.into_iter().map(|name| async move {
            let connected = connect(self.pool, &name).await;
            (name, connected)
        });
        stream::iter(each).buffer_unordered(self.at_a_time).collect().await
    }
}

async fn connect(pool: &TenantPool, name: &str) -> Connected {
    let pool = match name {
        OWN_DATABASE => pool.clone(),
        name => pool.using_database(name).pool().await?,
    };
    let connection = pool.migration_connector().connect().await?;
    Ok((pool, connection))
}

impl PoolDatabases {
    /// Fails if two names lead to one database: its tenants would be worked on twice, at the same time.
    async fn require_different(&mut self) -> Result<(), DatabasesError> {
        for second in 1..self.reached.len() {
            let (before, from) = self.reached.split_at_mut(second);
            let there = &mut from[0];
            for here in before {
                if !here.identity.may_be(&there.identity) {
                    continue;
                }
                let is_same = here.is_standby
                    || there.is_standby
                    || is_same(here, there).await.map_err(|source| DatabasesError::Read {
                        database: there.name.clone(),
                        source,
                    })?;
                if is_same {
                    return Err(DatabasesError::SameDatabase {
                        first: here.name.clone(),
                        second: there.name.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Fails if a database accepts no writes.
    pub(crate) fn require_writable(&self) -> Result<(), DatabasesError> {
        match self.reached.iter().find(|reached| reached.is_standby) {
            Some(standby) => Err(DatabasesError::ReadOnly {
                database: standby.name.clone(),
            }),
            None => Ok(()),
        }
    }
}

async fn is_same(here: &mut Reached, there: &mut Reached) -> diesel::QueryResult<bool> {
    is_same_database(&mut here.connection, &mut there.connection).await
}
