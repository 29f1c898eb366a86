use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use super::{MariaDb, MariaDbError, process::Process, session::MariaDbSession};
use crate::{StartError, port};

/// Where distributions put the library that joins servers to a cluster. `scripts/install-mariadb.sh` looks in the same
/// places.
const PLACES: &[&str] = &[
    "/usr/lib/galera/libgalera_smm.so",
    "/usr/lib/galera-4/libgalera_smm.so",
    "/usr/lib64/galera/libgalera_smm.so",
    "/usr/lib64/galera-4/libgalera_smm.so",
];

const PATIENCE: Duration = Duration::from_secs(60);

/// What the servers run to bring the data to a node that joins. Here both nodes begin with the same data, so there is
/// nothing to bring but the position, from which the other node sends what happened since.
const TRANSFER: &str = r#"#!/bin/sh
position=${0%/*}/position
while [ $# -gt 0 ]; do
    case $1 in
        --role) role=$2 ;;
        --address) address=$2 ;;
        --gtid) gtid=$2 ;;
        --bypass) bypass=yes ;;
        --mysqld-args) break ;;
    esac
    shift
done
case $role in
    joiner)
        echo "ready $address"
        until [ -e "$position" ]; do sleep 0.05; done
        cat "$position"
        ;;
    donor)
        [ -n "$bypass" ] || exit 1
        echo "$gtid" >"$position.new" && mv "$position.new" "$position" && echo "done $gtid"
        ;;
esac
"#;

/// Two MariaDB servers that are one Galera cluster: what one commits, the other has as well. On loopback only, and gone
/// with this value or process.
#[derive(Debug)]
pub struct Galera {
    nodes: [MariaDb; 2],
}

impl Galera {
    /// Whether Galera is installed; a line says so where it isn't.
    ///
    /// # Panics
    ///
    /// Where it isn't installed though the variable `CI` is set.
    #[track_caller]
    pub fn is_installed() -> bool {
        let found = library().is_some();
        if !found {
            let missing = "found no Galera: with CI set, scripts/install-mariadb.sh installs it";
            assert!(env::var_os("CI").is_none(), "{missing}");
            eprintln!("SKIPPED: {missing}");
        }
        found
    }

    /// Starts both nodes, and waits until they are one cluster. The second node has two of three votes: the cluster
    /// outlives the first node.
    ///
    /// # Errors
    ///
    /// When MariaDB or Galera is not installed, or a node does not start: with the end of its log.
    pub fn start() -> Result<Self, MariaDbError> {
        let library = library().ok_or_else(|| MariaDbError::NotInstalled {
            program: "libgalera_smm.so",
            searched: PLACES.iter().map(|&place| place.to_owned()).collect(),
        })?;
        let mut first = Process::on_new_data()?;
        let programs = first.directory().to_owned();
        write_transfer(&first, &programs)?;
        let port = port::free()?;
        let founding = Membership {
            library: &library,
            programs: &programs,
            port,
            votes: 1,
            cluster: "gcomm://".to_owned(),
        };
        // The data have a position once they were a cluster's. What is copied has the same.
        founding.launch(&mut first, &["--wsrep-new-cluster"])?;
        first.shut_down()?;
        let mut second = first.on_a_copy()?;
        // The first statements are in the data already.
        founding.launch(&mut first, &["--wsrep-new-cluster", "--init-file="])?;
        let joining = Membership {
            port: port::free()?,
            votes: 2,
            cluster: format!("gcomm://127.0.0.1:{port}"),
            ..founding
        };
        joining.launch(&mut second, &["--init-file="])?;
        Ok(Self {
            nodes: [first, second].map(|process| MariaDb {
                process: Mutex::new(process),
            }),
        })
    }

    /// The nodes.
    pub fn nodes(&self) -> [&MariaDb; 2] {
        self.nodes.each_ref()
    }
}

fn library() -> Option<PathBuf> {
    PLACES.iter().map(PathBuf::from).find(|place| place.is_file())
}

fn write_transfer(node: &Process, folder: &Path) -> Result<(), MariaDbError> {
    let script = folder.join("wsrep_sst_same_data");
    let attempt = || format!("write {}", script.display());
    fs::write(&script, TRANSFER).map_err(StartError::io(attempt()))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).map_err(StartError::io(attempt()))?;
    node.give(&script)
}

/// How a node is part of the cluster.
struct Membership<'a> {
    library: &'a Path,
    /// The folder with the script that the servers run.
    programs: &'a Path,
    /// Where the other node reaches it.
    port: u16,
    votes: u8,
    /// The address of a node that is part of it already.
    cluster: String,
}

impl Membership<'_> {
    /// Starts a node, and waits until it is part of the cluster.
    fn launch(&self, node: &mut Process, settings: &[&str]) -> Result<(), MariaDbError> {
        let options = [
            format!("gmcast.listen_addr=tcp://127.0.0.1:{}", self.port),
            format!("ist.recv_addr=127.0.0.1:{}", port::free()?),
            format!("pc.weight={}", self.votes),
            // A node that died is given up sooner than in production.
            "evs.suspect_timeout=PT3S".to_owned(),
            "evs.inactive_timeout=PT6S".to_owned(),
            "gcache.size=16M".to_owned(),
        ];
        let own = [
            "--binlog-format=ROW".to_owned(),
            "--innodb-autoinc-lock-mode=2".to_owned(),
            "--wsrep-on=ON".to_owned(),
            format!("--wsrep-provider={}", self.library.display()),
            format!("--wsrep-provider-options={}", options.join(";")),
            "--wsrep-node-address=127.0.0.1".to_owned(),
            "--wsrep-sst-method=same_data".to_owned(),
            format!("--wsrep-cluster-address={}", self.cluster),
        ];
        let settings: Vec<&str> = own.iter().map(String::as_str).chain(settings.iter().copied()).collect();
        node.launch_with(&settings, Some(self.programs))?;
        wait_until_synced(node)
    }
}

fn wait_until_synced(node: &Process) -> Result<(), MariaDbError> {
    let begun = Instant::now();
    loop {
        let mut session = MariaDbSession::open(node.client(), &node.socket(), node.password())?;
        let state = match session.run("SHOW STATUS LIKE 'wsrep_local_state_comment'") {
            Ok(rows) => rows.into_iter().flatten().nth(1).unwrap_or_default(),
            Err((code, message)) => format!("{code} {message}"),
        };
        if state == "Synced" {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(MariaDbError::NotSynced {
                waited: PATIENCE,
                state,
            });
        }
        thread::sleep(Duration::from_millis(50));
    }
}
