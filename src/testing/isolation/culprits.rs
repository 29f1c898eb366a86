//! Which statements reached what.

use std::collections::HashMap;

use super::{Leak, Statement, place, recorder::Sent};

/// A message of a server's log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// A statement that a client sent.
    Statement { session: String, sql: String },
    /// A query's plan, and the tables in it, with their schemas.
    Plan {
        session: String,
        sql: String,
        tables: Vec<(String, String)>,
        plan: String,
    },
}

/// A statement, and what is known of it.
struct Seen {
    sql: String,
    inside_of: Option<String>,
    /// The tables of its plan.
    tables: Vec<(String, String)>,
    /// Its plan, which also has the functions that it calls, those of defaults too.
    plan: String,
    /// Which of the statements that the pool sent it is, or is inside of.
    sent: Option<usize>,
}

/// Adds to each leak the statements that made it.
pub(super) fn name_culprits(leaks: &mut [Leak], sent: &[Sent], log: Option<Vec<Message>>) {
    if leaks.is_empty() {
        return;
    }
    let seen = match log {
        Some(messages) => from_log(messages, sent),
        None => sent
            .iter()
            .enumerate()
            .map(|(index, sent)| Seen::of(&sent.sql, Some(index)))
            .collect(),
    };
    let mut places = HashMap::new();
    for leak in leaks {
        let planned = |seen: &&Seen| {
            let mut tables = seen.tables.iter();
            tables.any(|(schema, table)| *schema == leak.schema && Some(table) == leak.object.as_ref())
        };
        let named = |seen: &&Seen| seen.names(&leak.schema) && !is_control(&seen.sql);
        let of_object = |seen: &&Seen| leak.object.as_ref().is_some_and(|object| seen.names(object));
        let may_be = |seen: &&Seen| !is_control(&seen.sql) && !asks_the_catalogs(&seen.sql);
        let both = |seen: &&Seen| named(seen) && (leak.object.is_none() || of_object(seen));
        let mut found: Vec<&Seen> = seen.iter().filter(planned).collect();
        leak.is_certain = !found.is_empty();
        for weaker in [&both as &dyn Fn(&&Seen) -> bool, &named, &of_object, &may_be] {
            if found.is_empty() {
                found = seen.iter().filter(weaker).collect();
            }
        }
        for seen in found {
            let mut place_of = |index: usize| {
                places
                    .entry(index)
                    .or_insert_with(|| place::of(&sent[index].from))
                    .clone()
            };
            let statement = Statement {
                sql: seen.sql.clone(),
                inside_of: seen.inside_of.clone(),
                place: seen.sent.and_then(&mut place_of),
            };
            if !leak.statements.contains(&statement) {
                leak.statements.push(statement);
            }
        }
    }
}

impl Seen {
    fn of(sql: &str, sent: Option<usize>) -> Self {
        Self {
            sql: sql.to_owned(),
            inside_of: None,
            tables: Vec::new(),
            plan: String::new(),
            sent,
        }
    }

    fn names(&self, name: &str) -> bool {
        contains_name(&self.sql, name) || contains_name(&self.plan, name)
    }
}

/// A session's plans follow the statement that they belong to.
fn from_log(messages: Vec<Message>, sent: &[Sent]) -> Vec<Seen> {
    let mut seen: Vec<Seen> = Vec::new();
    let mut outer: HashMap<String, usize> = HashMap::new();
    for message in messages {
        match message {
            Message::Statement { session, sql } => {
                let known = sent.iter().position(|sent| sent.sql == sql);
                outer.insert(session, seen.len());
                seen.push(Seen::of(&sql, known));
            }
            Message::Plan {
                session,
                sql,
                tables,
                plan,
            } => {
                let outer = outer.get(&session).copied();
                match outer.map(|index| &mut seen[index]) {
                    Some(outer) if outer.sql == sql => {
                        outer.tables.extend(tables);
                        outer.plan.push_str(&plan);
                    }
                    outer => {
                        let (inside_of, sent) = outer.map(|outer| (outer.sql.clone(), outer.sent)).unzip();
                        let sent = sent.flatten();
                        seen.push(Seen {
                            sql,
                            inside_of,
                            tables,
                            plan,
                            sent,
                        });
                    }
                }
            }
        }
    }
    seen
}

/// Whether a text has a name as a word.
fn contains_name(sql: &str, name: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    sql.match_indices(name).any(|(start, _)| {
        let before = sql[..start].chars().next_back();
        let after = sql[start + name.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Statements that reach no table.
fn is_control(sql: &str) -> bool {
    const CONTROL: &[&str] = &[
        "begin",
        "commit",
        "listen",
        "lock",
        "notify",
        "release",
        "rollback",
        "savepoint",
        "set",
        "show",
        "unlisten",
    ];
    let word = sql.split_whitespace().next().unwrap_or_default();
    CONTROL.contains(&&*word.to_lowercase()) && !sql.trim_end_matches(';').contains(';')
}

/// The queries by which a pool, or a driver, knows its sessions and schemas.
fn asks_the_catalogs(sql: &str) -> bool {
    const PARTS: &[&str] = &[
        "pg_catalog.pg_",
        "pg_catalog.current_setting",
        "__diesel_tenants_",
        "@@max_allowed_packet",
        "@@max_prepared_stmt_count",
        "DO LAST_INSERT_ID(0)",
    ];
    PARTS.iter().any(|part| sql.contains(part))
}
