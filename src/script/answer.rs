use tokio_postgres::SimpleQueryMessage;

/// The server's answer to one statement of a script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StatementAnswer {
    /// The names of the columns; `None` if the statement returns no rows.
    pub columns: Option<Vec<String>>,
    /// The rows, with a value for each column: text as the server writes it, or `None` for `NULL`.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many rows were returned or changed.
    pub count: u64,
}

impl StatementAnswer {
    /// The answers to several statements, in their order.
    pub(super) fn of(messages: Vec<SimpleQueryMessage>) -> Vec<Self> {
        let (mut answers, mut answer) = (Vec::new(), Self::default());
        for message in messages {
            match message {
                SimpleQueryMessage::RowDescription(columns) => {
                    answer.columns = Some(columns.iter().map(|column| column.name().to_owned()).collect());
                }
                SimpleQueryMessage::Row(row) => {
                    let values = (0..row.len()).map(|column| row.get(column).map(str::to_owned));
                    answer.rows.push(values.collect());
                }
                SimpleQueryMessage::CommandComplete(count) => {
                    answer.count = count;
                    answers.push(std::mem::take(&mut answer));
                }
                _ => {}
            }
        }
        answers
    }
}
