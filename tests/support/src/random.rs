use std::{fs::File, io::Read};

use crate::StartError;

/// `bytes` random bytes in hex: what every Unix offers without a crate.
pub(crate) fn hex(bytes: usize) -> Result<String, StartError> {
    let mut buffer = vec![0; bytes];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut buffer))
        .map_err(StartError::io("read /dev/urandom"))?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}
