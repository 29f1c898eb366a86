//! MariaDB itself decides: a translated text means on a connection without a default database what the text means where
//! the tenant's tables are in the default database.
//!
//! One session has the tenant's tables in `written`, its default database, and the shared ones in `shared`. The other has
//! no default database, and the tables in `client1` and `shared_v2`, where the translated text must find them. A name that
//! the translator missed is "No database selected" there, and a name with a schema too many is "doesn't exist".

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use diesel_tenants_test_support::{MariaDb, MariaDbSession, Outcome};

const TENANT: &[&str] = &[
    "CREATE TABLE items (id INT PRIMARY KEY AUTO_INCREMENT, description VARCHAR(50) UNIQUE, price INT)",
    "CREATE TABLE orders (id INT PRIMARY KEY, user_id INT, item_id INT, quantity INT, KEY by_item (item_id)) PARTITION BY HASH (id) (PARTITION p0, PARTITION p1)",
    "CREATE TABLE notes (body TEXT, FULLTEXT (body)) ENGINE = MyISAM",
    "CREATE TABLE `odd name` (`a b` INT, `c``d` INT) ENGINE = MyISAM",
    "CREATE TABLE `1a` (id INT, `2b` INT) ENGINE = MyISAM",
    "CREATE TABLE history (id INT, price INT) WITH SYSTEM VERSIONING",
    "CREATE VIEW cheap AS SELECT * FROM items WHERE price < 10",
    "CREATE SEQUENCE numbers",
    "INSERT INTO items VALUES (1, 'a', 1), (2, 'b', 2)",
    "INSERT INTO orders VALUES (1, 1, 1, 1), (2, 1, 2, 2)",
];

const SHARED: &[&str] = &[
    "CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50))",
    "CREATE TABLE countries (code VARCHAR(2) PRIMARY KEY, name VARCHAR(50))",
    "INSERT INTO users VALUES (1, 'Ada'), (2, 'Bob')",
];

/// The objects that are not the server's own, and what shows where their names lead.
const OBJECTS: &[&str] = &[
    "SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema IN (@a, @b) ORDER BY 1, 2",
    "SELECT table_schema, table_name, column_name, column_default FROM information_schema.columns WHERE table_schema IN (@a, @b) ORDER BY 1, 2, 3",
    "SELECT table_schema, table_name, index_name, column_name FROM information_schema.statistics WHERE table_schema IN (@a, @b) ORDER BY 1, 2, 3, 4",
    "SELECT constraint_schema, constraint_name, unique_constraint_schema, table_name, referenced_table_name FROM information_schema.referential_constraints WHERE constraint_schema IN (@a, @b) ORDER BY 1, 2",
    "SELECT table_schema, table_name, view_definition FROM information_schema.views WHERE table_schema IN (@a, @b) ORDER BY 1, 2",
    "SELECT trigger_schema, trigger_name, event_object_schema, event_object_table, action_statement FROM information_schema.triggers WHERE trigger_schema IN (@a, @b) ORDER BY 1, 2",
    "SELECT routine_schema, routine_name, routine_type, routine_definition FROM information_schema.routines WHERE routine_schema IN (@a, @b) ORDER BY 1, 2",
    "SELECT event_schema, event_name, event_definition FROM information_schema.events WHERE event_schema IN (@a, @b) ORDER BY 1, 2",
];

/// The one pair of sessions, for one test at a time.
pub fn lock() -> MutexGuard<'static, Oracle> {
    static ORACLE: OnceLock<Mutex<Oracle>> = OnceLock::new();
    ORACLE
        .get_or_init(|| Mutex::new(Oracle::new()))
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

pub struct Oracle {
    written: MariaDbSession,
    translated: MariaDbSession,
    /// The objects of fresh databases.
    at_first: Vec<Vec<String>>,
}

impl Oracle {
    fn new() -> Self {
        let server = MariaDb::shared();
        let session = || server.session().unwrap_or_else(|error| panic!("{error}"));
        let mut oracle = Self {
            written: session(),
            translated: session(),
            at_first: Vec::new(),
        };
        for session in [&mut oracle.written, &mut oracle.translated] {
            // A lock that a failed test left must not hold up the others.
            run(session, "SET lock_wait_timeout = 10");
        }
        oracle.create_all();
        oracle.at_first = objects(&mut oracle.written, "client1", "shared_v2");
        oracle
    }

    fn create_all(&mut self) {
        create(&mut self.written, "written", TENANT);
        create(&mut self.written, "shared", SHARED);
        create(&mut self.written, "client1", TENANT);
        create(&mut self.written, "shared_v2", SHARED);
        run(&mut self.written, "USE written");
    }

    /// Whether MariaDB takes the text as written.
    pub fn accepts(&mut self, written: &str) -> bool {
        meaning(&mut self.written, written).is_ok()
    }

    /// Fails unless MariaDB resolves the translated text to the tenant's and the shared tables exactly where it resolves
    /// the written text to them.
    #[track_caller]
    pub fn means_the_same(&mut self, written: &str, translated: &str) {
        let expected = meaning(&mut self.written, written);
        let expected = expected.unwrap_or_else(|error| panic!("{written}\n{error:?}"));
        let found = meaning(&mut self.translated, translated);
        let found = found.unwrap_or_else(|error| panic!("{written}\n{translated}\n{error:?}"));
        assert_eq!(moved(found), moved(expected), "the meaning of\n{written}\n{translated}");
    }

    /// Fails unless both texts run, give the same, and leave the same objects in their databases.
    #[track_caller]
    pub fn does_the_same(&mut self, written: &str, translated: &str) {
        let expected = self.written.run(written);
        let expected = expected.unwrap_or_else(|error| panic!("{written}\n{error:?}"));
        let found = self.translated.run(translated);
        let found = found.unwrap_or_else(|error| panic!("{written}\n{translated}\n{error:?}"));
        assert_eq!(moved(found), moved(expected), "what comes of\n{written}\n{translated}");
        // Both may hold locks.
        for session in [&mut self.written, &mut self.translated] {
            run(session, "UNLOCK TABLES");
            run(session, "ROLLBACK");
        }
        let expected = objects(&mut self.written, "written", "shared");
        let found = objects(&mut self.translated, "client1", "shared_v2");
        let others = |one: &[Vec<String>], other: &[Vec<String>]| -> Vec<_> {
            one.iter().filter(|row| !other.contains(row)).cloned().collect()
        };
        let (missing, surplus) = (others(&expected, &found), others(&found, &expected));
        if found != self.at_first {
            self.create_all();
        }
        assert_eq!(missing, surplus, "the objects after\n{written}\n{translated}");
    }

    /// Runs statements in both databases of the tenant, before the statement of a test.
    pub fn prepare(&mut self, statements: &[&str]) {
        for database in ["client1", "written"] {
            run(&mut self.written, &format!("USE {database}"));
            for statement in statements {
                run(&mut self.written, statement);
            }
        }
    }

    /// What the translated text gives.
    pub fn run(&mut self, translated: &str) -> Outcome {
        self.translated.run(translated)
    }

    /// Everything as it was at first.
    pub fn reset(&mut self) {
        self.create_all();
    }
}

fn create(session: &mut MariaDbSession, database: &str, statements: &[&str]) {
    run(session, &format!("CREATE OR REPLACE DATABASE {database}"));
    run(session, &format!("USE {database}"));
    for statement in statements {
        run(session, statement);
    }
}

#[track_caller]
fn run(session: &mut MariaDbSession, sql: &str) -> Vec<Vec<String>> {
    session.run(sql).unwrap_or_else(|error| panic!("{sql}\n{error:?}"))
}

/// The statement as MariaDB resolved it, with a database before every table.
fn meaning(session: &mut MariaDbSession, sql: &str) -> Outcome {
    session.run(&format!("EXPLAIN EXTENDED {sql}"))?;
    let notes = session.run("SHOW WARNINGS")?;
    let resolved = notes.into_iter().filter(|note| note[1] == "1003");
    Ok(resolved.map(|note| vec![without_labels(&note[2])]).collect())
}

/// The statement without the names of its columns, which may be the text of an expression, with its tables.
fn without_labels(statement: &str) -> String {
    let mut out = String::new();
    let mut rest = statement;
    while let Some((before, label)) = rest.split_once(" AS `") {
        out.push_str(before);
        // A backtick in a name is doubled.
        let mut end = label.find('`').unwrap_or(label.len());
        while label[end..].starts_with("``") {
            end = end + 2 + label[end + 2..].find('`').unwrap_or(label.len() - end - 2);
        }
        rest = label[end..].strip_prefix('`').unwrap_or_default();
    }
    out + rest
}

fn objects(session: &mut MariaDbSession, tenant: &str, shared: &str) -> Vec<Vec<String>> {
    run(session, &format!("SET @a = '{tenant}', @b = '{shared}'"));
    let found = OBJECTS.iter().map(|query| {
        let mut rows = moved(run(session, query));
        rows.sort();
        rows
    });
    found.flatten().collect()
}

/// Where the objects of the first session's databases are for the second.
fn moved(rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let moved = |value: String| match &*value {
        "written" => "client1".to_owned(),
        "shared" => "shared_v2".to_owned(),
        // The server keeps the texts of bodies and views as they were written, with backticks or without.
        _ => value
            .replace('`', "")
            .replace("written.", "client1.")
            .replace("shared.", "shared_v2."),
    };
    rows.into_iter()
        .map(|row| row.into_iter().map(moved).collect())
        .collect()
}
