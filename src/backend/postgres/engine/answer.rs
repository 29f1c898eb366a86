//! The messages of the server, as far as they matter here.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use postgres_protocol::message::backend::{
    self, Header, Message, NotificationResponseBody, ParameterStatusBody, RowDescriptionBody,
};

use super::{server_error::ServerError, transaction_state::TransactionStatus};

/// A message of the server.
pub(super) enum Answer {
    /// One that says no more than that a request was accepted: ParseComplete, CloseComplete, and the like.
    Accepted,
    /// The values are bound, and the statement will run.
    Bound,
    /// The statement returns rows with these columns.
    Columns(RowDescriptionBody),
    /// The statement returns no rows.
    NoColumns,
    /// A row: how many values, and the values.
    Row(u16, Bytes),
    /// The statement has ended, and has touched so many rows.
    Complete(usize),
    Error(Box<ServerError>),
    /// The server is ready for the next request.
    Ready(TransactionStatus),
    Notification(NotificationResponseBody),
    /// Nothing that was asked for: a notice.
    Aside,
    /// What a setting is from now on.
    Setting(ParameterStatusBody),
    /// The server waits for rows to copy.
    CopyIn,
    /// Rows that are copied out.
    CopyOut,
}

/// A value has at most a gigabyte, and a message little more.
const MOST_BYTES: i32 = 0x4100_0000;

impl Answer {
    /// Takes the next message out of what was read; `None` if it is not there to its end.
    ///
    /// # Errors
    /// If this is no message of the protocol's form.
    pub(super) fn take(read: &mut BytesMut) -> io::Result<Option<Self>> {
        let Some(header) = Header::parse(read)? else {
            return Ok(None);
        };
        // Most messages are of these kinds, and need no copy of anything.
        let answer = match (header.tag(), header.len()) {
            (backend::PARSE_COMPLETE_TAG | backend::CLOSE_COMPLETE_TAG, 4) => Self::Accepted,
            (backend::BIND_COMPLETE_TAG, 4) => Self::Bound,
            (backend::NO_DATA_TAG, 4) => Self::NoColumns,
            (backend::READY_FOR_QUERY_TAG, 5) => match read.get(5) {
                None => return Ok(None),
                Some(b'I') => Self::Ready(TransactionStatus::Idle),
                Some(b'T') => Self::Ready(TransactionStatus::InTransaction),
                Some(b'E') => Self::Ready(TransactionStatus::Failed),
                Some(_) => return Err(invalid("an unknown transaction status")),
            },
            (_, MOST_BYTES..) => return Err(invalid("a message of more than a gigabyte")),
            // Room is made as the bytes come, and not as the server announces them.
            (_, length) if read.len() <= length as usize => return Ok(None),
            (backend::DATA_ROW_TAG, 6..) => {
                let mut row = read.split_to(1 + header.len() as usize).freeze();
                row.advance(5);
                let count = row.get_u16();
                return Ok(Some(Self::Row(count, row)));
            }
            (backend::ROW_DESCRIPTION_TAG, length) => {
                // It is kept for as long as a statement is prepared, and must not keep all that was read with it.
                let (description, _) = read.split_at(1 + length as usize);
                let mut description = BytesMut::from(description);
                read.advance(description.len());
                return Self::take_long(&mut description);
            }
            _ => return Self::take_long(read),
        };
        read.advance(1 + header.len() as usize);
        Ok(Some(answer))
    }

    fn take_long(read: &mut BytesMut) -> io::Result<Option<Self>> {
        let Some(message) = Message::parse(read)? else {
            return Ok(None);
        };
        Ok(Some(match message {
            Message::CommandComplete(body) => Self::Complete(rows_of(body.tag()?)),
            Message::RowDescription(body) => Self::Columns(body),
            Message::ErrorResponse(body) => Self::Error(Box::new(ServerError::of(&body)?)),
            Message::NoticeResponse(_) => Self::Aside,
            Message::ParameterStatus(body) => Self::Setting(body),
            Message::NotificationResponse(body) => Self::Notification(body),
            Message::CopyInResponse(_) => Self::CopyIn,
            Message::CopyOutResponse(_) | Message::CopyData(_) | Message::CopyDone => Self::CopyOut,
            Message::EmptyQueryResponse | Message::PortalSuspended | Message::ParameterDescription(_) => Self::Accepted,
            _ => return Err(invalid("a message that belongs to the beginning of a connection")),
        }))
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server sent {what}"))
}

/// The number at the end of a command's tag, as of `INSERT 0 7`.
fn rows_of(tag: &str) -> usize {
    let number = tag.rsplit(' ').next();
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_one_by_one_and_only_when_they_are_there_to_their_end() {
        let all = b"1\0\0\0\x042\0\0\0\x04D\0\0\0\x0b\0\x01\0\0\0\x01xC\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I";
        for cut in 0..all.len() {
            let mut read = BytesMut::from(&all[..cut]);
            let mut taken = Vec::new();
            while let Some(answer) = Answer::take(&mut read).expect("they are well formed") {
                taken.push(answer);
            }
            assert!(taken.len() < 5, "cut at {cut}");
            read.extend_from_slice(&all[cut..]);
            while let Some(answer) = Answer::take(&mut read).expect("they are well formed") {
                taken.push(answer);
            }
            assert!(read.is_empty());
            assert!(matches!(
                &taken[..],
                [Answer::Accepted, Answer::Bound, Answer::Row(1, row), Answer::Complete(1), Answer::Ready(TransactionStatus::Idle)]
                    if **row == *b"\0\0\0\x01x"
            ));
        }
    }

    #[test]
    fn a_description_does_not_keep_what_was_read_with_it() {
        let mut read = BytesMut::with_capacity(100_000);
        read.extend_from_slice(b"T\0\0\0\x1a\0\x01a\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\x01");
        let description = Answer::take(&mut read).expect("it is well formed");
        assert!(matches!(description, Some(Answer::Columns(_))));
        assert!(read.is_empty() && read.try_reclaim(100_000));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for bytes in [
            &b"1\0\0\0\x03"[..],
            b"Z\0\0\0\x05?",
            b"D\x7f\0\0\0",
            b"?\0\0\0\x04",
            b"K\0\0\0\x0c\0\0\0\0\0\0\0\0",
        ] {
            assert!(Answer::take(&mut BytesMut::from(bytes)).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn the_number_of_rows_ends_a_commands_tag() {
        assert_eq!(
            [rows_of("INSERT 0 7"), rows_of("UPDATE 3"), rows_of("CREATE TABLE")],
            [7, 3, 0]
        );
    }
}
