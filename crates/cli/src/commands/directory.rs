//! The directory, which knows where tenants live.

use std::collections::HashSet;

use clap::{Args, Subcommand};
use diesel_tenants::{LifecycleError, Placement, TenantStatus, pool::OWN_DATABASE};
use serde_json::json;

use crate::{
    completion::databases,
    context::Context,
    database::Places,
    output::{Ending, Outcomes, name, say, tell},
};

/// What to do with the directory.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Creates the directory's tables in the shared schema, unless they exist.
    Prepare,
    /// Compares the directory with the schemas of all databases, and ends with exit code 1 if they differ.
    Check,
    /// Records tenants whose schemas were there before the directory, or were made without it.
    Adopt(Adopt),
}

/// Options of `directory adopt`.
#[derive(Debug, Args)]
pub struct Adopt {
    /// The names of the schemas, which become the tenants' names.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    schemas: Vec<String>,
    /// All schemas that the directory doesn't know, in all databases.
    #[arg(long)]
    all: bool,
    /// The database of the schemas, by its name in `diesel-tenants.toml`. Default: the database of the URL.
    #[arg(long, value_name = "DATABASE", add = databases(), default_value = OWN_DATABASE, conflicts_with = "all")]
    database: String,
    /// Only shows which schemas would be adopted.
    #[arg(long)]
    dry_run: bool,
}

/// How the directory and the schemas differ.
#[derive(Debug, Default)]
struct Differences {
    /// Databases and schemas that are tenants, and that the directory doesn't know.
    unlisted: Vec<(String, String)>,
    /// Databases and tenants that have no schema there.
    missing: Vec<(String, String)>,
    /// Databases and tenants that a crash left half created, half adopted or half dropped.
    unfinished: Vec<(String, String)>,
    /// Databases and tenants, where nobody named the database.
    undeclared: Vec<(String, String)>,
}

impl Command {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.places("`directory`").await?;
        let pool = &*pool;
        match self {
            Self::Prepare => {
                pool.prepare_directory().await?;
                let result = json!({ "outcome": "prepared", "schema": pool.shared_schema().as_str() });
                context.printer.result(&result, || {
                    say!(
                        "the directory's tables are in schema {}",
                        name(pool.shared_schema().as_str())
                    );
                    say!("{}", pool.existing_tenants());
                })?;
                Ok(Ending::Well)
            }
            Self::Check => check(context, pool).await,
            Self::Adopt(adopt) => adopt.run(context, pool).await,
        }
    }
}

async fn check(context: &Context, pool: &dyn Places) -> anyhow::Result<Ending> {
    let found = Differences::find(context, pool).await?;
    let pairs = |pairs: &[(String, String)]| -> Vec<_> {
        let each = pairs.iter();
        each.map(|(database, tenant)| json!({ "database": database, "tenant": tenant }))
            .collect()
    };
    let result = json!({
        "unlisted": pairs(&found.unlisted),
        "missing": pairs(&found.missing),
        "unfinished": pairs(&found.unfinished),
        "undeclared": pairs(&found.undeclared),
    });
    let is_clean = found.is_empty();
    context.printer.result(&result, || {
        for (database, schema) in &found.unlisted {
            say!(
                "{}: schema {} is not in the directory: `directory adopt` records it",
                name(database),
                name(schema)
            );
        }
        for (database, tenant) in &found.missing {
            say!("{}: tenant {} has no schema there", name(database), name(tenant));
        }
        for (database, tenant) in &found.unfinished {
            say!(
                "{}: tenant {} is unfinished, and can't be used: repeat the command that created or adopted it, or drop it",
                name(database),
                name(tenant)
            );
        }
        for (database, tenant) in &found.undeclared {
            say!(
                "{}: tenant {} lives in this database, which diesel-tenants.toml doesn't name",
                name(database),
                name(tenant)
            );
        }
        if is_clean {
            say!("the directory and the schemas agree");
        }
    })?;
    Ok(Ending::well_if(is_clean))
}

impl Adopt {
    async fn run(self, context: &Context, pool: &dyn Places) -> anyhow::Result<Ending> {
        let chosen = match self.all {
            true => Differences::find(context, pool).await?.unlisted,
            false => {
                let schemas = self.schemas.iter();
                schemas.map(|schema| (self.database.clone(), schema.clone())).collect()
            }
        };
        let mut outcomes = Outcomes::new(context.printer);
        for (database, schema) in &chosen {
            let placement = Placement::schema(schema.parse()?);
            let placement = match database.as_str() {
                OWN_DATABASE => placement,
                database => placement.in_database(database),
            };
            let details = (format!("in {placement}"), json!({ "database": database }));
            if self.dry_run {
                outcomes.add::<LifecycleError>(schema, "would be adopted", Ok(details));
                continue;
            }
            let adopted = pool.adopt_tenant(schema.as_str(), placement).await;
            outcomes.add(schema, "adopted", adopted.map(|()| details));
        }
        if chosen.is_empty() {
            tell!("the directory knows all schemas of tenants already");
        }
        outcomes.end()
    }
}

impl Differences {
    fn is_empty(&self) -> bool {
        let Self {
            unlisted,
            missing,
            unfinished,
            undeclared,
        } = self;
        [unlisted, missing, unfinished, undeclared]
            .into_iter()
            .all(|differences| differences.is_empty())
    }

    async fn find(context: &Context, pool: &dyn Places) -> anyhow::Result<Self> {
        let listed = pool.listed().await?;
        let further = context
            .settings
            .tenants
            .databases
            .iter()
            .filter(|(_, database)| database.tenants);
        let mut names = vec![OWN_DATABASE.to_owned()];
        names.extend(further.map(|(name, _)| name.clone()));
        let mut found = Self::default();
        let is_alive = |entry: &diesel_tenants::directory::DirectoryEntry| entry.status.is_tenant();
        for (tenant, entry) in &listed {
            let database = entry.placement.database().unwrap_or(OWN_DATABASE);
            if entry.status == TenantStatus::Unfinished {
                found.unfinished.push((database.to_owned(), tenant.to_string()));
            } else if !is_alive(entry) {
                continue;
            }
            if !names.iter().any(|name| name == database) {
                found.undeclared.push((database.to_owned(), tenant.to_string()));
            }
        }
        for database in names {
            let there = pool.of_database(&database).await?;
            let all = there.all_tenants().await?;
            let schemas: HashSet<&str> = all
                .iter()
                .filter(|tenant| tenant.status.is_tenant())
                .map(|tenant| tenant.name.as_str())
                .collect();
            let here = listed
                .iter()
                .filter(|(_, entry)| entry.placement.database().unwrap_or(OWN_DATABASE) == database);
            let mut known = HashSet::new();
            for (tenant, entry) in here {
                let Some(schema) = entry.placement.schema_name() else {
                    continue;
                };
                known.insert(schema.as_str());
                // A schema without a version table is a tenant's, if the directory says so.
                if is_alive(entry)
                    && !schemas.contains(schema.as_str())
                    && there.schema_size(schema.as_str()).await?.is_none()
                {
                    found.missing.push((database.clone(), tenant.to_string()));
                }
            }
            let mut unlisted: Vec<&str> = schemas.into_iter().filter(|schema| !known.contains(schema)).collect();
            unlisted.sort_unstable();
            found
                .unlisted
                .extend(unlisted.into_iter().map(|schema| (database.clone(), schema.to_owned())));
        }
        Ok(found)
    }
}
