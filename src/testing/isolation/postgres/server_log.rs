//! The log of a server that the kit started: each statement and, where `auto_explain` is installed, the plan of each
//! query, also of those in functions.

use super::{
    super::{AuditError, culprits::Message},
    observer::Observer,
};

/// Where a server of the kit logs, from where the data is.
const LOG: &str = "../server.log";

const STATEMENTS: &[(&str, &str)] = &[("log_statement", "all")];

/// `auto_explain` comes with the server, in a package of its own on some systems.
const PLANS: &[(&str, &str)] = &[
    ("session_preload_libraries", "auto_explain"),
    ("auto_explain.log_min_duration", "0"),
    ("auto_explain.log_nested_statements", "on"),
    ("auto_explain.log_verbose", "on"),
    ("auto_explain.log_format", "json"),
];

/// The log, from where it ended before the work.
pub(super) struct ServerLog {
    path: String,
    from: i64,
}

impl ServerLog {
    /// Has each statement logged that a session sends which begins from now on. `None` if there is no such log, or the
    /// role may not.
    pub(super) async fn begin(observer: &Observer) -> Result<Option<Self>, AuditError> {
        if !observer.is_superuser {
            return Ok(None);
        }
        let sql = "SELECT path, (pg_catalog.pg_stat_file(path, true)).size
            FROM (SELECT pg_catalog.concat(pg_catalog.current_setting('data_directory'), '/', $1::text)) AS log (path)
            WHERE pg_catalog.current_setting('log_line_prefix') = '%m [%p] %d '";
        let rows = observer.query("look for the server's log", sql, &[&LOG]).await?;
        let Some((path, Some(from))) = rows.first().map(|row| (row.get(0), row.get(1))) else {
            return Ok(None);
        };
        observer.set(STATEMENTS).await?;
        if observer
            .execute("load auto_explain", "LOAD 'auto_explain'")
            .await
            .is_ok()
        {
            observer.set(PLANS).await?;
        }
        Ok(Some(Self { path, from }))
    }

    /// What was logged since then.
    pub(super) async fn end(self, observer: &Observer) -> Result<Vec<Message>, AuditError> {
        let Self { path, from } = self;
        observer.reset(STATEMENTS).await?;
        observer.reset(PLANS).await?;
        let sql = "SELECT pg_catalog.pg_read_binary_file($1, $2, (pg_catalog.pg_stat_file($1)).size - $2)";
        let rows = observer.query("read the server's log", sql, &[&path, &from]).await?;
        let log: &[u8] = rows.first().map_or(&[], |row| row.get(0));
        Ok(messages(&String::from_utf8_lossy(log), &observer.database))
    }
}

/// The messages of one database's sessions.
fn messages(log: &str, database: &str) -> Vec<Message> {
    let start = format!("{database} LOG:  ");
    let mut entries: Vec<(&str, String)> = Vec::new();
    let mut is_ours = false;
    for line in log.lines() {
        // The second and later lines of a message begin with a tab.
        if let Some(more) = line.strip_prefix('\t') {
            if let Some((_, text)) = entries.last_mut().filter(|_| is_ours) {
                text.push('\n');
                text.push_str(more);
            }
            continue;
        }
        let ours = session(line).and_then(|(session, text)| Some((session, text.strip_prefix(&start)?.to_owned())));
        is_ours = ours.is_some();
        entries.extend(ours);
    }
    entries
        .into_iter()
        .filter_map(|(session, text)| message(session, &text))
        .collect()
}

/// `2026-11-30 16:24:57.123 UTC [4711] database LOG:  …`: the session, and what follows.
fn session(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once(" [")?;
    rest.split_once("] ")
}

fn message(session: &str, text: &str) -> Option<Message> {
    let session = session.to_owned();
    if let Some((_, plan)) = text.split_once("  plan:\n").filter(|_| text.starts_with("duration: ")) {
        let tables = plan_tables(plan);
        return Some(Message::Plan {
            session,
            sql: json_text(plan, "Query Text").unwrap_or_default(),
            tables,
            plan: plan.to_owned(),
        });
    }
    let sql = match text.strip_prefix("statement: ") {
        Some(sql) => sql,
        None => text.strip_prefix("execute ")?.split_once(": ")?.1,
    };
    let sql = sql.to_owned();
    Some(Message::Statement { session, sql })
}

/// In a plan's JSON, each table's schema stands on the line after its name.
fn plan_tables(plan: &str) -> Vec<(String, String)> {
    let mut tables = Vec::new();
    let mut table = None;
    for line in plan.lines() {
        if let Some(name) = json_text(line, "Relation Name") {
            table = Some(name);
        } else if let (Some(schema), Some(name)) = (json_text(line, "Schema"), table.take()) {
            tables.push((schema, name));
        }
    }
    tables
}

/// The text under a key, which stands on a line of its own.
fn json_text(json: &str, key: &str) -> Option<String> {
    let key = format!("\"{key}\": \"");
    let line = json.lines().find_map(|line| line.trim_start().strip_prefix(&key))?;
    let mut characters = line.chars();
    let mut text = String::new();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => text.push(match characters.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => {
                    let code: String = characters.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&code, 16).ok()?;
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
                other => other,
            }),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_plans_of_one_database_are_read() {
        let log = "2026-11-30 16:24:57.123 UTC [7] ours LOG:  statement: SELECT\n\t  1\n\
                   2026-11-30 16:24:57.123 UTC [8] other LOG:  statement: SELECT\n\t  2\n\
                   2026-11-30 16:24:57.123 UTC [7] ours LOG:  execute s1: SELECT $1\n\
                   2026-11-30 16:24:57.123 UTC [7] ours DETAIL:  parameters: $1 = '1'\n\
                   2026-11-30 16:24:57.123 UTC [7] ours LOG:  duration: 0.005 ms  plan:\n\
                   \t{\n\t  \"Query Text\": \"SELECT \\\"a\\\"\\nFROM b.t\",\n\t  \"Plan\": {\n\
                   \t    \"Relation Name\": \"t\",\n\t    \"Schema\": \"b\",\n\t  }\n\t}\n\
                   2026-11-30 16:24:57.123 UTC [9]  LOG:  checkpoint starting\n";
        let statement = |sql: &str| Message::Statement {
            session: "7".to_owned(),
            sql: sql.to_owned(),
        };
        let plan = Message::Plan {
            session: "7".to_owned(),
            sql: "SELECT \"a\"\nFROM b.t".to_owned(),
            tables: vec![("b".to_owned(), "t".to_owned())],
            plan: String::new(),
        };
        let mut found = messages(log, "ours");
        if let Some(Message::Plan { plan, .. }) = found.last_mut() {
            assert!(std::mem::take(plan).contains("Schema"));
        }
        assert_eq!(found, [statement("SELECT\n  1"), statement("SELECT $1"), plan]);
    }
}
