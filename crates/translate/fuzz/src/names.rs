//! Identifiers, read without the translator: what it says is checked against this.

/// The identifier which begins at a byte of the text, and its length there: a word, `"…"`, or `U&"…"` with its UESCAPE.
///
/// The name is not cut at 63 bytes. With an escape that means no character it is what stands between the quotes.
pub fn identifier_at(sql: &str, start: usize) -> Option<(String, usize)> {
    let rest = &sql[start..];
    if let Some(body) = rest.strip_prefix('"') {
        let (name, length) = quoted(body)?;
        return Some((name, length + 1));
    }
    if let Some(body) = rest.strip_prefix("U&\"").or_else(|| rest.strip_prefix("u&\"")) {
        let (raw, length) = quoted(body)?;
        let (escape, behind) = uescape(&body[length..]).unwrap_or(('\\', 0));
        let name = decoded(&raw, escape).unwrap_or(raw);
        return Some((name, 3 + length + behind));
    }
    let word: String = rest
        .chars()
        .take_while(|&c| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii())
        .collect();
    let begins = word.chars().next().is_some_and(|c| !c.is_ascii_digit() && c != '$');
    begins.then(|| (word.to_ascii_lowercase(), word.len()))
}

/// What may be an identifier, anywhere in the text: inside of strings and comments as well. Each comes once more as the
/// server would cut it.
pub fn identifiers(sql: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (start, c) in sql.char_indices() {
        let inside = sql[..start]
            .chars()
            .next_back()
            .is_some_and(|before| before.is_ascii_alphabetic() && c.is_ascii_alphabetic());
        if inside {
            continue;
        }
        if let Some((mut name, _)) = identifier_at(sql, start) {
            name.truncate(name.floor_char_boundary(63));
            names.push(name);
        }
    }
    names
}

/// The text up to the closing quote with its doubled quotes halved, and its length with that quote.
fn quoted(body: &str) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut chars = body.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if chars.peek().is_some_and(|&(_, next)| next == '"') => {
                chars.next();
                name.push('"');
            }
            '"' => return Some((name, at + 1)),
            _ => name.push(c),
        }
    }
    None
}

/// The escape character of `UESCAPE 'c'`, and how far it reaches. Comments between are not understood.
fn uescape(rest: &str) -> Option<(char, usize)> {
    let word = rest.trim_start();
    let behind = word.get(.."uescape".len())?;
    let string = word["uescape".len()..].trim_start();
    let mut chars = string.strip_prefix('\'')?.chars();
    let escape = chars.next()?;
    let closed = behind.eq_ignore_ascii_case("uescape") && chars.next() == Some('\'');
    closed.then(|| (escape, rest.len() - string.len() + 2 + escape.len_utf8()))
}

fn decoded(raw: &str, escape: char) -> Option<String> {
    let mut units = Vec::new();
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let mut unit = [0; 2];
        if c != escape {
            units.extend_from_slice(c.encode_utf16(&mut unit));
        } else if let Some(behind) = rest.strip_prefix(escape) {
            rest = behind;
            units.extend_from_slice(c.encode_utf16(&mut unit));
        } else {
            let (digits, behind) = match rest.strip_prefix('+') {
                Some(long) => (long.get(..6)?, long.get(6..)?),
                None => (rest.get(..4)?, rest.get(4..)?),
            };
            let code = u32::from_str_radix(digits, 16).ok()?;
            match char::from_u32(code) {
                Some(c) => units.extend_from_slice(c.encode_utf16(&mut unit)),
                None => units.push(u16::try_from(code).ok()?),
            }
            rest = behind;
        }
    }
    String::from_utf16(&units).ok()
}
