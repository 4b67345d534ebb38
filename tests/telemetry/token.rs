//! Google's ID tokens, from a metadata server of our own: asked for once, renewed before their end, and shown to nobody.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::project::Project;

/// A server that answers all requests alike; what it was asked, heads and all.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(status: &'static str, body: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let heads = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (heads, body) = (Arc::clone(&heads), body.clone());
                std::thread::spawn(move || answer(stream.unwrap(), status, &body, &heads));
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, status: &str, body: &str, heads: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let head = head.to_lowercase();
        let length =
            head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let mut sent = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut sent).unwrap();
        heads.lock().unwrap().push(head);
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
}

fn token(lives: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let payload = URL_SAFE_NO_PAD.encode(format!("{{\"exp\":{}}}", now + lives));
    format!("eyJh.{payload}.{}", "c2lnbmVk".repeat(4))
}

/// A run, what the collector was sent, and what the metadata server was asked.
fn run(status: &'static str, body: &str) -> (Vec<String>, Vec<String>, String) {
    let (metadata, collector) =
        (Server::start(status, body.to_owned()), Server::start("200 OK", String::new()));
    let project = Project::new();
    let ran = project.run(
        &["plan", "-vv"],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://127.0.0.1:{}", collector.port)),
            ("MUSHER_OTLP_ID_TOKEN_AUDIENCE", "https://agent.example"),
            ("GCE_METADATA_HOST", &format!("127.0.0.1:{}", metadata.port)),
        ],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    (collector.asked(), metadata.asked(), format!("{}{}", ran.out, ran.err))
}

#[test]
fn a_token_is_asked_for_once_and_borne_by_each_export() {
    let body = token(3600);
    let (sent, asked, said) = run("200 OK", &body);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(
        asked[0].contains("audience=https%3a%2f%2fagent.example")
            && asked[0].contains("metadata-flavor: google"),
        "{asked:?}"
    );
    assert!(sent.len() >= 2, "{sent:?}");
    let bearer = format!("authorization: bearer {}\r\n", body.to_lowercase());
    assert!(sent.iter().all(|head| head.contains(&bearer)), "{sent:?}");
    assert!(!said.contains(&body) && !said.contains("did not arrive"), "{said}");
}

#[test]
fn without_a_token_nothing_is_sent() {
    for (status, body) in
        [("500 Broken", "no"), ("404 Not Found", ""), ("200 OK", "<html>sign in</html>"), ("200 OK", "")]
    {
        let (sent, _, said) = run(status, body);
        assert_eq!(sent, Vec::<String>::new(), "{status}");
        assert!(said.contains("did not arrive") && said.contains("metadata server"), "{said}");
    }
    let expired = "eyJh.eyJleHAiOjEwMDB9.c2lnbmVk";
    let (sent, _, said) = run("200 OK", expired);
    assert!(sent.is_empty() && !said.contains(expired), "{said}");
}
