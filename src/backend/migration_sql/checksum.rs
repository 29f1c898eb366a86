use sha2::{Digest, Sha256};

/// The checksum of a migration's SQL: the first half of its SHA-256, in hexadecimal digits.
///
/// Line ends don't count, so a checkout on Windows gives the same checksum.
pub(crate) fn of(messages: &[String]) -> String {
    let mut hash = Sha256::new();
    for message in messages {
        for line in message.lines() {
            hash.update(line);
            hash.update("\n");
        }
    }
    hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn line_ends_do_not_count_and_all_else_does() {
        let unix = of(&["CREATE TABLE a ();\nCREATE TABLE b ();\n".to_owned()]);
        let windows = of(&["CREATE TABLE a ();\r\nCREATE TABLE b ();\r\n".to_owned()]);
        let other = of(&["CREATE TABLE a ();\nCREATE TABLE  b ();\n".to_owned()]);
        assert_eq!(unix, windows);
        assert_ne!(unix, other);
        assert_eq!(unix.len(), 32);
    }
}
