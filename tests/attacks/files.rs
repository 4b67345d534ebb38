//! Files, locks and output: what was there stays, nothing leaves its folder, no line is a command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::liar::{Answer, Liar, definitions, monitor};
use crate::project::{BINARY, Project, Ran};

/// All files of a project by name; the emulator's state is none of them.
fn files(project: &Project) -> BTreeMap<PathBuf, Vec<u8>> {
    fn gather(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() {
                found.insert(
                    path.clone(),
                    std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes(),
                );
            } else if path.is_dir() {
                gather(&path, found);
            } else {
                found.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    gather(&project.path("."), &mut found);
    found
}

fn marked(id: &str) -> Value {
    monitor(
        "Lost",
        json!({"query": "avg(last_5m):avg:lost{*} > 1", "tags": ["musher:bar.prod", format!("musher_id:{id}")]}),
    )
}

fn estate() -> String {
    definitions(
        json!({"monitors": {"one": monitor("one", json!({})), "two": monitor("two", json!({"query": "avg(last_5m):avg:q{*} > 1"}))}}),
    )
}

/// What bears our mark comes back under its id, into a file that is not there yet.
#[test]
fn an_import_hits_no_file_that_is_there() {
    let liar = Liar::start();
    let project = liar.project();
    project.write("monitors/checkout.yaml", estate());
    project.write(
        "monitors/other.json",
        monitor("other", json!({"$when": "${eq environment 'x'}"})).to_string(),
    );
    let before = files(&project);
    let lost = liar.add("monitors", marked("checkout"));
    let switched_off = liar.add("monitors", marked("other"));
    project.fine(&["import", "monitor", &lost, "--format", "yaml"]);
    assert!(project.read("monitors/checkout-2.yaml").starts_with("monitors:\n  checkout:\n"));
    project.remove("monitors/checkout-2.yaml");
    let ran = project.exits(1, &["import", "monitor", &switched_off]);
    assert!(ran.err.contains("switched off in this environment"), "{}", ran.shown());
    assert_eq!(files(&project), before);
    // Where its own name is free it takes that.
    project.fine(&["import", "monitor", &lost]);
    assert!(project.path("monitors/checkout.json").exists());
    project.remove("monitors/checkout.json");
    // In JSON the name is the id.
    project.write("monitors/checkout.json", "{}");
    let ran = project.exits(1, &["import", "monitor", &lost]);
    assert_eq!(project.read("monitors/checkout.json"), "{}", "{}", ran.shown());
}

/// A refused import leaves no file and no folder, and a file that it changed as it was, to the byte.
#[test]
fn what_is_taken_back_stands_as_it_was() {
    let liar = Liar::start();
    let project = liar.project();
    let text = format!("\u{feff}# ours\r\n{}\r\n", estate());
    project.write("monitors/a.yaml", &text);
    let before = files(&project);
    let broken = liar.add("monitors", monitor("bad", json!({"query": "nonsense"})));
    for more in
        [&["--into", "monitors/a.yaml"][..], &["--id", "deep/er/bad"], &["--into", "monitors/n/e/w.yaml"]]
    {
        let ran = project.run(&[&["import", "monitor", &broken], more].concat());
        assert_eq!((ran.code, files(&project) == before), (Some(1), true), "{more:?}: {}", ran.shown());
        assert!(!project.path("monitors/deep").exists() && !project.path("monitors/n").exists());
    }
}

/// An id in a mark is anybody's word.
#[test]
fn no_mark_leads_out_of_the_definitions() {
    let liar = Liar::start();
    let project = liar.project();
    project.write("monitors/a.yaml", estate());
    project.write("package.json", "{}");
    let outside = project.path("outside");
    let long = "x/".repeat(90) + &"y".repeat(300);
    for id in [
        "../package",
        "../../x",
        ".git/hooks/x",
        "a/../../x",
        "/tmp/x",
        outside.to_str().unwrap(),
        "nul",
        "con.x",
        "a\0b",
        "a\nb",
        &long,
    ] {
        let live = liar.add("monitors", marked(id));
        let before = files(&project);
        let ran = project.run(&["import", "monitor", &live]);
        let mut after = files(&project);
        after.retain(|path, text| before.get(path) != Some(text));
        let new: Vec<_> =
            after.keys().filter(|path| path.parent() != Some(&project.path("./monitors"))).collect();
        assert!(new.is_empty() && after.len() <= 1, "{id:?} wrote {new:?}: {}", ran.shown());
        assert!(before.iter().all(|(path, text)| std::fs::read(path).unwrap() == *text), "{id:?}");
        after.keys().for_each(|path| std::fs::remove_file(path).unwrap());
        assert!(!outside.exists() && !ran.err.contains("panicked"), "{}", ran.shown());
    }
}

/// Devices, pipes and links are written into.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_replaces_plain_files_only() {
    use std::os::unix::fs::{FileTypeExt, symlink};

    let project = Project::sandbox();
    project.write("monitors/a.yaml", estate());
    let run = |script: &str| {
        let ran = project.ended(project.command("/bin/sh").args(["-c", script, BINARY]));
        assert_eq!(ran.code, Some(0), "{script}: {}", ran.shown());
        ran.out
    };
    symlink("/proc/self/fd/1", project.path("stdout")).unwrap();
    symlink("target", project.path("link")).unwrap();
    project.write("target", "old");
    assert!(run("\"$0\" plan -q -o stdout").contains("monitors/one"));
    assert!(run("\"$0\" plan -q -o /dev/stdout").contains("monitors/one"));
    assert!(run("\"$0\" plan -q -o /dev/fd/3 3>&1").contains("monitors/one"));
    assert!(run("\"$0\" plan -q -o /dev/fd/2 2>&1 >other").contains("monitors/one"));
    // What a file has already got by the same descriptor stays.
    run("exec >log; echo begin; \"$0\" plan -q -o /dev/stdout; echo end");
    let log = project.read("log");
    assert!(log.starts_with("begin\n") && log.contains("monitors/one") && log.ends_with("end\n"), "{log}");
    run("exec 5>log5; \"$0\" plan -q -o /dev/fd/5; echo end >&5");
    assert!(project.read("log5").contains("monitors/one"), "{}", project.read("log5"));
    assert!(run("mkfifo pipe; cat pipe & \"$0\" plan -q -o pipe; wait").contains("monitors/one"));
    run("\"$0\" plan -q -o /dev/null; \"$0\" plan -q --format json -o link");
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert!(project.path("pipe").metadata().unwrap().file_type().is_fifo());
    serde_json::from_str::<Value>(&project.read("target")).unwrap();
    // The end of an apply, and a report beside it.
    assert!(run("\"$0\" apply --yes -q -o /dev/stdout --report link").contains("Applied: 2 created."));
    assert!(project.read("target").contains("\"done\": 2"));
    assert!(project.path("link").is_symlink() && project.path("stdout").is_symlink());
    let id = &project.ids()["monitors/one"];
    assert!(run(&format!("\"$0\" export monitor {id} -q -o /dev/stdout")).starts_with('{'));
}

/// An answer that replaces a definition would lose it, and the next apply what it declares.
#[test]
fn no_answer_replaces_what_the_project_is_read_from() {
    let project = Project::sandbox();
    project.write("monitors/a.yaml", estate());
    let before = files(&project);
    for path in ["musher.yaml", "monitors/a.yaml", "monitors/../monitors/a.yaml"] {
        for command in [
            &["plan", "-o", path][..],
            &["list", "-o", path],
            &["validate", "--format", "json", "-o", path],
            &["apply", "--yes", "-o", path],
            &["apply", "--yes", "--report", path],
            &["schema", "-o", path],
            &["schema", "project", "-o", path],
        ] {
            let ran = project.exits(1, command);
            assert!(ran.err.contains("this project is read from"), "{}", ran.shown());
            assert_eq!(files(&project), before, "{command:?}");
        }
    }
    // Beside them, and once more over the same answer.
    for _ in 0..2 {
        project.fine(&["plan", "-o", "plan.md"]);
    }
}

/// What can't be written at the end is said before the first change; what fails then doesn't unsay what was done.
#[cfg(target_os = "linux")]
#[test]
fn what_was_applied_is_never_called_nothing() {
    let liar = Liar::start();
    let project = liar.project();
    project.write("monitors/a.yaml", estate());
    for more in [
        &["--report", "no/such"][..],
        &["-o", "no/such"],
        &["--report", "monitors"],
        &["-o", "musher.yaml/x"],
    ] {
        let ran = project.run(&[&["apply", "--yes"], more].concat());
        assert_eq!((ran.code, liar.take_writes().len()), (Some(1), 0), "{more:?}: {}", ran.shown());
    }
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = |arguments: &[&str], streams: &str| {
        let mut command = project.command(BINARY);
        command.args(arguments).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        if streams.contains('o') {
            command.stdout(full());
        }
        if streams.contains('e') {
            command.stderr(full());
        }
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, reported) = run(&["apply", "--yes", "-q"], "o");
    assert_eq!((code, liar.ids("monitors").len()), (Some(4), 2), "{reported}");
    assert!(reported.contains("Applied: 2 created."), "{reported}");
    project.write(
        "monitors/b.yaml",
        definitions(json!({"monitors": {"b": monitor("b", json!({"query": "avg(last_5m):avg:b{*} > 1"}))}})),
    );
    let (code, reported) = run(&["apply", "--yes", "-q", "-v", "-v"], "e");
    assert_eq!((code, liar.ids("monitors").len()), (Some(0), 3), "{reported}");
    // Where it is the report that can't be written.
    project.write(
        "monitors/c.yaml",
        definitions(json!({"monitors": {"c": monitor("c", json!({"query": "avg(last_5m):avg:c{*} > 1"}))}})),
    );
    let (code, reported) = run(&["apply", "--yes", "--report", "/dev/full"], "");
    assert_eq!((code, liar.ids("monitors").len()), (Some(4), 4), "{reported}");
    assert!(reported.contains("Applied: 1 created."), "{reported}");
}

fn locked(liar: &Liar, file: &str) -> Project {
    let project =
        liar.project_of(&format!("project: bar\nenvironments: {{prod: {{lock: {{file: {file}}}}}}}\n"));
    project.write("monitors/a.yaml", estate());
    project
}

/// A file of any age that is not a lock stays, and nothing is applied.
#[test]
fn a_lock_takes_no_file_away() {
    let liar = Liar::start();
    for (file, text) in [
        ("notes.txt", "mine"),
        ("monitors/a.yaml", ""),
        ("musher.yaml", ""),
        ("empty", ""),
        ("x.json", "{\"expires\": 1}"),
    ] {
        let project = locked(&liar, file);
        if !project.path(file).exists() {
            project.write(file, text);
        }
        let old = std::fs::File::options().write(true).open(project.path(file)).unwrap();
        old.set_modified(UNIX_EPOCH + Duration::from_secs(1)).unwrap();
        let before = files(&project);
        let ran = project.exits(1, &["apply", "--yes"]);
        assert!(ran.err.contains("is not a lock of musher's"), "{}", ran.shown());
        assert_eq!(files(&project), before, "{file}");
    }
    assert!(liar.take_writes().is_empty());
}

/// The holder's names in a lock file are anybody's words.
#[test]
fn a_lock_says_nothing_to_the_terminal() {
    let liar = Liar::start();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for (expires, exit) in [(now + 1_000, 1), (1, 0)] {
        let project = locked(&liar, "l.lock");
        let name = "x\u{1b}]0;pwned\u{7}\n::error::\u{202e}";
        let holder = json!({"owner": name, "host": name, "pid": 1, "nonce": name, "expires": expires});
        project.write("l.lock", holder.to_string());
        let ran = project.exits(exit, &["apply", "--yes", "--color", "always", "--lock-timeout", "1s"]);
        let text = ran.err.replace("\u{1b}[", "");
        assert!(text.contains("x?]0;pwned??::error::"), "{}", ran.shown());
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{}", ran.shown());
    }
}

/// Whoever loses the lock in the midst stops, and doesn't end as if all were well.
#[test]
fn an_apply_that_lost_its_lock_stops() {
    let liar = Liar::start();
    for taken_by in ["", "somebody else"] {
        let project = locked(&liar, "l.lock");
        let many: BTreeMap<String, Value> = (0..40)
            .map(|n| {
                (
                    format!("m{n}"),
                    monitor(&format!("m{n}"), json!({"query": format!("avg(last_5m):avg:q{n}{{*}} > 1")})),
                )
            })
            .collect();
        project.write("monitors/a.yaml", definitions(json!({"monitors": many})));
        let lock = project.path("l.lock");
        let taken_by = taken_by.to_owned();
        liar.before(move |request, world| {
            if request.writes() {
                request.held = Duration::from_millis(100);
                if world.all("monitors").len() == 2 {
                    std::fs::remove_file(&lock).unwrap_or_default();
                    if !taken_by.is_empty() {
                        std::fs::write(&lock, &taken_by).unwrap();
                    }
                }
            }
            None
        });
        let ran = project.exits(4, &["apply", "--yes", "--concurrency", "1"]);
        liar.honest();
        let made = liar.ids("monitors");
        assert!(
            made.len() < 40 && ran.err.contains("the lock was lost"),
            "{} made: {}",
            made.len(),
            ran.shown()
        );
        liar.world(|world| made.iter().all(|id| world.remove("monitors", id)));
    }
}

#[test]
fn what_is_passed_over_is_told_once() {
    let project = Project::sandbox();
    project.write("monitors/keep.yaml", estate());
    let more = |name: &str| {
        definitions(
            json!({"monitors": {name: monitor(name, json!({"query": format!("avg(last_5m):avg:{name}{{*}} > 1")}))}}),
        )
    };
    // Nobody's definitions, or definitions that are read.
    project.write("monitors/README.md", "# Monitors\n\nmonitors:\n  are here\n");
    project.write("monitors/LICENSE", "Free.\n\nuse it: well\n");
    project.write("monitors/.yamllint.yaml", "rules: {line-length: disable}\n");
    project.write("monitors/.gitkeep", "");
    project.write("monitors/.DS_Store", [0, 0, 0, 1, 0xff]);
    project.write("monitors/.terraform/modules/modules.json", "{}");
    project.write("monitors/keep.yaml~", estate());
    project.write("monitors/keep.yaml.bak", estate());
    project.write("monitors/.keep.yaml.swp", estate());
    project.write("monitors/body.json.tmpl", "{\"name\": \"x\"}");
    project.write("monitors/a.yaml.example", estate());
    project.write("monitors/none.yaml", "monitors: {}\n");
    project.write("dashboards/grafana.json", "{\"panels\": []}");
    project.write("inventory/functions.json", "[]");
    let ran = project.exits(0, &["validate", "--deny", "warnings"]);
    assert_eq!(ran.err, "", "{}", ran.shown());

    let passed = ["b.YAML", "c.yaml.bak", "d.yml~", ".e.yaml", ".old/f.yaml", "g", "i.yaml.disabled"];
    project.write("monitors/huge.YAML", format!("monitors:\n  a: {{name: x}}\n# {}\n", "é".repeat(1 << 20)));
    for (n, name) in passed.iter().enumerate() {
        project.write(&format!("monitors/{name}"), more(&format!("p{n}")));
    }
    for (name, text) in [
        ("j.yaml", ""),
        ("k.yml", "# monitors:\n#   a: {}\n"),
        ("l.yaml", "---\n\n"),
        ("m.yaml", "monitors:\n  # a: {}\n"),
    ] {
        project.write(&format!("monitors/{name}"), text);
    }
    let ran = project.exits(0, &["plan"]);
    for name in passed.iter().chain(&["huge.YAML", "j.yaml", "k.yml", "l.yaml", "m.yaml"]) {
        assert!(ran.err.contains(&format!("`monitors/{name}`")), "{name}: {}", ran.shown());
    }
    assert_eq!(ran.err.matches("warning[").count(), 2, "{}", ran.shown());
    project.exits(1, &["validate", "--deny", "warnings"]);
}

#[test]
fn folders_whose_names_mean_definitions_are_told() {
    let project = Project::sandbox();
    project.write("Monitors/a.yaml", estate());
    project.write("slos/b.yaml", estate());
    let ran = project.exits(0, &["plan"]);
    assert!(ran.err.contains("`Monitors/a.yaml`, `slos/b.yaml`"), "{}", ran.shown());
}

#[test]
fn a_page_of_an_inventory_is_refused() {
    let project = Project::sandbox();
    project.write("templates/t.yaml", "params: {f: {}}\nmonitors: {m: {name: \"${f}\", type: query alert, query: \"avg(last_5m):avg:a{f:${f}} > 1\", message: '@x'}}\n");
    project.declare("uses: {u: {template: t, for_each: ../functions.json, key: \"${each.N}\", with: {f: \"${each.N}\"}}}\n");
    project.write("functions.json", "{\"Functions\": [{\"N\": \"a\"}], \"NextMarker\": null}");
    project.fine(&["validate"]);
    project.write("functions.json", "{\"Functions\": [{\"N\": \"a\"}], \"NextMarker\": \"abc\"}");
    let ran = project.exits(1, &["plan"]);
    for words in ["error[one-page]", "`NextMarker`", "--no-paginate", "--max-items"] {
        assert!(ran.err.contains(words), "{words}: {}", ran.shown());
    }
    let zeros = format!("[{}0]", "0,".repeat(200_000));
    project.write("functions.json", zeros);
    assert!(project.exits(1, &["plan"]).err.contains("error[too-large]"));
    project.declare("uses: {u: {template: t, for_each: ../functions.csv, key: \"${each.N}\", with: {f: \"${each.N}\"}}}\n");
    project.write("functions.csv", format!("N{}\n", ",a".repeat(10_000)));
    assert!(project.exits(1, &["plan"]).err.contains("error[too-large]"));
}

/// The commands that GitHub's runner would obey: it trims space before `::`, and finds `##[` anywhere.
fn obeyed(ran: &Ran) -> Vec<String> {
    let lines = ran.out.split(['\n', '\r']).chain(ran.err.split(['\n', '\r']));
    lines
        .filter(|line| line.trim_start().starts_with("::") || line.contains("##["))
        .map(str::to_owned)
        .collect()
}

const EVIL: &str = "calm\n::add-mask::pwned\r::set-env::x\n \u{a0}::error::x\n##[set-output name=x]y\n::stop-commands::t\nend";

/// A managed monitor with commands in its declared and its live texts, and one that nobody owns; their ids.
fn commanding(liar: &Liar) -> (Project, String, String) {
    let project = liar.project();
    let words = format!("n {}", "::error::pwned ".repeat(12));
    let declared = monitor(&words, json!({"message": EVIL}));
    project.write("monitors/a.yaml", definitions(json!({"monitors": {"a": declared}})));
    let query = format!("avg(last_5m):avg:a.b{{x:y}} {}> 1", "::notice::pwned ".repeat(20));
    let tags = ["musher:bar.prod", "musher_id:a"];
    let live = json!({"message": format!("{EVIL} and more"), "tags": tags, "query": query});
    let id = liar.add("monitors", monitor("n", live));
    (project, id, liar.add("monitors", monitor(EVIL, json!({"message": EVIL}))))
}

#[test]
fn no_text_from_outside_is_a_command_to_the_runner() {
    let liar = Liar::start();
    let (mut project, id, other) = commanding(&liar);
    // Elsewhere the text stays as it is.
    assert!(project.fine(&["show", "monitors/a"]).contains("##[set-output"));
    project.set("GITHUB_ACTIONS", "true");
    for arguments in [
        &["plan"][..],
        &["plan", "--expand"],
        &["plan", "--format", "json"],
        &["plan", "--format", "markdown"],
        &["plan", "-vv"],
        &["plan", "-o", "/dev/stdout"],
        &["show", "monitors/a"],
        &["show", "monitors/a", "--format", "json"],
        &["list"],
        &["list", "--format", "json"],
        &["list", "--format", "markdown"],
        &["export", "monitor", &other, "-o", "/dev/stdout"],
        &["export", "monitor", &other, "-o", "out"],
        &["import", "monitor", &other],
        &["apply", "--yes", "-v"],
    ] {
        let ran = project.run(arguments);
        assert_eq!((obeyed(&ran), ran.code), (Vec::new(), Some(0)), "{arguments:?}: {}", ran.shown());
        if arguments.contains(&"json") {
            serde_json::from_str::<Value>(&ran.out).unwrap();
        }
    }
    // A file is what it is.
    assert!(
        std::fs::read_dir(project.path("out"))
            .unwrap()
            .any(|file| { std::fs::read_to_string(file.unwrap().path()).unwrap().contains("##[set-output") })
    );
    liar.before(|request, _| request.writes().then(|| Answer::new(400, json!({"errors": [EVIL]}))));
    liar.world(|world| world.get("monitors", &id).unwrap()["name"] = "changed".into());
    let ran = project.exits(4, &["apply", "--yes"]);
    assert!(obeyed(&ran).is_empty() && ran.out.contains("calm"), "{}", ran.shown());
    // Our own annotations are commands, and carry no other.
    project.write("monitors/b.yaml", definitions(json!({"monitors": {"##[error]x": 1}})));
    let ran = project.exits(1, &["validate", "--format", "github"]);
    assert!(
        obeyed(&ran)
            .iter()
            .all(|line| (line.starts_with("::error ") || line.starts_with("::warning "))
                && !line.contains("##[")),
        "{}",
        ran.shown()
    );
    assert!(ran.out.contains("::error file=monitors/b.yaml"), "{}", ran.shown());
}

/// Among the definitions an export adopts what it comes from: the next apply makes no second one.
#[test]
fn an_export_among_the_definitions_adopts() {
    let liar = Liar::start();
    let project = liar.project();
    let id = liar.add("monitors", monitor("Disk full", json!({})));
    for (format, name) in [("json", "json"), ("yaml", "yaml")] {
        project.fine(&["export", "monitor", &id, "-o", "monitors/shop", "--format", format]);
        let path = format!("monitors/shop/disk-full-{id}.{name}");
        assert!(project.read(&path).contains("$id"), "{}", project.read(&path));
        assert!(project.actions()[0].starts_with("adopt "), "{:?}", project.actions());
        project.remove(&path);
    }
    project.fine(&["export", "monitor", &id, "-o", "backup"]);
    assert!(!project.read(&format!("backup/disk-full-{id}.json")).contains("$id"));
}

/// A file keeps no more of what the service fills in than an id does.
#[test]
fn an_import_of_a_file_says_what_that_of_an_id_says() {
    let liar = Liar::start();
    let project = liar.project();
    let noisy = json!({"priority": null, "query": "avg(last_5m):avg:a.b{*} > 90", "restricted_roles": null, "draft_status": "published",
        "options": {"thresholds": {"critical": 90.0}, "notify_audit": false, "new_host_delay": 300, "silenced": {}, "include_tags": true}});
    let id = liar.add("monitors", monitor("noisy", noisy));
    project.write("in.json", liar.get("monitors", &id).to_string());
    project.fine(&["import", "monitor", "in.json", "--id", "file"]);
    project.fine(&["import", "monitor", &id, "--id", "id"]);
    let read = |name: &str| -> Value { serde_json::from_str(&project.read(name)).unwrap() };
    let mut live = read("monitors/id.json");
    live.as_object_mut().unwrap().shift_remove("$id");
    assert_eq!(read("monitors/file.json"), live);
    assert!(live["options"].get("silenced").is_none(), "{live}");
}

/// A start that finds no room leaves nothing behind that keeps the next one from its work.
#[test]
fn an_init_writes_whole_files() {
    let project = Project::empty();
    project.write("monitors/example.yaml", "# mine\n");
    project.fine(&["init"]);
    assert_eq!(project.read("monitors/example.yaml"), "# mine\n");
    assert!(project.read("musher.yaml").starts_with("project: "));
    assert!(
        std::fs::read_dir(project.path(".")).unwrap().all(|entry| !entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with(".tmp"))
    );
}
