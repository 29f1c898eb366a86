//! A connection that is free now, or the next one that comes back.

use std::time::Duration;

use deadpool::managed::{Manager, Object, Pool, PoolError, Timeouts};

use crate::{pool::deadline::Deadline, signals::DurationCounts};

/// Doesn't wait for connections in use.
pub(crate) const NOW: Timeouts = Timeouts {
    wait: Some(Duration::ZERO),
    create: None,
    recycle: None,
};

/// A connection that is free now or, only if there is none, the next one that comes back: waiting takes a timer.
/// `Err(None)` if the time was over.
pub(crate) async fn free_or_awaited<M: Manager>(
    connections: &Pool<M>,
    wait_timeout: Duration,
    deadline: Deadline,
    is_full: impl Fn(&M::Error) -> bool,
    waits: &DurationCounts,
) -> Result<Object<M>, Option<PoolError<M::Error>>> {
    let mut last = None;
    for attempts in 0.. {
        let attempt = async {
            match connections.timeout_get(&NOW).await {
                Err(PoolError::Timeout(_)) => {
                    // A little less than the deadline, so that this timer ends the wait: it knows what the checkout
                    // waited for.
                    let wait = deadline
                        .left()
                        .min(wait_timeout)
                        .saturating_sub(Duration::from_millis(2));
                    let patience = Timeouts {
                        wait: Some(wait),
                        ..NOW
                    };
                    let _waits = waits.time();
                    Box::pin(connections.timeout_get(&patience)).await
                }
                result => result,
            }
        };
        match deadline.bound(attempt).await {
            Some(Ok(object)) => return Ok(object),
            // The pool may be larger than what the server has room for. A connection may come back, or the server may get
            // room.
            Some(Err(PoolError::Backend(error))) if is_full(&error) => {
                last = Some(PoolError::Backend(error));
                let _waits = waits.time();
                if !Box::pin(deadline.pause(attempts)).await {
                    break;
                }
            }
            Some(Err(error)) => return Err(Some(error)),
            None => break,
        }
    }
    Err(last)
}
