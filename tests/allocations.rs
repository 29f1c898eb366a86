//! What exports and imports allocate, counted by the allocator.

use std::{
    io::{self, Read, Write},
    pin::Pin,
    task::{Context, Poll},
};

use allocation_counter::measure;
use diesel_tenants::TenantPool;
use diesel_tenants_test_support::Server;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that was allocated at a time, while a tenant with so many megabytes was exported, and while it was
/// imported.
fn transferred(megabytes: usize) -> (u64, u64) {
    let database = Server::shared().database();
    database.run(&format!(
        "CREATE SCHEMA client1; CREATE TABLE client1.items AS \
         SELECT i AS id, repeat('x', 1000) AS text FROM generate_series(1, {megabytes}000) i"
    ));
    // One thread, so that all is counted.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let pool = runtime.block_on(TenantPool::builder(database.url()).build());
    let pool = pool.expect("the test's server is up");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let exported = measure(|| {
        let writer = tokio::io::BufWriter::new(Blocking(file.reopen().expect("the file")));
        let exported = runtime
            .block_on(pool.export_tenant("client1").to(writer))
            .expect("an export");
        assert!(exported.bytes > megabytes as u64 * 1_000_000);
    });
    let imported = measure(|| {
        let reader = tokio::io::BufReader::new(Blocking(file.reopen().expect("the file")));
        let imported = runtime
            .block_on(pool.import_tenant("client2").from(reader))
            .expect("an import");
        assert_eq!(imported.rows, megabytes as u64 * 1_000);
    });
    (exported.bytes_max, imported.bytes_max)
}

/// Tokio's own files work on other threads.
struct Blocking(std::fs::File);

impl AsyncWrite for Blocking {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.0.write(bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.flush())
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Blocking {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = self.0.read(bytes.initialize_unfilled())?;
        bytes.advance(read);
        Poll::Ready(Ok(()))
    }
}

#[test]
fn exports_and_imports_take_no_more_memory_for_more_rows() {
    let (small, large) = (transferred(4), transferred(24));
    for (small, large) in [(small.0, large.0), (small.1, large.1)] {
        assert!(large < small + 500_000 && large < 4_000_000, "{small}, {large}");
    }
    println!("{small:?}, {large:?}");
}
