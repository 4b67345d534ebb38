use std::borrow::Cow;
use std::cell::Cell;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::helper::HELPERS;
use super::{Compiler, Names, Run, Siblings};
use crate::model::Reference;

const SECTIONS: [&str; 2] = ["monitors", "slos"];

/// What a string renders to: JSON, or `code: text @ the bytes that are meant`.
fn rendered(text: &str) -> String {
    let constants: Value = json!({
        "env": "prod", "name": "checkout", "n": 5, "ratio": 0.05, "list": ["a", "b"], "none": null,
        "nested": {"x": {"y": [10, {"z": true}]}, "weird key": 1, "0": "zero"},
    });
    let constants: Map<String, Value> = constants.as_object().expect("an object").clone();
    let each = json!({"FunctionName": "api", "Timeout": 30, "Tags": [{"k": "a"}, {"k": "b"}], "env": "own"});
    let siblings = [("monitors".to_owned(), "errors".to_owned()), ("monitors".to_owned(), "off".to_owned())];
    let mut compiler = Compiler::new(Names {
        constants: Some(&constants),
        slots: vec!["each".to_owned(), "param".to_owned()],
        sections: &SECTIONS,
        unused: &[],
        alerting: &["synthetics_tests"],
        siblings: siblings.to_vec(),
        traced: false,
    });
    let show = |fault: &super::Fault| {
        let range = fault.range.clone().unwrap_or(0..text.len());
        let help = fault.help.as_deref().map_or(String::new(), |help| format!(" ({help})"));
        format!("{}: {} @ {}{help}", fault.code, fault.text, &text[range])
    };
    let compiled = match compiler.text(text) {
        Ok(compiled) => compiled,
        Err(faults) => return faults.iter().map(show).collect::<Vec<_>>().join("; "),
    };
    let slots = [Cow::Owned(each), Cow::Owned(json!("p"))];
    let siblings = Siblings { names: &siblings, prefix: "use/key", on: &[true, false] };
    let mut run = Run::new(&slots, Some(siblings), "item `api`");
    run.turns = Cell::new(10_000);
    match compiled.render(&run, None) {
        Ok(value) => value.to_string().replace(Reference::OPEN, "<").replace(Reference::CLOSE, ">"),
        Err(fault) => show(&fault),
    }
}

fn check(text: &str, expected: &str) {
    assert_eq!(rendered(text), expected, "{text}");
}

fn check_starts(text: &str, expected: &str) {
    let got = rendered(text);
    assert!(got.starts_with(expected), "{text}\n  gave     {got}\n  expected {expected}");
}

/// Texts that come out wrong where whole strings are translated for a template engine.
#[test]
fn datadogs_own_syntax_is_text() {
    for same in [
        "",
        "plain",
        "{{host.name}}",
        "{{{host.name}}}",
        "{{#is_alert}}Page.{{/is_alert}}",
        "{{^is_alert}}x{{/is_alert}}",
        "{{#is_match \"role\" \"db\"}}x{{/is_match}}",
        "{{eval \"value * 100\"}}",
        "{{!comment}}",
        "{{> partial}}",
        "{{x}}\\{{/x}}",
        "\\{{v}}",
        "\\\\{{v}}",
        "\\\\\\{{a}}",
        "{{{{raw}}}}",
        "{{unclosed",
        "}}{{",
        "${{value}}",
        "$var",
        "$var.value",
        "$",
        "$$",
        "a$b",
        "{$x}",
        "$ {x}",
        "&lt;b&gt; <b> \" '",
        "é✓ 漢字",
        "a\\nb",
    ] {
        check(same, &Value::from(same).to_string());
    }
    for (text, expected) in [
        ("\\{{v}} ${name}", "\\{{v}} checkout"),
        ("\\\\{{v}}${name}", "\\\\{{v}}checkout"),
        ("C:\\${name}", "C:\\checkout"),
        ("{${name}}", "{checkout}"),
        ("{{${name}}}", "{{checkout}}"),
        ("{{{${name}}}}", "{{{checkout}}}"),
        (
            "{{#is_match \"env\" \"${env}\"}}${name}{{/is_match}}",
            "{{#is_match \"env\" \"prod\"}}checkout{{/is_match}}",
        ),
        ("${{${name}}}", "${{checkout}}"),
        ("$${name}", "${name}"),
        ("$$${name}", "$${name}"),
        ("$${{name}}", "${{name}}"),
        ("avg:x{service:${name},$env} > ${n}", "avg:x{service:checkout,$env} > 5"),
        ("${name}${env}", "checkoutprod"),
        ("<${name}>", "<checkout>"),
        ("${name}'s \"${env}\"", "checkout's \"prod\""),
    ] {
        check(text, &Value::from(expected).to_string());
    }
}

#[test]
fn a_lone_expression_keeps_its_type() {
    for (text, expected) in [
        ("${n}", "5"),
        ("${ratio}", "0.05"),
        ("${list}", r#"["a","b"]"#),
        ("${none}", "null"),
        ("${nested.x.y.0}", "10"),
        ("${nested.x.y.[1].z}", "true"),
        ("${nested/x/y/0}", "10"),
        ("${nested.[weird key]}", "1"),
        ("${nested.0}", "\"zero\""),
        ("${each.Timeout}", "30"),
        ("${mul each.Timeout 900}", "27000"),
        ("${mul ratio 3}", "0.15"),
        ("${eq env 'prod'}", "true"),
        ("${eq n 5.0}", "true"),
        ("${eq n '5'}", "false"),
        ("${if (gt n 4) 1 3}", "1"),
        ("${if none 1}", "null"),
        ("${unless none 1}", "1"),
        ("${default each.Missing 7}", "7"),
        ("${default each.Timeout (mul each.Missing 2)}", "30"),
        ("${lookup list 1}", "\"b\""),
        ("${lookup nested 'weird key'}", "1"),
        ("${default (lookup list 9) 'x'}", "\"x\""),
        ("${@root.n}", "5"),
        (" ${n}", "\" 5\""),
        ("${n} ", "\"5 \""),
        ("${string n}", "\"5\""),
        ("${number '012'}", "12"),
        ("${div 7 2}", "3.5"),
        ("${sub 0.3 0.1}", "0.2"),
        ("${add 9223372036854775807 1}", "9223372036854775808"),
        ("${param}", "\"p\""),
        ("${! a note }", "\"\""),
    ] {
        check(text, expected);
    }
}

#[test]
fn blocks_work_inside_a_text() {
    for (text, expected) in [
        ("${#if n}yes${/if}", "yes"),
        ("${#if none}yes${else}no${/if}", "no"),
        ("${#unless none}yes${/unless}", "yes"),
        ("${#if none}a${else if n}b${else}c${/if}", "b"),
        ("${#if none}a${else if none}b${else}c${/if}!", "c!"),
        ("${#eq env 'prod'}p${else}q${/eq}", "p"),
        ("${#if 0 includeZero=true}zero${/if}", "zero"),
        ("${#if each.Missing}x${/if}", ""),
        ("${#each list}${this}${#unless @last},${/unless}${/each}", "a,b"),
        ("${#each list}${@index}:${.} ${/each}", "0:a 1:b "),
        ("${#each list as |x i|}${i}${x}${/each}", "0a1b"),
        ("${#each each.Tags}${k}${/each}", "ab"),
        ("${#each each.Tags}${this.k}-${env};${/each}", "a-prod;b-prod;"),
        ("${#each each.Tags as |t|}${#each list}${t.k}${this}${../k} ${/each}${/each}", "aaa aba bab bbb "),
        ("${#each nested.x}${@key}=${len this}${/each}", "y=2"),
        ("${#with nested.x}${len y}${../env}${/with}", "2prod"),
        ("${#with none}x${else}y${/with}", "y"),
        ("${#each none}x${else}nothing${/each}", "nothing"),
        ("${#each list}${@../index}${/each}", ""),
        ("a ${~n~} b", "a5b"),
        ("one\n${#if n}\ntwo\n${/if}\nthree", "one\ntwo\nthree"),
        ("one\n  ${#if none}  \ntwo\n${else}\nno\n  ${/if}\nthree", "one\nno\nthree"),
        ("one ${#if n}\ntwo${/if}", "one \ntwo"),
        ("{{#is_alert}}${#if n}@x${/if}{{/is_alert}}", "{{#is_alert}}@x{{/is_alert}}"),
    ] {
        if expected.is_empty() && text.contains("@../") {
            check_starts(text, "unknown-name");
        } else {
            check(text, &Value::from(expected).to_string());
        }
    }
}

#[test]
fn references_become_markers() {
    check("${monitors.errors.id}", "\"<id monitors/use/key/errors>\"");
    check("a ${slos.[a/b.c].url}", "\"a <url slos/a/b.c>\"");
    check("${join (lookup nested 'none') ','}", &rendered("${join (lookup nested 'none') ','}"));
    check("${default none monitors.errors.id}", "\"<id monitors/use/key/errors>\"");
    check("${if n monitors.errors.id ''}", "\"<id monitors/use/key/errors>\"");
    check("${#if none}${monitors.off.id}${/if}x", "\"x\"");
    check_starts("${monitors.off.id}", "switched-off-reference: `monitors.off` is switched off");
    check_starts("${upper monitors.errors.id}", "reference-changed: `upper`");
    check_starts("${eq monitors.errors.id 'x'}", "reference-changed: `eq`");
    check(
        "${monitors.a/b.id}",
        "unknown-reference: `monitors.a/b.id` has too many steps: an id with `.` or `/` needs brackets @ \
         monitors.a/b.id (did you mean `${monitors.[a/b].id}`?)",
    );
    check_starts("${monitors.v1.2.url}", "unknown-reference: `monitors.v1.2.url` has too many steps");
    check(
        "${monitors.x.ids}",
        "unknown-reference: A reference has no `ids` @ monitors.x.ids (did you mean `id`?)",
    );
    check(
        "${monitors.x.monitor_id}",
        "unknown-reference: A reference to `monitors` has no `monitor_id` @ monitors.x.monitor_id (only \
         `synthetics_tests` come with a monitor of their own; of a monitor it is `id`)",
    );
    check_starts("${monitors.x}", "unknown-reference: `monitors.x` is not a reference");
}

#[test]
fn literals_and_the_item_around() {
    check("${true}", "true");
    check("${5}", "5");
    check("${null}", "null");
    check("${add 1e3 n}", "1005");
    check("${#each list}${#each @root.list}${../this}${this}${/each} ${/each}", "\"aaab babb \"");
    check("${#each each.Tags}${#each @root.list}${../this.k}${/each}${/each}", "\"aabb\"");
}

#[test]
fn faults_name_the_place_and_the_remedy() {
    for (text, expected) in [
        ("a ${nam}", "unknown-name: Unknown name `nam` @ nam (did you mean `name`? known: `"),
        ("${default nam 1}", "unknown-name: Unknown name `nam` @ nam (did you mean `name`? known: `"),
        ("${uper name}", "unknown-helper: Unknown helper `uper` @ uper (did you mean `upper`? known: `add`"),
        ("${name 1}", "unknown-helper: Unknown helper `name` @ name (`name` is a value"),
        ("${upper}", "wrong-value: `upper` is a helper: it needs values behind it @ upper"),
        ("${div 1}", "wrong-value: `div` takes 2 values, and was given 1 @ div"),
        (
            "${each.Nope}",
            "missing-member: `each.Nope`: there is no `Nope` in the data of item `api` @ each.Nope",
        ),
        ("${not each.Nope}", "missing-member"),
        ("${default (lower each.Nope) 'x'}", "missing-member"),
        ("${each.Timeout.x}", "missing-member: `each.Timeout.x`: a number has no member `x` of item `api`"),
        ("${list.9}", "missing-member: `list.9`: there is no `9` in a list of 2"),
        (
            "x${none}",
            "wrong-value: null can't stand in a text; `default` gives another value (item `api`) @ ${none}",
        ),
        ("x${list}", "wrong-value: A list can't stand in a text; use `join` or `json`"),
        (
            "${mul name 2}",
            "wrong-value: `mul`: A number is needed here, not a text (`checkout`) (item `api`) @ mul",
        ),
        ("${div n 0}", "wrong-value: `div`: Division by zero"),
        ("${mul 1E300 1E300}", "wrong-value: `mul`: The result is too large for a number"),
        ("${number name}", "wrong-value: `number`: This text is not a number (`checkout`)"),
        ("${gt name 1}", "wrong-value: `gt`: A text (`checkout`) can't be compared with a number"),
        ("${matches name '('}", "wrong-value: `(` is not a regular expression"),
        ("${this}", "unknown-name"),
        ("${@index}", "unknown-name: `@index` has no meaning outside of a loop"),
        ("${#each list}${@nope}${/each}", "unknown-name: Unknown name `@nope`"),
        ("${#each list}${nope}${/each}", "unknown-name: Unknown name `nope` @ nope"),
        ("${#each each.Tags}${nope}${/each}", "missing-member: `nope`: there is no `nope` in the data"),
        ("${#if n}x", "template-syntax: `#if` is never closed @ ${#if n} (close it with `${/if}`)"),
        ("${/if}", "template-syntax: `/if` closes nothing"),
        ("${#if n}${/each}", "template-syntax: `/each` can't close `#if`"),
        ("${else}", "template-syntax: `else` stands in no block"),
        ("${#if n}${else}${else}${/if}", "template-syntax: A block can have one `else` only"),
        ("${#nope n}x${/nope}", "template-syntax: Unknown helper `nope`"),
        ("${#each n}x${/each}", "wrong-value: A list or mapping is needed here, not a number"),
        ("${x y", "template-syntax: This `${` is never closed"),
        ("${a b) c}", "template-syntax"),
        ("${}", "template-syntax: An expression can't be empty"),
        ("${> partial}", "template-syntax: An expression can't begin with `>`"),
        ("${upper \"\\uFDD0\"}", "reserved-character"),
        ("a\u{FDD1}", "reserved-character"),
    ] {
        check_starts(text, expected);
    }
    // All faults of a string at once.
    check_starts("${nam} ${uper x}", "unknown-name");
    assert!(rendered("${nam} ${uper name}").contains("; unknown-helper"));
}

#[test]
fn every_helper_does_what_its_example_says() {
    for helper in HELPERS.iter().filter(|helper| !helper.example.0.is_empty()) {
        let (expression, expected) = helper.example;
        check(&format!("${{{expression}}}"), expected);
    }
}

/// Where a helper is Handlebars' own, it answers as Handlebars does.
#[test]
fn handlebars_own_helpers_agree_with_handlebars() {
    let engine = handlebars::Handlebars::new();
    let data = json!({"list": ["a", "b"], "n": 5, "name": "checkout", "none": null});
    let values = ["n", "name", "none", "list", "'x'", "0", "5", "''", "true", "false", "'7'"];
    let mut compared = 0;
    for a in values {
        for expression in [format!("not {a}"), format!("len {a}")] {
            compared += usize::from(agree(&engine, &data, &expression));
        }
        for b in values {
            for helper in ["eq", "ne", "gt", "gte", "lt", "lte", "and", "or"] {
                compared += usize::from(agree(&engine, &data, &format!("{helper} {a} {b}")));
            }
            let condition =
                format!("{{{{#if {a}}}}}x{{{{else}}}}{{{{#unless {b}}}}}y{{{{/unless}}}}{{{{/if}}}}");
            let theirs = engine.render_template(&condition, &data).expect("a template");
            check(&condition.replace("{{", "${").replace("}}", "}"), &Value::from(theirs).to_string());
        }
    }
    assert!(compared > 500, "{compared}");
}

/// False where we refuse what Handlebars shrugs off.
fn agree(engine: &handlebars::Handlebars<'_>, data: &Value, expression: &str) -> bool {
    let theirs = engine.render_template(&format!("{{{{{expression}}}}}"), data).expect("a template");
    let ours = rendered(&format!("${{{expression}}}"));
    if ours.starts_with("wrong-value") {
        return false;
    }
    assert_eq!(ours, theirs, "{expression}");
    true
}

#[test]
fn rendering_ends() {
    let deep = "${#if n}".repeat(40) + &"${/if}".repeat(40);
    check_starts(&deep, "template-syntax: Blocks can't nest more than 16 deep");
    let loops = "${#each list}".repeat(15) + "x" + &"${/each}".repeat(15);
    check_starts(&loops, "too-large: Its loops make more turns");
    let doubled = (0..20).fold("name".to_owned(), |inner, _| format!("(replace {inner} 'c' 'cccccccccc')"));
    check_starts(&format!("${{{doubled}}}"), "wrong-value: `replace`: The text is longer than");
}

/// Whatever is written, the answer is a value or a fault with a place inside the string.
fn check_any(text: &str) -> Result<(), TestCaseError> {
    let mut compiler = Compiler::new(Names { slots: vec!["each".to_owned()], ..Names::default() });
    let inside =
        |fault: &super::Fault| fault.range.as_ref().is_none_or(|range| text.get(range.clone()).is_some());
    match compiler.text(text) {
        Err(faults) => prop_assert!(!faults.is_empty() && faults.iter().all(inside)),
        Ok(compiled) => {
            let slots = [Cow::Owned(json!({"a": [1, "x", {"b": null}], "n": 2}))];
            let mut run = Run::new(&slots, None, "");
            run.turns = Cell::new(1000);
            if let Err(fault) = compiled.render(&run, None) {
                prop_assert!(inside(&fault));
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn nothing_panics(text in r#"(\$\{|\}|#if |#each |/if|/each|else|each|this|@index|\.\./|[a-n.()\[\]'"|{}~! 0-9-]|\PC){0,40}"#) {
        check_any(&text)?;
    }

    #[test]
    fn no_expression_panics(
        parts in prop::collection::vec(prop::sample::select(vec![
            "${", "}", "#if ", "#each ", "#with ", "/if", "/each", "/with", "else", "else if ", "each", "each.a", "this",
            "../", "@index", "@key", "(", ")", "eq ", "mul ", "default ", "join ", "lookup ", " as |x|", " 1", " 'q'",
            " \"q\"", "{", "[", "]", "~", "x", " ", "\n", "$${", "${{", "é", "replace ", "round ", "div ", "0 ", "-1 ",
        ]), 0..24)
    ) {
        check_any(&parts.concat())?;
    }
}

#[test]
fn hostile_expressions_end_soon() {
    for text in [
        format!("${{{}", "(a ".repeat(24)),
        format!("${{{}{}}}", "(a ".repeat(24), ")".repeat(24)),
        format!("${{len {}}}", "[".repeat(24)),
        format!("${{len {}}}", "{\"a\":".repeat(24)),
        format!("${{len {}}}", "a=(b ".repeat(20)),
        "${'".repeat(100_000),
        "${a ".repeat(100_000),
        "${x}".repeat(50_000),
        "${#if".repeat(50_000),
        "${".repeat(500_000),
    ] {
        let result = rendered(&text);
        assert!(result.starts_with("template-syntax") || result.starts_with("unknown"), "{}", &result[..80]);
    }
}

/// The page shows each helper with the example that is run above, and no other.
#[test]
fn the_page_shows_every_helper() {
    let page = include_str!("../../docs/templates.md");
    let (_, table) = page.split_once("| example | gives |\n| --- | --- |\n").expect("the table");
    let (table, _) = table.split_once("\n\n").expect("its end");
    let rows: Vec<String> = HELPERS
        .iter()
        .filter(|helper| !helper.example.0.is_empty())
        .map(|helper| format!("| `{}` | `{}` |", helper.example.0, helper.example.1))
        .collect();
    assert_eq!(table.lines().collect::<Vec<_>>(), rows);
}
