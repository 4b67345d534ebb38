//! Any text at all: read, shown and written back.

use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

use super::tree::{Content, Index, Tree};
use super::{align, json, yaml};
use crate::diagnostic::FileId;

#[test]
fn a_text_is_read_by_its_format() {
    use crate::diagnostic::Format;
    assert_eq!(super::value("[a, 012]", Format::Yaml, FileId(0)), (Some(json!(["a", "012"])), vec![]));
    assert_eq!(super::value("[1]", Format::Json, FileId(0)), (Some(json!([1])), vec![]));
    for (text, format) in [("[", Format::Yaml), ("a: 1\na: 2", Format::Yaml), ("[a]", Format::Json)] {
        let (value, faults) = super::value(text, format, FileId(0));
        assert_eq!((value, faults.len()), (None, 1), "{text}");
    }
}

fn read_yaml(text: &str) -> (Value, usize) {
    let parsed = yaml::parse(text, FileId(0));
    let (value, faults) = yaml::value(&parsed.tree, text, FileId(0));
    (value, parsed.faults.len() + faults.len())
}

/// Asks for the place of every node and of parts of every string.
fn every_place(text: &str, tree: &Tree) {
    for id in 0..u32::try_from(tree.nodes.len()).unwrap() {
        if let Content::Scalar(decoded, style) = &tree.node(id).content {
            for within in [0..0, 0..1, 1..decoded.len(), decoded.len()..decoded.len() + 5] {
                let range = align::within(text, tree.range(id), *style, decoded, &within);
                assert!(range.start <= range.end && range.end <= text.len().max(range.start));
            }
        }
    }
}

/// Texts made of what YAML and JSON are made of: more of them get far than of any bytes.
pub fn syntax() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ": ",
        "\"",
        "'",
        "\\",
        "\\u00e4",
        "\\n",
        "|\n",
        ">-\n",
        "&a ",
        "*a",
        "<<: ",
        "!x ",
        "# c",
        "${x}",
        "$id",
        "monitors:\n  ",
        "ä",
        "😀",
        "\t",
        "\r\n",
        "---\n",
        "...\n",
        "? ",
        "1",
        "0x",
        ".inf",
        "null",
        "~",
        "%",
        "@",
        "\u{feff}",
        "\u{85}",
        "uses:\n  ",
        "$file: ",
    ]);
    prop::collection::vec(parts, 0..40).prop_map(|parts| parts.concat())
}

fn values() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        syntax(),
        "\\PC{0,12}",
        prop::sample::select(vec![
            "no",
            "on",
            "yes",
            "012",
            "1_000",
            "1e3",
            ".5",
            "0x1f",
            "~",
            "null",
            "true",
            "",
            " ",
            " a",
            "a ",
            "- a",
            "a: b",
            "#",
            "a #b",
            "<<",
            "=",
            "\n",
            "a\nb",
            "a\n",
            "a\n\n",
            "\ta",
            "a\n  b\n c",
            "---",
            "...",
            "{{x}}",
            "${x}",
            "%a",
            "@a",
            "`a`",
            "!a",
            "&a",
            "*a",
            "'",
            "\"",
            "\\",
            "a'b\"c",
            "\u{1}",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "12:30",
            "2001-01-01",
            "+1",
            "-",
            "?",
            "| a",
            "> a",
            ",",
            "[",
            "]",
            "{",
            "}",
            "1.",
            "0o7",
            "-0",
            "+.inf",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |number| Number::from_f64(number).map(Value::Number)),
        text.clone().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let map = prop::collection::vec((text.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::Array),
            map.prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_syntax_breaks_the_parsers(text in syntax()) {
        read_yaml(&text);
        json::value(&text, FileId(0));
        every_place(&text, &yaml::parse(&text, FileId(0)).tree);
        every_place(&text, &json::tree(&text));
    }

    #[test]
    fn what_is_written_is_read_back(value in values()) {
        let text = serde_saphyr::to_string(&value).unwrap();
        prop_assert_eq!(read_yaml(&text), (value.clone(), 0), "{}", text);
        let text = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(json::value(&text, FileId(0)), (value, vec![]), "{}", text);
    }

    /// A scalar without white space around is found in the source as it reads, through any style.
    #[test]
    fn places_in_strings_hold_what_they_name(before in "[a-z äé\"'\\\\\n#:-]{0,20}", behind in "[a-z \"'\n]{0,20}") {
        let text = format!("{before}${{name}}{behind}");
        let value = json!({"a": {"b": text}});
        let sources = [serde_saphyr::to_string(&value).unwrap(), serde_json::to_string(&value).unwrap()];
        for (source, is_json) in sources.iter().zip([false, true]) {
            let tree = if is_json { json::tree(source) } else { yaml::parse(source, FileId(0)).tree };
            let (_, node) = tree.find("/a/b", &Index::default()).unwrap();
            let Content::Scalar(decoded, style) = &tree.node(node).content else { panic!("no scalar") };
            prop_assert_eq!(&**decoded, &*text);
            let at = text.find("${name}").unwrap();
            let range = align::within(source, tree.range(node), *style, decoded, &(at..at + 7));
            prop_assert_eq!(&source[range], "${name}", "{}", source);
        }
    }
}
