//! An organisation that tells of its metrics: on loopback, by a table of answers.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What it answers by path; everything else is not found.
pub struct Organisation {
    pub url: String,
    /// Paths with their queries, in the order of their arrival.
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Organisation {
    /// Metrics with their tags. `None`: the service refuses to tell.
    pub fn of(metrics: &[(&str, Option<&[&str]>)]) -> Self {
        let mut answers = BTreeMap::new();
        let names: Vec<Value> =
            metrics.iter().map(|(name, _)| json!({"type": "metrics", "id": name})).collect();
        answers.insert("/api/v2/metrics".to_owned(), (200, json!({ "data": names })));
        for (name, tags) in metrics {
            let Some(tags) = tags else { continue };
            let of = json!({"data": {"type": "metrics", "id": name, "attributes": {"tags": tags}}});
            answers.insert(format!("/api/v2/metrics/{name}/all-tags"), (200, of));
        }
        Self::answering(answers)
    }

    pub fn answering(answers: BTreeMap<String, (u16, Value)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (answers, log) = (Arc::new(answers), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, log) = (Arc::clone(&answers), Arc::clone(&log));
                std::thread::spawn(move || serve(&stream, &answers, &log));
            }
        });
        Self { url, asked }
    }
}

fn serve(stream: &TcpStream, answers: &BTreeMap<String, (u16, Value)>, log: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let target = line.split(' ').nth(1).unwrap().to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if header.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let path = target.split('?').next().unwrap();
        let none = (404, json!({"errors": ["Not found"]}));
        let (status, answer) = answers.get(path).unwrap_or(&none);
        log.lock().unwrap().push(target.clone());
        let answer = answer.to_string();
        let mut out = stream;
        write!(
            out,
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )
        .unwrap();
    }
}
