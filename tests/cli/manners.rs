//! What a person meets beside the work itself: first files, paths, names that are nearly right, links, lists.

use std::process::Stdio;

use crate::project::{BINARY, CRATE, Project, SANDBOX};

const ONE: &str =
    "  one: {name: One, type: query alert, query: 'avg(last_5m):avg:a.b{*} > 1', message: '@slack-a'}\n";

fn declared() -> Project {
    let project = Project::sandbox();
    project.declare(&format!("monitors:\n{ONE}"));
    project
}

#[test]
fn init_adds_its_line_to_a_gitignore_that_is_there() {
    for (before, after) in [
        ("target/\n", "target/\n.musher/\n"),
        ("target/", "target/\n.musher/\n"),
        ("", ".musher/\n"),
        ("a\r\nb\r\n", "a\r\nb\r\n.musher/\r\n"),
        ("# .musher/\n", "# .musher/\n.musher/\n"),
        ("x.musher/\n", "x.musher/\n.musher/\n"),
        // These say it already.
        (".musher\n", ".musher\n"),
        ("/.musher/*\n", "/.musher/*\n"),
        (".musher/\r\nb\r\n", ".musher/\r\nb\r\n"),
    ] {
        let project = Project::empty();
        project.write(".gitignore", before);
        project.fine(&["init"]);
        assert_eq!(project.read(".gitignore"), after, "{before:?}");
        let again = project.exits(0, &["init"]);
        assert_eq!(project.read(".gitignore"), after, "{before:?}");
        assert!(again.err.contains("left as it is"), "{}", again.err);
    }
}

#[cfg(unix)]
#[test]
fn init_leaves_a_gitignore_alone_that_is_no_text_of_this_folder() {
    let (project, elsewhere) = (Project::empty(), Project::empty());
    elsewhere.write("shared", "a\n");
    std::os::unix::fs::symlink(elsewhere.path("shared"), project.path(".gitignore")).unwrap();
    let ran = project.exits(0, &["init"]);
    assert_eq!(elsewhere.read("shared"), "a\n");
    assert!(ran.err.contains("add the line `.musher/`"), "{}", ran.err);
    let project = Project::empty();
    project.write(".gitignore", [0xff, 0xfe, 0x00]);
    assert!(project.exits(0, &["init"]).err.contains("add the line `.musher/`"));
}

/// An example among the definitions of a project would be applied with them.
#[test]
fn init_writes_no_example_into_a_project_that_is_there() {
    let project = Project::new("project: shop\n");
    project.fine(&["init", "--editor"]);
    assert!(!project.path("monitors/example.yaml").exists());
    let project = Project::empty();
    project.fine(&["init"]);
    assert!(project.path("monitors/example.yaml").exists());
}

#[test]
fn init_writes_what_editors_need() {
    let project = Project::empty();
    assert!(project.exits(0, &["init"]).err.contains("`musher init --editor`"));
    let project = Project::empty();
    project.fine(&["init", "--editor"]);
    for (file, schema) in
        [("musher.yaml", "schema/project.json"), ("monitors/example.yaml", "../schema/definitions.json")]
    {
        let text = project.read(file);
        assert_eq!(
            text.lines().next(),
            Some(&*format!("# yaml-language-server: $schema={schema}")),
            "{text}"
        );
        let folder = std::path::Path::new(file).parent().unwrap();
        assert!(project.path("").join(folder).join(schema).exists());
    }
    assert!(project.fine(&["plan"]).contains("Plan: 3 to create."));
    // Ours are brought up to date, others are left alone.
    project.write("templates/mine.yaml", "params: {limit: {type: number, description: Where it fires.}}\n");
    project.write("schema/project.json", "{\"title\": \"somebody's\"}");
    let ran = project.exits(0, &["init", "--editor"]);
    assert!(project.read("schema/definitions.json").contains("Where it fires. (required)"));
    assert_eq!(project.read("schema/project.json"), "{\"title\": \"somebody's\"}");
    assert!(ran.err.contains("wrote schema/definitions.json anew"), "{}", ran.err);
    assert!(ran.err.contains("schema/template.json is up to date"), "{}", ran.err);
    assert_eq!(project.fine(&["schema"]), project.read("schema/definitions.json"));
}

#[test]
fn paths_can_be_opened_from_where_one_stands() {
    let outside = Project::empty();
    outside.write("obs/musher.yaml", SANDBOX);
    outside.write("obs/monitors/deep/z.yaml", "monitors:\n  z: {qurey: 1}\n");
    let shown = |folder: &str, arguments: &[&str]| {
        let mut command = outside.command(BINARY);
        command.current_dir(outside.path(folder)).args(arguments);
        outside.ended(&mut command).err
    };
    for (folder, arguments, path) in [
        ("", &["-C", "obs", "validate"][..], "obs/monitors/deep/z.yaml"),
        ("obs", &["validate"], "monitors/deep/z.yaml"),
        ("obs/monitors/deep", &["validate"], "../../monitors/deep/z.yaml"),
    ] {
        let reported = shown(folder, arguments);
        assert!(reported.contains(&format!("--> {path}:2:")), "{folder}: {reported}");
        assert!(outside.path(folder).join(path).is_file());
    }
}

#[test]
fn a_missing_file_is_one_error() {
    let project = Project::sandbox();
    for definition in [
        "dashboards:\n  a: {$file: gone.json, title: A}\n",
        "monitors:\n  a: {$file: gone.json}\n",
        "slos:\n  a: {$file: gone.yaml}\n",
    ] {
        project.declare(definition);
        let ran = project.exits(1, &["validate"]);
        assert!(ran.err.contains("error[missing-file]") && ran.err.ends_with("\n1 error\n"), "{}", ran.err);
    }
    // In a template, and of a file that is there and broken, it is as much.
    project.write("templates/t.yaml", "dashboards:\n  a: {$file: gone.json}\n");
    project.declare("uses:\n  u: {template: t}\n");
    let ran = project.exits(1, &["validate"]);
    assert!(ran.err.contains("error[missing-file]") && ran.err.ends_with("\n1 error\n"), "{}", ran.err);
    project.write("monitors/broken.json", "{");
    project.declare("dashboards:\n  a: {$file: broken.json}\n");
    let ran = project.exits(1, &["validate"]);
    assert!(ran.err.contains("broken-json") && !ran.err.contains("missing-field"), "{}", ran.err);
}

#[test]
fn names_that_are_nearly_right_are_told() {
    let project = declared();
    let reported = |arguments: &[&str]| project.exits(1, arguments).err;
    let shown = reported(&["show", "monitors/on"]);
    assert!(shown.contains("did you mean `monitors/one`?"), "{shown}");
    project.declare(&format!("monitors:\n{}", ONE.replace("one:", "pay/one:")));
    let shown = reported(&["show", "pay/one"]);
    assert!(shown.contains("did you mean `monitors/pay/one`?"), "{shown}");
    let shown = reported(&["plan", "-e", "sandbx"]);
    assert!(
        shown.contains("name another one by `-e`") && shown.contains("did you mean `sandbox`?"),
        "{shown}"
    );
    assert!(!shown.contains("-->"), "the file is right: {shown}");
    let shown = reported(&["plan", "prod"]);
    assert!(shown.contains("tip: an environment is named by '-e prod'"), "{shown}");
    assert!(!reported(&["init", "prod"]).contains("-e prod"));
    assert!(reported(&["apply", "prod"]).contains("an environment is named by `-e prod`"));
    assert!(!reported(&["apply", "gone.json"]).contains("-e "));
    let shown = reported(&["validate", "--only", "monitors/*"]);
    assert!(shown.contains("`validate --remote`"), "{shown}");
    let shown = reported(&["explain", "treshold-mismatch"]);
    assert!(shown.contains("did you mean `threshold-mismatch`?"), "{shown}");
    assert!(project.fine(&["explain", "threshold-mismatch"]).contains("Instead:"));
    assert!(project.fine(&["explain"]).lines().all(|line| line.chars().count() <= 80));
    let quoted = Project::sandbox();
    quoted.write("monitors/w.yaml", "monitors:\n  a: { group: musher-${{ github.ref }} }\n");
    let shown = quoted.exits(1, &["validate"]).err;
    assert!(shown.contains("quote it: `\"musher-${{ github.ref }}\"`"), "{shown}");
}

#[test]
fn the_sandbox_leads_nowhere_else() {
    let project = declared();
    let mut said = project.fine(&["apply", "--yes"]);
    for arguments in
        [&["list", "--format", "json"][..], &["list", "--format", "markdown"], &["show", "monitors/one"]]
    {
        said += &project.fine(arguments);
    }
    assert!(said.contains("https://sandbox.invalid/monitors/") && !said.contains("datadoghq"), "{said}");
    let url = format!("https://sandbox.invalid/monitors/{}", project.ids()["monitors/one"]);
    project.fine(&["export", "monitor", &url, "-o", "out"]);
}

#[test]
fn a_port_in_use_is_told_with_the_way_round() {
    let project = declared();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = project.exits(1, &["sandbox", "serve", "--port", &port]);
    assert!(ran.err.contains(&port) && ran.err.contains("--port 0"), "{}", ran.err);
}

#[test]
fn much_that_is_new_is_shown_in_brief() {
    let project = Project::sandbox();
    let many = |count: usize| {
        let one = |n: usize| {
            ONE.replace("one", &format!("m{n}"))
                .replace("One", &format!("Name {n}"))
                .replace("> 1", &format!("> {n}"))
        };
        format!("monitors:\n{}", (0..count).map(one).collect::<String>())
    };
    project.declare(&many(30));
    let few = project.fine(&["plan"]);
    assert!(few.contains("avg(last_5m)") && !few.contains("--expand"), "{few}");
    project.declare(&many(31));
    let brief = project.fine(&["plan"]);
    assert!(!brief.contains("avg(last_5m)") && brief.contains("--expand"), "{brief}");
    assert!(brief.contains("+ monitors/m30\n") && brief.lines().count() < 50, "{brief}");
    assert_eq!(project.fine(&["plan", "--expand"]).matches("avg(last_5m)").count(), 31);
}

/// What the pages for tasks link to is there, and what they run are commands.
#[test]
fn pages_lead_somewhere() {
    let root = std::path::Path::new(CRATE);
    let mut pages = vec![root.join("README.md"), root.join("docs/README.md")];
    pages.extend(std::fs::read_dir(root.join("docs/tasks")).unwrap().map(|entry| entry.unwrap().path()));
    assert!(pages.len() >= 8);
    let (mut links, mut commands) = (0, 0);
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            if !target.starts_with("http") && !file.is_empty() {
                assert!(page.parent().unwrap().join(file).exists(), "{}: {target}", page.display());
                links += 1;
            }
        }
        for line in text.lines().filter_map(|line| line.trim_start().strip_prefix("musher ")) {
            let words = line.split(" # ").next().unwrap().split_whitespace();
            // Help is printed once all that stands before it was taken.
            let status = std::process::Command::new(BINARY)
                .args(words)
                .arg("--help")
                .stdout(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success(), "{}: musher {line}", page.display());
            commands += 1;
        }
    }
    assert!(links > 40 && commands > 15, "{links} {commands}");
}
