//! Makes a tenant's database from what was read elsewhere. Nobody can check the tenant out before it is complete.

use std::{collections::BTreeMap, time::Duration};

use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_tenants_translate::SchemaName;

use super::{
    OperationError, create,
    objects::{self, Object},
    structure::{Definition, Structure},
};
use crate::{
    backend::mysql::{Server, Session, locks::Lock, quote, registry::Entry},
    tenancy::{DirectoryChange, TenantStatus},
};

/// A tenant that is being imported. If it is dropped before its [end](Self::finish), what there is of the tenant is
/// removed by [`undo`](Self::undo), by the next attempt, or by a sweep.
pub(crate) struct Importing {
    server: Server,
    tenant: SchemaName,
    lock: Lock,
    session: Session,
    objects: Vec<Object>,
}

impl Importing {
    /// Makes the database, with its tables. `from` are the names that the tenant and the shared database had where the
    /// structure was read. A database of that name that the library doesn't know is not touched.
    pub(crate) async fn begin(
        server: &Server,
        tenant: &SchemaName,
        from: [&SchemaName; 2],
        structure: &Structure,
        wait: Duration,
    ) -> Result<Self, OperationError> {
        let [former, former_shared] = from;
        let names = [(former, tenant), (former_shared, server.shared())];
        let renamed = |definition: &Definition| {
            definition
                .renamed(&from, &names)
                .map_err(|reason| OperationError::Unmovable {
                    database: tenant.clone(),
                    what: "imported",
                    reasons: vec![format!("{}: {reason}", definition.named())],
                })
        };
        let tables: Vec<String> = structure.tables.iter().map(renamed).collect::<Result<_, _>>()?;
        let objects = structure.objects.iter().map(|definition| {
            Ok(Object {
                kind: definition.kind,
                name: definition.name.clone(),
                definition: renamed(definition)?,
                sql_mode: definition.sql_mode.clone(),
            })
        });
        let objects: Vec<Object> = objects.collect::<Result<_, OperationError>>()?;
        let lock = Lock::acquire(server, &[tenant], wait).await?;
        let mut session = server.open().await?;
        session.hold(tenant, wait).await?;
        create::begin(&mut session, server, tenant, None).await?;
        let mut importing = Self {
            server: server.clone(),
            tenant: tenant.clone(),
            lock,
            session,
            objects,
        };
        match importing.make_tables(structure, &tables).await {
            Ok(()) => Ok(importing),
            Err(error) => {
                importing.undo().await;
                Err(error)
            }
        }
    }

    async fn make_tables(&mut self, structure: &Structure, tables: &[String]) -> Result<(), OperationError> {
        let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let Structure {
            character_set,
            collation,
            ..
        } = structure;
        let session = &mut self.session;
        if is_word(character_set) && is_word(collation) {
            let name = quote::database(&self.tenant);
            session
                .run(&format!(
                    "ALTER DATABASE {name} CHARACTER SET {character_set} COLLATE {collation}"
                ))
                .await?;
        }
        session.use_database(&self.tenant).await?;
        // Tables refer to each other in any order.
        session
            .run("SET foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
            .await?;
        for table in tables {
            session.run(table).await?;
        }
        let objects = missing_parents(session, &self.tenant).await?;
        match objects.is_empty() {
            true => Ok(()),
            false => Err(OperationError::Lacks { objects }),
        }
    }

    /// Fails if the lock was lost. Also keeps the server from closing the connections, which are idle while rows are
    /// written.
    pub(crate) async fn confirm(&mut self) -> Result<(), OperationError> {
        self.lock.confirm().await?;
        Ok(self.session.run("DO 0").await?)
    }

    /// Has a sequence go on behind this position.
    pub(crate) async fn set_position(&mut self, sequence: &str, next: i64) -> Result<(), OperationError> {
        let (database, name) = (quote::database(&self.tenant), quote::identifier(sequence));
        Ok(self
            .session
            .run(&format!("DO SETVAL({database}.{name}, {next}, 0)"))
            .await?)
    }

    /// Makes routines, views, triggers and events, and then the tenant active or suspended.
    pub(crate) async fn finish(&mut self, status: TenantStatus) -> Result<(), OperationError> {
        let keys = orphans(&mut self.session, &self.tenant).await?;
        if !keys.is_empty() {
            return Err(OperationError::Orphans {
                database: self.tenant.clone(),
                keys,
            });
        }
        objects::make_all(&mut self.session, &self.objects, &self.tenant, &self.tenant).await?;
        let (server, tenant) = (&self.server, &self.tenant);
        let entry = Entry::new(tenant, status);
        let added = server.record(&DirectoryChange::Added { tenant });
        self.lock.confirm().await?;
        Ok(Entry::change_and(&mut self.session, server.shared(), &[&entry], &[], added).await?)
    }

    /// Removes what there is of the tenant. If it can't be removed now, the next attempt or a sweep does it.
    pub(crate) async fn undo(mut self) {
        if !self.session.is_alive().await {
            match self.server.open().await {
                Ok(session) => self.session = session,
                Err(_) => return,
            }
        }
        let _ = create::undo(&mut self.session, &self.server, &self.tenant).await;
    }
}

#[derive(QueryableByName)]
struct KeyColumn {
    #[diesel(sql_type = Text)]
    relation: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    column: String,
    #[diesel(sql_type = Text)]
    parent_database: String,
    #[diesel(sql_type = Text)]
    parent: String,
    #[diesel(sql_type = Text)]
    parent_column: String,
}

/// The columns of all foreign keys that lead to another database, in order.
async fn keys_to_others(session: &mut Session, database: &SchemaName) -> QueryResult<Vec<KeyColumn>> {
    let query = format!(
        "SELECT TABLE_NAME AS relation, CONSTRAINT_NAME AS name, COLUMN_NAME AS `column`, \
         REFERENCED_TABLE_SCHEMA AS parent_database, REFERENCED_TABLE_NAME AS parent, \
         REFERENCED_COLUMN_NAME AS parent_column FROM information_schema.KEY_COLUMN_USAGE \
         WHERE TABLE_SCHEMA = {0} AND BINARY TABLE_SCHEMA = BINARY {0} AND REFERENCED_TABLE_NAME IS NOT NULL \
         AND BINARY REFERENCED_TABLE_SCHEMA <> BINARY {0} ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION",
        quote::literal(database.as_str())
    );
    session.rows(&query).await
}

/// The tables of other databases to which foreign keys refer, and which are not there.
async fn missing_parents(session: &mut Session, database: &SchemaName) -> QueryResult<Vec<String>> {
    let mut missing = Vec::new();
    for key in keys_to_others(session, database).await? {
        let query = format!(
            "SELECT COUNT(*) AS number FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
            quote::literal(&key.parent_database),
            quote::literal(&key.parent)
        );
        let name = format!("the table {}.{}", key.parent_database, key.parent);
        if session.number(&query).await? == 0 && !missing.contains(&name) {
            missing.push(name);
        }
    }
    Ok(missing)
}

/// The foreign keys to other databases of which a row refers to nothing.
async fn orphans(session: &mut Session, database: &SchemaName) -> QueryResult<Vec<String>> {
    let mut keys: BTreeMap<(String, String), Vec<KeyColumn>> = BTreeMap::new();
    for column in keys_to_others(session, database).await? {
        keys.entry((column.relation.clone(), column.name.clone()))
            .or_default()
            .push(column);
    }
    let mut orphans = Vec::new();
    for ((relation, name), columns) in keys {
        let equal = columns.iter().map(|column| {
            let (child, parent) = (
                quote::identifier(&column.column),
                quote::identifier(&column.parent_column),
            );
            format!("c.{child} = p.{parent}")
        });
        let given = columns
            .iter()
            .map(|column| format!("c.{} IS NOT NULL", quote::identifier(&column.column)));
        let query = format!(
            "SELECT COUNT(*) AS number FROM (SELECT 1 FROM {}.{} c WHERE {} AND NOT EXISTS (SELECT 1 FROM {}.{} p \
             WHERE {}) LIMIT 1) AS orphan",
            quote::database(database),
            quote::identifier(&relation),
            given.collect::<Vec<_>>().join(" AND "),
            quote::identifier(&columns[0].parent_database),
            quote::identifier(&columns[0].parent),
            equal.collect::<Vec<_>>().join(" AND "),
        );
        if session.number(&query).await? > 0 {
            let parent = format!("{}.{}", columns[0].parent_database, columns[0].parent);
            orphans.push(format!("{relation} to {parent} ({name})"));
        }
    }
    Ok(orphans)
}
