//! The segment of a path that names the tenant. A path that proxies and routers could read differently is refused.

use crate::web::Malformed;

/// A segment of a path, percent-decoded.
///
/// Routers differ in whether an empty segment counts. With an empty segment before the tenant's, a router could see
/// another tenant than this function. The same holds for proxies, and for segments that lead upwards.
pub(crate) fn path_segment(path: &str, index: usize) -> Result<Option<String>, Malformed> {
    if path.split('/').any(has_dots) {
        return Err(Malformed::DotSegment);
    }
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
    for _ in 0..index {
        match segments.next() {
            None => return Ok(None),
            Some("") => return no_segment(segments),
            Some(_) => {}
        }
    }
    match segments.next() {
        None => Ok(None),
        Some("") => no_segment(segments),
        Some(segment) => {
            let text = percent_encoding::percent_decode_str(segment).decode_utf8();
            text.map(|text| Some(text.into_owned())).map_err(|_| Malformed::NotText)
        }
    }
}

/// Whether some proxy or router could read a part of the segment as `.` or `..`.
///
/// Proxies decode a path before they check access, some of them more than once, and then pass on the original path.
/// Some read a backslash as a slash, read the text after a `;` as parameters of the segment, or drop everything after a
/// NUL.
fn has_dots(segment: &str) -> bool {
    // Most segments have neither a dot nor a percent sign, and need no decoding.
    if !segment.bytes().any(|byte| matches!(byte, b'.' | b'%')) {
        return false;
    }
    let (mut dots, mut others) = (0, false);
    let mut is_over = false;
    for byte in decoded(segment.as_bytes()) {
        match byte {
            b'/' | b'\\' if is_dots(dots, others) => return true,
            b'/' | b'\\' => (dots, others, is_over) = (0, false, false),
            b';' | b'?' | b'#' | b'\0' => is_over = true,
            _ if is_over || byte <= b' ' => {}
            b'.' => dots += 1,
            _ => others = true,
        }
    }
    is_dots(dots, others)
}

fn is_dots(dots: usize, others: bool) -> bool {
    !others && matches!(dots, 1 | 2)
}

/// The bytes of a text, decoded as often as they were encoded: `%2e` is a dot, and so are `%252e` and `%25252e`.
fn decoded(text: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (&first, mut behind) = rest.split_first()?;
        if first != b'%' {
            rest = behind;
            return Some(first);
        }
        while let Some(percent) = behind.strip_prefix(b"25") {
            behind = percent;
        }
        let digit = |at: usize| char::from(*behind.get(at)?).to_digit(16);
        let byte = digit(0).and_then(|high| Some(16 * high + digit(1)?));
        match byte {
            Some(byte) => {
                rest = &behind[2..];
                u8::try_from(byte).ok()
            }
            None => {
                rest = behind;
                Some(b'%')
            }
        }
    })
}

fn no_segment<'p>(mut others: impl Iterator<Item = &'p str>) -> Result<Option<String>, Malformed> {
    match others.all(str::is_empty) {
        true => Ok(None),
        false => Err(Malformed::EmptySegment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_dots_is_found_however_it_is_spelled() {
        let (ends, dots) = (["/", "%2f", "\\", "%5C", "%255c"], [".", "%2e", "%2E", "%25252e"]);
        for end in ends {
            for first in dots {
                for path in [
                    format!("/a/{first}{end}b"),
                    format!("/a/{first}.{end}b"),
                    format!("/a{end}.{first}"),
                    format!("/a{end}{first};x{end}b"),
                    format!("/a{end}{first}.%00b"),
                    format!("/a/x{end}{first}{first}%20{end}b"),
                ] {
                    assert_eq!(path_segment(&path, 0), Err(Malformed::DotSegment), "{path}");
                }
            }
        }
    }

    #[test]
    fn other_dots_and_signs_are_in_names() {
        for path in [
            "/a/b.c",
            "/a/...",
            "/a/..b",
            "/a/b..",
            "/a/.well-known",
            "/a/%",
            "/a/%2",
            "/a/%25",
            "/a/%2525",
            "/a/%zz.",
            "/a/.%25",
            "/a/x;.",
            "/a/x;y=..",
            "/a/%20",
            "/a/1%2F2",
            "/a/",
        ] {
            assert_eq!(path_segment(path, 0), Ok(Some("a".to_owned())), "{path}");
        }
    }
}
