use super::process::{Process, program};
use crate::{Database, error::Chain};

/// A Pgpool-II in front of one database, for one role. It ends with this value.
///
/// The program is that of the variable `PGPOOL`, or the one in `$PATH` or `/usr/sbin`.
#[derive(Debug)]
pub struct Pgpool(Process);

impl Pgpool {
    /// Whether it is installed; a line says so where it isn't.
    ///
    /// # Panics
    ///
    /// Where it isn't installed though the variable `CI` is set.
    #[track_caller]
    pub fn is_installed() -> bool {
        program("PGPOOL", "pgpool").is_some()
    }

    /// Starts one with these lines of its configuration, such as `num_init_children = 8`.
    ///
    /// # Panics
    ///
    /// When it isn't installed, or does not start, with the reason.
    #[track_caller]
    pub fn start(database: &Database, role: &str, password: &str, settings: &[&str]) -> Self {
        let program = program("PGPOOL", "pgpool").expect("Pgpool-II is installed");
        let process = Process::start(&program, database, (role, password), |facts| {
            let (host, port) = facts.server;
            let directory = facts.directory.display();
            let configuration = format!(
                "backend_clustering_mode = 'raw'\nlisten_addresses = '127.0.0.1'\nport = {own_port}\n\
                 unix_socket_directories = ''\nsocket_dir = '{directory}'\npcp_listen_addresses = ''\n\
                 pcp_socket_dir = '{directory}'\npid_file_name = '{directory}/pgpool.pid'\nlogdir = '{directory}'\n\
                 work_dir = '{directory}'\nbackend_hostname0 = '{host}'\nbackend_port0 = {port}\nbackend_weight0 = 1\n\
                 backend_flag0 = 'DISALLOW_TO_FAILOVER'\nenable_pool_hba = off\npool_passwd = ''\n\
                 allow_clear_text_frontend_auth = on\nsr_check_period = 0\n{settings}\n",
                own_port = facts.port,
                settings = settings.join("\n"),
            );
            let files = vec![
                ("pgpool.conf", configuration),
                ("pcp.conf", String::new()),
                ("pool_hba.conf", String::new()),
            ];
            let arguments = ["-n", "-f", "pgpool.conf", "-F", "pcp.conf", "-a", "pool_hba.conf"];
            (files, arguments.map(str::to_owned).to_vec())
        });
        Self(process.unwrap_or_else(|error| panic!("{}", Chain(&error))))
    }

    /// The URL of the database, through it.
    pub fn url(&self) -> &str {
        self.0.url()
    }
}
