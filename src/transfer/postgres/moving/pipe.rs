//! Copies rows from one server to another.

use std::{io::Cursor, pin::pin};

use futures_util::{SinkExt, StreamExt};
use tokio_postgres::Error;

use crate::backend::postgres::driver::DriverSession;

/// How many bytes are collected before they are sent on.
///
/// The server sends each row in a message of its own. Sending the rows on one by one would cost a hop between two tasks
/// and a system call for each.
const BATCH: usize = 128 * 1024;

/// Which of the two servers failed.
pub(super) enum End {
    Source(Error),
    Target(Error),
}

/// Copies the rows that one server sends to another server, and counts them.
///
/// Keeps three batches, or the longest row, in memory. A target that is slower than the source makes the source wait.
pub(super) async fn pipe(reader: &DriverSession, from: &str, writer: &DriverSession, to: &str) -> Result<u64, End> {
    let stream = reader.client().copy_out(from).await.map_err(End::Source)?;
    let sink = writer.client().copy_in(to).await.map_err(End::Target)?;
    let (mut stream, mut sink) = (pin!(stream), pin!(sink));
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(bytes) = stream.next().await {
        batch.extend_from_slice(&bytes.map_err(End::Source)?);
        if batch.len() >= BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            // This waits only for room in the buffer: the connection writes the batch while the next one is collected.
            sink.feed(Cursor::new(full)).await.map_err(End::Target)?;
        }
    }
    if !batch.is_empty() {
        sink.feed(Cursor::new(batch)).await.map_err(End::Target)?;
    }
    sink.finish().await.map_err(End::Target)
}
