//! What is done to tenants, in a form that another process can be told.

use std::{error::Error, path::PathBuf, time::Duration};

use diesel_tenants::{Placement, Revert, SchemaName, TenantPool, lifecycle::LifecycleError};
use diesel_tenants_test_support::chain;
use serde::{Deserialize, Serialize};

use crate::migrations::Plan;

/// Where a tenant's schema is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    Home,
    /// The other server, under the name given.
    Shard(String),
}

impl Place {
    pub fn placement(&self, tenant: &str) -> Placement {
        match self {
            Self::Home => Placement::schema(name(tenant)),
            Self::Shard(schema) => Placement::schema(name(schema)).in_database("shard"),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Operation {
    Create {
        tenant: String,
        plan: Plan,
    },
    Ensure {
        tenant: String,
        plan: Plan,
    },
    Place {
        tenant: String,
        at: Place,
        plan: Plan,
    },
    Clone {
        from: String,
        to: String,
        with_data: bool,
    },
    Rename {
        from: String,
        to: String,
    },
    Suspend {
        tenant: String,
    },
    Resume {
        tenant: String,
    },
    Archive {
        tenant: String,
    },
    Restore {
        archive: String,
        to: String,
    },
    Drop {
        tenant: String,
        force: bool,
    },
    Purge,
    Spares {
        count: usize,
        plan: Plan,
    },
    Migrate,
    /// The third migration, of the schemas that have it still.
    Revert {
        home: Vec<String>,
        shard: Vec<String>,
    },
    Export {
        tenant: String,
        file: PathBuf,
    },
    Import {
        file: PathBuf,
        to: String,
    },
    Move {
        tenant: String,
        to: Place,
        drop_source: bool,
        pause_writes: bool,
    },
}

/// Where a transaction does not end in time, an operation is refused, and tried again.
const WAIT: Duration = Duration::from_secs(10);

pub type Failure = Box<dyn Error + Send + Sync>;

impl Operation {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Ensure { .. } => "ensure",
            Self::Place { .. } => "place",
            Self::Clone { .. } => "clone",
            Self::Rename { .. } => "rename",
            Self::Suspend { .. } => "suspend",
            Self::Resume { .. } => "resume",
            Self::Archive { .. } => "archive",
            Self::Restore { .. } => "restore",
            Self::Drop { .. } => "drop",
            Self::Purge => "purge",
            Self::Spares { .. } => "spares",
            Self::Migrate => "migrate",
            Self::Revert { .. } => "revert",
            Self::Export { .. } => "export",
            Self::Import { .. } => "import",
            Self::Move { .. } => "move",
        }
    }

    pub async fn run(&self, pool: &TenantPool) -> Result<(), Failure> {
        match self {
            Self::Create { tenant, plan } => drop(pool.create_tenant(tenant.as_str(), *plan).await?),
            Self::Ensure { tenant, plan } => drop(pool.ensure_tenant(tenant.as_str(), *plan).await?),
            Self::Place { tenant, at, plan } => {
                drop(pool.place_tenant(tenant.as_str(), at.placement(tenant), *plan).await?);
            }
            Self::Clone { from, to, with_data } => {
                let cloning = pool.clone_tenant(from.as_str(), to.as_str());
                if *with_data {
                    cloning.await?
                } else {
                    cloning.without_data().await?
                }
            }
            Self::Rename { from, to } => pool.rename_tenant(from.as_str(), to.as_str()).wait(WAIT).await?,
            Self::Suspend { tenant } => pool.suspend_tenant(tenant.as_str()).await?,
            Self::Resume { tenant } => pool.resume_tenant(tenant.as_str()).await?,
            Self::Archive { tenant } => drop(pool.archive_tenant(tenant.as_str()).wait(WAIT).await?),
            Self::Restore { archive, to } => pool.restore_tenant(archive.as_str(), to.as_str()).await?,
            Self::Drop { tenant, force } => {
                let dropping = pool.drop_tenant(tenant.as_str()).wait(WAIT);
                if *force {
                    dropping.force().await?
                } else {
                    dropping.await?
                }
            }
            Self::Purge => {
                let shard = pool.using_database("shard").pool().await?;
                for pool in [pool, &shard] {
                    let purged = pool.drop_archived(Duration::ZERO).await?;
                    if let Some((_, error)) = purged.failed.into_iter().next() {
                        return Err(error.into());
                    }
                }
            }
            Self::Spares { count, plan } => drop(pool.prepare_spares(*count, *plan).await?),
            Self::Migrate => {
                let shard = pool.using_database("shard").pool().await?;
                for pool in [pool, &shard] {
                    whole(pool.migrate_tenants(Plan::All).run().await?)?;
                }
            }
            Self::Revert { home, shard } => {
                let database = pool.using_database("shard").pool().await?;
                for (pool, schemas) in [(pool, home), (&database, shard)] {
                    let reverting = pool.revert_tenants(Plan::All, Revert::Last(1));
                    whole(reverting.only(schemas.iter().map(String::as_str)).run().await?)?;
                }
            }
            Self::Export { tenant, file } => {
                let file = tokio::fs::File::create(file).await?;
                pool.export_tenant(tenant.as_str()).to(file).await?;
            }
            Self::Import { file, to } => {
                let file = tokio::fs::File::open(file).await?;
                pool.import_tenant(to.as_str()).from(file).await?;
            }
            Self::Move {
                tenant,
                to,
                drop_source,
                pause_writes,
            } => {
                let mut moving = pool.move_tenant(tenant.as_str(), to.placement(tenant)).wait(WAIT);
                if *drop_source {
                    moving = moving.drop_source();
                }
                if *pause_writes {
                    moving = moving.pause_writes();
                }
                let moved = moving.await?;
                if !moved.left.is_empty() {
                    return Err(format!("moved, but left: {}", moved.left.join("; ")).into());
                }
            }
        }
        Ok(())
    }

    /// Whether an error says that an attempt before had done it, which ended without a word.
    pub fn says_done(&self, failure: &Failure) -> bool {
        use diesel_tenants::{CloneError, ImportError};
        let exists = |error: &LifecycleError| matches!(error, LifecycleError::AlreadyExists { .. });
        let error = failure.downcast_ref::<LifecycleError>();
        match self {
            Self::Create { .. } | Self::Place { .. } => error.is_some_and(exists),
            Self::Clone { .. } => {
                matches!(failure.downcast_ref(), Some(CloneError::AlreadyExists { .. }))
            }
            Self::Import { .. } => {
                matches!(failure.downcast_ref(), Some(ImportError::Lifecycle(error)) if exists(error))
            }
            Self::Rename { .. } | Self::Archive { .. } | Self::Drop { .. } => {
                matches!(error, Some(LifecycleError::NotFound { .. }))
            }
            Self::Restore { .. } => matches!(error, Some(LifecycleError::NotArchived { .. })),
            _ => false,
        }
    }

    /// Whether an error says that somebody else is at it: the server may be, for a while, with what it was last told.
    pub fn says_later(&self, failure: &Failure) -> bool {
        let text = chain(&**failure);
        [
            "was still running after",
            "did not end within",
            "ocked",
            "try again later",
        ]
        .iter()
        .any(|part| text.contains(part))
    }
}

fn whole(report: diesel_tenants::FleetReport) -> Result<(), Failure> {
    if report.is_success() {
        return Ok(());
    }
    let failed: Vec<String> = report
        .failed()
        .map(|tenant| match &tenant.outcome {
            diesel_tenants::migrations::TenantOutcome::Failed(error) => {
                format!("{}: {}", tenant.tenant.as_str(), chain(error))
            }
            outcome => format!("{}: {outcome}", tenant.tenant.as_str()),
        })
        .collect();
    Err(format!("{report}: {}", failed.join("; ")).into())
}

pub fn name(name: &str) -> SchemaName {
    SchemaName::new(name).expect("a name of the program's own")
}
