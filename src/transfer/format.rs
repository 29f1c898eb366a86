//! The bytes of an export: magic bytes, a version, and sections of a tag, a length and a payload. All numbers are
//! big-endian.

use crate::variants::with_all_variants;

/// The beginning of every export. As in PNG, it has a byte that isn't text, and line ends that a transfer as text would
/// change.
pub(super) const MAGIC: [u8; 8] = *b"\x89DTX\r\n\x1a\n";

/// The version of the format that this library writes, and the newest version that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// The longest payload of a section of rows, in bytes.
pub(super) const MAX_ROWS: usize = 64 * 1024;
/// The longest payload of any other section, in bytes: a damaged length must not fill the memory.
pub(super) const MAX_SECTION: usize = 16 * 1024 * 1024;
/// Bytes of a section's tag and length.
pub(super) const SECTION_HEAD: usize = 5;

with_all_variants! {
    /// The contents of a section.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) enum Tag {
        /// Where the export comes from.
        Tenant,
        /// A migration that is applied.
        Version,
        /// Something that the importing database must already have.
        Requirement,
        /// The statements that create an object.
        Object,
        /// The checksum of everything before it, at the end of the head.
        HeadEnd,
        /// A table whose rows follow.
        Table,
        /// Some bytes of a table's rows.
        Rows,
        /// The end of a table's rows.
        TableEnd,
        /// The position of a sequence.
        Sequence,
        /// The checksum of everything before it, at the end.
        End,
        /// Where the export of a file of SQLite comes from. It takes the place of [`Tenant`](Self::Tenant), and the bytes
        /// of the file that of all rows.
        File,
        /// Where the export of a database of MySQL comes from. It takes the place of [`Tenant`](Self::Tenant).
        Database,
    }
    const ALL;
}

impl Tag {
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Tenant => b'T',
            Self::Version => b'V',
            Self::Requirement => b'R',
            Self::Object => b'O',
            Self::HeadEnd => b'H',
            Self::Table => b'B',
            Self::Rows => b'D',
            Self::TableEnd => b'E',
            Self::Sequence => b'S',
            Self::End => b'Z',
            Self::File => b'F',
            Self::Database => b'M',
        }
    }

    pub(super) fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.byte() == byte)
    }

    /// The longest payload of such a section.
    pub(super) fn limit(self) -> usize {
        match self {
            Self::Rows => MAX_ROWS,
            _ => MAX_SECTION,
        }
    }
}

/// A payload that is being written.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<u8>);

impl Fields {
    /// Writes a text: its length, and its bytes.
    pub(super) fn text(mut self, text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.extend(length.to_be_bytes());
        self.0.extend(text.as_bytes());
        self
    }

    /// Writes a list of texts: their number, and each text.
    pub(super) fn texts(self, texts: &[String]) -> Self {
        let count = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        texts.iter().fold(self.count(count), |fields, text| fields.text(text))
    }

    /// Writes an optional text: a byte that says whether there is a text, and the text.
    pub(super) fn optional(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.flag(true).text(text),
            None => self.flag(false),
        }
    }

    pub(super) fn flag(mut self, flag: bool) -> Self {
        self.0.push(u8::from(flag));
        self
    }

    pub(super) fn count(mut self, count: u32) -> Self {
        self.0.extend(count.to_be_bytes());
        self
    }

    pub(super) fn long(mut self, number: i64) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A payload that is being read. Its methods return `None` if it ends too early, or isn't UTF-8.
#[derive(Debug)]
pub(super) struct Taking<'a>(pub(super) &'a [u8]);

impl Taking<'_> {
    pub(super) fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.count()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok().map(str::to_owned)
    }

    pub(super) fn texts(&mut self) -> Option<Vec<String>> {
        // No memory is reserved in advance: a damaged count must not fill the memory.
        (0..self.count()?).map(|_| self.text()).collect()
    }

    pub(super) fn optional(&mut self) -> Option<Option<String>> {
        if self.flag()? {
            self.text().map(Some)
        } else {
            Some(None)
        }
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.array()? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    pub(super) fn count(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn long(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    /// `Some` if nothing is left.
    pub(super) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_by_their_bytes() {
        for tag in Tag::ALL {
            assert_eq!(Tag::of(tag.byte()), Some(tag));
        }
        assert_eq!(Tag::of(b'?'), None);
    }

    #[test]
    fn fields_come_back_as_they_were_and_never_past_their_end() {
        let texts = ["größe".to_owned(), String::new()];
        let fields = Fields::default()
            .text("it's")
            .texts(&texts)
            .optional(None)
            .optional(Some("x"))
            .long(-7);
        let read = |bytes: &[u8]| {
            let mut taking = Taking(bytes);
            let all = (
                taking.text()?,
                taking.texts()?,
                taking.optional()?,
                taking.optional()?,
                taking.long()?,
            );
            taking.end().map(|()| all)
        };
        let whole = read(fields.bytes()).unwrap();
        assert_eq!(whole, ("it's".into(), texts.to_vec(), None, Some("x".into()), -7));
        for length in 0..fields.bytes().len() {
            assert_eq!(read(&fields.bytes()[..length]), None, "{length}");
        }
        assert_eq!(read(&[fields.bytes(), b"more"].concat()), None);
    }
}
