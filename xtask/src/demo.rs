//! A demo for the browser to look at: `glassline demo` on a free port, with data that goes when it goes.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The demo fills a day of history first, unoptimised and perhaps on a busy machine.
const START_MAX: Duration = Duration::from_secs(180);
const LOG_LINES_SHOWN: usize = 30;

/// Ends with its process when dropped.
#[derive(Debug)]
pub(crate) struct Demo {
    pub(crate) url: String,
    pub(crate) key: String,
    running: Running,
}

/// A process of ours, its folder, and the thread that reads what it says.
#[derive(Debug)]
struct Running {
    child: Child,
    /// Ends at the end of the output, which comes with the end of the process.
    reader: Option<JoinHandle<()>>,
    folder: TempDir,
}

/// What one line of the demo's output tells.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Url(String),
    Key(String),
}

impl Demo {
    /// Starts `glassline` and waits until it has named its address and key. `Err` says why it did not.
    pub(crate) fn start(root: &Path, glassline: &mut Command) -> Result<Demo, String> {
        Demo::start_within(root, glassline, START_MAX)
    }

    fn start_within(root: &Path, glassline: &mut Command, limit: Duration) -> Result<Demo, String> {
        let failed = |what: &str| {
            let what = what.to_owned();
            move |error: std::io::Error| format!("{what}: {error}")
        };
        let folder = tempfile::Builder::new().prefix("glassline-demo-").tempdir();
        let folder = folder.map_err(failed("cannot make a folder for the demo"))?;
        let log = File::create(log_in(folder.path())).map_err(failed("cannot make the log of the demo"))?;
        glassline.arg("demo").arg("--data").arg(folder.path().join("data")).args(["--listen", "127.0.0.1:0"]);
        glassline.current_dir(root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = glassline.spawn().map_err(failed("cannot start the demo"))?;
        let output = child.stdout.take();
        let mut running = Running { child, reader: None, folder };
        let output = output.ok_or("the output was asked for, but is not there")?;

        let (told, hear) = mpsc::channel();
        running.reader = Some(std::thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                if let Some(it) = read(&String::from_utf8_lossy(&line)) {
                    // Nobody hears it once both are known; the output is read on, so that it never stops the demo.
                    let _ = told.send(it);
                }
            }
        }));

        let started = Instant::now();
        let (mut url, mut key) = (None, None);
        loop {
            match hear.recv_timeout(limit.saturating_sub(started.elapsed())) {
                Ok(Told::Url(it)) => url = Some(it),
                Ok(Told::Key(it)) => key = Some(it),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(
                        running.complaint(&format!("no address and key within {} s", limit.as_secs()))
                    );
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(running.complaint("it ended before it named its address and key"));
                }
            }
            if let (Some(url), Some(key)) = (&url, &key) {
                return Ok(Demo { url: url.clone(), key: key.clone(), running });
            }
        }
    }

    /// How it ended, when it has.
    pub(crate) fn ended(&mut self) -> Option<String> {
        match self.running.child.try_wait() {
            Ok(status) => status.map(|status| status.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// The last lines of its log.
    pub(crate) fn log_end(&self) -> String {
        self.running.log_end()
    }
}

impl Running {
    fn complaint(&self, what: &str) -> String {
        format!("{what}\n{}", self.log_end()).trim_end().into()
    }

    fn log_end(&self) -> String {
        let log = fs::read(log_in(self.folder.path())).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself. Its data goes with it, so it needs no time to tidy up.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn log_in(folder: &Path) -> PathBuf {
    folder.join("demo.log")
}

/// Takes `Address: http://…` and `Key: gl_…`, with any spaces, and with words before `key`.
fn read(line: &str) -> Option<Told> {
    let (label, value) = line.trim().split_once(':')?;
    let (label, value) = (label.trim().to_ascii_lowercase(), value.trim());
    if label == "address" && value.starts_with("http") {
        return Some(Told::Url(value.trim_end_matches('/').into()));
    }
    (label.ends_with("key") && value.starts_with("gl_")).then(|| Told::Key(value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_and_the_key_are_found_among_what_the_demo_says() {
        let url = |url: &str| Some(Told::Url(url.into()));
        let key = |key: &str| Some(Told::Key(key.into()));
        for (line, told) in [
            ("Address: http://127.0.0.1:8080", url("http://127.0.0.1:8080")),
            ("  Address:   http://127.0.0.1:8080/ ", url("http://127.0.0.1:8080")),
            ("Key: gl_abc", key("gl_abc")),
            ("Admin key: gl_abc", key("gl_abc")),
            ("Page: http://127.0.0.1:8080/ui/#key=gl_abc", None),
            ("curl -sS -H 'Authorization: Bearer gl_abc' 'http://127.0.0.1:8080/events'", None),
            ("Key: made and kept in demo-admin.key", None),
            ("Address: see below", None),
            ("Glassline demo", None),
        ] {
            assert_eq!(read(line), told, "{line}");
        }
    }

    #[test]
    fn a_demo_that_says_nothing_is_not_waited_for_without_end() {
        let mut silent = Command::new("sh");
        silent.args(["-c", "exec tail -f /dev/null", "sh"]);
        let demo = Demo::start_within(Path::new("/"), &mut silent, Duration::from_millis(50));
        assert_eq!(demo.map(|_| ()), Err("no address and key within 0 s".into()));
    }
}
