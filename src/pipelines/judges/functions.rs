//! Lambda functions with Datadog's layers.

use crate::diagnostic::Severity;
use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::function::{ACCOUNTS, Function, Layer};
use crate::pipelines::rules::{self, Rule};
use crate::pipelines::subjects::Subjects;
use crate::pipelines::view::View;
use crate::pipelines::watch::{Watch, is_trace_metric};
use crate::source::short;

pub fn judge(subjects: &Subjects<'_>, watches: &[Watch], found: &mut Findings) {
    for function in &subjects.functions {
        let layers = function.datadog_layers();
        let instrumented = !layers.is_empty();
        for layer in &layers {
            arn(function, layer, found);
        }
        if instrumented {
            runtime(function, found);
            layers.iter().for_each(|layer| library(function, layer, found));
            handler(function, &layers, found);
            settings(function, found);
        }
        key(function, &layers, found);
        traced(function, watches, found);
    }
}

fn add<'f>(
    found: &'f mut Findings,
    rule: &'static Rule,
    function: &Function<'_>,
    spot: Spot,
    text: String,
    help: &str,
) -> &'f mut crate::pipelines::finding::Finding {
    found.add(rule, spot, text, help).whose(function.name)
}

fn arn(function: &Function<'_>, layer: &Layer<'_>, found: &mut Findings) {
    let spot = || Spot::value(&layer.view);
    let name = short(function.name);
    let mut own =
        function.view.get("FunctionArn").and_then(|arn| arn.text()).unwrap_or_default().split(':').skip(3);
    if let Some(region) = own.next().filter(|region| !region.is_empty() && *region != layer.region) {
        let text = format!("`{name}` is in `{}`, and this layer in `{}`", short(region), short(layer.region));
        add(found, &rules::LAYER, function, spot(), text, "name the layer of the function's region");
    }
    if !ACCOUNTS.contains(&layer.account) {
        let text = format!(
            "`{name}`: `{}` is not the account that Datadog publishes layers from",
            short(layer.account)
        );
        add(
            found,
            &rules::LAYER,
            function,
            spot(),
            text,
            "write 464622532012 (002406178527 in AWS GovCloud)",
        );
    }
    // A part of a function, for an update, need not say it.
    let Some(processors) = function.view.get("Architectures") else { return };
    let is_arm = processors.items().any(|own| own.text() == Some("arm64"));
    // Layers of Node.js serve both.
    let has_arm = !layer.name.starts_with("Datadog-Node") && !layer.name.starts_with("dd-trace-java");
    let of_arm = layer.name.contains("-ARM");
    if has_arm && is_arm != of_arm {
        let (is, of) = if is_arm { ("arm64", "x86_64") } else { ("x86_64", "arm64") };
        let text = format!("`{name}` runs on {is}, and this layer is for {of}: the function does not start");
        let help =
            if is_arm { "name the layer that ends in `-ARM`" } else { "name the layer without `-ARM`" };
        add(found, &rules::LAYER, function, spot(), text, help);
    }
}

/// Runtimes that Datadog's layers no longer take.
const OLD: [&str; 16] = [
    "nodejs",
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "python2.7",
    "python3.6",
    "python3.7",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "ruby2.5",
    "ruby2.7",
    "java8",
    "go1.x",
];

fn runtime(function: &Function<'_>, found: &mut Findings) {
    let Some(runtime) =
        function.view.get("Runtime").filter(|own| own.text().is_some_and(|text| OLD.contains(&text)))
    else {
        return;
    };
    let text = format!(
        "`{}` runs on `{}`, which Datadog's layers don't support",
        short(function.name),
        function.runtime()
    );
    add(
        found,
        &rules::LAYER,
        function,
        Spot::value(&runtime),
        text,
        "move the function to a runtime that AWS supports",
    );
}

/// A layer of a library, and the runtime that it is for: `Datadog-Python313` and `python3.13`.
fn library(function: &Function<'_>, layer: &Layer<'_>, found: &mut Findings) {
    let name = layer.name.trim_end_matches("-FIPS").trim_end_matches("-ARM");
    let runtime = function.runtime();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (language, by_release) = match name {
        _ if name.starts_with("Datadog-Node") => ("nodejs", true),
        _ if name.starts_with("Datadog-Python") => ("python", true),
        _ if name.starts_with("Datadog-Ruby") => ("ruby", true),
        "dd-trace-java" => ("java", false),
        "dd-trace-dotnet" => ("dotnet", false),
        _ => return,
    };
    let is_known = ["nodejs", "python", "ruby", "java", "dotnet"].iter().any(|own| runtime.starts_with(own));
    let other_release = by_release && digits(name) != digits(runtime);
    if !is_known || (runtime.starts_with(language) && !other_release) {
        return;
    }
    let text = format!(
        "`{}` runs on `{}`, and `{}` is a layer for another runtime",
        short(function.name),
        short(runtime),
        short(layer.name)
    );
    // Modules of Node.js are found whatever its release; those of Python stand in a folder of one.
    let severity = if runtime.starts_with(language) && language == "nodejs" {
        Severity::Warning
    } else {
        Severity::Error
    };
    let help = "name the layer of the function's runtime";
    add(found, &rules::LAYER, function, Spot::value(&layer.view), text, help).severity(severity);
}

/// What the handler of an instrumented function is, by runtime.
const HANDLERS: [(&str, &[&str]); 2] = [
    (
        "nodejs",
        &[
            "/opt/nodejs/node_modules/datadog-lambda-js/handler.handler",
            "node_modules/datadog-lambda-js/dist/handler.handler",
        ],
    ),
    ("python", &["datadog_lambda.handler.handler"]),
];

const WRAPPER: &str = "AWS_LAMBDA_EXEC_WRAPPER";

fn handler(function: &Function<'_>, layers: &[Layer<'_>], found: &mut Findings) {
    let (name, runtime) = (short(function.name), function.runtime());
    let of_library = |layer: &Layer<'_>| !layer.name.starts_with("Datadog-Extension");
    let has_library = layers.iter().any(of_library);
    if (runtime.starts_with("java") || runtime.starts_with("dotnet"))
        && has_library
        && function.variable(WRAPPER).is_none()
    {
        let text = format!("`{name}` has no `{WRAPPER}`: nothing is traced");
        let spot = function.variables.as_ref().map_or_else(|| Spot::key(&function.view), Spot::key);
        add(found, &rules::LAYER, function, spot, text, "set it to `/opt/datadog_wrapper`");
        return;
    }
    let Some((_, known)) = HANDLERS.iter().find(|(of, _)| runtime.starts_with(of)) else { return };
    let handler = function.view.get("Handler");
    let written = handler.as_ref().and_then(|own| own.text()).unwrap_or_default();
    let redirected = known.contains(&written) || written.contains("datadog");
    let spot = handler.as_ref().map_or_else(|| Spot::key(&function.view), Spot::value);
    let inner = function.variable("DD_LAMBDA_HANDLER");
    match (redirected, inner) {
        (true, None) => {
            let text = format!(
                "`{name}` has no `DD_LAMBDA_HANDLER`: Datadog's handler doesn't know which function to call"
            );
            let spot = function.variables.as_ref().map_or(spot, Spot::key);
            add(found, &rules::LAYER, function, spot, text, "set it to the function's own handler");
        }
        (false, Some(inner)) => {
            let text = format!(
                "The handler of `{name}` is not Datadog's: nothing is traced, though `DD_LAMBDA_HANDLER` is set"
            );
            let help = format!("set the handler to `{}`", known.first().unwrap_or(&""));
            add(found, &rules::LAYER, function, spot, text, &help).also("set here", Spot::value(&inner));
        }
        (false, None) if has_library && function.variable(WRAPPER).is_none() => {
            let text =
                format!("The handler of `{name}` is not Datadog's: it is traced only if the code wraps it");
            let help = format!(
                "set the handler to `{}`, and `DD_LAMBDA_HANDLER` to its own",
                known.first().unwrap_or(&"")
            );
            add(found, &rules::LAYER, function, spot, text, &help).severity(Severity::Warning);
        }
        _ => {}
    }
}

const KEYS: [&str; 4] = ["DD_API_KEY", "DD_API_KEY_SECRET_ARN", "DD_API_KEY_SSM_ARN", "DD_KMS_API_KEY"];

fn key(function: &Function<'_>, layers: &[Layer<'_>], found: &mut Findings) {
    let (name, extended) = (short(function.name), function.has_extension());
    let set: Vec<View<'_>> = KEYS.iter().filter_map(|key| function.variable(key)).collect();
    match set.as_slice() {
        [] if extended => {
            let text = format!("`{name}` has the extension and no key: nothing is sent");
            let at = function.variables.clone().or_else(|| function.view.get("Layers"));
            let spot = at.as_ref().map_or_else(|| Spot::key(&function.view), Spot::key);
            add(
                found,
                &rules::LAMBDA_KEY,
                function,
                spot,
                text,
                "set `DD_API_KEY_SECRET_ARN`, or one of DD_API_KEY_SSM_ARN, DD_KMS_API_KEY, DD_API_KEY",
            );
        }
        [first, second, ..] => {
            let text = format!(
                "`{name}` has two sources of its key, `{}` and `{}`",
                short(first.name()),
                short(second.name())
            );
            add(found, &rules::LAMBDA_KEY, function, Spot::key(second), text, "leave one")
                .also("the other", Spot::key(first));
        }
        _ => {}
    }
    let of_secret = function.variable("DD_API_KEY_SECRET_ARN");
    let synchronous = function.is_off("DD_FLUSH_TO_LOG") && !extended && !layers.is_empty();
    if let Some(secret) = of_secret.filter(|_| synchronous && function.runtime().starts_with("nodejs")) {
        let text = format!(
            "`{name}` sends metrics by itself, and the Node.js library can't read a key from a secret"
        );
        add(
            found,
            &rules::LAMBDA_KEY,
            function,
            Spot::key(&secret),
            text,
            "use `DD_KMS_API_KEY`, or the extension",
        );
    }
}

fn settings(function: &Function<'_>, found: &mut Findings) {
    let name = short(function.name);
    let tags = function.variable("DD_TAGS");
    let listed = tags.as_ref().and_then(|own| own.literal()).unwrap_or_default();
    let in_tags = |key: &str| listed.split([',', ' ']).any(|tag| tag.trim().starts_with(&format!("{key}:")));
    let unified = [("DD_ENV", "env"), ("DD_SERVICE", "service"), ("DD_VERSION", "version")];
    let missing: Vec<String> = unified
        .iter()
        .filter(|(own, key)| function.variable(own).is_none() && !in_tags(key))
        .map(|(own, _)| format!("`{own}`"))
        .collect();
    if !missing.is_empty() {
        let text = format!("`{name}` has no {}: its telemetry is joined with nothing", missing.join(", "));
        let spot = function.variables.as_ref().map_or_else(|| Spot::key(&function.view), Spot::key);
        add(found, &rules::LAMBDA, function, spot, text, "set DD_ENV, DD_SERVICE and DD_VERSION");
    }
    if let Some(tags) = tags.filter(|_| unified.iter().any(|(_, key)| in_tags(key))) {
        let text =
            format!("`{name}` says env, service or version in `DD_TAGS`: traces don't take them from there");
        add(
            found,
            &rules::LAMBDA,
            function,
            Spot::value(&tags),
            text,
            "use DD_ENV, DD_SERVICE and DD_VERSION",
        );
    }
    if let Some(payload) =
        function.variable("DD_CAPTURE_LAMBDA_PAYLOAD").filter(|_| function.is_on("DD_CAPTURE_LAMBDA_PAYLOAD"))
    {
        let text = format!(
            "`{name}` sends what it is called with and what it answers to Datadog, personal data included"
        );
        add(
            found,
            &rules::LAMBDA,
            function,
            Spot::value(&payload),
            text,
            "take it out, or hide fields with the obfuscation of the tracer",
        );
    }
    let mode = function.view.at("TracingConfig/Mode");
    let passes = mode.as_ref().and_then(|mode| mode.text()) != Some("Active");
    if let Some(merge) =
        function.variable("DD_MERGE_XRAY_TRACES").filter(|_| function.is_on("DD_MERGE_XRAY_TRACES") && passes)
    {
        let text = format!("`{name}` merges X-Ray's traces, and X-Ray makes none of it");
        add(
            found,
            &rules::LAMBDA,
            function,
            Spot::value(&merge),
            text,
            "set the tracing mode to Active, or take it out",
        );
    }
}

/// A function whose traces are off while monitors read them.
fn traced(function: &Function<'_>, watches: &[Watch], found: &mut Findings) {
    let Some(off) = function.variable("DD_TRACE_ENABLED").filter(|_| function.is_off("DD_TRACE_ENABLED"))
    else {
        return;
    };
    let service = function.says("DD_SERVICE");
    let own = function.name.to_ascii_lowercase();
    let of_traces = |read: &&crate::pipelines::watch::Read| {
        let traces = read.metric().is_some_and(is_trace_metric);
        let by_service =
            service.as_deref().is_some_and(|service| read.values("service").any(|value| value == service));
        traces && (by_service || read.values("functionname").any(|value| value == own))
    };
    let reader = watches
        .iter()
        .filter(|watch| watch.alerts())
        .find_map(|watch| Some((watch, watch.reads.iter().find(of_traces)?)));
    if let Some((watch, read)) = reader {
        let text = format!(
            "`{}` sends no traces, and `{}` reads their metrics",
            short(function.name),
            watch.address
        );
        add(found, &rules::LAMBDA, function, Spot::value(&off), text, "take `DD_TRACE_ENABLED` out")
            .also("read here", watch.spot(&read.pointer));
    }
}
