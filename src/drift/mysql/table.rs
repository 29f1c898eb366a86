//! A table's definition, taken apart into what a statement can change.

use crate::drift::ObjectKind;

/// A table as `SHOW CREATE TABLE` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table<'a> {
    pub(super) parts: Vec<Part<'a>>,
    /// What stands behind the columns: the engine, the character set, partitions.
    pub(super) options: &'a str,
}

/// A column, a key or a constraint: one line of the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) kind: ObjectKind,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl<'a> Table<'a> {
    /// `None` if the definition looks otherwise than expected.
    pub(super) fn read(definition: &'a str) -> Option<Self> {
        let (first, rest) = definition.split_once("\n")?;
        if !first.ends_with('(') {
            return None;
        }
        let (body, options) = rest.split_once("\n)")?;
        let parts = body.split('\n').map(|line| {
            let line = line.strip_prefix("  ")?;
            Part::read(line.strip_suffix(',').unwrap_or(line))
        });
        Some(Self {
            parts: parts.collect::<Option<_>>()?,
            options,
        })
    }

    pub(super) fn part(&self, kind: ObjectKind, name: &str) -> Option<&Part<'a>> {
        self.parts.iter().find(|part| part.kind == kind && part.name == name)
    }

    /// The columns in their order.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Part<'a>> {
        self.parts.iter().filter(|part| part.kind == ObjectKind::Column)
    }
}

impl<'a> Part<'a> {
    fn read(text: &'a str) -> Option<Self> {
        const BEGINNINGS: [(&str, ObjectKind); 6] = [
            ("`", ObjectKind::Column),
            ("UNIQUE KEY `", ObjectKind::Key),
            ("KEY `", ObjectKind::Index),
            ("FULLTEXT KEY `", ObjectKind::Index),
            ("SPATIAL KEY `", ObjectKind::Index),
            ("CONSTRAINT `", ObjectKind::Check),
        ];
        if text.starts_with("PRIMARY KEY") {
            return Some(Self {
                kind: ObjectKind::Key,
                name: "PRIMARY",
                text,
            });
        }
        let (beginning, kind) = BEGINNINGS.iter().find(|(beginning, _)| text.starts_with(beginning))?;
        let behind = &text[beginning.len()..];
        let name = quoted(behind)?;
        let is_foreign_key = behind[name.len()..].starts_with("` FOREIGN KEY");
        Some(Self {
            kind: if is_foreign_key { ObjectKind::ForeignKey } else { *kind },
            name,
            text,
        })
    }

    /// The change of a table that takes the part away.
    pub(super) fn drop(&self) -> String {
        let Self { kind, name, .. } = self;
        match (kind, *name) {
            (ObjectKind::Key, "PRIMARY") => "DROP PRIMARY KEY".to_owned(),
            (ObjectKind::Key | ObjectKind::Index, name) => format!("DROP INDEX `{name}`"),
            (ObjectKind::ForeignKey, name) => format!("DROP FOREIGN KEY `{name}`"),
            (ObjectKind::Check, name) => format!("DROP CONSTRAINT `{name}`"),
            (_, name) => format!("DROP COLUMN `{name}`"),
        }
    }
}

/// The beginning of a text up to the backtick that ends it. Those that are doubled are a part of it.
fn quoted(text: &str) -> Option<&str> {
    let mut from = 0;
    loop {
        let end = from + text[from..].find('`')?;
        match text[end + 1..].starts_with('`') {
            true => from = end + 2,
            false => return Some(&text[..end]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_taken_apart() {
        let definition = "CREATE TABLE `orders` (\n  `id` bigint(20) NOT NULL COMMENT 'a, b',\n  `a``b` int(11) DEFAULT \
                          NULL,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`a``b`),\n  KEY `i` (`id`),\n  CONSTRAINT `f` \
                          FOREIGN KEY (`id`) REFERENCES `items` (`id`),\n  CONSTRAINT `c` CHECK (`id` > 0)\n) ENGINE=InnoDB";
        let table = Table::read(definition).unwrap();
        let parts: Vec<_> = table.parts.iter().map(|part| (part.kind, part.name)).collect();
        assert_eq!(
            parts,
            [
                (ObjectKind::Column, "id"),
                (ObjectKind::Column, "a``b"),
                (ObjectKind::Key, "PRIMARY"),
                (ObjectKind::Key, "u"),
                (ObjectKind::Index, "i"),
                (ObjectKind::ForeignKey, "f"),
                (ObjectKind::Check, "c"),
            ]
        );
        assert_eq!(table.options, " ENGINE=InnoDB");
        let drops: Vec<String> = table.parts.iter().map(Part::drop).collect();
        assert_eq!(drops[0], "DROP COLUMN `id`");
        assert_eq!(drops[5], "DROP FOREIGN KEY `f`");
        assert_eq!(Table::read("CREATE TABLE `x` LIKE `y`"), None);
    }
}
