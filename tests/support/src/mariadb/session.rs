use std::{
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::MariaDbError;

/// What a text gave: rows of texts, or the server's error.
pub type Outcome = Result<Vec<Vec<String>>, (u32, String)>;

/// A session of MariaDB's own client program, which sends texts and reads what they give.
#[derive(Debug)]
pub struct MariaDbSession {
    client: Child,
    /// `None` once the session ends.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    count: u64,
}

impl MariaDbSession {
    pub(super) fn open(program: &Path, socket: &Path, password: &str) -> Result<Self, MariaDbError> {
        // Rows and errors come in the order in which the server sent them, by one pipe.
        let mut client = Command::new("/bin/sh")
            .args(["-c", "exec \"$@\" 2>&1", "client"])
            .arg(program)
            .args([
                "--no-defaults",
                "--user=root",
                "--protocol=socket",
                "--batch",
                "--binary-mode",
                "--comments",
                "--default-character-set=utf8mb4",
                "--force",
                "--skip-column-names",
                "--unbuffered",
            ])
            .arg(format!("--socket={}", socket.display()))
            .env("MYSQL_PWD", password)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| MariaDbError::Client { source })?;
        let missing = || MariaDbError::Client {
            source: io::Error::other("the client has no pipes"),
        };
        Ok(Self {
            input: Some(client.stdin.take().ok_or_else(missing)?),
            output: BufReader::new(client.stdout.take().ok_or_else(missing)?),
            client,
            count: 0,
        })
    }

    /// Sends one text, which may have semicolons only inside of strings, names and bodies.
    ///
    /// # Panics
    ///
    /// When the client program has ended.
    #[track_caller]
    pub fn run(&mut self, text: &str) -> Outcome {
        self.try_run(text)
            .unwrap_or_else(|error| panic!("the program `mariadb` ended at {text}: {error}"))
    }

    fn try_run(&mut self, text: &str) -> io::Result<Outcome> {
        self.count += 1;
        let end = format!("end of text {}", self.count);
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        // The delimiter is in no text.
        write!(
            input,
            "DELIMITER \u{7}\u{7}\n{text}\n\u{7}\u{7}\nDELIMITER ;\nSELECT '{end}';\n"
        )?;
        input.flush()?;
        let mut rows = Vec::new();
        let mut error = None;
        loop {
            let mut line = Vec::new();
            if self.output.read_until(b'\n', &mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\n');
            if line == end {
                return Ok(match error {
                    Some(error) => Err(error),
                    None => Ok(rows),
                });
            }
            match server_error(line) {
                // The client's own errors: it has lost the server.
                Some((2000..3000, message)) => return Err(io::Error::other(message)),
                Some(found) => error = error.or(Some(found)),
                None => rows.push(line.split('\t').map(str::to_owned).collect()),
            }
        }
    }
}

impl Drop for MariaDbSession {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.client.wait();
    }
}

/// `ERROR 1046 (3D000) at line 1: No database selected`
fn server_error(line: &str) -> Option<(u32, String)> {
    let (number, rest) = line.strip_prefix("ERROR ")?.split_once(" (")?;
    let (_, message) = rest.split_once(": ")?;
    Some((number.parse().ok()?, message.to_owned()))
}
