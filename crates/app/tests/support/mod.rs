//! The real binary as a child process, and a client to ask it.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "helpers of tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

/// The key that tests administer installations with.
pub const ADMIN: &str = "gl_test-administrator-0123456789abcdef";
/// The sample flow.
pub const FLOW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/flow_roofs.yaml");
/// Where the sample flow takes leads.
pub const SUBMIT: &str = "/flows/flow_roofs/sources/src_web_form/submit";
/// Longest wait for anything a child process does.
const PATIENCE: Duration = Duration::from_secs(30);

/// `glassline` with these arguments, and none of the settings of whoever runs the tests.
pub fn glassline(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glassline"));
    for name in
        ["CONFIG", "DATA", "LISTEN", "NAME", "KEY", "ALLOW_HOSTS", "TRUSTED_PROXIES", "SMTP_URL", "MAIL_FROM"]
    {
        command.env_remove(format!("GLASSLINE_{name}"));
    }
    command
        .args(arguments)
        .env("GLASSLINE_ADMIN_KEY", ADMIN)
        .env("RUST_LOG", "debug")
        .env("RUST_BACKTRACE", "0");
    command
}

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Output {
    glassline(arguments).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Publishes the sample flow in a new data directory.
pub fn prepare(data: &Path) {
    let output = run(&["flow", "publish", FLOW, "--data", data.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// A server in a process of its own. Dropped, it is killed.
pub struct Server {
    child: Child,
    pub address: String,
    lines: Receiver<String>,
    /// What it printed before the address.
    pub printed: Vec<String>,
    errors: Option<JoinHandle<String>>,
}

impl Server {
    /// Serves a data directory on a free port.
    pub fn start(data: &Path) -> Server {
        Server::start_with(data, &[])
    }

    /// The same with more flags.
    pub fn start_with(data: &Path, more: &[&str]) -> Server {
        let serve = ["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
        Server::spawn(glassline(&[&serve[..], more].concat()))
    }

    /// Runs a command that prints an address once it serves.
    pub fn spawn(mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            text(&bytes)
        });
        let mut server =
            Server { child, address: String::new(), lines, printed: Vec::new(), errors: Some(errors) };
        while server.address.is_empty() {
            match server.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    if let Some(at) = line.find("http://") {
                        server.address = line[at..].trim().to_owned();
                    }
                    server.printed.push(line);
                }
                Err(_) => {
                    let _ = server.child.kill();
                    panic!("the server does not start: {}", server.errors.take().unwrap().join().unwrap());
                }
            }
        }
        server
    }

    /// The next line it prints that begins so.
    pub fn line(&mut self, start: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap();
            self.printed.push(line.clone());
            if line.starts_with(start) {
                return line;
            }
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and gives how it did and what it wrote to standard output and error.
    pub fn stop(self) -> (ExitStatus, String, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.wait()
    }

    /// The same for one that ends by itself.
    pub fn wait(mut self) -> (ExitStatus, String, String) {
        let status = self.child.wait().unwrap();
        let mut printed = std::mem::take(&mut self.printed);
        printed.extend(self.lines.iter());
        (status, printed.join("\n"), self.errors.take().unwrap().join().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that uses no proxy.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

/// `GET` as the administrator, who is answered well.
pub async fn get(client: &reqwest::Client, url: &str) -> Value {
    let reply = client.get(url).bearer_auth(ADMIN).send().await.unwrap();
    let status = reply.status();
    let text = reply.text().await.unwrap();
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// The types of a lead's events, oldest first, after checking that they are the lead's and that
/// their places have no gap.
pub async fn chain(client: &reqwest::Client, address: &str, lead_id: &str) -> Vec<String> {
    let list = get(client, &format!("{address}/leads/{lead_id}/events")).await;
    let events = list["data"].as_array().unwrap();
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["lead_id"], lead_id);
        assert_eq!(event["lead_seq"], at + 1, "{list}");
    }
    assert!(events.windows(2).all(|pair| pair[0]["seq"].as_u64() < pair[1]["seq"].as_u64()));
    events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

/// A partner on loopback that answers each request by its path, with the end of a status line (`200 OK`) and a body;
/// gives its port.
pub fn stand_in(answer: impl Fn(&str) -> (&'static str, &'static str) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            std::thread::spawn(move || answer_one(stream, answer).unwrap_or_default());
        }
    });
    port
}

/// Reads one request to its end and answers it.
fn answer_one(
    mut stream: TcpStream,
    answer: impl Fn(&str) -> (&'static str, &'static str),
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let (mut first, mut body_bytes) = (String::new(), 0);
    lines.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        lines.read_line(&mut line)?;
        if let Some(length) = line.to_lowercase().strip_prefix("content-length:") {
            body_bytes = length.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    lines.read_exact(&mut vec![0; body_bytes])?;
    let (status, body) = answer(first.split(' ').nth(1).unwrap_or_default());
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}
