use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::transfer::{
    ExportedVersion, FormatError,
    format::{Fields, Tag},
    reader::Reader,
    writer::Writer,
};

/// Everything in the export of a file except its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) tenant: String,
    /// The version of SQLite, as in `sqlite3_libversion_number`.
    pub(super) sqlite_version: u32,
    /// The version of this library.
    pub(super) written_by: String,
    pub(super) is_suspended: bool,
    pub(super) versions: Vec<ExportedVersion>,
}

impl Head {
    pub(super) async fn write<W: AsyncWrite + Unpin>(&self, writer: &mut Writer<W>) -> io::Result<()> {
        let Self {
            tenant,
            sqlite_version,
            written_by,
            is_suspended,
            versions,
        } = self;
        let fields = Fields::default().text(tenant).count(*sqlite_version).text(written_by);
        writer.section(Tag::File, &fields.flag(*is_suspended)).await?;
        for version in versions {
            version.write(writer).await?;
        }
        writer.checksum(Tag::HeadEnd).await
    }

    /// Reads a head to its end, where a checksum proves that it is unchanged.
    pub(super) async fn read<R: AsyncRead + Unpin>(reader: &mut Reader<R>) -> Result<Self, FormatError> {
        let mut head: Option<Self> = None;
        loop {
            let (tag, payload) = reader.section().await?;
            match (tag, &mut head) {
                (Tag::File, None) => {
                    head = Some(reader.take(&payload, |fields| {
                        Some(Self {
                            tenant: fields.text()?,
                            sqlite_version: fields.count()?,
                            written_by: fields.text()?,
                            is_suspended: fields.flag()?,
                            ..Self::default()
                        })
                    })?);
                }
                (Tag::Tenant | Tag::Database, None) => {
                    return Err(FormatError::AnotherDatabase {
                        exported_from: if tag == Tag::Tenant { "PostgreSQL" } else { "MySQL" },
                        this: "SQLite",
                    });
                }
                (Tag::Version, Some(head)) => head.versions.push(reader.take(&payload, ExportedVersion::read)?),
                (Tag::HeadEnd, Some(_)) => return Ok(head.unwrap_or_default()),
                _ => return Err(reader.damaged("its sections are not in order")),
            }
        }
    }
}
