//! Files that are made to break a reader: each ends in an error, not in a crash, and within bounded memory.

use crate::project::{BINARY, Project, Ran};

/// What a run may take of the machine's addresses, in kilobytes: 2 GB.
const MEMORY: u64 = 2 << 20;

/// What a run may say, in bytes: a thousand faults.
const LONGEST: usize = 500_000;

/// Validates a project that holds this file, within the limit; an error must be reported in few words.
#[track_caller]
fn check(name: &str, content: impl AsRef<[u8]>) -> Ran {
    let project = Project::sandbox();
    project.write(name, content);
    let mut limited = project.command("/bin/sh");
    limited.args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" plan"), BINARY]);
    let ran = project.ended(&mut limited);
    let shown: String = ran.shown().chars().take(2000).collect();
    assert_eq!(ran.code, Some(1), "{name}: {shown}");
    assert!(ran.err.starts_with("error"), "{name}: {shown}");
    assert!(ran.err.len() < LONGEST, "{name}: {} bytes are said", ran.err.len());
    assert!(!ran.err.contains("panicked"), "{name}: {shown}");
    ran
}

/// The same as a definition, a template, the project's file and an inventory.
#[track_caller]
fn check_everywhere(content: impl AsRef<[u8]>) {
    for name in ["monitors/case.yaml", "monitors/case.json", "musher.yaml"] {
        check(name, content.as_ref());
    }
}

const DEEP: usize = 100_000;

#[test]
fn aliases_that_grow() {
    let mut bomb = String::from("monitors:\n  a: &a {x: [lol, lol, lol, lol, lol, lol, lol, lol, lol]}\n");
    for (level, name) in ('b'..='k').enumerate() {
        let before = char::from(b'a' + u8::try_from(level).unwrap());
        bomb.push_str(&format!("  {name}: &{name} {{x: [{}]}}\n", vec![format!("*{before}"); 9].join(", ")));
    }
    let ran = check("monitors/case.yaml", bomb);
    assert!(ran.err.contains("monitors/case.yaml:"), "{}", ran.err);
    // A long text, named often.
    let long = format!(
        "monitors:\n  a: {{x: &a \"{}\"}}\n  b: [{}]\n",
        "x".repeat(1 << 20),
        vec!["*a"; 10_000].join(", ")
    );
    check("monitors/case.yaml", long);
    // Merged, instead of listed.
    let mut merged = String::from("monitors:\n  a: &a {x: 1}\n");
    for (level, name) in ('b'..='z').enumerate() {
        let before = char::from(b'a' + u8::try_from(level).unwrap());
        merged.push_str(&format!("  {name}: &{name} {{l: *{before}, r: *{before}, <<: *{before}}}\n"));
    }
    check("monitors/case.yaml", merged);
}

#[test]
fn aliases_to_themselves() {
    for text in [
        "monitors:\n  a: &a [*a]\n",
        "monitors: &m\n  a: *m\n",
        "monitors:\n  a: &a {<<: *a}\n",
        "monitors:\n  a: &a {x: {y: *a}}\n",
        "&r monitors: *r\n",
    ] {
        check("monitors/case.yaml", text);
    }
}

#[test]
fn nested_a_hundred_thousand_times() {
    check_everywhere("[".repeat(DEEP));
    check_everywhere("{\"a\":".repeat(DEEP));
    check_everywhere("{a: ".repeat(DEEP));
    check_everywhere("- ".repeat(DEEP));
    check_everywhere(format!("{}1{}", "[".repeat(DEEP), "]".repeat(DEEP)));
    check_everywhere(format!("{}1{}", "{\"a\":".repeat(DEEP), "}".repeat(DEEP)));
    check("monitors/case.yaml", format!("monitors: {{a: {}1{}}}", "[".repeat(DEEP), "]".repeat(DEEP)));
    check("monitors/case.yaml", "? ".repeat(DEEP));
    check("monitors/case.yaml", "!a ".repeat(DEEP));
    check("monitors/case.yaml", "&a ".repeat(DEEP));
    check("monitors/case.yaml", "a: &x\n ".repeat(DEEP));
    // One level a line, each deeper than the one before.
    let stairs: String = (0..3000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    check("monitors/case.yaml", stairs);
}

#[test]
fn nested_expressions() {
    let of = |value: String| format!("monitors:\n  a: {{name: '{value}', type: x, query: y}}\n");
    for inner in ["(", "(not ", "#if ", "\"", "[", "@", "../", "this.", "|", "a=", "else "] {
        check("monitors/case.yaml", of(format!("${{{}}}", inner.repeat(DEEP))));
    }
    for outer in ["${", "${#if env}", "${#each a}", "${/if}", "${else}", "${(lower env)", "${lower ("] {
        check("monitors/case.yaml", of(outer.repeat(DEEP)));
    }
    check("monitors/case.yaml", of(format!("${{{}env{}}}", "(lower ".repeat(DEEP), ")".repeat(DEEP))));
    let mut yields = String::from("1");
    for _ in 0..200 {
        yields = format!("[{{$for: x in [1, 2, 3, 4], $yield: {yields}}}]");
    }
    check("monitors/case.yaml", format!("monitors:\n  a: {{name: x, y: {yields}}}\n"));
}

#[test]
fn loops_that_grow() {
    // 8^10 items.
    let mut body = String::from("x");
    for _ in 0..10 {
        body = format!("${{#each l}}{body}${{/each}}");
    }
    let list = "[1, 2, 3, 4, 5, 6, 7, 8]";
    let project =
        format!("project: shop\nvars: {{l: {list}}}\nenvironments: {{sandbox: {{api: sandbox}}}}\n");
    let run = |definitions: &str| {
        let of = Project::new(&project);
        of.declare(definitions);
        let mut limited = of.command("/bin/sh");
        limited.args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" plan"), BINARY]);
        let ran = of.ended(&mut limited);
        assert_eq!(ran.code, Some(1), "{}", ran.shown().chars().take(2000).collect::<String>());
        assert!(ran.err.contains("error["), "{}", ran.err);
    };
    run(&format!("monitors:\n  a: {{name: '{body}', type: x, query: y}}\n"));
    let mut yields = String::from("x");
    for _ in 0..10 {
        yields = format!("[{{$for: x in l, $yield: {yields}}}]");
    }
    run(&format!("monitors:\n  a: {{name: x, type: x, query: y, options: {yields}}}\n"));
}

#[test]
fn long_lines() {
    let long = "x".repeat(100 << 20);
    check("monitors/case.yaml", &long);
    check("monitors/case.json", &long);
    check("musher.yaml", &long);
    check("monitors/case.yaml", format!("monitors:\n  a: {{name: \"{long}\"}}\n"));
    // Short enough to be read, wrong at its end.
    let line = "x".repeat(5 << 20);
    let ran = check(
        "monitors/case.yaml",
        format!(
            "monitors:\n  a: {{name: \"{line}\", type: query alert, query: \"avg(last_5m):avg:a{{*}} > 1\", message: \"@slack-a\", $nothing: 1}}\n"
        ),
    );
    assert!(ran.err.len() < 5_000, "{}", ran.err.len());
    check("monitors/case.yaml", format!("monitors:\n  {line}: {{name: x}}\n"));
    check("monitors/case.yaml", format!("monitors:\n  a: {{name: x, {line}: x, $nothing: 1}}\n"));
    check("monitors/case.yaml", format!("{line}: 1\n"));
    check("monitors/case.yaml", format!("monitors:\n  a: {{name: '${{{line}}}', query: x, type: y}}\n"));
    check("monitors/case.json", format!("{{\"{line}\": [1, 2"));
}

#[test]
fn bytes_that_are_no_text() {
    check_everywhere([0xff, 0xfe, b'a', 0, b':', 0]);
    check_everywhere(b"monitors: {a: {name: \"x\xc3\x28\"}}\n");
    check_everywhere(b"monitors:\n  a: {name: \"x\0y\"}\n");
    check_everywhere(b"\0\0\0\0");
    check_everywhere([0xed, 0xa0, 0x80]);
    let mut noise = Vec::new();
    let mut seed = 0x9e37_79b9_u32;
    for _ in 0..200_000 {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        noise.push(seed.to_le_bytes()[0]);
    }
    check_everywhere(noise);
}

#[test]
fn many_faults() {
    let many: String = (0..10_000).map(|n| format!("  Bad {n}: {{}}\n")).collect();
    check("monitors/case.yaml", format!("monitors:\n{many}"));
    let many: String =
        (0..20_000).map(|n| format!("  a{n}: {{name: '${{nothing}}', type: x, query: '${{'}}\n")).collect();
    check("monitors/case.yaml", format!("monitors:\n{many}"));
    let refer: String = (0..5_000)
        .map(|n| {
            format!(
                "  a{n}: {{name: x, type: composite, query: '${{monitors.a{}.id}} || 1'}}\n",
                (n + 1) % 5_000
            )
        })
        .collect();
    check("monitors/case.yaml", format!("monitors:\n{refer}"));
}

#[test]
fn keys_in_great_number() {
    let keys: String = (0..20_000).map(|n| format!("k{n}: 1\n")).collect();
    check("monitors/case.yaml", keys);
    let same = "a: 1\n".repeat(20_000);
    check("monitors/case.yaml", same);
    let flow = format!("monitors: {{a: {{{}}}}}\n", "a, ".repeat(20_000));
    check("monitors/case.yaml", flow);
}

#[test]
fn inventories() {
    let project = |name: &str, content: &[u8]| {
        let project = Project::sandbox();
        project
            .write("templates/t.yaml", "params: {f: {}}\nmonitors: {m: {name: '${f}', type: x, query: y}}\n");
        project.write(&format!("inventory/{name}"), content);
        project.declare(&format!(
            "uses: {{u: {{template: t, for_each: ../inventory/{name}, key: '${{each.k}}', with: {{f: '${{each.k}}'}}}}}}\n"
        ));
        let mut limited = project.command("/bin/sh");
        limited.args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" plan"), BINARY]);
        let ran = project.ended(&mut limited);
        let shown: String = ran.shown().chars().take(2000).collect();
        assert_eq!(ran.code, Some(1), "{name}: {shown}");
        assert!(ran.err.len() < LONGEST, "{name}: {} bytes are said", ran.err.len());
    };
    for name in ["list.json", "list.yaml"] {
        project(name, "[".repeat(DEEP).as_bytes());
        project(name, "{\"a\":".repeat(DEEP).as_bytes());
        project(name, "x".repeat(100 << 20).as_bytes());
        project(name, b"[{\"k\": \"\xff\"}]");
        project(name, b"[{\"k\": \"a\"}, {\"k\": \"A\"}]");
    }
    project("list.csv", b"k\n\xff\xfe\n");
    project("list.csv", ",".repeat(1 << 20).as_bytes());
}
