use std::io;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::format::{FORMAT_VERSION, Fields, MAGIC, MAX_ROWS, SECTION_HEAD, Tag};

/// Writes an export, section by section, and keeps at most one section in memory.
pub(super) struct Writer<W> {
    writer: W,
    hash: Sha256,
    written: u64,
    /// Rows that wait for more, after space for the head of their section.
    rows: Vec<u8>,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(super) async fn begin(writer: W) -> io::Result<Self> {
        let mut begun = Self {
            writer,
            hash: Sha256::new(),
            written: 0,
            rows: Vec::with_capacity(SECTION_HEAD + MAX_ROWS),
        };
        let mut begin = MAGIC.to_vec();
        begin.extend(FORMAT_VERSION.to_be_bytes());
        begun.write(&begin).await?;
        begun.rows.resize(SECTION_HEAD, 0);
        Ok(begun)
    }

    /// How many bytes were written.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Writes a section. The payload must not be longer than the tag's limit.
    pub(super) async fn section(&mut self, tag: Tag, fields: &Fields) -> io::Result<()> {
        let payload = fields.bytes();
        let mut section = section_head(tag, payload.len()).to_vec();
        section.extend(payload);
        self.write(&section).await
    }

    /// Writes bytes of a table's rows, which need not be whole rows.
    pub(super) async fn rows(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = SECTION_HEAD + MAX_ROWS - self.rows.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.rows.extend(now);
            bytes = later;
            if self.rows.len() == SECTION_HEAD + MAX_ROWS {
                self.flush_rows().await?;
            }
        }
        Ok(())
    }

    pub(super) async fn end_rows(&mut self, count: i64) -> io::Result<()> {
        self.flush_rows().await?;
        self.section(Tag::TableEnd, &Fields::default().long(count)).await
    }

    /// Writes the checksum of everything before it.
    pub(super) async fn checksum(&mut self, tag: Tag) -> io::Result<()> {
        let head = section_head(tag, Sha256::output_size());
        self.hash.update(head);
        let checksum = self.hash.clone().finalize();
        self.hash.update(checksum);
        self.send(&[&head[..], &checksum].concat()).await
    }

    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().await
    }

    async fn flush_rows(&mut self) -> io::Result<()> {
        let length = self.rows.len() - SECTION_HEAD;
        if length == 0 {
            return Ok(());
        }
        self.rows[..SECTION_HEAD].copy_from_slice(&section_head(Tag::Rows, length));
        let rows = std::mem::take(&mut self.rows);
        let written = self.write(&rows).await;
        self.rows = rows;
        self.rows.truncate(SECTION_HEAD);
        written
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.send(bytes).await
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes).await?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

fn section_head(tag: Tag, length: usize) -> [u8; SECTION_HEAD] {
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    [tag.byte(), a, b, c, d]
}
