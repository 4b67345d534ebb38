//! The container that this process runs in, as Datadog's clients tell an agent.

/// `ci-ID` or `in-INODE`; none where it can't be told.
#[cfg(target_os = "linux")]
pub fn id() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;

    /// The namespace of a host.
    const OF_HOST: u64 = 0xEFFF_FFFB;
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let inode = |path: &str| Some(std::fs::metadata(path).ok()?.ino());
    if inode("/proc/self/ns/cgroup") == Some(OF_HOST) {
        return named(&groups).map(|id| format!("ci-{id}"));
    }
    let controllers: Vec<(&str, &str)> = groups
        .lines()
        .filter_map(|line| match line.trim().split(':').collect::<Vec<_>>()[..] {
            [_, controller, path] => Some((controller, path)),
            _ => None,
        })
        .collect();
    for wanted in ["memory", ""] {
        // Of several lines of a controller the last one counts.
        if let Some((_, path)) = controllers.iter().rfind(|(controller, _)| *controller == wanted) {
            // As with the client, which takes a path below the root for one of the whole system, and gives up.
            let path = if *path == "/" { format!("/sys/fs/cgroup/{wanted}/") } else { (*path).to_owned() };
            let inode = inode(&path)?;
            if inode > 2 {
                return Some(format!("in-{inode}"));
            }
        }
    }
    None
}

#[cfg(not(target_os = "linux"))]
pub fn id() -> Option<String> {
    None
}

/// The id at the end of a line's path: 64 digits, a UUID, or that of a task.
#[cfg(target_os = "linux")]
fn named(groups: &str) -> Option<&str> {
    const ID: &str = "(?:.+)?([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}\
                      |[0-9a-f]{64}|[0-9a-f]{32}-[0-9]+)(?:\\.scope)?$";
    let id = regex::Regex::new(ID).ok()?;
    groups.lines().find_map(|line| {
        let last = line.trim().splitn(3, ':').nth(2)?.rsplit('/').next()?;
        Some(id.captures(last)?.get(1)?.as_str())
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn containers_are_known_by_the_end_of_a_path() {
        use super::named;

        let id = "8c046cb0b72cd4c99f51b5591cd5b095967f58ee003710a45280c28ee1a9c7fa";
        let uuid = "432624d2-150f-fffe-4f26-8f1c8c1b1a2b";
        assert_eq!(named(&format!("1:name=systemd:/x\n0::/docker/{id}\n")), Some(id));
        assert_eq!(named(&format!("0::/kubepods/cri-containerd-{id}.scope")), Some(id));
        assert_eq!(named(&format!("0::/ecs/{uuid}")), Some(uuid));
        assert_eq!(named("0::/user.slice/session-2.scope"), None);
        let task = "0123456789abcdef0123456789abcdef-4000000000";
        assert_eq!(named(&format!("0::/ecs/x/{task}")), Some(task));
    }
}
