//! What spans and metrics are told apart by: names and values.

/// The longest text that is sent, in characters.
const LONGEST: usize = 256;

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Number(i64),
    Seconds(f64),
}

pub type Attribute = (&'static str, Value);

/// A text that may be foreign: on one line, and cut.
pub fn text(name: &'static str, value: &str) -> Attribute {
    (name, Value::Text(value.chars().filter(|c| !c.is_control()).take(LONGEST).collect()))
}

pub fn number(name: &'static str, value: u64) -> Attribute {
    (name, Value::Number(i64::try_from(value).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_texts_are_cut_and_stay_on_a_line() {
        let (_, value) = text("a", &format!("a\u{1b}[2J\r\n{}", "ä".repeat(1000)));
        let Value::Text(value) = value else { panic!("a text") };
        assert!(value.starts_with("a[2Jä") && value.chars().count() == LONGEST);
    }
}
