//! SQLite itself decides: what a translated text opens is what the text opens where the tenant's tables are `main`'s.
//!
//! One connection has the tenant's tables in `main`, and the shared ones in `shared`. The other has them in `client1` and
//! `shared_v2`, where the translated text must find them. Its `main` has a copy of every table as a decoy: a name that
//! the translator missed opens the decoy, and a name with a schema too many is "no such table".

use std::collections::BTreeSet;

use rusqlite::Connection;

const TENANT: &str = "
    CREATE TABLE items (id INTEGER PRIMARY KEY, description TEXT UNIQUE, price INT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INT, item_id INT REFERENCES items, quantity INT);
    CREATE TABLE [odd name] (\"a b\" INT, `c``d` INT);
    CREATE INDEX orders_by_item ON orders (item_id);
    CREATE VIEW cheap AS SELECT * FROM items WHERE price < 10;
    CREATE TRIGGER after_order AFTER DELETE ON orders BEGIN UPDATE items SET price = 0 WHERE id = old.item_id; END;
    CREATE VIRTUAL TABLE notes USING fts5 (title, body);";

const SHARED: &str = "
    CREATE TABLE shared.users (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE shared.countries (code TEXT PRIMARY KEY, name TEXT);
    CREATE INDEX shared.users_by_name ON users (name);";

pub struct Oracle {
    /// The tenant's tables are `main`'s, the shared ones `shared`'s.
    written: Connection,
    /// The tenant's tables are `client1`'s, the shared ones `shared_v2`'s, and `main` has decoys.
    translated: Connection,
}

/// A step of SQLite's virtual machine: its name, and the page and the number of the database if it opens a table.
type Step = (String, Option<(i64, i64)>);

struct Plan {
    steps: Vec<Step>,
    /// The numbers of the databases that are opened.
    databases: BTreeSet<i64>,
}

impl Oracle {
    pub fn new() -> Self {
        let written = connection(&["shared"], &[TENANT, SHARED]);
        let create = |schema: &str| {
            TENANT
                .replace("TABLE ", &format!("TABLE {schema}."))
                .replace("INDEX ", &format!("INDEX {schema}."))
                .replace("VIEW ", &format!("VIEW {schema}."))
                .replace("TRIGGER ", &format!("TRIGGER {schema}."))
        };
        let shared = SHARED.replace("shared.", "shared_v2.");
        let translated = connection(&["client1", "shared_v2"], &[TENANT, &create("client1"), &shared]);
        Self { written, translated }
    }

    /// Whether SQLite accepts the text as written.
    pub fn accepts(&self, written: &str) -> bool {
        plan(&self.written, written).is_ok()
    }

    /// The number that a translated query gives.
    pub fn number(&self, translated: &str) -> i64 {
        let number = self.translated.query_one(translated, (), |row| row.get(0));
        number.unwrap_or_else(|error| panic!("{translated}\n{error}"))
    }

    /// Fails unless the translated text opens the tenant's and the shared tables exactly where the written text opens
    /// them.
    pub fn agrees(&self, written: &str, translated: &str) {
        let expected = plan(&self.written, written).unwrap_or_else(|error| panic!("{written}\n{error}"));
        let found = plan(&self.translated, translated).unwrap_or_else(|error| panic!("{translated}\n{error}"));
        let mut databases: BTreeSet<_> = expected.databases.into_iter().map(moved).collect();
        let mut opened = found.databases;
        // A table-valued function is `main`'s wherever it is called, although it opens nothing there. The steps below
        // show what its statement reads.
        if expected.steps.iter().any(|(name, ..)| name == "VOpen") {
            databases.remove(&moved(MAIN));
            opened.remove(&moved(MAIN));
            opened.remove(&MAIN);
        }
        assert_eq!(opened, databases, "the databases of\n{written}\n{translated}");
        let steps: Vec<_> = expected
            .steps
            .into_iter()
            .map(|(name, opens)| (name, opens.map(|(page, database)| (page, moved(database)))))
            .collect();
        assert_eq!(found.steps, steps, "the steps of\n{written}\n{translated}");
    }
}

const MAIN: i64 = 0;

/// Where a database of the first connection is on the second: `main` is `client1` there, and `shared` comes after it.
fn moved(database: i64) -> i64 {
    match database {
        MAIN => 2,
        1 => 1,
        other => other + 1,
    }
}

fn connection(attached: &[&str], scripts: &[&str]) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    for schema in attached {
        connection
            .execute_batch(&format!("ATTACH ':memory:' AS {schema}"))
            .unwrap();
    }
    for script in scripts {
        connection.execute_batch(script).unwrap();
    }
    connection
}

fn plan(connection: &Connection, sql: &str) -> rusqlite::Result<Plan> {
    let mut statement = connection.prepare(&format!("EXPLAIN {sql}"))?;
    let mut rows = statement.raw_query();
    let mut plan = Plan {
        steps: Vec::new(),
        databases: BTreeSet::new(),
    };
    while let Some(row) = rows.next()? {
        let name: String = row.get("opcode")?;
        match &*name {
            "Transaction" => drop(plan.databases.insert(row.get("p1")?)),
            "OpenRead" | "OpenWrite" => plan.steps.push((name, Some((row.get("p2")?, row.get("p3")?)))),
            _ => plan.steps.push((name, None)),
        }
    }
    Ok(plan)
}
