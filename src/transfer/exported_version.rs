use std::io;

use tokio::io::AsyncWrite;

use super::{
    format::{Fields, Tag, Taking},
    writer::Writer,
};

/// A migration that an exported tenant has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportedVersion {
    /// Its version.
    pub version: String,
    /// The checksum of the applied migration, if one was recorded.
    pub checksum: Option<String>,
}

impl From<(String, Option<String>)> for ExportedVersion {
    fn from((version, checksum): (String, Option<String>)) -> Self {
        Self { version, checksum }
    }
}

impl ExportedVersion {
    pub(super) async fn write<W: AsyncWrite + Unpin>(&self, writer: &mut Writer<W>) -> io::Result<()> {
        let Self { version, checksum } = self;
        let fields = Fields::default().text(version).optional(checksum.as_deref());
        writer.section(Tag::Version, &fields).await
    }

    pub(super) fn read(fields: &mut Taking<'_>) -> Option<Self> {
        Some(Self {
            version: fields.text()?,
            checksum: fields.optional()?,
        })
    }
}
