//! Which statements reached what.

use std::collections::HashMap;

use super::{
    super::{Leak, Statement, place},
    recorder::Sent,
    server_log::Message,
};

/// A statement, and what is known of it.
struct Seen {
    sql: String,
    inside_of: Option<String>,
    /// The tables of its plan.
    tables: Vec<(String, String)>,
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
        let named = |seen: &&Seen| contains_name(&seen.sql, &leak.schema);
        let of_object = |seen: &&Seen| {
            leak.object
                .as_ref()
                .is_some_and(|object| contains_name(&seen.sql, object))
        };
        let mut found: Vec<&Seen> = seen.iter().filter(planned).collect();
        if found.is_empty() {
            found = seen.iter().filter(|seen| named(seen) && of_object(seen)).collect();
        }
        leak.is_certain = !found.is_empty();
        for weaker in [&named as &dyn Fn(&&Seen) -> bool, &of_object, &|seen| {
            !is_control(&seen.sql)
        }] {
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
            sent,
        }
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
            Message::Plan { session, sql, tables } => {
                let outer = outer.get(&session).copied();
                match outer.map(|index| &mut seen[index]) {
                    Some(outer) if outer.sql == sql => outer.tables.extend(tables),
                    outer => {
                        let (inside_of, sent) = outer.map(|outer| (outer.sql.clone(), outer.sent)).unzip();
                        let sent = sent.flatten();
                        seen.push(Seen {
                            sql,
                            inside_of,
                            tables,
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
    let word = sql.split_whitespace().next().unwrap_or_default().trim_end_matches(';');
    ["begin", "commit", "rollback", "savepoint", "release", "set", "show"].contains(&&*word.to_lowercase())
}
