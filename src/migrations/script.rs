use std::sync::Arc;

use diesel::{migration::MigrationSource, pg::Pg};

use super::{Direction, MigrationError, SchemaOwner, recorder::record};
use crate::translate;

/// Migrations in the order of their versions, ready to be sent.
pub(crate) struct Plan {
    pub(crate) scripts: Vec<Script>,
    source: Arc<dyn MigrationSource<Pg> + Send + Sync>,
}

/// One migration.
pub(crate) struct Script {
    pub(crate) version: String,
    /// Version and title.
    pub(crate) name: String,
    pub(crate) in_transaction: bool,
    up: Body,
    down: Body,
}

/// What a migration does in one direction.
pub(crate) enum Body {
    /// Sends SQL, one message after the other.
    Sql(Vec<String>),
    /// Is Rust code that needs a connection (or fails, and will say so when it is run).
    Code,
}

impl Script {
    pub(crate) fn body(&self, direction: Direction) -> &Body {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }

    /// The first statement that would end the transaction in which the migration runs.
    fn transaction_control(&self) -> Option<String> {
        [&self.up, &self.down]
            .into_iter()
            .filter_map(|body| match body {
                Body::Sql(scripts) => Some(scripts),
                Body::Code => None,
            })
            .flatten()
            .find_map(|sql| translate::transaction_control(sql))
    }
}

impl Plan {
    pub(crate) fn source(&self) -> Arc<dyn MigrationSource<Pg> + Send + Sync> {
        Arc::clone(&self.source)
    }
}

/// Reads migrations, on a blocking thread: they may be files.
pub(crate) async fn read<S>(source: S, owner: &SchemaOwner) -> Result<Plan, MigrationError>
where
    S: MigrationSource<Pg> + Send + Sync + 'static,
{
    let owner = owner.clone();
    let blocking = tokio::task::spawn_blocking(move || read_blocking(source, owner));
    match blocking.await {
        Ok(plan) => plan,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn read_blocking<S>(source: S, owner: SchemaOwner) -> Result<Plan, MigrationError>
where
    S: MigrationSource<Pg> + Send + Sync + 'static,
{
    let migrations = match source.migrations() {
        Ok(migrations) => migrations,
        Err(source) => return Err(MigrationError::Source { owner, source }),
    };
    let body = |recorded: Option<Vec<String>>| recorded.map_or(Body::Code, Body::Sql);
    let mut scripts: Vec<Script> = migrations
        .iter()
        .map(|migration| Script {
            version: migration.name().version().to_string(),
            name: migration.name().to_string(),
            in_transaction: migration.metadata().run_in_transaction(),
            up: body(record(|recorder| migration.run(recorder))),
            down: body(record(|recorder| migration.revert(recorder))),
        })
        .collect();
    scripts.sort_by(|a, b| a.version.cmp(&b.version));
    if let Some([twice, _]) = scripts.array_windows().find(|[a, b]| a.version == b.version) {
        return Err(MigrationError::DuplicateVersion {
            owner,
            version: twice.version.clone(),
        });
    }
    for script in scripts.iter().filter(|script| script.in_transaction) {
        if let Some(keyword) = script.transaction_control() {
            return Err(MigrationError::TransactionControl {
                owner,
                name: script.name.clone(),
                keyword,
            });
        }
    }
    Ok(Plan {
        scripts,
        source: Arc::new(source),
    })
}
