//! Statements of a small grammar, with names that collide wherever SQLite lets them: every statement that SQLite accepts
//! must be translated, and must open the same tables as before.

use super::{oracle::Oracle, random::Random, translate};

/// How many statements are generated. SQLite refuses about half of them: a column or a table is not there.
const STATEMENTS: usize = 6_000;

#[test]
fn every_statement_that_sqlite_accepts_opens_the_same_tables() {
    let oracle = Oracle::new();
    let mut grammar = Grammar {
        random: Random(11),
        depth: 0,
        declared: Vec::new(),
    };
    let mut accepted = 0;
    for _ in 0..STATEMENTS {
        let sql = grammar.statement();
        if oracle.accepts(&sql) {
            accepted += 1;
            oracle.agrees(&sql, &translate(&sql));
        }
    }
    assert!(accepted > STATEMENTS / 3, "{accepted} statements of {STATEMENTS}");
}

struct Grammar {
    random: Random,
    /// How many queries are open.
    depth: usize,
    /// The names that the WITHs around the current place declare.
    declared: Vec<String>,
}

/// Every table has a column `id` here, so that most columns exist.
const TABLES: [&str; 7] = [
    "items",
    "orders",
    "Items",
    "shared.users",
    "SHARED.users",
    "cheap",
    "main.orders",
];
/// Names that are tables' names too.
const ALIASES: [&str; 6] = ["items", "orders", "users", "o", "key", "ORDERS"];

impl Grammar {
    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        self.random.pick(from)
    }

    fn statement(&mut self) -> String {
        self.declared.clear();
        let with = if self.random.one_in(4) {
            self.with()
        } else {
            String::new()
        };
        let body = match self.random.below(9) {
            0 => self.insert(),
            1 => self.update(),
            2 => self.delete(),
            3 if with.is_empty() => self.create(),
            _ => self.query(),
        };
        with + &body
    }

    /// A name in one of SQLite's four quotings, or as it is.
    fn quoted(&mut self, name: &str) -> String {
        match self.random.below(8) {
            0 => format!("\"{name}\""),
            1 => format!("[{name}]"),
            2 => format!("`{name}`"),
            3 => format!("'{name}'"),
            _ => name.to_owned(),
        }
    }

    fn table(&mut self) -> String {
        let declared = self.declared.len();
        if declared > 0 && self.random.one_in(2) {
            let name = self.declared[self.random.below(declared)].clone();
            return self.quoted(&name);
        }
        // `main` has decoys where the text is translated, so nothing may be pinned to it.
        let table = self.pick(&TABLES[..6]);
        match table.split_once('.') {
            Some((schema, name)) => format!("{}.{}", self.quoted(schema), self.quoted(name)),
            None => self.quoted(table),
        }
    }

    fn with(&mut self) -> String {
        let count = 1 + self.random.below(2);
        let names: Vec<_> = (0..count).map(|_| self.pick(&ALIASES).to_owned()).collect();
        // Every body sees all names of its WITH.
        self.declared.extend(names.iter().cloned());
        let recursive = self.pick(&["", "RECURSIVE "]);
        let bodies: Vec<_> = names
            .iter()
            .map(|name| {
                let hint = self.pick(&["", "", "MATERIALIZED ", "NOT MATERIALIZED "]);
                let query = match self.random.below(3) {
                    0 => "SELECT 1".to_owned(),
                    _ => format!("SELECT id FROM {}", self.table()),
                };
                format!("{}(id) AS {hint}({query})", self.quoted(name))
            })
            .collect();
        format!("WITH {recursive}{} ", bodies.join(", "))
    }

    fn query(&mut self) -> String {
        self.depth += 1;
        let declared = self.declared.len();
        let with = match self.random.below(6) {
            0 if self.depth < 4 => self.with(),
            _ => String::new(),
        };
        let mut sql = format!("{with}{}", self.select());
        if self.random.one_in(6) {
            let operator = self.pick(&["UNION", "UNION ALL", "INTERSECT", "EXCEPT"]);
            sql = format!("{sql} {operator} {}", self.select());
        }
        if self.random.one_in(5) {
            sql += self.pick(&[" ORDER BY 1", " LIMIT 1", " ORDER BY 1 DESC LIMIT 1 OFFSET 1"]);
        }
        self.declared.truncate(declared);
        self.depth -= 1;
        sql
    }

    fn select(&mut self) -> String {
        if self.depth > 4 || self.random.one_in(12) {
            return "VALUES (1)".to_owned();
        }
        let (from, alias) = self.from();
        let column = self.column(&alias);
        let mut sql = format!("SELECT {}{column}", self.pick(&["", "DISTINCT ", "ALL "]));
        if self.random.one_in(4) {
            sql += self.pick(&[" AS items", " 'orders'", " over", " \"FROM orders\""]);
        }
        sql = format!("{sql} FROM {from}");
        if self.random.one_in(2) {
            sql = format!("{sql} WHERE {}", self.condition(&alias));
        }
        if self.random.one_in(6) {
            sql = format!("{sql} GROUP BY {column}");
        }
        sql
    }

    /// Items with joins between them, and the name by which the first can be reached.
    fn from(&mut self) -> (String, String) {
        let (mut from, alias) = self.item();
        for _ in 0..self.random.below(3) {
            let join = self.pick(&[", ", " JOIN ", " LEFT JOIN ", " CROSS JOIN ", " NATURAL INNER JOIN "]);
            let (item, other) = self.item();
            from = format!("{from}{join}{item}");
            if join.contains("LEFT") {
                from = format!("{from} ON {other}.id = 1");
            }
        }
        if self.random.one_in(8) {
            from = format!("({from})");
        }
        (from, alias)
    }

    fn item(&mut self) -> (String, String) {
        if self.depth < 4 && self.random.one_in(6) {
            let alias = self.pick(&ALIASES).to_owned();
            return (format!("({}) AS {alias}", self.query()), alias);
        }
        if self.random.one_in(10) {
            return ("json_each('[1]')".to_owned(), "json_each".to_owned());
        }
        let table = self.table();
        let written = table.rsplit('.').next().unwrap_or(&table);
        if self.random.one_in(2) {
            return (table.clone(), written.to_owned());
        }
        let alias = self.pick(&ALIASES);
        let hint = self.pick(&["", "", " NOT INDEXED"]);
        (
            format!("{table} {}{alias}{hint}", self.pick(&["", "AS "])),
            alias.to_owned(),
        )
    }

    fn column(&mut self, alias: &str) -> String {
        match self.random.below(8) {
            0 => "shared.users.id".to_owned(),
            1 => "count(*)".to_owned(),
            2 => "1".to_owned(),
            3 if self.depth < 4 => format!("({})", self.query()),
            4 => format!("CASE WHEN {alias}.rowid IS NOT NULL THEN 1 ELSE 2 END"),
            _ => format!("{alias}.id"),
        }
    }

    fn condition(&mut self, alias: &str) -> String {
        let left = format!("{alias}.{}", self.pick(&["id", "id", "rowid"]));
        let test = match self.random.below(7) {
            0 => format!("IN ({})", self.query()),
            1 => format!("NOT IN {}", self.table()),
            2 => format!("= ({})", self.query()),
            3 => format!("IS NOT NULL AND EXISTS ({})", self.query()),
            4 => "BETWEEN 1 AND 2".to_owned(),
            5 => "NOTNULL".to_owned(),
            _ => "= ?1".to_owned(),
        };
        format!("{left} {test}")
    }

    fn target(&mut self) -> String {
        let target = self.pick(&["items", "orders", "shared.users", "ITEMS"]);
        match target.split_once('.') {
            Some((schema, name)) => format!("{}.{}", self.quoted(schema), self.quoted(name)),
            None => self.quoted(target),
        }
    }

    fn insert(&mut self) -> String {
        let verb = self.pick(&["INSERT", "REPLACE", "INSERT OR IGNORE", "INSERT OR REPLACE"]);
        let target = self.target();
        let source = match self.random.below(3) {
            0 => format!("SELECT id FROM {} WHERE true", self.table()),
            1 => format!("VALUES ((SELECT 1 FROM {}))", self.table()),
            _ => "VALUES (1)".to_owned(),
        };
        let conflict = self.pick(&[
            "",
            "",
            " ON CONFLICT DO NOTHING",
            " ON CONFLICT (id) DO UPDATE SET id = excluded.id",
        ]);
        format!("{verb} INTO {target} (id) {source}{conflict}{}", self.returning())
    }

    fn update(&mut self) -> String {
        let target = self.target();
        let value = match self.random.below(2) {
            0 => "1".to_owned(),
            _ => format!("(SELECT max(id) FROM {})", self.table()),
        };
        let from = match self.random.below(3) {
            0 => format!(" FROM {} AS f WHERE f.id = 1", self.table()),
            1 => format!(" WHERE id IN {}", self.table()),
            _ => String::new(),
        };
        format!("UPDATE {target} SET id = {value}{from}{}", self.returning())
    }

    fn delete(&mut self) -> String {
        let target = self.target();
        let condition = self.query();
        format!("DELETE FROM {target} WHERE id IN ({condition}){}", self.returning())
    }

    fn returning(&mut self) -> String {
        match self.random.below(4) {
            0 => " RETURNING id".to_owned(),
            1 => format!(" RETURNING *, (SELECT max(id) FROM {}) AS m", self.table()),
            _ => String::new(),
        }
    }

    fn create(&mut self) -> String {
        let query = self.query();
        let name = self.quoted("new");
        match self.random.below(6) {
            0 => format!("CREATE TABLE {name} AS {query}"),
            1 => format!("CREATE TEMP TABLE {name} AS {query}"),
            2 => format!("CREATE VIEW {name} AS SELECT * FROM items, orders"),
            3 => format!("CREATE TEMP VIEW {name} AS {query}"),
            4 => format!("CREATE INDEX {name} ON orders (quantity) WHERE id > 1"),
            _ => {
                format!(
                    "CREATE TRIGGER {name} AFTER INSERT ON orders BEGIN DELETE FROM items WHERE id IN (SELECT id FROM items); END"
                )
            }
        }
    }
}
