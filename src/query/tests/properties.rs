//! Properties of the query language: no text panics or takes long, and printing keeps the tree.

use proptest::prelude::*;

use crate::query::parsed::MAX_BYTES;
use crate::query::search::search;
use crate::query::tree::*;
use crate::query::{Parsed, formula, metric, monitor};

const KINDS: &[&str] =
    &["query alert", "log alert", "service check", "composite", "slo alert", "data-jobs alert", "?"];

fn composite(text: &str) -> Parsed<Monitor> {
    monitor("composite", text)
}

/// Every grammar reads the text; what is read prints as something that reads the same, and spans lie in the text.
fn read_all(text: &str) {
    same(text, |text| metric(text).tree);
    same(text, |text| formula(text).tree);
    for kind in KINDS {
        let parsed = monitor(kind, text);
        for fault in parsed.errors.iter().chain(&parsed.warnings) {
            assert!(text.get(fault.range.clone()).is_some(), "{text:?}: {fault:?}");
        }
        if let Some(Monitor::Chain(chain)) = &parsed.tree {
            for term in chain.search().iter().flat_map(|search| &search.terms) {
                assert!(text.get(term.span.clone()).is_some(), "{text:?}: {term:?}");
            }
        }
        if let Some(tree) = parsed.tree.filter(|tree| *tree != Monitor::Opaque) {
            let printed = tree.to_string();
            assert_eq!(monitor(kind, &printed).tree.as_ref(), Some(&tree), "{text:?} printed as {printed:?}");
            for key in tree.group_keys() {
                assert_eq!(text.get(key.span.clone()), Some(key.value.as_str()), "{text:?}");
            }
        }
    }
    let found = search(text).tree.expect("a search is always read");
    for term in &found.terms {
        let value = &term.value.value;
        assert_eq!(text.get(value.span.clone()), Some(value.value.as_str()), "{text:?}");
    }
}

fn same<T: PartialEq + std::fmt::Debug + std::fmt::Display>(text: &str, read: impl Fn(&str) -> Option<T>) {
    if let Some(tree) = read(text) {
        let printed = tree.to_string();
        assert_eq!(read(&printed).as_ref(), Some(&tree), "{text:?} printed as {printed:?}");
    }
}

fn at<T>(value: T) -> Spanned<T> {
    Spanned { value, span: 0..0 }
}

fn word() -> impl Strategy<Value = String> {
    "[a-z_$][a-z0-9_]{0,5}(\\.[a-z0-9]{1,3})?"
        .prop_filter("no keyword", |word| !matches!(word.as_str(), "by" | "threshold"))
}

fn tag() -> impl Strategy<Value = Filter> {
    let key = prop::option::of("[a-m]{4,6}".prop_map(at));
    let value = prop_oneof!["[a-z*$.]{4,8}", "\"[a-z ,{}()]{0,6}\""].prop_map(at);
    (key, value).prop_map(|(key, value)| Filter::Tag(Tag { key, value }))
}

fn filter() -> impl Strategy<Value = Filter> {
    let list = ("[a-m]{4,6}", any::<bool>(), prop::collection::vec("[a-z]{1,4}".prop_map(at), 1..3))
        .prop_map(|(key, negated, values)| Filter::In { key: at(key), negated, values });
    let joint = prop_oneof![Just(Joint::Comma), Just(Joint::And), Just(Joint::Or), Just(Joint::None)];
    prop_oneof![tag(), list].prop_recursive(3, 12, 3, move |inner| {
        let chain = (inner.clone(), prop::collection::vec((joint.clone(), inner.clone()), 1..3));
        let brackets = prop_oneof![
            chain.prop_map(|(first, rest)| Filter::Chain {
                first: Box::new(at(first)),
                rest: rest.into_iter().map(|(joint, filter)| (joint, at(filter))).collect(),
            }),
            inner.clone(),
        ]
        .prop_map(|inside| Filter::Brackets(Box::new(at(inside))));
        let not = (any::<bool>(), brackets.clone())
            .prop_map(|(symbol, filter)| Filter::Not { symbol, filter: Box::new(at(filter)) });
        prop_oneof![tag(), brackets, not]
    })
}

fn metric_head() -> impl Strategy<Value = Head> {
    let scope = prop::option::of(filter().prop_map(at)).prop_map(|filter| at(Scope { filter }));
    let condition = prop::option::of(Just(at("v: v<=5".to_owned())));
    let aggregation =
        ("[a-z]{2,4}".prop_map(at), condition).prop_map(|(name, condition)| Aggregation { name, condition });
    (aggregation, word().prop_map(at), prop::option::of(scope)).prop_map(|(aggregation, name, scope)| {
        Head::Metric(Metric { aggregation: Some(aggregation), name, scope })
    })
}

fn argument(value: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Argument> + Clone {
    (prop::option::of("[a-z]{1,5}".prop_map(at)), value.prop_map(at))
        .prop_map(|(name, value)| Argument { name, value })
}

fn suffix(value: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Suffix> + Clone {
    let method = ("[a-z_]{1,8}", prop::collection::vec(argument(value), 0..3));
    prop_oneof![
        prop::collection::vec("[a-z$@.]{1,5}".prop_map(at), 0..3).prop_map(Suffix::By),
        method.prop_map(|(name, arguments)| Suffix::Method(Call { name: at(name), arguments })),
    ]
}

fn leaf() -> impl Strategy<Value = Head> {
    let number = prop_oneof!["[0-9]{1,4}", "[0-9]{0,2}\\.[0-9]{1,3}", "[0-9]e-?[0-9]"];
    prop_oneof![
        number.prop_map(|text| Head::Number(Number { value: text.parse().expect("a number"), text })),
        "[a-z ,()'{}]{0,6}".prop_map(|raw| Head::Text(Text { quote: '"', raw })),
        word().prop_map(Head::Name),
        metric_head(),
    ]
}

fn term(head: Head, suffixes: Vec<Suffix>) -> Expr {
    let suffixes = if matches!(head, Head::Number(_)) { Vec::new() } else { suffixes };
    Expr::Term(Box::new(Term { head: at(head), suffixes: suffixes.into_iter().map(at).collect() }))
}

/// Sums of products, as the parser builds them: a chain holds only what binds closer.
fn expr() -> impl Strategy<Value = Expr> {
    let leaves = leaf().prop_map(|head| term(head, Vec::new()));
    leaves.prop_recursive(3, 24, 3, |inner| {
        let call = (
            word().prop_filter("no method", |word| !word.contains('.')),
            prop::collection::vec(argument(inner.clone()), 0..3),
        )
            .prop_map(|(name, arguments)| Head::Call(Call { name: at(name), arguments }));
        let head = prop_oneof![leaf(), call, inner.clone().prop_map(|inside| Head::Brackets(at(inside)))];
        let operand = (head, prop::collection::vec(suffix(inner), 0..2), any::<bool>()).prop_map(
            |(head, suffixes, signed)| {
                let operand = term(head, suffixes);
                match signed {
                    true => Expr::Signed { sign: at(Operator::Subtract), of: Box::new(at(operand)) },
                    false => operand,
                }
            },
        );
        let product = chain(operand, [Operator::Multiply, Operator::Divide]);
        chain(product, [Operator::Add, Operator::Subtract])
    })
}

fn chain(
    operand: impl Strategy<Value = Expr> + Clone,
    operators: [Operator; 2],
) -> impl Strategy<Value = Expr> + Clone {
    let more = prop::collection::vec((any::<bool>(), operand.clone()), 0..3);
    (operand, more).prop_map(move |(first, more)| match more.is_empty() {
        true => first,
        false => Expr::Chain {
            first: Box::new(at(first)),
            rest: more
                .into_iter()
                .map(|(which, operand)| (at(operators[usize::from(which)]), at(operand)))
                .collect(),
        },
    })
}

/// Real-looking queries to spoil.
const QUERIES: &[&str] = &[
    "avg(last_5m):sum:a.b{env:prod,!host:x*} by {host,env}.as_rate() / default_zero(avg:c{*}) > 5",
    "change(min(last_1m),5m_ago):anomalies(avg:a{x IN (a,\"b c\") AND NOT (d:e OR $f)}, 'basic', 2, direction='both') <= -1.5",
    "logs(\"service:a @b:[1 TO 2] \\\"x y\\\" -(c OR d)\").index(\"*\").rollup(\"count\").by(\"a,@b\").last(\"5m\") >= 1",
    "formula(\"top(query1 * 100, 10, \\\"mean\\\") / (query2 + 1)\").last(\"15m\") != 0.8",
    "burn_rate(\"\u{FDD0}id slos/a b\u{FDD1}\").over(\"30d\").long_window(\"1h\").short_window(\"5m\") > 14.4",
    "\"a.b\".over(\"*\").exclude(\"x:y\").by(\"host\").last(2).count_by_status()",
    "1 && !(2 || \u{FDD0}id monitors/x\u{FDD1})",
    "percentile(count(v: v<=5):a{r:get_/{id}}, 'p90', { * }).rollup(sum, 60).weighted(), b.c",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_symbols_are_read_or_refused(text in "[a-c0-9.,:;{}()\\[\\]'\"\\\\ <>=!&|+*/%$@_\u{FDD0}\u{FDD1}é-]{0,60}") {
        read_all(&text);
    }

    #[test]
    fn spoilt_queries_are_read_or_refused(
        which in 0..QUERIES.len(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, "[a-z{}()\"'\\\\,:. !&|>-]{0,3}"), 1..5),
    ) {
        let mut text: Vec<char> = QUERIES[which].chars().collect();
        for (place, length, insert) in cuts {
            let from = place.index(text.len() + 1);
            let to = (from + length).min(text.len());
            text.splice(from..to, insert.chars());
        }
        read_all(&text.into_iter().collect::<String>());
    }

    #[test]
    fn spoilt_queries_keep_their_grammar_apart(first in 0..QUERIES.len(), second in 0..QUERIES.len(), at in any::<prop::sample::Index>()) {
        let text: Vec<char> = QUERIES[first].chars().collect();
        let head: String = text[..at.index(text.len())].iter().collect();
        read_all(&(head + QUERIES[second]));
    }

    #[test]
    fn trees_print_as_themselves(tree in expr()) {
        let printed = tree.to_string();
        let parsed = formula(&printed);
        prop_assert_eq!(parsed.tree.as_ref().map(|read| &read.value), Some(&tree), "{}: {:?}", printed, parsed.errors);
    }
}

#[test]
fn the_queries_to_spoil_are_whole() {
    for (text, kind) in QUERIES.iter().zip([
        "query alert",
        "query alert",
        "log alert",
        "log alert",
        "slo alert",
        "service check",
        "composite",
    ]) {
        assert!(monitor(kind, text).errors.is_empty(), "{text}");
        read_all(text);
    }
    assert!(metric(QUERIES[7]).errors.is_empty());
}

/// Hundreds of long texts: were one of them read in quadratic time, the test would seem to hang.
#[test]
fn long_texts_are_read_in_linear_time() {
    let pieces = [
        "(",
        "{",
        "a(",
        "a{",
        "a:",
        "!",
        "-",
        "- ",
        "a+",
        "a,",
        ".a(",
        "a.",
        "1",
        "1e",
        "'",
        "\"",
        "\\",
        "a:\"",
        "a:'\\",
        "a{b:(",
        "a{!",
        "a{(",
        "a{b,",
        "a{b IN (",
        "a{b NOT ",
        "a{b AND ",
        " ",
        "a by {",
        "a by {b,",
        "NOT ",
        "a:( ",
        "a:[ ",
        "1&&",
        "1||!(",
        "logs(",
        "count(v:",
        "count(v: v<",
        "\u{FDD0}",
        "\u{FDD0}\u{FDD1}",
        "a{\u{FDD0}",
        "zz(a)+",
        "zzq:a+",
        "avg:a{b:c} by {d}.e(f)+",
    ];
    let long = |start: &str, piece: &str| start.to_owned() + &piece.repeat(MAX_BYTES / 2 / piece.len());
    for piece in pieces {
        let bare = long("", piece);
        metric(&bare);
        composite(&bare);
        search(&bare);
        metric(&long("a{b:c,", piece));
        formula(&long("f((", piece));
        for start in ["avg(last_5m):", "logs(\"", "formula(\""] {
            monitor("log alert", &long(start, piece));
        }
    }
}

#[test]
fn longer_texts_are_refused_unread() {
    let text = "sum:a{b:c} + ".repeat(10 * 1024 * 1024 / 13);
    for errors in [
        metric(&text).errors,
        formula(&text).errors,
        composite(&text).errors,
        monitor("query alert", &text).errors,
    ] {
        assert_eq!(errors.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["query-too-long"]);
    }
}

#[test]
fn deep_texts_are_refused() {
    for piece in ["(", "-", "a(", "a{(", "a{!", "f(x="] {
        let errors = formula(&piece.repeat(5000)).errors;
        let deep = errors.iter().all(|fault| matches!(fault.code, "query-too-deep" | "query-syntax"));
        assert!(deep && !errors.is_empty(), "{piece}: {errors:?}");
    }
    assert_eq!(formula(&"(".repeat(65)).errors[0].code, "query-too-deep");
    assert_eq!(composite(&"!".repeat(65)).errors[0].code, "query-too-deep");
    assert!(formula(&format!("{}a{}", "(".repeat(64), ")".repeat(64))).errors.is_empty());
}
