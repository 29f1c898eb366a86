//! The server's answers.

use tokio_postgres::SimpleQueryMessage;

use crate::script::StatementAnswer;

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
