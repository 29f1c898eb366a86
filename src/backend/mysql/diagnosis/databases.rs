//! The databases of the tenants, and what is in them.

use std::collections::{HashMap, HashSet};

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Bool, Nullable, Text},
};
use diesel_tenants_translate::SchemaName;

use super::views::qualifiers;
use crate::{
    backend::mysql::{
        Session,
        migrations::recorded,
        registry::{Entry, Operation},
        tenants::is_there,
    },
    tenancy::TenantStatus,
};

/// The databases that the registry knows, and the shared one.
pub(crate) struct Databases {
    shared: SchemaName,
    entries: Vec<Entry>,
    /// The databases of the server, with their character sets.
    there: HashMap<String, String>,
}

/// What was found in the databases of tenants and in the shared one, each thing by its name.
#[derive(Default)]
pub(crate) struct Look {
    /// Tables of other engines than InnoDB.
    pub(crate) engines: Vec<String>,
    /// Databases and tables of other character sets than utf8mb4.
    pub(crate) character_sets: Vec<String>,
    /// Events that are enabled.
    pub(crate) events: Vec<String>,
    /// Tables without a primary key.
    pub(crate) keyless: Vec<String>,
    /// Foreign keys and views of one tenant that lead to another.
    pub(crate) crossing: Vec<String>,
    /// Tenants with a migration that was begun and not finished.
    pub(crate) unfinished_migrations: Vec<String>,
    /// Views, triggers, routines and events that another account has defined.
    pub(crate) foreign_definers: Vec<String>,
}

#[derive(QueryableByName)]
struct DatabaseRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    character_set: String,
}

#[derive(QueryableByName)]
struct TableRow {
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    engine: String,
    #[diesel(sql_type = Nullable<Text>)]
    collation: Option<String>,
    #[diesel(sql_type = Bool)]
    has_key: bool,
}

/// Two names: of a database, and of something in it; and a text about it.
#[derive(QueryableByName)]
struct ObjectRow {
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    text: String,
}

impl Databases {
    /// `None` if the server has had no tenants yet.
    pub(crate) async fn read(session: &mut Session, shared: &SchemaName) -> QueryResult<Option<Self>> {
        if !is_there(shared, &mut session.connection).await? {
            return Ok(None);
        }
        let rows: Vec<DatabaseRow> = session
            .rows(
                "SELECT SCHEMA_NAME AS name, DEFAULT_CHARACTER_SET_NAME AS character_set \
                 FROM information_schema.SCHEMATA",
            )
            .await?;
        Ok(Some(Self {
            shared: shared.clone(),
            entries: Entry::all(&mut session.connection, shared).await?,
            there: rows.into_iter().map(|row| (row.name, row.character_set)).collect(),
        }))
    }

    /// Tenants and archives whose database is gone.
    pub(crate) fn missing(&self) -> Vec<String> {
        let complete = self.entries.iter().filter(|entry| entry.operation.is_none());
        let missing = complete.filter(|entry| !self.there.contains_key(entry.name.as_str()));
        missing.map(|entry| entry.name.to_string()).collect()
    }

    /// Tenants on which an operation is under way, or was interrupted.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let under_way = self.entries.iter().filter_map(|entry| {
            let what = match entry.operation.as_ref()? {
                Operation::Make { .. } => "being made".to_owned(),
                Operation::Drop => "being dropped".to_owned(),
                Operation::MoveTo { to, .. } => format!("being moved to {to}"),
                // The other entry says the same.
                Operation::MoveFrom { .. } => return None,
            };
            Some(format!("{} ({what})", entry.name))
        });
        under_way.collect()
    }

    /// The names of the databases to look into.
    fn names(&self) -> HashSet<&str> {
        let entries = self.entries.iter().map(|entry| entry.name.as_str());
        let names = entries.chain([self.shared.as_str()]);
        names.filter(|name| self.there.contains_key(*name)).collect()
    }

    /// Looks into all databases at once: what is other people's on the server is left out here.
    pub(crate) async fn look(&self, session: &mut Session) -> QueryResult<Look> {
        let names = self.names();
        let mut look = Look::default();
        for name in sorted(&names) {
            let character_set = &self.there[name];
            if character_set != "utf8mb4" {
                look.character_sets.push(format!("{name} ({character_set})"));
            }
        }
        let tables: Vec<TableRow> = session.rows(TABLES).await?;
        for table in tables.into_iter().filter(|table| names.contains(&*table.database)) {
            table.add_to(&mut look);
        }
        let is_known = |object: &ObjectRow| names.contains(&*object.database);
        let events: Vec<ObjectRow> = session.rows(EVENTS).await?;
        let events = events.into_iter().filter(is_known);
        look.events = events
            .map(|event| format!("{}.{}", event.database, event.name))
            .collect();
        let definers: Vec<ObjectRow> = session.rows(FOREIGN_DEFINERS).await?;
        let definers = definers.into_iter().filter(is_known);
        look.foreign_definers = definers
            .map(|object| format!("{}.{} ({})", object.database, object.name, object.text))
            .collect();
        look.crossing = self.crossing(session, &names).await?;
        look.unfinished_migrations = self.unfinished_migrations(session).await?;
        Ok(look)
    }

    /// Foreign keys and views of one tenant that lead to another one.
    async fn crossing(&self, session: &mut Session, names: &HashSet<&str>) -> QueryResult<Vec<String>> {
        let leads =
            |object: &ObjectRow, to: &str| to != object.database && to != self.shared.as_str() && names.contains(to);
        let is_tenants = |object: &ObjectRow| names.contains(&*object.database);
        let mut crossing = Vec::new();
        let keys: Vec<ObjectRow> = session.rows(FOREIGN_KEYS).await?;
        for key in keys.into_iter().filter(is_tenants).filter(|key| leads(key, &key.text)) {
            crossing.push(format!("foreign key {}.{} to {}", key.database, key.name, key.text));
        }
        let views: Vec<ObjectRow> = session.rows(VIEWS).await?;
        for view in views.into_iter().filter(is_tenants) {
            for to in qualifiers(&view.text).iter().filter(|to| leads(&view, to)) {
                crossing.push(format!("view {}.{} to {to}", view.database, view.name));
            }
        }
        Ok(crossing)
    }

    async fn unfinished_migrations(&self, session: &mut Session) -> QueryResult<Vec<String>> {
        let tenants = self.entries.iter().filter(|entry| {
            let is_whole = entry.operation.is_none() && entry.status != TenantStatus::Unfinished;
            is_whole && self.there.contains_key(entry.name.as_str())
        });
        let shared = Some(&self.shared).filter(|shared| self.there.contains_key(shared.as_str()));
        let mut unfinished = Vec::new();
        for name in shared.into_iter().chain(tenants.map(|entry| &entry.name)) {
            if recorded(session, name).await?.is_unfinished {
                unfinished.push(name.to_string());
            }
        }
        Ok(unfinished)
    }
}

impl TableRow {
    fn add_to(self, look: &mut Look) {
        let name = format!("{}.{}", self.database, self.name);
        let character_set = self
            .collation
            .as_deref()
            .and_then(|collation| collation.split('_').next());
        if let Some(character_set) = character_set.filter(|character_set| *character_set != "utf8mb4") {
            look.character_sets.push(format!("{name} ({character_set})"));
        }
        if !self.has_key && !self.name.starts_with("__") {
            look.keyless.push(name.clone());
        }
        if !self.engine.eq_ignore_ascii_case("InnoDB") {
            look.engines.push(format!("{name} ({})", self.engine));
        }
    }
}

fn sorted<'a>(names: &HashSet<&'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.iter().copied().collect();
    names.sort_unstable();
    names
}

const TABLES: &str = "SELECT t.TABLE_SCHEMA AS `database`, t.TABLE_NAME AS name, COALESCE(t.ENGINE, '') AS engine, \
    t.TABLE_COLLATION AS collation, EXISTS (SELECT 1 FROM information_schema.TABLE_CONSTRAINTS c \
    WHERE c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME AND c.CONSTRAINT_TYPE = 'PRIMARY KEY') AS has_key \
    FROM information_schema.TABLES t WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') \
    AND t.TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1, 2";

const EVENTS: &str = "SELECT EVENT_SCHEMA AS `database`, EVENT_NAME AS name, STATUS AS text \
    FROM information_schema.EVENTS WHERE STATUS = 'ENABLED' ORDER BY 1, 2";

const FOREIGN_DEFINERS: &str = "SELECT * FROM (\
    SELECT TABLE_SCHEMA AS `database`, TABLE_NAME AS name, DEFINER AS text FROM information_schema.VIEWS \
    UNION ALL SELECT TRIGGER_SCHEMA, TRIGGER_NAME, DEFINER FROM information_schema.TRIGGERS \
    UNION ALL SELECT ROUTINE_SCHEMA, ROUTINE_NAME, DEFINER FROM information_schema.ROUTINES \
    UNION ALL SELECT EVENT_SCHEMA, EVENT_NAME, DEFINER FROM information_schema.EVENTS) AS objects \
    WHERE text <> CURRENT_USER() AND `database` <> 'sys' AND `database` <> 'mysql' ORDER BY 1, 2";

const FOREIGN_KEYS: &str = "SELECT CONSTRAINT_SCHEMA AS `database`, CONSTRAINT_NAME AS name, \
    UNIQUE_CONSTRAINT_SCHEMA AS text FROM information_schema.REFERENTIAL_CONSTRAINTS \
    WHERE UNIQUE_CONSTRAINT_SCHEMA <> CONSTRAINT_SCHEMA ORDER BY 1, 2";

const VIEWS: &str = "SELECT TABLE_SCHEMA AS `database`, TABLE_NAME AS name, VIEW_DEFINITION AS text \
    FROM information_schema.VIEWS WHERE TABLE_SCHEMA NOT IN ('mysql', 'sys') ORDER BY 1, 2";
