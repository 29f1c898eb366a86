use std::{error::Error, fmt, pin::Pin};

use tokio::sync::OnceCell;

use crate::{Database, DatabaseError, Server};

/// What prepares a [`TestTemplate`]: a function from the URL of an empty database.
pub type PrepareDatabase = fn(String) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send>>;

/// A database that is prepared once for each process, and copied for each test.
///
/// Put it in a `static`: the first test that asks for a database has it prepared, the others wait for that. A copy takes
/// some 20 ms on a throw-away server, however many migrations were run. It begins with the structure and the rows of the
/// template, and shares nothing with other copies, so that tests can run at the same time.
///
/// ```
/// use diesel_tenants_test_support::TestTemplate;
/// use tokio_postgres::NoTls;
///
/// static STORE: TestTemplate = TestTemplate::new(|url| Box::pin(async move {
///     let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
///     tokio::spawn(connection);
///     client.batch_execute("CREATE TABLE users (name text); INSERT INTO users VALUES ('Ada')").await?;
///     Ok(())
/// }));
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let database = STORE.database().await?;
/// assert_eq!(database.values("SELECT name FROM users"), ["Ada"]);
/// # Ok::<(), diesel_tenants_test_support::DatabaseError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Which server
///
/// [`Server::shared`]. On a server that `DATABASE_URL` names, the template stays when the process ends, as do the
/// databases of a process that was killed. The next process that asks for a database drops them.
pub struct TestTemplate {
    prepare: PrepareDatabase,
    prepared: OnceCell<Database>,
}

impl TestTemplate {
    /// A template that `prepare` fills, when the first database is asked for. All connections that it leaves open are
    /// closed.
    pub const fn new(prepare: PrepareDatabase) -> Self {
        Self {
            prepare,
            prepared: OnceCell::const_new(),
        }
    }

    /// A copy of the template, for one test. It is dropped with the returned value.
    ///
    /// It blocks the thread for some tens of milliseconds.
    ///
    /// # Errors
    ///
    /// If there is no server, it refuses to create databases, or `prepare` fails. The next call tries again.
    pub async fn database(&self) -> Result<Database, DatabaseError> {
        let server = Server::try_shared()?;
        let template = self.prepared.get_or_try_init(|| self.prepare_on(server)).await?;
        server.copy_of(template)
    }

    async fn prepare_on(&self, server: &Server) -> Result<Database, DatabaseError> {
        let template = server.try_database()?;
        let prepared = (self.prepare)(template.url().to_owned()).await;
        prepared.map_err(|source| DatabaseError::Prepare { source })?;
        template.close().map_err(|source| DatabaseError::Close { source })?;
        Ok(template)
    }
}

impl fmt::Debug for TestTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let template = self.prepared.get().map(Database::name);
        f.debug_struct("TestTemplate")
            .field("template", &template)
            .finish_non_exhaustive()
    }
}
