use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use crate::StartError;

/// Outlives this process by a moment, to stop the server and remove its directory.
///
/// It reads a pipe whose other end only this process holds, so that it learns of any end of it, `SIGKILL` included.
/// Each line names the process to end when that happens, an empty one none.
const SCRIPT: &str = r#"
trap '' HUP INT TERM

runs() {
    [ -n "$1" ] && kill -0 "$1" || return 1
    # In a container without an init nobody may ever wait for it.
    [ -r "/proc/$1/stat" ] && read -r status <"/proc/$1/stat" || return 0
    case $status in *") Z "*) return 1 ;; esac
}

pid=
while read -r line; do pid=$line; done

# To PostgreSQL an immediate shutdown; initdb takes it as well, and ends its own children. So does MariaDB, in order.
[ -z "$pid" ] || kill -QUIT "$pid"

# The directory only after it: a server that loses its files crashes, and leaves shared memory behind.
tries=0
while runs "$pid" && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    [ "$tries" -ne 100 ] || kill -KILL "$pid"
    sleep 0.05
done
# Again, where children of a process that had to be killed still wrote a file.
tries=0
while rm -rf "$1"; [ -e "$1" ] && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
"#;

#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Watchdog {
    /// The directory need not exist yet.
    pub(crate) fn new(directory: &Path) -> Result<Self, StartError> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "diesel-tenants-watchdog"])
            .arg(directory)
            .current_dir("/")
            // Out of reach of the terminal's Ctrl-C, and of runners that kill a test's process group.
            .process_group(0)
            .stdin(Stdio::piped())
            // Whoever reads our output to its end must not wait for the watchdog.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(StartError::io("run /bin/sh"))?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }

    /// From now on `process` has to be ended, and nothing else.
    pub(crate) fn guard(&mut self, process: &Child) -> Result<(), StartError> {
        self.say(&process.id().to_string())
    }

    /// The guarded process has been waited for: its number may soon be another's.
    pub(crate) fn release(&mut self) -> Result<(), StartError> {
        self.say("")
    }

    fn say(&mut self, line: &str) -> Result<(), StartError> {
        let mut pipe = self.pipe.as_ref().expect("the pipe is open until the drop");
        // One write, so that the watchdog never sees half a number.
        pipe.write_all(format!("{line}\n").as_bytes())
            .map_err(StartError::io("write to the watchdog"))
    }
}

impl Drop for Watchdog {
    /// Has it do its work now, and waits for that.
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.shell.wait();
    }
}
