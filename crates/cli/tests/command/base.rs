//! The two kinds of database that a test may run on.

use std::{
    fs,
    path::{Path, PathBuf},
};

use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types};
use diesel_tenants_test_support::{Database, Server};

/// A database for one test.
pub trait Base {
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

/// Makes two tests of each of these functions: one on PostgreSQL, and one on SQLite.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_postgres {
            $(#[test] fn $name() { super::$name::<diesel_tenants_test_support::Database>(); })*
        }

        mod on_sqlite {
            $(#[test] fn $name() { super::$name::<crate::project::Files>(); })*
        }
    };
}
pub(crate) use on_both;
