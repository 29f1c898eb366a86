use std::fmt;

use crate::pool::TenantPool;

/// The name of a pool's own database, where databases are reported or chosen by name. No other database can be declared
/// by this name.
pub const OWN_DATABASE: &str = "main";

/// # Working on all databases
impl TenantPool {
    /// The pool's own database and its further databases, for work on all of them in one call: [migrations](AllDatabases::migrate_tenants),
    /// [their state](AllDatabases::migration_status), [drift](AllDatabases::drift), [a look](AllDatabases::inspect) at
    /// each of them, and [moves](AllDatabases::balance) that even out what they hold.
    ///
    /// These are the database of the pool itself, which is called [`main`](OWN_DATABASE), the
    /// [declared](crate::TenantPoolBuilder::database) ones, and those that the [directory](crate::TenantDirectory) names.
    /// Databases that were declared as [without tenants](crate::TenantPoolBuilder::database_without_tenants) are left
    /// out. All of them are open at once, so more than 20 need a higher
    /// [`DatabaseLimits::databases`](crate::DatabaseLimits::databases).
    ///
    /// ```no_run
    /// # use diesel_migrations::{EmbeddedMigrations, embed_migrations};
    /// # const SHARED_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
    /// # const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("tenant_migrations");
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// let report = pool
    ///     .all_databases()
    ///     .migrate_tenants(TENANT_MIGRATIONS)
    ///     .shared_first(SHARED_MIGRATIONS)
    ///     .run()
    ///     .await?;
    /// println!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn all_databases(&self) -> AllDatabases<'_> {
        AllDatabases {
            pool: self,
            chosen: None,
            skips_unreachable: false,
            at_a_time: 8,
        }
    }
}

/// The databases of a pool; see [`TenantPool::all_databases`].
#[derive(Clone)]
#[must_use = "nothing is done until one of the operations is run"]
pub struct AllDatabases<'a> {
    pub(crate) pool: &'a TenantPool,
    pub(crate) chosen: Option<Vec<String>>,
    pub(crate) skips_unreachable: bool,
    pub(crate) at_a_time: usize,
}

impl AllDatabases<'_> {
    /// Chooses only these databases, by their names; [`main`](OWN_DATABASE) is the pool's own. Default: all.
    pub fn only(self, databases: impl IntoIterator<Item: Into<String>>) -> Self {
        Self {
            chosen: Some(databases.into_iter().map(Into::into).collect()),
            ..self
        }
    }

    /// Leaves out databases that can't be reached, or that the directory names and nobody declared. The report names
    /// them, and the tenants that the directory knows there. Default: such a database is an error, and nothing is done
    /// anywhere.
    ///
    /// The pool's own database is never left out if the pool has a directory, because the directory may be there.
    pub fn skip_unreachable(self) -> Self {
        Self {
            skips_unreachable: true,
            ..self
        }
    }

    /// How many databases are worked on at a time; at least 1. Default: 8.
    pub fn at_a_time(self, databases: usize) -> Self {
        Self {
            at_a_time: databases.max(1),
            ..self
        }
    }
}

impl fmt::Debug for AllDatabases<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllDatabases")
            .field("chosen", &self.chosen)
            .field("skips_unreachable", &self.skips_unreachable)
            .field("at_a_time", &self.at_a_time)
            .finish_non_exhaustive()
    }
}
