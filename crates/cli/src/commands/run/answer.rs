//! How the answers to a script are printed.

use diesel_tenants::script::StatementAnswer;
use serde_json::{Value, json};

use crate::output::{counted, name, say, table_of};

/// Values are text, as the server writes them.
pub fn document(answers: &[StatementAnswer]) -> Vec<Value> {
    let document = |answer: &StatementAnswer| match &answer.columns {
        Some(columns) => json!({ "columns": columns, "rows": answer.rows }),
        None => json!({ "affected": answer.count }),
    };
    answers.iter().map(document).collect()
}

pub fn print(tenant: &str, answers: &[StatementAnswer]) {
    let tenant = name(tenant);
    for answer in answers {
        match &answer.columns {
            Some(columns) => {
                say!("{tenant}: {}", counted(answer.rows.len(), "row"));
                if !answer.rows.is_empty() {
                    let values = |row: &Vec<Option<String>>| {
                        row.iter()
                            .map(|value| value.clone().unwrap_or_else(|| "NULL".to_owned()))
                            .collect()
                    };
                    say!("{}", table_of(columns, answer.rows.iter().map(values)));
                }
            }
            None => say!("{tenant}: done, {} changed", counted(answer.count, "row")),
        }
    }
}
