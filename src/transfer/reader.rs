use std::io;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{
    FormatError,
    format::{FORMAT_VERSION, MAGIC, SECTION_HEAD, Tag, Taking},
};

/// Reads an export, section by section: never a byte beyond its end, nor more than one section at a time.
pub(super) struct Reader<R> {
    reader: R,
    hash: Sha256,
    read: u64,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(super) async fn begin(reader: R) -> Result<Self, FormatError> {
        let mut begun = Self {
            reader,
            hash: Sha256::new(),
            read: 0,
        };
        let mut magic = [0; MAGIC.len()];
        match begun.fill(&mut magic).await {
            Ok(()) if magic == MAGIC => {}
            // A shorter text is not an export either.
            Ok(()) | Err(FormatError::Truncated { .. }) => return Err(FormatError::NotAnExport),
            Err(error) => return Err(error),
        }
        let mut version = [0; 4];
        begun.fill(&mut version).await?;
        match u32::from_be_bytes(version) {
            FORMAT_VERSION => Ok(begun),
            found => Err(FormatError::UnknownVersion { found }),
        }
    }

    /// The next section. If it contains a checksum, the checksum was verified.
    pub(super) async fn section(&mut self) -> Result<(Tag, Vec<u8>), FormatError> {
        let mut head = [0; SECTION_HEAD];
        self.fill(&mut head).await?;
        let [tag, length @ ..] = head;
        let tag = Tag::of(tag).ok_or_else(|| self.damaged("there is a section of no known kind"))?;
        let length = u32::from_be_bytes(length) as usize;
        if length > tag.limit() {
            return Err(self.damaged("a section is too long"));
        }
        let expected = self.hash.clone();
        let mut payload = vec![0; length];
        self.fill(&mut payload).await?;
        if matches!(tag, Tag::HeadEnd | Tag::End) && payload[..] != expected.finalize()[..] {
            return Err(self.damaged("its checksum is not that of its bytes"));
        }
        Ok((tag, payload))
    }

    /// Reads a payload completely.
    pub(super) fn take<T>(
        &self,
        payload: &[u8],
        parts: impl FnOnce(&mut Taking<'_>) -> Option<T>,
    ) -> Result<T, FormatError> {
        let mut taking = Taking(payload);
        let taken = parts(&mut taking).and_then(|taken| taking.end().map(|()| taken));
        taken.ok_or_else(|| self.damaged("a section does not hold what it should"))
    }

    pub(super) fn damaged(&self, found: &'static str) -> FormatError {
        FormatError::Damaged { at: self.read, found }
    }

    async fn fill(&mut self, bytes: &mut [u8]) -> Result<(), FormatError> {
        match self.reader.read_exact(bytes).await {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(FormatError::Truncated { at: self.read });
            }
            Err(error) => return Err(error.into()),
        }
        self.hash.update(&*bytes);
        self.read += bytes.len() as u64;
        Ok(())
    }
}
