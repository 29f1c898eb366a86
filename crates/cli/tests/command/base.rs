//! The kinds of database that a test may run on.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types};
use diesel_tenants_test_support::{Database, MariaDb, Server};

/// A database for one test.
pub trait Base {
    /// How many tables a tenant with one table has, with those of the library.
    const TABLES: usize = 2;

    fn in_folder(folder: &Path) -> Self;
    /// What the command is told.
    fn address(&self) -> String;
    fn alter(&self, tenant: &str, sql: &str);
    fn ask(&self, tenant: &str, sql: &str) -> String;
    fn with_table(&self, table: &str) -> String;
    /// All tables and rows of all tenants, as far as migrations and tests make any.
    fn all(&self) -> Vec<String>;
}

/// A schema for each tenant.
impl Base for Database {
    fn in_folder(_: &Path) -> Self {
        Server::shared().database()
    }

    fn address(&self) -> String {
        self.url().to_owned()
    }

    fn alter(&self, tenant: &str, sql: &str) {
        self.run(&format!("SET search_path = \"{tenant}\"; {sql}"));
    }

    fn ask(&self, tenant: &str, sql: &str) -> String {
        let sql = sql.replace("§", &format!("\"{tenant}\"."));
        let rows = self.query_strings(&sql);
        rows.into_iter().flatten().next().flatten().unwrap_or_default()
    }

    fn with_table(&self, table: &str) -> String {
        let sql = format!(
            "SELECT string_agg(schemaname, ' ' ORDER BY schemaname) FROM pg_tables WHERE tablename = '{table}'"
        );
        let rows = self.query_strings(&sql);
        rows.into_iter().flatten().next().flatten().unwrap_or_default()
    }

    fn all(&self) -> Vec<String> {
        self.values(
            "SELECT format('%s.%s: %s', schemaname, tablename, query_to_xml(format('TABLE %I.%I', schemaname, \
             tablename), true, true, '')) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
        )
    }
}

/// A file for each tenant.
pub struct Files {
    pub folder: PathBuf,
}

impl Files {
    pub fn path(&self, tenant: &str) -> PathBuf {
        self.folder.join(format!("{tenant}.db"))
    }

    fn open(&self, tenant: &str) -> SqliteConnection {
        let path = self.path(tenant);
        assert!(path.is_file(), "there is no tenant {tenant}");
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
        connection
    }

    fn tenants(&self) -> Vec<String> {
        let names = fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names
            .filter_map(|name| name.strip_suffix(".db").map(str::to_owned))
            .collect();
        names.sort();
        names
    }

    fn texts(&self, tenant: &str, sql: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
            value: Option<String>,
        }

        let sql = sql.replace("§", "");
        let rows = diesel::sql_query(format!(
            "WITH q (value) AS ({sql}) SELECT CAST(value AS TEXT) AS value FROM q"
        ));
        let rows: Vec<Row> = rows.load(&mut self.open(tenant)).unwrap();
        rows.into_iter().map(|row| row.value.unwrap_or_default()).collect()
    }
}

impl Base for Files {
    fn in_folder(folder: &Path) -> Self {
        let folder = folder.join("data");
        fs::create_dir(&folder).unwrap();
        Self { folder }
    }

    fn address(&self) -> String {
        format!("sqlite:{}", self.folder.display())
    }

    fn alter(&self, tenant: &str, sql: &str) {
        self.open(tenant).batch_execute(sql).unwrap();
    }

    fn ask(&self, tenant: &str, sql: &str) -> String {
        self.texts(tenant, sql).into_iter().next().unwrap_or_default()
    }

    fn with_table(&self, table: &str) -> String {
        let has = |tenant: &String| {
            let sql = format!("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '{table}'");
            self.ask(tenant, &sql) == "1"
        };
        let tenants: Vec<String> = self.tenants().into_iter().filter(has).collect();
        tenants.join(" ")
    }

    fn all(&self) -> Vec<String> {
        let mut all = Vec::new();
        for tenant in self.tenants() {
            for table in self.texts(
                &tenant,
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1",
            ) {
                let columns = self.texts(&tenant, &format!("SELECT name FROM pragma_table_info('{table}')"));
                let row = columns
                    .iter()
                    .map(|column| format!("quote({column})"))
                    .collect::<Vec<_>>()
                    .join(" || ',' || ");
                let rows = self.texts(&tenant, &format!("SELECT {row} FROM {table} ORDER BY 1"));
                all.push(format!("{tenant}.{table}: {rows:?}"));
            }
        }
        all
    }
}

/// A database for each tenant, on a server that a test has for itself as long as it holds this.
pub struct Databases {
    _turn: MutexGuard<'static, ()>,
}

impl Databases {
    /// The rows of each of these statements, which have no semicolons inside.
    pub fn rows(sql: &str) -> Vec<Vec<String>> {
        let mut session = MariaDb::shared().session().unwrap();
        let mut rows = Vec::new();
        for statement in sql.split(';').filter(|statement| !statement.trim().is_empty()) {
            let answer = session.run(statement);
            rows.extend(answer.unwrap_or_else(|(code, error)| panic!("{statement}: {code} {error}")));
        }
        rows
    }

    /// The first column of the rows.
    fn names(sql: &str) -> Vec<String> {
        let rows = Self::rows(sql).into_iter();
        rows.map(|row| row.into_iter().next().unwrap()).collect()
    }

    fn all_databases() -> Vec<String> {
        Self::names(
            "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN \
             ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY SCHEMA_NAME = 'public', 1",
        )
    }
}

impl Base for Databases {
    const TABLES: usize = 3;

    fn in_folder(_: &Path) -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        // A test that failed has left databases, as any other.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        for database in Self::all_databases() {
            Self::rows(&format!("DROP DATABASE `{}`", database.replace('`', "``")));
        }
        Self { _turn: turn }
    }

    fn address(&self) -> String {
        MariaDb::shared().url()
    }

    fn alter(&self, tenant: &str, sql: &str) {
        Self::rows(&format!("USE `{tenant}`; {sql}"));
    }

    fn ask(&self, tenant: &str, sql: &str) -> String {
        let sql = sql.replace('§', &format!("`{tenant}`."));
        Self::names(&sql).into_iter().next().unwrap_or_default()
    }

    fn with_table(&self, table: &str) -> String {
        let sql = format!(
            "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_NAME = '{table}' \
             AND TABLE_SCHEMA <> 'performance_schema' ORDER BY 1"
        );
        Self::names(&sql).join(" ")
    }

    fn all(&self) -> Vec<String> {
        let mut all = Vec::new();
        for database in Self::all_databases() {
            let tables = format!(
                "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{database}' AND TABLE_NAME NOT IN \
                 ('__diesel_tenants_locks', '__diesel_tenants_version') ORDER BY 1"
            );
            for table in Self::names(&tables) {
                let rows = Self::rows(&format!("SELECT * FROM `{database}`.`{table}`"));
                // The registry of a server without tenants says nothing.
                if !(rows.is_empty() && table.starts_with("__diesel_tenants")) {
                    all.push(format!("{database}.{table}: {rows:?}"));
                }
            }
        }
        all
    }
}

/// Makes three tests of each of these functions: one on PostgreSQL, one on SQLite, and one on MariaDB.
macro_rules! on_all {
    ($($name:ident),* $(,)?) => {
        mod on_postgres {
            $(#[test] fn $name() { super::$name::<diesel_tenants_test_support::Database>(); })*
        }

        mod on_sqlite {
            $(#[test] fn $name() { super::$name::<crate::project::Files>(); })*
        }

        mod on_mysql {
            $(#[test] fn $name() { super::$name::<crate::project::Databases>(); })*
        }
    };
}
pub(crate) use on_all;
