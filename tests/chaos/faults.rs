//! What goes wrong in the middle of an operation.

use std::{
    future::poll_fn,
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use tokio::task::block_in_place;

use crate::{
    client,
    operation::{Failure, Operation},
    random::Random,
    world::{End, World},
};

#[derive(Debug, Clone, Copy)]
pub enum Fault {
    None,
    /// The future is dropped once it was polled so often.
    Drop {
        polls: usize,
    },
    /// A process of its own, killed.
    KillClient {
        after: Duration,
    },
    /// The postmaster is killed, and its sessions die of that; or all of them are told to die at once.
    KillServer {
        end: End,
        outright: bool,
        after: Duration,
    },
    /// One session of a database is ended, or all.
    EndSessions {
        end: End,
        all: bool,
        after: Duration,
    },
    /// All connections to a server are cut in between.
    Cut {
        end: End,
        after: Duration,
    },
}

/// How an operation ended, if it did.
pub enum Ended {
    Told(Result<(), Failure>),
    Silently,
    Never,
}

/// Nothing takes so long on any machine.
const NEVER: Duration = Duration::from_secs(120);

/// How long an operation took, by time and by polls, when nothing happened to it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Length {
    pub time: Duration,
    pub polls: usize,
    /// After how many polls it was last dropped.
    pub dropped_after: usize,
}

impl Fault {
    pub fn choose(random: &mut Random, length: &mut Length) -> Self {
        let end = if random.is_one_in(3) { End::Shard } else { End::Home };
        let after = length.time.mul_f64(random.fraction() * 1.2);
        match random.below(20) {
            0 | 1 => Self::None,
            2..=8 => {
                // Each poll in turn, or any.
                let polls = if random.is_one_in(2) {
                    length.dropped_after += 1;
                    if length.dropped_after > length.polls {
                        length.dropped_after = 1;
                    }
                    length.dropped_after
                } else {
                    1 + random.below(length.polls)
                };
                Self::Drop { polls }
            }
            9..=12 => Self::KillClient { after },
            13 | 14 => Self::KillServer {
                end,
                outright: random.is_one_in(2),
                after,
            },
            15..=17 => Self::EndSessions {
                end,
                all: random.is_one_in(2),
                after,
            },
            _ => Self::Cut { end, after },
        }
    }

    pub fn kind(self) -> &'static str {
        match self {
            Self::None => "undisturbed",
            Self::Drop { .. } => "futures dropped",
            Self::KillClient { .. } => "clients killed",
            Self::KillServer { .. } => "servers killed",
            Self::EndSessions { .. } => "times sessions ended",
            Self::Cut { .. } => "times connections cut",
        }
    }
}

/// Runs an operation, with a fault in its midst.
pub async fn run(world: &World, operation: &Operation, fault: Fault, length: &mut Length) -> Ended {
    let begun = Instant::now();
    match fault {
        Fault::None => {
            let (ended, polls) = count_polls(operation.run(&world.pool), usize::MAX).await;
            *length = Length {
                time: begun.elapsed(),
                polls,
                ..*length
            };
            ended
        }
        Fault::Drop { polls } => {
            let (ended, polls) = count_polls(operation.run(&world.pool), polls).await;
            length.polls = length.polls.max(polls);
            ended
        }
        Fault::KillClient { after } => {
            let (home, shard) = world.direct_urls();
            let mut client = block_in_place(|| client::start(&home, &shard, operation));
            tokio::time::sleep(after).await;
            block_in_place(|| {
                let _ = client.kill();
                let _ = client.wait();
            });
            Ended::Silently
        }
        Fault::KillServer { after, .. } | Fault::EndSessions { after, .. } | Fault::Cut { after, .. } => {
            let strike = async {
                tokio::time::sleep(after).await;
                world.strike(fault).await;
                // Clients see that their sockets are closed.
                tokio::time::sleep(Duration::from_millis(20)).await;
            };
            let ((ended, _), ()) = tokio::join!(count_polls(operation.run(&world.pool), usize::MAX), strike);
            ended
        }
    }
}

/// Polls a future, but no more often than that.
async fn count_polls(future: impl Future<Output = Result<(), Failure>>, most: usize) -> (Ended, usize) {
    let mut future = pin!(future);
    let mut polls = 0;
    let counted = poll_fn(|context| {
        if polls >= most {
            return Poll::Ready(Ended::Silently);
        }
        polls += 1;
        future.as_mut().poll(context).map(Ended::Told)
    });
    let ended = tokio::time::timeout(NEVER, counted).await.unwrap_or(Ended::Never);
    (ended, polls)
}
