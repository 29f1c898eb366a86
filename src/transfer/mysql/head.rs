use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    backend::mysql::{
        DefinitionKind,
        lifecycle::{Definition, Structure},
        rows::{ColumnKind, RowColumn, RowTable},
    },
    transfer::{
        ExportedVersion, FormatError,
        format::{Fields, MAX_SECTION, Tag, Taking},
        reader::Reader,
        writer::Writer,
    },
};

/// Everything in an export except its rows and the positions of its sequences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) tenant: String,
    /// The name of the shared database.
    pub(super) shared: String,
    /// The server's version, as `VERSION()` gives it.
    pub(super) server: String,
    /// The version of this library.
    pub(super) written_by: String,
    pub(super) is_suspended: bool,
    pub(super) versions: Vec<ExportedVersion>,
    pub(super) structure: Structure,
}

impl Head {
    /// What doesn't fit into a section.
    pub(super) fn oversized(&self) -> Vec<String> {
        let all = self.structure.tables.iter().chain(&self.structure.objects);
        let large = all.filter(|definition| fields_of(definition).bytes().len() > MAX_SECTION);
        large.map(Definition::named).collect()
    }

    pub(super) async fn write<W: AsyncWrite + Unpin>(&self, writer: &mut Writer<W>) -> io::Result<()> {
        let Self {
            tenant,
            shared,
            server,
            written_by,
            is_suspended,
            versions,
            structure:
                Structure {
                    character_set,
                    collation,
                    tables,
                    objects,
                },
        } = self;
        let fields = Fields::default()
            .text(tenant)
            .text(shared)
            .text(server)
            .text(written_by);
        let fields = fields.flag(*is_suspended).text(character_set).text(collation);
        writer.section(Tag::Database, &fields).await?;
        for version in versions {
            version.write(writer).await?;
        }
        for definition in tables.iter().chain(objects) {
            writer.section(Tag::Object, &fields_of(definition)).await?;
        }
        writer.checksum(Tag::HeadEnd).await
    }

    /// Reads a head to its end, where a checksum proves that it is unchanged.
    pub(super) async fn read<R: AsyncRead + Unpin>(reader: &mut Reader<R>) -> Result<Self, FormatError> {
        let mut head: Option<Self> = None;
        let another = |exported_from| FormatError::AnotherDatabase {
            exported_from,
            this: "MySQL",
        };
        loop {
            let (tag, payload) = reader.section().await?;
            match (tag, &mut head) {
                (Tag::Database, None) => head = Some(reader.take(&payload, Self::begin)?),
                (Tag::Tenant, None) => return Err(another("PostgreSQL")),
                (Tag::File, None) => return Err(another("SQLite")),
                (Tag::Version, Some(head)) => head.versions.push(reader.take(&payload, ExportedVersion::read)?),
                (Tag::Object, Some(head)) => {
                    let definition = reader.take(&payload, definition)?;
                    let definition = definition.ok_or_else(|| reader.damaged(UNKNOWN_KIND))?;
                    let Structure { tables, objects, .. } = &mut head.structure;
                    let list = if definition.kind.holds_data() { tables } else { objects };
                    list.push(definition);
                }
                (Tag::HeadEnd, Some(_)) => return Ok(head.unwrap_or_default()),
                _ => return Err(reader.damaged("its sections are not in order")),
            }
        }
    }

    fn begin(fields: &mut Taking<'_>) -> Option<Self> {
        Some(Self {
            tenant: fields.text()?,
            shared: fields.text()?,
            server: fields.text()?,
            written_by: fields.text()?,
            is_suspended: fields.flag()?,
            versions: Vec::new(),
            structure: Structure {
                character_set: fields.text()?,
                collation: fields.text()?,
                ..Structure::default()
            },
        })
    }

    /// The server's version as a number: 101119 for 10.11.19.
    pub(super) fn server_version(&self) -> u32 {
        let numbers = self.server.split(|letter: char| !letter.is_ascii_digit());
        let mut numbers = numbers.map(|number| number.parse::<u32>().unwrap_or_default());
        let mut next = || numbers.next().unwrap_or_default().min(9_999);
        next() * 10_000 + next() * 100 + next()
    }
}

fn fields_of(definition: &Definition) -> Fields {
    let Definition {
        kind,
        name,
        sql,
        sql_mode,
    } = definition;
    Fields::default().text(kind.word()).text(name).text(sql).text(sql_mode)
}

const UNKNOWN_KIND: &str = "it holds an object of a kind that this version of the library does not know";

/// The definition, unless it is of an unknown kind.
fn definition(fields: &mut Taking<'_>) -> Option<Option<Definition>> {
    let kind = DefinitionKind::of_word(&fields.text()?);
    let (name, sql, sql_mode) = (fields.text()?, fields.text()?, fields.text()?);
    Some(kind.map(|kind| Definition {
        kind,
        name,
        sql,
        sql_mode,
    }))
}

pub(super) fn fields_of_table(table: &RowTable) -> Fields {
    let names = table.columns.iter().map(|column| column.name.clone());
    let kinds = table.columns.iter().map(|column| column.kind.word().to_owned());
    let (names, kinds): (Vec<String>, Vec<String>) = (names.collect(), kinds.collect());
    Fields::default().text(&table.name).texts(&names).texts(&kinds)
}

pub(super) fn table(fields: &mut Taking<'_>) -> Option<RowTable> {
    let name = fields.text()?;
    let (names, kinds) = (fields.texts()?, fields.texts()?);
    if names.len() != kinds.len() {
        return None;
    }
    let columns = names.into_iter().zip(kinds).map(|(name, kind)| {
        Some(RowColumn {
            name,
            kind: ColumnKind::of_word(&kind)?,
        })
    });
    Some(RowTable {
        name,
        columns: columns.collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_head_comes_back_as_it_was_written() {
        let definition = |kind: DefinitionKind| Definition {
            kind,
            name: "größe".to_owned(),
            sql: format!("CREATE {} …", kind.word()),
            sql_mode: "ANSI".to_owned(),
        };
        let head = Head {
            tenant: "client1".to_owned(),
            shared: "public".to_owned(),
            server: "10.11.19-MariaDB-log".to_owned(),
            written_by: "0.1.0".to_owned(),
            is_suspended: true,
            versions: vec![ExportedVersion {
                version: "1".to_owned(),
                checksum: None,
            }],
            structure: Structure {
                character_set: "latin1".to_owned(),
                collation: "latin1_swedish_ci".to_owned(),
                tables: vec![definition(DefinitionKind::Sequence), definition(DefinitionKind::Table)],
                objects: vec![definition(DefinitionKind::View)],
            },
        };
        let mut bytes = Vec::new();
        let mut writer = Writer::begin(&mut bytes).await.unwrap();
        head.write(&mut writer).await.unwrap();
        let mut reader = Reader::begin(&bytes[..]).await.unwrap();
        assert_eq!(Head::read(&mut reader).await.unwrap(), head);
        assert_eq!(head.server_version(), 101_119);
    }

    #[test]
    fn a_table_comes_back_with_the_kinds_of_its_columns() {
        let written = RowTable {
            name: "items".to_owned(),
            columns: vec![RowColumn::of("weight", "float"), RowColumn::of("id", "int")],
        };
        let fields = fields_of_table(&written);
        assert_eq!(table(&mut Taking(fields.bytes())), Some(written));
    }
}
