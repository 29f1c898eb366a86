//! Over streams in memory, whose other end does what servers and networks rarely do.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::BufMut as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf};

use super::*;

/// Numbers that are the same in each run.
struct Random(AtomicU64);

impl Random {
    fn below(&self, most: u64) -> u64 {
        let next = self
            .0
            .load(Relaxed)
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.0.store(next, Relaxed);
        (next >> 33) % most
    }
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![tag];
    message.put_i32(4 + i32::try_from(body.len()).unwrap());
    message.extend_from_slice(body);
    message
}

fn row(value: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_i16(1);
    body.put_i32(i32::try_from(value.len()).unwrap());
    body.extend_from_slice(value);
    message(b'D', &body)
}

fn end() -> Vec<u8> {
    [message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat()
}

fn wire(transport: impl Transport + 'static) -> Wire {
    Wire::new(Box::new(transport), Settings::default())
}

fn ask<'a>(wire: &'a Wire, text: &str) -> Sent<'a> {
    let sent = wire.send(Kind::Simple, |out| {
        frontend::query(text, out).map_err(super::super::binds::not_sendable)
    });
    sent.expect("it can be sent")
}

/// Answers to each text with a few rows of that text, in parts of any length.
async fn echo(mut stream: DuplexStream, random: &Random) {
    let (mut read, mut answers) = (Vec::new(), VecDeque::new());
    loop {
        let mut part = [0; 64];
        tokio::select! {
            count = stream.read(&mut part) => match count {
                Ok(0) | Err(_) => return,
                Ok(count) => read.extend_from_slice(&part[..count]),
            },
            () = std::future::ready(()), if !answers.is_empty() => {
                let length = (1 + random.below(40)).min(answers.len() as u64) as usize;
                let part: Vec<u8> = answers.drain(..length).collect();
                if stream.write_all(&part).await.is_err() {
                    return;
                }
            }
        }
        while read.len() > 5 {
            let length = u32::from_be_bytes(*read[1..].first_chunk().unwrap()) as usize;
            if read.len() <= length {
                break;
            }
            let text: Vec<u8> = read.drain(..=length).skip(5).take(length - 5).collect();
            let rows = random.below(4);
            let all = (0..=rows).flat_map(|_| row(&text)).chain(end());
            answers.extend(all.chain(message(b'N', b"\0")));
        }
    }
}

#[tokio::test]
async fn whoever_gives_up_wherever_each_request_gets_the_answer_to_itself() {
    let random = Random(AtomicU64::new(7));
    for _ in 0..50 {
        let (client, server) = tokio::io::duplex(1 + random.below(300) as usize);
        let wire = wire(client);
        let requests = (0..60).map(|number| {
            let (wire, random) = (&wire, &random);
            async move {
                for _ in 0..random.below(5) {
                    tokio::task::yield_now().await;
                }
                let text = format!("request {number}");
                let mut sent = ask(wire, &text);
                let work = async {
                    loop {
                        match sent.answer().await.map_err(Failed::into_diesel).expect("an answer") {
                            Answer::Row(_, value) => assert_eq!(value[4..], *text.as_bytes()),
                            Answer::Ready(_) => break,
                            _ => {}
                        }
                    }
                };
                let mut work = pin!(work);
                let mut polls = if random.below(3) == 0 {
                    random.below(6)
                } else {
                    u64::MAX
                };
                std::future::poll_fn(|context| {
                    if polls == 0 {
                        return Poll::Ready(());
                    }
                    polls -= 1;
                    work.as_mut().poll(context)
                })
                .await;
            }
        });
        let all = futures_util::future::join_all(requests);
        let all = async {
            tokio::select! {
                _ = all => {}
                () = echo(server, &random) => unreachable!("the client is there"),
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all)
            .await
            .expect("nobody is woken");
    }
}

/// Fails to write in the middle of the second message, as sockets may for want of memory, and can write afterwards.
struct FailsOnce {
    written: Arc<Mutex<Vec<u8>>>,
    writes: usize,
    /// `None` is a time when nothing has arrived.
    to_read: VecDeque<Option<Vec<u8>>>,
}

impl AsyncRead for FailsOnce {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.to_read.pop_front().flatten() {
            Some(part) => {
                buffer.put_slice(&part);
                Poll::Ready(Ok(()))
            }
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for FailsOnce {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writes += 1;
        let count = match self.writes {
            2 => bytes.len() / 2,
            3 => return Poll::Ready(Err(io::Error::other("no buffer space"))),
            _ => bytes.len(),
        };
        self.written.lock().unwrap().extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn after_a_message_was_written_in_part_nothing_is_written_any_more() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let wire = wire(FailsOnce {
        written: Arc::clone(&written),
        writes: 0,
        to_read: VecDeque::from([None, Some([row(b"1"), end()].concat())]),
    });
    let context = &mut Context::from_waker(Waker::noop());
    let mut first = ask(&wire, "SELECT 'first'");
    assert!(first.poll_answer(context).is_pending());
    let mut second = ask(&wire, "SELECT 'second'");
    assert!(matches!(first.poll_answer(context), Poll::Ready(Ok(Answer::Row(..)))));
    assert!(matches!(
        first.poll_answer(context),
        Poll::Ready(Ok(Answer::Complete(1)))
    ));
    assert!(matches!(first.poll_answer(context), Poll::Ready(Ok(Answer::Ready(_)))));
    let mut third = ask(&wire, "SELECT 'third'");
    assert!(matches!(third.poll_answer(context), Poll::Ready(Err(_))));
    assert!(matches!(second.poll_answer(context), Poll::Ready(Err(_))));
    let written = String::from_utf8_lossy(&written.lock().unwrap()).into_owned();
    assert!(written.contains("first") && !written.contains("third"), "{written}");
}

#[tokio::test]
async fn what_a_large_message_needs_is_not_kept() {
    const LARGE: usize = 3 << 20;
    let (client, mut server) = tokio::io::duplex(50_000);
    let wire = wire(client);
    let mut sent = ask(&wire, &"x".repeat(LARGE));
    let value = vec![b'y'; LARGE];
    let serve = async {
        let mut request = vec![0; LARGE + 6];
        server.read_exact(&mut request).await.unwrap();
        server.write_all(&row(&value)).await.unwrap();
        server.write_all(&end()).await.unwrap();
    };
    let read = async {
        let Ok(Answer::Row(_, row)) = sent.answer().await else {
            panic!("no row");
        };
        while !matches!(sent.answer().await, Ok(Answer::Ready(_))) {}
        row
    };
    let ((), row) = tokio::join!(serve, read);
    assert!(row.is_unique(), "the connection has the room of the row as well");
    let mut state = wire.state();
    assert!(
        !state.outgoing.try_reclaim(LARGE / 4),
        "the room of the request is kept"
    );
}
