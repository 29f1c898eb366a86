use diesel_tenants_translate::SchemaName;

/// The ending of the files of tenants, and of the shared schema's.
pub(super) const DATABASE: &str = ".db";

/// The longest name that file systems take is 255 bytes. The longest that is made from a stem is
/// `stem.0123456789abcdef.unfinished-journal`.
const LONGEST_STEM: usize = 255 - 36;

/// Names that SQLite gives to files of its own.
pub(crate) const RESERVED: [&str; 2] = ["main", "temp"];

/// Names that Windows keeps for devices, whatever ending follows.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Why a schema's name can't be a file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileNameError {
    #[error(
        "{name:?} has capital letters, which SQLite does not tell from small ones in the names of schemas: use {:?}",
        .name.to_ascii_lowercase()
    )]
    Capitals { name: String },
    #[error("{name:?} is a name that SQLite gives to files of its own: choose another one")]
    Reserved { name: String },
    #[error("{name:?} is the shared schema, not a tenant")]
    Shared { name: String },
    #[error(
        "{name:?} is too long for the name of a file: it takes {bytes} bytes there, and {LONGEST_STEM} are possible"
    )]
    TooLong { name: String, bytes: usize },
}

/// The name of a schema's file, without its ending.
///
/// Every byte but `[a-z0-9_-]` is written as `%` and two digits. So the name is the same on every file system, stays in
/// the folder, and never means two schemas. Two schemas whose names differ only in the case of letters could not be
/// attached at the same time: names with capital letters are refused.
pub(super) fn stem(name: &str) -> Result<String, FileNameError> {
    let owned = || name.to_owned();
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(FileNameError::Capitals { name: owned() });
    }
    if RESERVED.contains(&name) {
        return Err(FileNameError::Reserved { name: owned() });
    }
    let is_device = is_device(name);
    let mut stem = String::with_capacity(name.len());
    for (index, byte) in name.bytes().enumerate() {
        let is_plain = matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-') && !(is_device && index == 0);
        match is_plain {
            true => stem.push(char::from(byte)),
            false => stem.push_str(&format!("%{byte:02X}")),
        }
    }
    match stem.len() {
        0..=LONGEST_STEM => Ok(stem),
        bytes => Err(FileNameError::TooLong { name: owned(), bytes }),
    }
}

/// The schema whose file has this name, without its ending. `None` for a name that is no schema's, or is spelt in
/// another way than [`stem`] spells it.
pub(super) fn schema(stem_of_file: &str) -> Option<SchemaName> {
    let mut bytes = Vec::with_capacity(stem_of_file.len());
    let mut rest = stem_of_file.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    let name = String::from_utf8(bytes).ok()?;
    let is_ours = stem(&name).is_ok_and(|stem| stem == stem_of_file);
    is_ours.then(|| SchemaName::new(&name).ok())?
}

fn is_device(name: &str) -> bool {
    let is_numbered = |prefix: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|number| matches!(number.as_bytes(), [b'0'..=b'9']))
    };
    DEVICES.contains(&name) || is_numbered("com") || is_numbered("lpt")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_hostile_name_stays_in_the_folder_and_is_read_back() {
        for (name, file) in [
            ("client1", "client1"),
            ("client-1_x", "client-1_x"),
            ("..", "%2E%2E"),
            ("a/b", "a%2Fb"),
            ("a\\b", "a%5Cb"),
            ("ends.", "ends%2E"),
            (" ", "%20"),
            ("ä", "%C3%A4"),
            ("Ä", "%C3%84"),
            ("50%", "50%25"),
            ("con", "%63on"),
            ("com7", "%63om7"),
            ("lpt1", "%6Cpt1"),
            ("conny", "conny"),
            ("a?mode=rwc", "a%3Fmode%3Drwc"),
            ("x\"; DROP", ""),
        ] {
            if file.is_empty() {
                continue;
            }
            assert_eq!(stem(name).as_deref(), Ok(file));
            assert_eq!(schema(file).unwrap().as_str(), name);
        }
    }

    #[test]
    fn no_two_names_share_a_file_even_if_the_file_system_ignores_case() {
        let mut names: HashMap<String, String> = HashMap::new();
        let alphabet = ["a", "%", "2", "e", "E", ".", "/", "ä", "Ä", "-", "c", "on"];
        for one in alphabet {
            for two in alphabet {
                for three in alphabet {
                    let name = [one, two, three].concat();
                    let Ok(stem) = stem(&name) else {
                        assert!(name.contains('E'), "{name}");
                        continue;
                    };
                    if let Some(other) = names.insert(stem.to_lowercase(), name.clone()) {
                        // Both are put together from these letters in two ways.
                        assert_eq!(other, name);
                    }
                    assert_eq!(schema(&stem).unwrap().as_str(), name);
                }
            }
        }
    }

    #[test]
    fn names_that_differ_by_case_alone_are_impossible() {
        assert_eq!(
            stem("Client1").unwrap_err().to_string(),
            "\"Client1\" has capital letters, which SQLite does not tell from small ones in the names of schemas: use \
             \"client1\""
        );
        assert!(matches!(stem("CON"), Err(FileNameError::Capitals { .. })));
        assert!(matches!(stem("main"), Err(FileNameError::Reserved { .. })));
        assert!(matches!(stem("temp"), Err(FileNameError::Reserved { .. })));
    }

    #[test]
    fn a_name_too_long_for_a_file_is_refused() {
        assert!(stem(&"ä".repeat(31)).is_ok(), "every valid name of a schema fits");
        assert!(matches!(
            stem(&"a".repeat(300)),
            Err(FileNameError::TooLong { bytes: 300, .. })
        ));
    }

    #[test]
    fn a_file_spelt_in_another_way_is_no_tenants() {
        for file in [
            "%41", "%2e", "Client1", "%61", "a%", "a%2", "a%ZZ", "%FF", "", "main", "pg_x", "a.b", "con", "%+1",
        ] {
            assert_eq!(schema(file), None, "{file}");
        }
    }
}
