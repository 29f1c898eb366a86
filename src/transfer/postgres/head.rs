//! What an export says before its rows: whose it is, what it needs, and the statements that create the objects.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    backend::postgres::catalog::requirements::Requirement,
    transfer::{
        ExportedVersion, FormatError,
        format::{Fields, MAX_SECTION, Tag},
        reader::Reader,
        writer::Writer,
    },
};

/// Everything in an export except its rows and the positions of its sequences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) tenant: String,
    /// The server's version, as in `server_version_num`.
    pub(super) server_version: u32,
    /// The version of this library.
    pub(super) written_by: String,
    pub(super) is_suspended: bool,
    pub(super) versions: Vec<ExportedVersion>,
    pub(super) requirements: Vec<Requirement>,
    /// The objects that are created before the rows.
    pub(super) before: Vec<CreateStatements>,
    /// The objects that are created after the rows.
    pub(super) after: Vec<CreateStatements>,
}

/// The statements that create an object, with marks in place of the schema's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CreateStatements {
    /// The object, in words for people.
    pub(super) object: String,
    pub(super) statements: String,
}

impl CreateStatements {
    fn fields(&self, has_rows: bool) -> Fields {
        let fields = Fields::default().flag(has_rows);
        fields.text(&self.object).text(&self.statements)
    }
}

impl Head {
    /// Descriptions of objects whose statements don't fit into a section.
    pub(super) fn oversized(&self) -> Vec<String> {
        let all = self.before.iter().chain(&self.after);
        all.filter(|object| object.fields(false).bytes().len() > MAX_SECTION)
            .map(|object| object.object.clone())
            .collect()
    }

    pub(super) async fn write<W: AsyncWrite + Unpin>(&self, writer: &mut Writer<W>) -> io::Result<()> {
        let Self {
            tenant,
            server_version,
            written_by,
            is_suspended,
            versions,
            requirements,
            before,
            after,
        } = self;
        let fields = Fields::default().text(tenant).count(*server_version).text(written_by);
        writer.section(Tag::Tenant, &fields.flag(*is_suspended)).await?;
        for version in versions {
            version.write(writer).await?;
        }
        for Requirement { kind, name, schema } in requirements {
            let fields = Fields::default().text(kind).text(name).text(schema);
            writer.section(Tag::Requirement, &fields).await?;
        }
        for (objects, has_rows) in [(before, false), (after, true)] {
            for object in objects {
                writer.section(Tag::Object, &object.fields(has_rows)).await?;
            }
        }
        writer.checksum(Tag::HeadEnd).await
    }

    /// Reads a head to its end, where a checksum proves that it is unchanged.
    pub(super) async fn read<R: AsyncRead + Unpin>(reader: &mut Reader<R>) -> Result<Self, FormatError> {
        let mut head = None;
        loop {
            let (tag, payload) = reader.section().await?;
            match (tag, &mut head) {
                (Tag::Tenant, None) => {
                    head = Some(reader.take(&payload, |fields| {
                        Some(Self {
                            tenant: fields.text()?,
                            server_version: fields.count()?,
                            written_by: fields.text()?,
                            is_suspended: fields.flag()?,
                            ..Self::default()
                        })
                    })?);
                }
                (Tag::File | Tag::Database, None) => {
                    return Err(FormatError::AnotherDatabase {
                        exported_from: if tag == Tag::File { "SQLite" } else { "MySQL" },
                        this: "PostgreSQL",
                    });
                }
                (Tag::Version, Some(head)) => head.versions.push(reader.take(&payload, ExportedVersion::read)?),
                (Tag::Requirement, Some(head)) => head.requirements.push(reader.take(&payload, |fields| {
                    Some(Requirement {
                        kind: fields.text()?,
                        name: fields.text()?,
                        schema: fields.text()?,
                    })
                })?),
                (Tag::Object, Some(head)) => {
                    let (has_rows, object) = reader.take(&payload, |fields| {
                        let has_rows = fields.flag()?;
                        let (object, statements) = (fields.text()?, fields.text()?);
                        Some((has_rows, CreateStatements { object, statements }))
                    })?;
                    let stage = if has_rows { &mut head.after } else { &mut head.before };
                    stage.push(object);
                }
                (Tag::HeadEnd, Some(_)) => return Ok(head.unwrap_or_default()),
                _ => return Err(reader.damaged("its sections are not in order")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_head_comes_back_as_it_was_written() {
        let create_statements = |object: &str| CreateStatements {
            object: object.to_owned(),
            statements: "CREATE TABLE \"\u{1}this schema\u{1}\".x ()".to_owned(),
        };
        let head = Head {
            tenant: "größe".to_owned(),
            server_version: 170_004,
            written_by: "0.1.0".to_owned(),
            is_suspended: true,
            versions: vec![ExportedVersion {
                version: "001".to_owned(),
                checksum: None,
            }],
            requirements: vec![Requirement {
                kind: "extension".to_owned(),
                name: "citext".to_owned(),
                schema: "ext".to_owned(),
            }],
            before: vec![create_statements("table x")],
            after: vec![create_statements("index y"), create_statements("index z")],
        };
        let mut bytes = Vec::new();
        let mut writer = Writer::begin(&mut bytes).await.unwrap();
        head.write(&mut writer).await.unwrap();
        assert_eq!(writer.written(), bytes.len() as u64);
        let mut reader = Reader::begin(&bytes[..]).await.unwrap();
        assert_eq!(Head::read(&mut reader).await.unwrap(), head);
    }
}
