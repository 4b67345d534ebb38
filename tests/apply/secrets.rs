//! Keys appear nowhere: in no output at any verbosity, in no file, in no error, whatever a service repeats.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread;

use super::{Project, Ran};

const API: &str = "5f1e9c3a7b2d4e6f8091a2b3c4d5e6f7";
/// With characters that URLs and base64 write otherwise.
const APP: &str = "ddapp_Zx+9/Kq=aB3dE5gH7jK9mN1pQ3sT5vW7";

/// Of where pull requests are discussed.
const TOKEN: &str = "ghs_Zx9Kq4aB3dE5gH7jK9mN1pQ3sT5vW7yA2cE4";

fn base64(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for part in text.as_bytes().chunks(3) {
        let bits =
            part.iter().chain([&0, &0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        out.extend((0..=part.len()).map(|at| char::from(DIGITS[bits >> (18 - 6 * at) & 63])));
        out.extend(std::iter::repeat_n('=', 3 - part.len()));
    }
    out
}

fn in_a_url(text: &str) -> String {
    let byte = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || byte == b'_' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Everything that a key must not be found as.
fn forms() -> Vec<String> {
    [API, APP, TOKEN]
        .into_iter()
        .flat_map(|key| [key.to_owned(), base64(key).trim_end_matches('=').to_owned(), in_a_url(key)])
        .collect()
}

#[track_caller]
fn check(project: &Project, runs: &[Ran]) {
    for form in forms() {
        for ran in runs {
            assert!(!ran.all().contains(&form), "{form} was said: {ran:#?}");
        }
        for (path, bytes) in project.files() {
            let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!found, "{form} stands in {}", path.display());
        }
    }
}

/// A project whose environment is this API, with keys in the variables that it names.
fn project(url: &str) -> Project {
    let project = Project::new(&format!(
        "  prod: {{api_url: '{url}', keys: {{api: PROD_DD_API, app: PROD_DD_APP}}}}\n"
    ));
    project.declare([("a", 1), ("b", 1)]);
    let project = project.with("PROD_DD_API", API).with("PROD_DD_APP", APP).with("GITHUB_TOKEN", TOKEN);
    project
        .with("GITHUB_API_URL", url)
        .with("GITHUB_REPOSITORY", "o/r")
        .with("GITHUB_REF", "refs/pull/7/merge")
}

/// Everything that talks, as loud as it can be.
fn all_commands(project: &Project) -> Vec<Ran> {
    [
        &["plan", "-vvv"][..],
        &["plan", "-vvv", "--format", "json", "-o", "plan.json"],
        &["plan", "-v", "--format", "markdown", "-o", "plan.md"],
        &["apply", "plan.json", "-vvv", "--yes", "--report", "report.json"],
        &["apply", "-vvv", "--yes", "--report", "report.json"],
        &["drift", "-vvv", "--format", "json", "-o", "drift.json"],
        &["comment", "plan.json", "report.json", "--github", "--label", "--check-run"],
        &["list", "-vvv", "--format", "json"],
        &["show", "monitors/a", "-vvv"],
        &["apply", "--destroy", "--yes", "-vv"],
    ]
    .into_iter()
    .map(|arguments| project.run(arguments))
    .collect()
}

struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn of_a_service_that_answers_well() {
    let home = Project::sandbox();
    let mut serving =
        home.command(&["sandbox", "serve", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let _served = Served(serving);
    let url = format!("http://{}", line.split("http://").nth(1).unwrap().split([',', ' ']).next().unwrap());
    let project = project(&url);
    let runs = all_commands(&project);
    assert!(runs.iter().all(|ran| ran.exit == 0), "{runs:#?}");
    assert!(runs[3].all().contains("Applied: 2 created."), "{:#?}", runs[3]);
    assert!(runs[3].stderr.contains("POST /api/v1/monitor 200"), "{:#?}", runs[3]);
    check(&project, &runs);
    check(&home, &[]);
}

/// A service of the emulator's, and what it shows of a path.
fn serve(home: &Project) -> (Served, String) {
    let mut serving =
        home.command(&["sandbox", "serve", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).unwrap().split([',', ' ']).next().unwrap().to_owned();
    (Served(serving), address)
}

fn ask(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nDD-API-KEY: {API}\r\nDD-APPLICATION-KEY: {APP}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

const SECRET: &str = "correct horse battery";
const HOOKS: &str = "kinds: [webhooks, webhook_variables]\nsecrets: {pager: MUSHER_SECRET_PAGER}\n";
const DECLARED: &str = "webhooks:\n  chat: {name: chat, url: 'https://example.com', custom_headers: '{\"X-Key\": \"${secret.pager}\"}'}\n\
    webhook_variables:\n  token: {name: TOKEN, is_secret: true, value: '${secret.pager}'}\n";

#[test]
fn secrets_are_sent_and_never_shown() {
    let home = Project::sandbox();
    let (_served, address) = serve(&home);
    let project = project(&format!("http://{address}"));
    let config = format!("{}{HOOKS}", project.read("musher.yaml"));
    project.write("musher.yaml", &config);
    project.write("monitors/shop.yaml", DECLARED);
    // A plan needs no value, an apply does, before its first write.
    project.run(&["plan"]).check(0, &["2 to create", "can't be compared", "(secret pager)"]);
    project
        .run(&["apply", "--yes"])
        .check(1, &["the secret `pager`", "set MUSHER_SECRET_PAGER", "Nothing was changed"]);
    let project = project.with("MUSHER_SECRET_PAGER", SECRET);
    let mut runs = vec![
        project.run(&["plan", "-vvv", "--format", "json", "-o", "plan.json"]),
        project.run(&["plan", "-vvv", "--format", "markdown", "-o", "plan.md"]),
        project.run(&["apply", "plan.json", "-vvv", "--yes", "--report", "report.json"]),
    ];
    assert!(runs[2].all().contains("Applied: 2 created."), "{:#?}", runs[2]);
    let path = "/api/v1/integration/webhooks/configuration/webhooks/chat";
    assert!(ask(&address, path).contains(SECRET), "{}", ask(&address, path));
    // The service shows the header to everybody; nothing of it is compared, nor shown here.
    runs.push(project.run(&["plan", "-vvv", "--detailed-exitcode"]));
    runs.push(project.run(&["show", "webhooks/chat", "-vvv"]));
    runs.push(project.run(&["show", "webhooks/chat", "--format", "json"]));
    runs.push(project.run(&["list", "--format", "json"]));
    project.write("monitors/shop.yaml", &DECLARED.replace("example.com", "example.org"));
    runs.push(project.run(&["plan", "-vvv"]));
    runs.push(project.run(&["apply", "-vvv", "--yes", "--report", "report.json"]));
    runs.push(project.run(&["plan", "--detailed-exitcode"]));
    assert!(runs.iter().all(|ran| ran.exit == 0), "{runs:#?}");
    // What no definition may hold is written as the expression.
    runs.push(project.run(&["export", "webhook_variable", "TOKEN", "-o", "out"]));
    runs[10].check(0, &["secrets: {token: MUSHER_SECRET_TOKEN}"]);
    assert!(
        project.files().iter().any(|(_, text)| String::from_utf8_lossy(text).contains("${secret.token}"))
    );
    for ran in &runs {
        assert!(!ran.all().contains(SECRET), "{ran:#?}");
    }
    for (path, bytes) in project.files() {
        assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{}", path.display());
    }
}

#[test]
fn the_sandbox_of_this_process_gets_no_secret() {
    let project = Project::sandbox().with("MUSHER_SECRET_PAGER", SECRET);
    project.write("musher.yaml", &format!("{}{HOOKS}", project.read("musher.yaml")));
    project.write("monitors/shop.yaml", DECLARED);
    project.run(&["apply", "--yes"]).check(0, &["2 created"]);
    project.run(&["plan", "--detailed-exitcode"]).check(0, &["No changes."]);
    for (path, bytes) in project.files() {
        assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{}", path.display());
    }
    // In plain text it is an error at the line, which is shown without it.
    project.write("monitors/shop.yaml", &DECLARED.replace("'${secret.pager}'", &format!("'{SECRET}'")));
    let ran = project.run(&["validate"]);
    ran.check(1, &["literal-secret", "monitors/shop.yaml:4"]);
    assert!(!ran.all().contains(SECRET), "{ran:#?}");
}

/// Repeats the whole request in a header and the body of each answer, in every form. Lists are empty, or
/// refused; writes are refused.
fn echo(list_status: &'static str, write_status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| answer(stream, list_status, write_status))
    });
    url
}

fn answer(mut stream: TcpStream, list_status: &str, write_status: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        let read = reader.read_line(&mut line).unwrap_or_default();
        if read == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
        head.push(line.trim().to_owned());
    }
    let _ = reader.take(length).read_to_end(&mut Vec::new());
    let Some(first) = head.first() else { return };
    let values: Vec<&str> = head.iter().skip(1).filter_map(|line| Some(line.split_once(": ")?.1)).collect();
    let echoed = [
        values.join(" "),
        values.iter().map(|v| base64(v)).collect(),
        values.iter().map(|v| in_a_url(v)).collect(),
    ];
    let (list, path) = (first.starts_with("GET"), first.split(' ').nth(1).unwrap());
    let status = if list { list_status } else { write_status };
    let body = match status {
        "200 OK" if path.contains("/slo") => r#"{"data": []}"#.to_owned(),
        "200 OK" if path.contains("/dashboard") => r#"{"dashboards": []}"#.to_owned(),
        "200 OK" if path.contains("/org") => {
            serde_json::json!({"orgs": [{"name": echoed.join(" "), "public_id": values.join(" ")}]})
                .to_string()
        }
        "200 OK" => "[]".to_owned(),
        _ => serde_json::json!({ "errors": echoed }).to_string(),
    };
    let name = echoed.join(" ");
    let text = format!(
        "HTTP/1.1 {status}\r\nX-RateLimit-Name: {name}\r\nX-RateLimit-Limit: 9\r\nX-RateLimit-Period: 9\r\n\
         X-RateLimit-Remaining: 9\r\nX-RateLimit-Reset: 9\r\nLocation: http://127.0.0.1/{name}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(text.as_bytes());
}

#[test]
fn of_a_service_that_repeats_its_request() {
    for (list, write, said) in [
        ("403 Forbidden", "403 Forbidden", "refuses the keys of PROD_DD_API and PROD_DD_APP"),
        ("401 Unauthorized", "401 Unauthorized", "refuses the keys of PROD_DD_API and PROD_DD_APP"),
        ("400 Bad Request", "400 Bad Request", "was answered with 400: "),
        ("302 Found", "302 Found", "a redirect to http://127.0.0.1/"),
        ("200 OK", "400 Bad Request", "was answered with 400: "),
        // Keys that may list are not refused.
        ("200 OK", "403 Forbidden", "was answered with 403: "),
        ("200 OK", "401 Unauthorized", "refuses the keys of PROD_DD_API and PROD_DD_APP"),
    ] {
        let url = echo(list, write);
        let project = project(&url);
        let runs = all_commands(&project);
        // Apply without a saved plan: 1 where nothing can be listed, 4 where nothing can be written.
        let exit = if list == "200 OK" { 4 } else { 1 };
        runs[4].check(exit, &[said, "[key]"]);
        if said.starts_with("refuses") {
            // Those that are needed: of what is listed, or of what is written.
            let scopes = if exit == 1 {
                ["monitors_write", "slos_read", "dashboards_read"]
            } else {
                ["monitors_write"; 3]
            };
            runs[4].check(exit, &[&[url.as_str()][..], &scopes].concat());
        }
        check(&project, &runs);
    }
}

#[test]
fn of_a_service_that_is_not_there() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let project = project(&format!("http://127.0.0.1:{port}"));
    let ran = project.run(&["plan", "-vvv"]);
    ran.check(1, &[&format!("http://127.0.0.1:{port} can't be reached"), "refused", "`site` in musher.yaml"]);
    check(&project, &[ran]);
}

/// TLS to something that speaks none.
#[test]
fn of_a_service_without_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n");
        }
    });
    let project = project(&format!("https://127.0.0.1:{port}"));
    let ran = project.run(&["plan", "-vvv"]);
    ran.check(1, &[&format!("https://127.0.0.1:{port} can't be reached")]);
    check(&project, &[ran]);
}

#[test]
fn that_are_missing_or_in_the_wrong_place() {
    let unset = Project::new("  prod: {site: datadoghq.eu, keys: {api: PROD_DD_API, app: PROD_DD_APP}}\n")
        .with("DD_API_KEY", API);
    unset.declare([("a", 1)]);
    let ran = unset.run(&["plan"]);
    ran.check(1, &["No keys for datadoghq.eu: PROD_DD_API and PROD_DD_APP are not set"]);
    check(&unset, &[ran]);

    for (name, value) in [
        ("DD_SITE", API.to_owned()),
        ("DATADOG_HOST", format!("https://x.example/?api_key={API}")),
        ("DATADOG_HOST", format!("https://{API}@x.example")),
        ("DATADOG_HOST", format!("http://me:{API}@x.example")),
    ] {
        let project = Project::new("  prod: {}\n").with(name, &value);
        project.declare([("a", 1)]);
        let ran = project.run(&["plan", "-vvv"]);
        ran.check(1, &[name]);
        check(&project, &[ran]);
    }
}
