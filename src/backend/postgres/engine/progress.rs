//! In which order the messages of an answer may come.
//!
//! An answer that is taken for that of another request may be another tenant's. So whatever comes out of order ends the
//! connection, whether anybody waits for it or not.

use std::io;

use super::answer::Answer;

/// How a request was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As a text that may hold several statements.
    Simple,
    /// As Parse, Bind, Describe, Execute.
    Described,
    /// As Bind, Execute, of a statement that is prepared.
    Prepared,
    /// Like [`Described`](Self::Described); the statement may begin or end a transaction.
    Command,
    /// Runs nothing; only closes prepared statements.
    Closing,
}

impl Kind {
    /// Whether a transaction may begin or end.
    pub(super) fn may_change_transaction(self) -> bool {
        matches!(self, Self::Simple | Self::Command)
    }
}

/// How far an answer has come.
#[derive(Debug)]
pub(super) struct Progress {
    kind: Kind,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begun,
    /// The values are bound, and the columns are not described yet.
    Bound,
    Running,
    /// A statement has ended, or all have because one failed.
    Ended,
    Failed,
    Ready,
}

impl Progress {
    pub(super) fn new(kind: Kind) -> Self {
        let stage = match kind {
            Kind::Simple => Stage::Running,
            Kind::Closing => Stage::Ended,
            Kind::Described | Kind::Prepared | Kind::Command => Stage::Begun,
        };
        Self { kind, stage }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Notes the next message.
    ///
    /// # Errors
    /// If it can't come now.
    pub(super) fn note(&mut self, answer: &Answer) -> io::Result<()> {
        let is_simple = self.kind == Kind::Simple;
        self.stage = match (self.stage, answer) {
            (Stage::Ended | Stage::Failed, Answer::Ready(_)) => Stage::Ready,
            // An error may follow CommandComplete: a deferred constraint is checked then.
            (stage, Answer::Error(_)) if stage != Stage::Ready => Stage::Failed,
            // Of several statements, the next one.
            (
                Stage::Running | Stage::Ended,
                Answer::Columns(_) | Answer::Row(..) | Answer::CopyIn | Answer::CopyOut,
            ) if is_simple => Stage::Running,
            (Stage::Running | Stage::Ended, Answer::Complete(_) | Answer::Accepted) if is_simple => Stage::Ended,
            (Stage::Begun, Answer::Accepted) => Stage::Begun,
            (Stage::Ended, Answer::Accepted) if self.kind == Kind::Closing => Stage::Ended,
            (Stage::Begun, Answer::Bound) if self.kind == Kind::Prepared => Stage::Running,
            (Stage::Begun, Answer::Bound) => Stage::Bound,
            (Stage::Bound, Answer::Columns(_) | Answer::NoColumns) => Stage::Running,
            (Stage::Running, Answer::Row(..) | Answer::CopyIn | Answer::CopyOut) => Stage::Running,
            // Accepted is the answer to an empty text.
            (Stage::Running, Answer::Complete(_) | Answer::Accepted) => Stage::Ended,
            (stage, _) => {
                let message = format!("the server sent a message out of order ({:?}, {stage:?})", self.kind);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{super::transaction_state::TransactionStatus, *};

    const READY: Answer = Answer::Ready(TransactionStatus::Idle);

    fn row() -> Answer {
        Answer::Row(0, Bytes::new())
    }

    fn is_in_order(kind: Kind, answers: &[Answer]) -> bool {
        let mut progress = Progress::new(kind);
        answers.iter().all(|answer| progress.note(answer).is_ok())
    }

    #[test]
    fn what_the_protocol_says_is_in_order() {
        use Answer::{Accepted, Bound, Complete, NoColumns};
        assert!(is_in_order(
            Kind::Described,
            &[Accepted, Accepted, Bound, NoColumns, row(), row(), Complete(2), READY]
        ));
        assert!(is_in_order(
            Kind::Command,
            &[Accepted, Bound, NoColumns, Accepted, READY]
        ));
        assert!(is_in_order(
            Kind::Prepared,
            &[Accepted, Bound, row(), Complete(1), READY]
        ));
        assert!(is_in_order(
            Kind::Simple,
            &[row(), Complete(1), Complete(0), Accepted, row(), Complete(1), READY]
        ));
        assert!(is_in_order(Kind::Closing, &[READY]));
        assert!(is_in_order(Kind::Closing, &[Accepted, Accepted, READY]));
    }

    #[test]
    fn what_belongs_to_another_answer_is_out_of_order() {
        use Answer::{Accepted, Bound, Complete, NoColumns};
        for kind in [Kind::Described, Kind::Prepared, Kind::Command, Kind::Simple] {
            assert!(!is_in_order(kind, &[READY]), "{kind:?}");
        }
        assert!(!is_in_order(Kind::Prepared, &[Accepted, Bound, READY]));
        assert!(!is_in_order(Kind::Prepared, &[row()]));
        assert!(!is_in_order(Kind::Prepared, &[Accepted, Bound, NoColumns]));
        assert!(!is_in_order(Kind::Described, &[Accepted, Bound, row()]));
        assert!(!is_in_order(
            Kind::Described,
            &[Accepted, Bound, NoColumns, Complete(0), row()]
        ));
        assert!(!is_in_order(Kind::Simple, &[Bound]));
        assert!(!is_in_order(Kind::Closing, &[READY, READY]));
    }
}
