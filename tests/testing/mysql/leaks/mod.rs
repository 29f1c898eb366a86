//! Ways to leak, by the pool and by hand.

mod by_pool;
mod cases;
mod changes;
mod in_use;
mod reads;
mod unseen;
mod writes;

use cases::check_all;

#[tokio::test]
async fn reads_by_hand() {
    check_all(reads::READS).await;
}

#[tokio::test]
async fn writes_by_hand() {
    check_all(writes::WRITES).await;
}

#[tokio::test]
async fn changes_by_hand() {
    check_all(changes::CHANGES).await;
}

#[tokio::test]
async fn what_is_not_seen() {
    check_all(unseen::UNSEEN).await;
}
