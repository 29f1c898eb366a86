//! Statements of a small grammar, with names that collide wherever MariaDB lets them: every statement that MariaDB
//! accepts must be translated, and must mean the same tables as before.

use super::{oracle, random::Random, translate};

/// How many statements are generated. MariaDB refuses about half of them: a column or a table is not there.
const STATEMENTS: usize = 2_000;

#[test]
fn every_statement_that_mariadb_accepts_means_the_same_tables() {
    let mut oracle = oracle::lock();
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
            oracle.means_the_same(&sql, &translate(&sql));
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
const TABLES: [&str; 6] = ["items", "orders", "cheap", "shared.users", "history", "1a"];
/// Names that are tables' names too.
const ALIASES: [&str; 7] = ["items", "orders", "cheap", "o", "value", "ORDERS", "1a"];

impl Grammar {
    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        self.random.pick(from)
    }

    fn statement(&mut self) -> String {
        self.declared.clear();
        match self.random.below(9) {
            0 => self.insert(),
            1 => self.update(),
            2 => self.delete(),
            3 => self.delete_from_several(),
            _ => self.query(),
        }
    }

    /// A name in backticks, or as it is.
    fn quoted(&mut self, name: &str) -> String {
        match self.random.one_in(3) {
            true => format!("`{name}`"),
            false => name.to_owned(),
        }
    }

    fn qualified(&mut self, table: &str) -> String {
        match table.split_once('.') {
            Some((schema, name)) => format!("{}.{}", self.quoted(schema), self.quoted(name)),
            None if self.random.one_in(12) && table != "1a" => format!(".{table}"),
            None => self.quoted(table),
        }
    }

    fn table(&mut self) -> String {
        let declared = self.declared.len();
        if declared > 0 && self.random.one_in(2) {
            let name = self.declared[self.random.below(declared)].clone();
            return self.quoted(&name);
        }
        let table = self.pick(&TABLES);
        self.qualified(table)
    }

    /// A table that no WITH around this one declares: without a default database MariaDB doesn't find the names of outer
    /// WITHs in a WITH, and says "No database selected".
    fn table_apart_from(&mut self, outer: usize) -> String {
        let table = self.table();
        let name = table.trim_matches('`');
        let is_outer = self.declared[..outer]
            .iter()
            .any(|other| other.eq_ignore_ascii_case(name));
        match is_outer {
            true => "shared.users".to_owned(),
            false => table,
        }
    }

    fn with(&mut self) -> String {
        let is_recursive = self.random.one_in(3);
        let outer = self.declared.len();
        let mut names: Vec<String> = Vec::new();
        for _ in 0..1 + self.random.below(2) {
            let name = self.pick(&ALIASES).to_owned();
            if !names.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
                names.push(name);
            }
        }
        let bodies: Vec<_> = names
            .iter()
            .map(|name| {
                let query = match self.random.below(3) {
                    0 => "SELECT 1".to_owned(),
                    _ => format!("SELECT id FROM {}", self.table_apart_from(outer)),
                };
                let body = format!("{}(id) AS ({query})", self.quoted(name));
                // A body sees the names before it.
                self.declared.push(name.clone());
                body
            })
            .collect();
        format!(
            "WITH {}{} ",
            if is_recursive { "RECURSIVE " } else { "" },
            bodies.join(", ")
        )
    }

    fn query(&mut self) -> String {
        self.depth += 1;
        let declared = self.declared.len();
        let with = match self.random.below(5) {
            0 if self.depth < 4 => self.with(),
            _ => String::new(),
        };
        let mut sql = self.select();
        if self.random.one_in(6) {
            let operator = self.pick(&["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "UNION DISTINCT"]);
            let other = self.select();
            sql = match self.random.one_in(2) {
                true => format!("({sql}) {operator} ({other})"),
                false => format!("{sql} {operator} {other}"),
            };
        }
        if self.random.one_in(5) {
            sql += self.pick(&[
                " ORDER BY 1",
                " LIMIT 1",
                " ORDER BY 1 DESC LIMIT 1 OFFSET 1",
                " LIMIT 1, 2",
            ]);
        }
        self.declared.truncate(declared);
        self.depth -= 1;
        format!("{with}{sql}")
    }

    fn select(&mut self) -> String {
        if self.depth > 4 || self.random.one_in(12) {
            return "VALUES (1)".to_owned();
        }
        // MariaDB crashes at a column of three parts whose table is not there, so it always is.
        if self.random.one_in(8) {
            let table = self.table();
            return format!("SELECT shared.users.id FROM shared.users, {table} AS o WHERE `shared`.users.id = o.id");
        }
        let (from, alias) = self.from();
        let column = self.column(&alias);
        let mut sql = format!("SELECT {}{column}", self.pick(&["", "DISTINCT ", "SQL_NO_CACHE "]));
        if self.random.one_in(4) {
            sql += self.pick(&[" AS items", " 'orders'", " \"FROM orders\"", " `from`"]);
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
            let join = self.pick(&[
                ", ",
                " JOIN ",
                " LEFT JOIN ",
                " CROSS JOIN ",
                " NATURAL JOIN ",
                " STRAIGHT_JOIN ",
            ]);
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
        let table = self.table();
        let written = table.rsplit('.').next().unwrap_or(&table).to_owned();
        if self.random.one_in(2) {
            return (table, written);
        }
        let alias = self.pick(&ALIASES);
        let hint = self.pick(&["", "", " USE INDEX ()"]);
        (
            format!("{table} {}{alias}{hint}", self.pick(&["", "AS "])),
            alias.to_owned(),
        )
    }

    fn column(&mut self, alias: &str) -> String {
        match self.random.below(8) {
            0 | 1 => "count(*)".to_owned(),
            2 => "1".to_owned(),
            3 if self.depth < 4 => format!("({})", self.query()),
            4 => format!("CASE WHEN {alias}.id IS NOT NULL THEN 1 ELSE 2 END"),
            5 => format!("IF({alias}.id, @a, 'FROM orders')"),
            _ => format!("{alias}.id"),
        }
    }

    fn condition(&mut self, alias: &str) -> String {
        let test = match self.random.below(7) {
            0 => format!("IN ({})", self.query()),
            1 => "NOT IN (1, 2)".to_owned(),
            2 => format!("= ({})", self.query()),
            3 => format!("IS NOT NULL AND EXISTS ({})", self.query()),
            4 => "BETWEEN 1 AND 2".to_owned(),
            5 => format!("<=> ANY ({})", self.query()),
            _ => "= 1".to_owned(),
        };
        format!("{alias}.id {test}")
    }

    fn target(&mut self) -> String {
        let target = self.pick(&["items", "orders", "shared.users"]);
        self.qualified(target)
    }

    fn insert(&mut self) -> String {
        let verb = self.pick(&["INSERT INTO", "REPLACE INTO", "INSERT IGNORE", "INSERT", "REPLACE"]);
        let target = self.target();
        let source = match self.random.below(4) {
            0 => format!("(id) SELECT id FROM {}", self.table()),
            1 => format!("(id) VALUES ((SELECT max(id) FROM {}))", self.table()),
            2 => format!("SET id = (SELECT max(id) FROM {})", self.table()),
            _ => "(id) VALUES (1)".to_owned(),
        };
        let conflict = match verb.starts_with("INSERT") && self.random.one_in(2) {
            true => " ON DUPLICATE KEY UPDATE id = VALUES(id)",
            false => "",
        };
        format!("{verb} {target} {source}{conflict}")
    }

    fn update(&mut self) -> String {
        let value = match self.random.below(2) {
            0 => "1".to_owned(),
            _ => format!("(SELECT max(id) FROM {})", self.table()),
        };
        if self.random.one_in(2) {
            return format!(
                "UPDATE {} SET id = {value} WHERE id IN ({})",
                self.target(),
                self.query()
            );
        }
        format!(
            "UPDATE items, {} AS o SET items.id = {value} WHERE o.id = 1",
            self.table()
        )
    }

    fn delete(&mut self) -> String {
        let target = self.target();
        let condition = self.query();
        format!("DELETE FROM {target} WHERE id IN ({condition})")
    }

    fn delete_from_several(&mut self) -> String {
        let target = self.pick(&["items", "orders", "shared.users"]);
        let other = self.table();
        match self.random.one_in(2) {
            true => format!("DELETE {target} FROM {target} JOIN {other} AS o"),
            false => format!("DELETE FROM {target}.* USING {other} o, {target} WHERE o.id = 1"),
        }
    }
}
