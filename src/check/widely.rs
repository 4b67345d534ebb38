//! What only a look at all resources shows.

use super::alert::Subject;
use super::finding::Findings;

/// Two alerts that say the same; the service may refuse the second.
pub fn equal(subject: &Subject<'_>, found: &mut Findings) {
    if let Some(twin) = subject.estate.twin(subject.at) {
        let text = format!(
            "`{}` has the same body as `{}`: the service may refuse the second as a duplicate",
            subject.resource.address, twin.address
        );
        found.add("", text, "take one of them out, or let their names tell what sets them apart");
    }
}
