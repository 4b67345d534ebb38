//! The window that a query looks over.

use crate::check::alert::{QUERY, Subject};
use crate::check::finding::Findings;
use crate::query::WindowSort;

pub fn range(subject: &Subject<'_>, found: &mut Findings) {
    let (Some(alert), Some(tree)) = (&subject.alert, subject.tree()) else { return };
    let Some(class) = alert.class.map(|class| class.name) else { return };
    let Some((_, longest)) = subject.kind.quirks.windows.iter().find(|(name, _)| *name == class) else {
        return;
    };
    let Some(window) = tree.window().filter(|window| window.value.sort == WindowSort::Last) else { return };
    let written = &alert.query[window.span.clone()];
    let help = format!("windows of a {class} have 1 minute to {}", length(*longest));
    if window.value.seconds > *longest {
        let text = format!("The window `{written}` is too long for a {class}");
        found.within((QUERY, &window.span), text, help);
    } else if window.value.seconds < 60 {
        let text = format!("The window `{written}` is too short: monitors are evaluated once a minute");
        found.within((QUERY, &window.span), text, help);
    }
}

fn length(seconds: u64) -> String {
    match seconds / 3600 {
        hours if hours > 48 => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}
