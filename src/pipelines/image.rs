//! Names of images: tag, version.

/// The tag of an image; empty where it has none. None where it is pinned by a digest.
pub fn tag(image: &str) -> Option<&str> {
    if image.contains('@') {
        return None;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    Some(name.split_once(':').map_or("", |(_, tag)| tag))
}

/// Major and minor of a tag: `v0.95.0` is 0 and 95.
pub fn version(image: &str) -> Option<(u32, u32)> {
    let bare = image.split('@').next().unwrap_or(image);
    let mut numbers = tag(bare)?.trim_start_matches('v').split(['.', '-']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart() {
        assert_eq!(tag("nginx"), Some(""));
        assert_eq!(tag("host:5000/nginx"), Some(""));
        assert_eq!(tag("host:5000/nginx:1.2"), Some("1.2"));
        assert_eq!(tag("nginx:latest@sha256:abc"), None);
        assert_eq!(version("a/b:v0.95.1@sha256:c"), Some((0, 95)));
        assert_eq!(version("a/b:latest"), None);
    }
}
