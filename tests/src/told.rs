//! The program `does_as_told`, as a process.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A process with a scheduler that does as it is told.
#[derive(Debug)]
pub struct Told {
    child: Child,
    to: Option<ChildStdin>,
    from: Lines<BufReader<ChildStdout>>,
}

impl Told {
    /// Starts it, as this command, and answers with its id, or with why it
    /// cannot open its state file.
    ///
    /// # Errors
    ///
    /// What it says itself.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Result<(Self, u32), String> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it is started");
        let (to, from) = (child.stdin.take(), child.stdout.take().expect("it is piped"));
        let mut told = Self { child, to, from: BufReader::new(from).lines() };
        let id = told.hear()?;
        Ok((told, id.parse().expect("it says its id")))
    }

    /// Tells it something, and answers what it says.
    ///
    /// # Errors
    ///
    /// What it could not do.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub fn tell(&mut self, what: &str) -> Result<String, String> {
        writeln!(self.to.as_ref().expect("it has not ended"), "{what}").expect("it listens");
        self.hear()
    }

    /// Adds jobs until that fails; answers why, and `name:scheduled` of each that
    /// was added.
    ///
    /// # Panics
    ///
    /// If it never fails.
    pub fn add_until_it_fails(&mut self) -> (String, Vec<String>) {
        let mut added = Vec::new();
        loop {
            assert!(added.len() < 1_000, "it does not fail");
            let name = format!("job-{}", added.len());
            match self.tell(&format!("add {name} 200")) {
                Ok(_) => added.push(format!("{name}:scheduled")),
                Err(why) => return (why, added),
            }
        }
    }

    fn hear(&mut self) -> Result<String, String> {
        let line = self.from.next().expect("it answers").expect("it is text");
        let (word, rest) = line.split_once(' ').expect("a word and the rest");
        if word == "ok" { Ok(rest.to_owned()) } else { Err(rest.to_owned()) }
    }

    /// Waits until it ends, since there is nothing more that it is told.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub fn end(mut self) {
        self.to = None;
        assert!(self.child.wait().expect("it is there").success());
    }

    /// Kills the process of that id, which is this one or its child, and waits.
    ///
    /// # Panics
    ///
    /// If it cannot be.
    pub fn kill(mut self, id: u32) {
        let killed = Command::new("kill").args(["-s", "KILL", &id.to_string()]).status();
        assert!(killed.expect("`kill` runs").success());
        self.to = None;
        let _ = self.child.wait().expect("it is there");
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
