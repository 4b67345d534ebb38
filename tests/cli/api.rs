//! The sandbox served over HTTP, and the API as somebody else uses it: the UI, another tool.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::project::{BINARY, Project};

/// `musher sandbox serve` of a project, until it is dropped.
pub struct Served {
    process: Child,
    /// `127.0.0.1:PORT`
    pub address: String,
}

impl Served {
    /// Serves the sandbox below the project's folder; its runs find it by their environment variables.
    pub fn for_project(project: &mut Project) -> Self {
        let served = Self::start(project);
        project.set("DATADOG_HOST", &served.url());
        project.set("DD_API_KEY", "an-api-key");
        project.set("DD_APP_KEY", "an-app-key");
        served
    }

    /// Serves the sandbox below the project's folder, and tells nobody.
    pub fn start(project: &Project) -> Self {
        let mut command = project.command(BINARY);
        command.args(["sandbox", "serve", "--port", "0"]).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(',').next());
        let address = address.unwrap_or_else(|| panic!("no address in `{line}`")).to_owned();
        Self { process, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// One request, as somebody else sends it; the answer's body.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nDD-API-KEY: k\r\nDD-APPLICATION-KEY: k\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        assert!(status.starts_with('2'), "{method} {path}: {status} {body}");
        if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() }
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.send("GET", path, &Value::Null)
    }

    /// How many requests came since this was last asked, by route.
    pub fn requests(&self) -> Requests {
        let counted = self.send("DELETE", "/sandbox/requests", &Value::Null);
        let routes = counted["routes"].as_object().unwrap();
        let routes = routes.iter().map(|(route, count)| (route.clone(), count.as_u64().unwrap())).collect();
        Requests { total: counted["total"].as_u64().unwrap(), routes }
    }
}

impl Served {
    /// How many requests came since they were last counted.
    pub fn total(&self) -> u64 {
        self.get("/sandbox/requests")["total"].as_u64().unwrap()
    }

    /// From the request of this number on none is answered; 0: all are.
    pub fn hold_from(&self, number: u64) {
        self.send("PUT", "/sandbox/control", &json!({ "hold_from": number }));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Requests counted by route: `GET /api/v1/monitor/{id}`.
#[derive(Debug)]
pub struct Requests {
    pub total: u64,
    pub routes: Vec<(String, u64)>,
}

impl Requests {
    pub fn of(&self, route: &str) -> u64 {
        self.routes.iter().filter(|(own, _)| own == route).map(|(_, count)| count).sum()
    }
}
