//! What the databases of a pool are, and what is missing in each.

use diesel::{QueryResult, migration::MigrationSource, pg::Pg};
use futures_core::future::BoxFuture;
use futures_util::future::join_all;

use crate::{
    MigrationSourceError,
    backend::postgres::{
        catalog::{
            database::{DatabaseFacts, database_facts},
            tenants::{Wanted, migrated_schemas},
        },
        version_table,
    },
    migrations::Plan,
    pool::{AllDatabases, DatabasesError, OWN_DATABASE, Reached, UnreachableDatabase},
};

/// A database of a pool; see [`AllDatabases::inspect`].
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DatabaseInfo {
    /// The database's name; [`main`](crate::pool::OWN_DATABASE) is the pool's own.
    pub database: String,
    /// Why nothing more is known, if the database can't be reached.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "reason", rename = "error", skip_serializing_if = "Option::is_none")
    )]
    pub unreachable: Option<UnreachableDatabase>,
    /// How many tenants live there: by the directory, or else by the database's own catalog.
    pub tenants: usize,
    /// The rest, if the database can be reached.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub state: Option<DatabaseState>,
}

/// The state of a database that can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DatabaseState {
    /// The server's version, in its own words.
    pub server_version: String,
    /// Whether the server is a standby, which accepts no writes.
    pub is_standby: bool,
    /// How many bytes the database takes on disk; `None` if the role may not know.
    pub bytes: Option<u64>,
    /// The versions that the shared schema lacks, oldest first, if the shared migrations were given.
    pub missing_migrations: Vec<String>,
    /// The extensions that the pool's own database has, and that this one lacks, sorted.
    pub missing_extensions: Vec<String>,
    /// Whether the shared schema belongs to one tenant, which has this database for itself.
    pub is_of_one_tenant: bool,
}

impl DatabaseInfo {
    /// Whether the database can be reached, accepts writes, and lacks nothing.
    pub fn is_well(&self) -> bool {
        self.state.as_ref().is_some_and(|state| {
            !state.is_standby && state.missing_migrations.is_empty() && state.missing_extensions.is_empty()
        })
    }
}

/// Why the databases could not be inspected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// The databases can't be worked on together.
    #[error(transparent)]
    Databases(#[from] DatabasesError),
    /// The migrations can't be used.
    #[error("can't read the shared migrations")]
    Source(#[from] MigrationSourceError),
}

/// Inspects databases when awaited; made by [`AllDatabases::inspect`].
#[must_use = "a request does nothing until it is awaited"]
pub struct InspectRequest<'a> {
    databases: AllDatabases<'a>,
    shared: Option<BoxFuture<'a, Result<Plan, MigrationSourceError>>>,
}

/// # What the databases are
impl<'a> AllDatabases<'a> {
    /// What each database is: whether it can be reached, its server's version, its size, how many tenants live there,
    /// and what it lacks that the pool's own database has. Databases that can't be reached are part of the answer.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// for database in pool.all_databases().inspect().await? {
    ///     println!("{}: {} tenants, {:?}", database.database, database.tenants, database.state);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`InspectError`]: the directory can't be asked, two names lead to one database, or a chosen database doesn't
    /// exist.
    pub fn inspect(self) -> InspectRequest<'a> {
        InspectRequest {
            databases: self.skip_unreachable(),
            shared: None,
        }
    }
}

impl<'a> InspectRequest<'a> {
    /// Finds out which shared migrations each database lacks as well. Default: this is not looked at.
    pub fn shared(self, migrations: impl MigrationSource<Pg> + Send + Sync + 'static) -> Self {
        Self {
            shared: Some(Box::pin(Plan::read(migrations))),
            ..self
        }
    }

    async fn find(self) -> Result<Vec<DatabaseInfo>, InspectError> {
        let plan = match self.shared {
            Some(shared) => Some(shared.await?),
            None => None,
        };
        let has_directory = self.databases.pool.directory().is_some();
        let databases = self.databases.reach().await?;
        let each = databases
            .reached
            .into_iter()
            .map(|reached| look(reached, plan.as_ref(), has_directory));
        let looked = join_all(each)
            .await
            .into_iter()
            .collect::<Result<Vec<_>, DatabasesError>>()?;
        let own = looked.iter().find(|(info, _)| info.database == OWN_DATABASE);
        let expected = own.map(|(_, extensions)| extensions.clone()).unwrap_or_default();
        let mut all: Vec<DatabaseInfo> = Vec::with_capacity(looked.len() + databases.unreached.len());
        for (mut info, extensions) in looked {
            if let Some(state) = &mut info.state {
                let missing = expected.iter().filter(|extension| !extensions.contains(extension));
                state.missing_extensions = missing.cloned().collect();
            }
            all.push(info);
        }
        all.extend(databases.unreached.into_iter().map(|unreached| DatabaseInfo {
            database: unreached.problem.database.clone(),
            tenants: unreached.problem.tenants,
            unreachable: Some(unreached.problem),
            state: None,
        }));
        all.sort_by(|one, other| {
            let key = |info: &DatabaseInfo| (info.database != OWN_DATABASE, info.database.clone());
            key(one).cmp(&key(other))
        });
        Ok(all)
    }
}

/// What a database is, without a comparison with others, and its extensions.
async fn look(
    mut reached: Reached,
    plan: Option<&Plan>,
    has_directory: bool,
) -> Result<(DatabaseInfo, Vec<String>), DatabasesError> {
    let is_of_one_tenant = reached.owner().is_some();
    let looked = ask(&mut reached, plan.filter(|_| !is_of_one_tenant), has_directory).await;
    let (facts, missing_migrations, tenants) = looked.map_err(|source| DatabasesError::Read {
        database: reached.name.clone(),
        source,
    })?;
    let DatabaseFacts {
        server_version,
        is_standby,
        bytes,
        extensions,
    } = facts;
    let info = DatabaseInfo {
        database: reached.name,
        unreachable: None,
        tenants,
        state: Some(DatabaseState {
            server_version,
            is_standby,
            bytes: bytes.and_then(|bytes| bytes.try_into().ok()),
            missing_migrations,
            missing_extensions: Vec::new(),
            is_of_one_tenant,
        }),
    };
    Ok((info, extensions))
}

async fn ask(
    reached: &mut Reached,
    plan: Option<&Plan>,
    has_directory: bool,
) -> QueryResult<(DatabaseFacts, Vec<String>, usize)> {
    let connection = &mut reached.connection;
    let facts = database_facts(connection).await?;
    let missing = match plan {
        None => Vec::new(),
        Some(plan) => {
            let applied = version_table::applied(connection, reached.pool.shared_schema()).await?;
            let versions = plan.migrations.iter().map(|migration| &migration.version);
            versions.filter(|version| !applied.contains(version)).cloned().collect()
        }
    };
    let tenants = match has_directory {
        true => reached.tenants,
        false => {
            let schemas = migrated_schemas(connection, Wanted::All).await?;
            let is_tenant = |schema: &str| reached.pool.marked_as_tenant(schema).is_some();
            let tenants = schemas
                .iter()
                .filter(|schema| schema.status().is_tenant() && is_tenant(&schema.schema));
            tenants.count()
        }
    };
    Ok((facts, missing, tenants))
}

impl<'a> IntoFuture for InspectRequest<'a> {
    type Output = Result<Vec<DatabaseInfo>, InspectError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.find())
    }
}

#[cfg(feature = "serde")]
fn reason<S: serde::Serializer>(database: &Option<UnreachableDatabase>, serializer: S) -> Result<S::Ok, S::Error> {
    match database {
        Some(database) => serializer.collect_str(database),
        None => serializer.serialize_none(),
    }
}
