//! The guide for users' tests, `docs/testing.md`: its first test runs here as it is written there.

mod first_test;

/// The texts' words: rustfmt may break lines in other places than the guide.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn its_first_test_is_the_one_that_runs_here() {
    let guide = include_str!("../../../docs/testing.md");
    let (_, rest) = guide.split_once("```rust,ignore\n").expect("the guide has a test");
    let (written, _) = rest.split_once("```").expect("blocks end");
    let (_, run) = include_str!("first_test.rs")
        .split_once("\n\n")
        .expect("the file begins with a comment");
    assert_eq!(words(run), words(written));
}
