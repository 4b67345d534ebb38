//! How much two texts have in common, cheaply.

use std::collections::HashMap;

/// From 0 to 1: the share of words that both have. The order of words doesn't count.
pub fn likeness(one: &str, other: &str) -> f64 {
    let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
    for word in words(one) {
        counts.entry(word).or_default().0 += 1;
    }
    for word in words(other) {
        counts.entry(word).or_default().1 += 1;
    }
    let (common, all) =
        counts.values().fold((0, 0), |(common, all), (a, b)| (common + (*a).min(*b), all + (*a).max(*b)));
    if all == 0 { 0.0 } else { common as f64 / all as f64 }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !"._-".contains(c)).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::likeness;

    #[test]
    fn words_in_common() {
        for (one, other, expected) in
            [("a b c", "c b a", 1.0), ("a b", "a c", 1.0 / 3.0), ("", "", 0.0), ("a", "b", 0.0)]
        {
            assert!((likeness(one, other) - expected).abs() < 1e-9, "{one} {other}");
        }
    }
}
