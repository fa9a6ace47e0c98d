//! A program that serves a scheduler and may have only some files open.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Against hanging only.
const PATIENCE: Duration = Duration::from_secs(180);

/// The program, in a folder of its own. It is killed at the end.
pub struct FewFiles {
    program: Child,
    address: String,
    _folder: TempDir,
}

impl FewFiles {
    /// Starts a program that prints where it listens.
    pub fn start(program: &str, most_files: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let script = format!("ulimit -n {most_files}; exec {program}");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(folder.path()).stdout(Stdio::piped());
        let mut program = command.spawn().expect("the program is built");
        let mut address = String::new();
        let output = program.stdout.take().expect("its output is read");
        BufReader::new(output).read_line(&mut address).expect("it is text");
        Self { program, address: address.trim().to_owned(), _folder: folder }
    }

    /// A connection that is made.
    pub fn connect(&self) -> TcpStream {
        let client = TcpStream::connect(&self.address).expect("it listens");
        client.set_read_timeout(Some(PATIENCE)).expect("a length of time");
        client
    }

    /// Creates a job, for which the store needs files.
    pub fn create_job(&self) {
        let body =
            r#"{"func_name": "quick", "schedule_type": "interval", "schedule_config": {"interval": 60}}"#;
        let mut client = self.connect();
        let head = "POST /scheduler/api/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
        write!(client, "{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
            .expect("it reads");
        let mut answer = String::new();
        client.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
}

impl Drop for FewFiles {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
