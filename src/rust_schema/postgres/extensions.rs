//! The extensions of the live database. Migrations may rely on them without creating them.

use std::{collections::BTreeSet, sync::Arc};

use diesel::{
    migration::{Migration, MigrationSource, Result as MigrationResult},
    pg::Pg,
};
use diesel_async::SimpleAsyncConnection;

use crate::{
    PostgresConnection,
    backend::postgres::{catalog::extensions::Extension, quote::identifier},
    migrations::{Body, Direction, Plan},
    translate::{statements, words},
};

/// Creates missing extensions, each in its schema. Returns the extensions that can't be created, with the server's
/// reasons. They are no error yet: perhaps no migration needs them.
pub(super) async fn create(connection: &mut PostgresConnection, extensions: &[Extension]) -> Vec<String> {
    let mut failed = Vec::new();
    for Extension { name, schema } in extensions {
        let (extension, quoted) = (identifier(name), identifier(schema));
        let create_schema = match schema.starts_with("pg_") {
            true => String::new(),
            false => format!("CREATE SCHEMA IF NOT EXISTS {quoted}; "),
        };
        let sql = format!("{create_schema}CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA {quoted}");
        if let Err(error) = connection.batch_execute(&sql).await {
            failed.push(format!("{name} ({error})"));
        }
    }
    failed
}

/// The schemas and extensions that migrations create themselves, which must not exist before. `IF NOT EXISTS` doesn't
/// count.
#[derive(Default)]
pub(super) struct Created {
    extensions: BTreeSet<String>,
    schemas: BTreeSet<String>,
}

impl Created {
    /// Adds what the migrations of a source create. Migrations that can't be read, or that aren't SQL, are skipped:
    /// running them reports the error.
    pub(super) async fn add<S>(&mut self, source: &Reused<S>)
    where
        S: MigrationSource<Pg> + Send + Sync + 'static,
    {
        let Ok(plan) = Plan::read(source.clone()).await else {
            return;
        };
        let versions = plan.migrations.iter().map(|migration| migration.version.clone());
        let Ok(scripts) = plan.prepare(versions.collect(), Direction::Up).await else {
            return;
        };
        for script in scripts {
            if let Body::Sql(messages) = script.body {
                messages.iter().for_each(|sql| self.add_sql(sql));
            }
        }
    }

    fn add_sql(&mut self, sql: &str) {
        for range in statements(sql).unwrap_or_default() {
            let words = words(&sql[range]);
            match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["CREATE", "EXTENSION" | "SCHEMA", "IF" | "AUTHORIZATION", ..] => {}
                ["CREATE", "EXTENSION", name, ..] => drop(self.extensions.insert(folded(name))),
                ["CREATE", "SCHEMA", name, ..] => drop(self.schemas.insert(folded(name))),
                _ => {}
            }
        }
    }

    /// The extensions without those that the migrations create.
    pub(super) fn without(&self, mut extensions: Vec<Extension>) -> Vec<Extension> {
        extensions
            .retain(|Extension { name, schema }| !self.extensions.contains(name) && !self.schemas.contains(schema));
        extensions
    }
}

/// A name as the server reads it: unquoted letters become lower case.
fn folded(word: &str) -> String {
    match word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => word.to_ascii_lowercase(),
    }
}

/// Migrations that are read more than once.
pub(super) struct Reused<S>(Arc<S>);

impl<S> Reused<S> {
    pub(super) fn new(source: S) -> Self {
        Self(Arc::new(source))
    }
}

impl<S> Clone for Reused<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: MigrationSource<Pg>> MigrationSource<Pg> for Reused<S> {
    fn migrations(&self) -> MigrationResult<Vec<Box<dyn Migration<Pg>>>> {
        self.0.migrations()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_migrations_create_themselves_is_left_to_them() {
        let mut created = Created::default();
        created.add_sql(
            "CREATE EXTENSION citext; CREATE EXTENSION IF NOT EXISTS ltree SCHEMA ext; create schema Own; \
             CREATE EXTENSION \"uuid-ossp\" SCHEMA public; SELECT 'CREATE EXTENSION hstore'",
        );
        let extension = |name: &str, schema: &str| Extension {
            name: name.to_owned(),
            schema: schema.to_owned(),
        };
        let all = [
            ("citext", "public"),
            ("ltree", "ext"),
            ("uuid-ossp", "public"),
            ("hstore", "public"),
            ("pg_trgm", "own"),
        ];
        let left = created.without(all.map(|(name, schema)| extension(name, schema)).into());
        let names: Vec<&str> = left.iter().map(|extension| extension.name.as_str()).collect();
        assert_eq!(names, ["ltree", "hstore"]);
    }
}
