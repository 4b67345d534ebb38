//! The wire against small servers on loopback that answer well, badly or not at all.

use std::io::Write;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::config::KeyNames;

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Serves one connection: reads a request, writes these bytes, closes. Gives the request's text.
async fn serve(answer: Vec<u8>) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = vec![0; 1 << 16];
        let read = stream.read(&mut request).await.expect("a request");
        stream.write_all(&answer).await.expect("written");
        stream.shutdown().await.expect("closed");
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    (url, task)
}

fn https(url: &str) -> Https {
    install_crypto();
    let keys =
        Keys::read(&KeyNames::default(), url, &|name| name.starts_with("DD_A").then(|| KEY.to_owned()));
    Https::new(&Endpoint::url(url).expect("an endpoint"), keys.expect("keys")).expect("a client")
}

fn get(path: &str) -> Request {
    Request { method: Method::Get, path: path.into(), query: Vec::new(), body: None }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text.as_bytes()).expect("packed");
    packed.finish().expect("packed")
}

fn with_head(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat()
}

async fn check(answer: Vec<u8>, expected: Result<(u16, &str), &str>) {
    let (url, served) = serve(answer).await;
    let result = https(&url).send(&get("/api/v1/monitor")).await;
    served.await.expect("served");
    match (&result, expected) {
        (Ok(response), Ok((status, body))) => {
            assert_eq!((response.status, String::from_utf8_lossy(&response.body).as_ref()), (status, body));
        }
        (Err(WireError::Lost(text) | WireError::Cut(_, text)), Err(words)) => {
            assert!(text.contains(words), "{text}")
        }
        _ => panic!("{result:?} is not {expected:?}"),
    }
}

#[tokio::test]
async fn answers_come_whole_or_not_at_all() {
    check(with_head("200 OK\r\nContent-Length: 2", b"[]"), Ok((200, "[]"))).await;
    let packed = gzip("[1,2,3]");
    let head = |length| format!("200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}");
    check(with_head(&head(packed.len()), &packed), Ok((200, "[1,2,3]"))).await;
    check(with_head("200 OK\r\nContent-Length: 20", b"[1,2"), Err("end of file")).await;
    check(with_head("200 OK\r\nTransfer-Encoding: chunked", b"4\r\n[1,2\r\n"), Err("error")).await;
    let cut = &packed[..packed.len() - 10];
    check(with_head(&head(cut.len()), cut), Err("error")).await;
    check(with_head(&head(5), b"plain"), Err("error")).await;
    check(Vec::new(), Err("closed")).await;
    check(b"SSH-2.0-OpenSSH\r\n".to_vec(), Err("error")).await;
    let echo = format!("403 Forbidden\r\nContent-Length: {}", KEY.len());
    // Where it is shown it is hidden, and nowhere else: a body may be sent back.
    check(with_head(&echo, KEY.as_bytes()), Ok((403, KEY))).await;
}

#[tokio::test]
async fn a_small_answer_that_unpacks_to_a_large_one_is_given_up() {
    for (piece, words) in [(" ".repeat(65 << 20), "64 MB"), ("[],".repeat(400_000 * 3), "values")] {
        let packed = gzip(&piece);
        let head = format!("200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}", packed.len());
        let (url, _served) = serve(with_head(&head, &packed)).await;
        let result = https(&url).send(&get("/api/v1/monitor")).await;
        assert!(matches!(&result, Err(WireError::TooLarge(text)) if text.contains(words)), "{words}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let answer = with_head("302 Found\r\nLocation: http://127.0.0.1:1/steal\r\nContent-Length: 0", b"");
    check(answer, Ok((302, ""))).await;
}

#[tokio::test]
async fn nothing_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let result = https(&url).send(&get("/")).await;
    assert!(matches!(&result, Err(WireError::NotSent(text)) if text.contains("refused")), "{result:?}");
}

#[tokio::test]
async fn a_request_carries_keys_name_and_query() {
    let (url, served) = serve(with_head("200 OK\r\nContent-Length: 2", b"{}")).await;
    let mut request = get("/api/v1/monitor/a%2Fb");
    request.method = Method::Post;
    request.query = vec![("monitor_tags".into(), "musher:shop.prod".into()), ("x".into(), "a b&c".into())];
    request.body = Some(Bytes::from_static(b"{\"a\":1}"));
    https(&url).send(&request).await.expect("an answer");
    let text = served.await.expect("served");
    let line = "POST /api/v1/monitor/a%2Fb?monitor_tags=musher%3Ashop.prod&x=a+b%26c HTTP/1.1\r\n";
    assert!(text.starts_with(line), "{text}");
    for header in [
        format!("dd-api-key: {KEY}"),
        format!("dd-application-key: {KEY}"),
        format!("user-agent: musher/{}", env!("CARGO_PKG_VERSION")),
        "content-type: application/json".into(),
        "accept-encoding: gzip".into(),
    ] {
        assert!(text.contains(&format!("{header}\r\n")), "{header} is not in {text}");
    }
    assert!(text.ends_with("{\"a\":1}"), "{text}");
}
