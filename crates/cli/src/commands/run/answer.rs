use serde_json::{Value, json};
use tokio_postgres::SimpleQueryMessage;

use crate::output::{counted, name, say, table_of};

/// What the server answered to some statements, in their order.
#[derive(Debug, Default)]
pub struct Answer(Vec<Statement>);

/// What it answered to one.
#[derive(Debug, Default)]
struct Statement {
    /// `None` if it gives no rows.
    columns: Option<Vec<String>>,
    rows: Vec<Vec<Option<String>>>,
    /// Rows returned, or changed.
    count: u64,
}

impl Answer {
    pub fn of(messages: Vec<SimpleQueryMessage>) -> Self {
        let (mut statements, mut statement) = (Vec::new(), Statement::default());
        for message in messages {
            match message {
                SimpleQueryMessage::RowDescription(columns) => {
                    statement.columns = Some(columns.iter().map(|column| column.name().to_owned()).collect());
                }
                SimpleQueryMessage::Row(row) => {
                    let values = (0..row.len()).map(|column| row.get(column).map(str::to_owned));
                    statement.rows.push(values.collect());
                }
                SimpleQueryMessage::CommandComplete(count) => {
                    statement.count = count;
                    statements.push(std::mem::take(&mut statement));
                }
                _ => {}
            }
        }
        Self(statements)
    }

    /// Values are text, as the server writes them.
    pub fn document(&self) -> Vec<Value> {
        let document = |statement: &Statement| match &statement.columns {
            Some(columns) => json!({ "columns": columns, "rows": statement.rows }),
            None => json!({ "affected": statement.count }),
        };
        self.0.iter().map(document).collect()
    }

    pub fn print(&self, tenant: &str) {
        let tenant = name(tenant);
        for statement in &self.0 {
            match &statement.columns {
                Some(columns) => {
                    say!("{tenant}: {}", counted(statement.rows.len(), "row"));
                    if !statement.rows.is_empty() {
                        let values = |row: &Vec<Option<String>>| {
                            row.iter()
                                .map(|value| value.clone().unwrap_or_else(|| "NULL".to_owned()))
                                .collect()
                        };
                        say!("{}", table_of(columns, statement.rows.iter().map(values)));
                    }
                }
                None => say!("{tenant}: done, {} changed", counted(statement.count, "row")),
            }
        }
    }
}
