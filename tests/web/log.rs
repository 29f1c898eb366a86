//! What all servers of this process log.

use std::{
    io,
    sync::{LazyLock, Mutex, PoisonError},
};

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// One for all tests of the process, whose servers log from their first request on.
static LOGGING: LazyLock<()> = LazyLock::new(|| {
    struct Writer;

    impl io::Write for Writer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            LOG.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    tracing_subscriber::fmt().with_writer(|| Writer).with_ansi(false).init();
});

pub fn start() {
    LazyLock::force(&LOGGING);
}

pub fn lines_with(text: &str) -> Vec<String> {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    let log = String::from_utf8_lossy(&log);
    log.lines()
        .filter(|line| line.contains(text))
        .map(str::to_owned)
        .collect()
}
