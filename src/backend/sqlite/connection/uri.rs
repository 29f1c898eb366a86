use std::{fmt::Write as _, path::Path};

use super::Access;

/// The file's name for ATTACH, as a URI in which nothing has to be quoted. A URI can say that no file is to be created.
/// `None` if no URI can name the file.
pub(super) fn uri(path: &Path, access: Access) -> Option<String> {
    let bytes = bytes_of(path)?;
    // An empty authority, so that the beginning of the path isn't taken for one.
    let mut uri = String::from(if bytes.starts_with(b"/") { "file://" } else { "file:" });
    for &byte in &*bytes {
        match byte {
            0 => return None,
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => uri.push(byte.into()),
            _ => _ = write!(uri, "%{byte:02X}"),
        }
    }
    uri.push_str(match access {
        Access::ReadWrite => "?mode=rw",
        Access::ReadOnly => "?mode=ro",
    });
    Some(uri)
}

#[cfg(unix)]
fn bytes_of(path: &Path) -> Option<std::borrow::Cow<'_, [u8]>> {
    Some(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).into())
}

#[cfg(not(unix))]
fn bytes_of(path: &Path) -> Option<std::borrow::Cow<'_, [u8]>> {
    let path = path.to_str()?.replace('\\', "/");
    let is_on_drive = path.as_bytes().get(1) == Some(&b':');
    let root = if is_on_drive { "/" } else { "" };
    Some(format!("{root}{path}").into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_plain_letters_is_encoded() {
        let uri = |path: &str| uri(Path::new(path), Access::ReadWrite);
        assert_eq!(uri("/data/client1.db").unwrap(), "file:///data/client1.db?mode=rw");
        assert_eq!(
            uri("data/it's 100%?#.db").unwrap(),
            "file:data/it%27s%20100%25%3F%23.db?mode=rw"
        );
        assert_eq!(uri("//host/ä").unwrap(), "file:////host/%C3%A4?mode=rw");
        assert_eq!(uri("a\0b"), None);
    }
}
