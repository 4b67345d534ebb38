//! `import openslo`: examples of the shapes that the specification has, written anew.

use crate::project::Project;

const SOURCE: &str = "\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: dd}
spec: {type: Datadog, connectionDetails: {apiKey: s3cret}}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
spec: {description: The shop}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: answers}
spec:
  ratioMetric:
    counter: true
    bad: {metricSource: {metricSourceRef: dd, spec: {query: 'sum:shop.errors{env:prod}.as_count()'}}}
    total: {metricSource: {metricSourceRef: dd, spec: {query: 'sum:shop.hits{env:prod}.as_count()'}}}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: team}
spec: {target: '@slack-shop'}
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast}
spec:
  description: The budget of the shop burns fast.
  severity: page
  condition: {kind: burnrate, op: gt, threshold: 14.4, lookbackWindow: 1h, alertAfter: 5m}
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: Fast.Burn, displayName: burns fast}
spec:
  alertWhenBreaching: true
  alertWhenResolved: true
  alertWhenNoData: false
  conditions: [{conditionRef: fast}]
  notificationTargets: [{targetRef: team}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: shop-answers, displayName: The shop answers, labels: {team: Core Shop, area: [a, b]}}
spec:
  description: 'Costs ${nothing} {{x}}'
  service: shop
  indicatorRef: answers
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.9995}]
  alertPolicies: [{alertPolicyRef: Fast.Burn}]
";

const MORE: &str = "\
apiVersion: openslo/v1
kind: SLO
metadata: {name: shop-hits}
spec:
  service: shop
  indicator:
    metadata: {name: good-hits}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: datadog, spec: {query: 'sum:shop.good{*}.as_count()'}}}
        total: {metricSource: {type: datadog, spec: {query: 'sum:shop.hits{*}.as_count()'}}}
  timeWindow: [{duration: 1w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: all, targetPercent: 99}, {displayName: most, targetPercent: 95}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: shop-latency}
spec:
  service: shop
  indicator:
    metadata: {name: latency}
    spec: {thresholdMetric: {metricSource: {type: Datadog, spec: {query: 'avg:shop.latency{*}'}}}}
  timeWindow: [{duration: 90d, isRolling: true}]
  budgetingMethod: Timeslices
  objectives: [{op: lte, value: 0.5, target: 0.99, timeSliceTarget: 1, timeSliceWindow: 1m}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: shop-share}
spec:
  indicator:
    metadata: {name: share}
    spec: {ratioMetric: {rawType: failure, raw: {metricSource: {type: Datadog, spec: {query: 'avg:shop.failed_share{*}'}}}}}
  timeWindow: [{duration: 7d, isRolling: true}]
  budgetingMethod: Timeslices
  objectives: [{target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 5}]
";

#[test]
fn documents_become_slos_with_alerts() {
    let project = Project::sandbox();
    project.write("slo/a.yaml", SOURCE);
    project.write("slo/b.yaml", MORE);
    let ran = project.exits(0, &["import", "openslo", "slo/a.yaml", "slo/b.yaml"]);
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        [
            "slos/shop-share  monitors/openslo.yaml",
            "slos/shop-answers  monitors/shop.yaml",
            "monitors/shop-answers-fast-burn  monitors/shop.yaml",
            "slos/shop-hits  monitors/shop.yaml",
            "slos/shop-hits-2  monitors/shop.yaml",
            "slos/shop-latency  monitors/shop.yaml",
        ],
        "{}",
        ran.err
    );
    let text = project.read("monitors/shop.yaml") + &project.read("monitors/openslo.yaml");
    for line in [
        "formula: total - bad",
        "query: burn_rate(\"${slos.shop-answers.id}\").over(\"30d\").long_window(\"1h\").short_window(\"5m\") > 14.4",
        "target: 99.95",
        "- team:core_shop",
        "- area:b",
        "Costs $${nothing} {{x}}",
        "name: \"shop-hits: most\"",
        "comparator: <=",
        "threshold: 0.5",
        "query_interval_seconds: 60",
        "formula: 1 - share",
        "comparator: \">=\"",
    ] {
        assert!(text.replace(['\'', '"'], "").contains(&line.replace(['\'', '"'], "")), "{line}\n{text}");
    }
    assert!(!text.contains("s3cret") && !ran.shown().contains("s3cret"));
    project.fine(&["apply", "--yes", "-q"]);
    let ran = project.exits(0, &["plan", "--detailed-exitcode"]);
    assert!(ran.out.ends_with("No changes.\n"), "{}", ran.shown());
    // A second import has nothing free to write to.
    let ran = project.exits(1, &["import", "openslo", "slo/a.yaml"]);
    assert!(ran.err.contains("is declared already"), "{}", ran.err);
}

#[test]
fn what_cannot_be_expressed_is_told_at_its_line() {
    for (from, to, line, expected) in [
        ("target: '@slack-shop'", "target: email", 24, "nobody whom Datadog can tell"),
        ("op: gt", "op: lte", 32, "`lte` can't be expressed"),
        ("lookbackWindow: 1h", "lookbackWindow: 90m", 32, "from 1 to 48 whole hours"),
        ("alertWhenNoData: false", "alertWhenNoData: true", 40, "no data"),
        ("type: Datadog, connection", "type: Prometheus, connection", 4, "not Datadog"),
        (
            "isRolling: true",
            "calendar: {startTime: 2020-01-01 00:00:00, timeZone: UTC}",
            51,
            "aligned with the calendar",
        ),
        ("duration: 30d", "duration: 4w", 51, "no window of `4w`"),
        ("Method: Occurrences", "Method: RatioTimeslices", 52, "mean of the shares"),
        (
            "{target: 0.9995}",
            "{target: 0.9995, compositeWeight: 2, indicatorRef: answers}",
            53,
            "weighted composite",
        ),
        ("{target: 0.9995}", "{target: 1.5}", 53, "needs one of `target`"),
        ("indicatorRef: answers", "indicatorRef: gone", 50, "no SLI of the name `gone`"),
        ("    counter: true\n    bad: ", "    counter: true\n    raw: ", 16, "`good` or `bad` with `total`"),
    ] {
        let project = Project::sandbox();
        assert!(SOURCE.contains(from), "{from}");
        project.write("slo.yaml", SOURCE.replace(from, to));
        let ran = project.exits(1, &["import", "openslo", "slo.yaml"]);
        let place = ran
            .err
            .lines()
            .find_map(|text| text.split_once("slo.yaml:")?.1.split(':').next()?.parse::<usize>().ok());
        assert!(ran.err.contains(expected), "{to}: {}", ran.err);
        let place = place.unwrap_or_else(|| panic!("{to}: {}", ran.err));
        assert!(place.abs_diff(line) <= 1, "{to}: line {place}, not {line}\n{}", ran.err);
        assert_eq!(std::fs::read_dir(project.path("monitors")).unwrap().count(), 0);
    }
    let project = Project::sandbox();
    for hostile in [
        "apiVersion: openslo/v2alpha1\nkind: SLO\nmetadata: {name: x}\n",
        "- 1\n",
        "a: [\n",
        "\u{1b}[31m: {}\n",
    ] {
        project.write("slo.yaml", hostile);
        let ran = project.exits(1, &["import", "openslo", "slo.yaml"]);
        assert!(!ran.shown().contains('\u{1b}'), "{}", ran.shown());
    }
}

#[test]
fn a_policy_that_is_named_by_a_text_is_told() {
    let project = Project::new("project: shop\nenvironments: {sandbox: {api: sandbox}}\n");
    project.write("slo.yaml", SOURCE.replace("[{alertPolicyRef: Fast.Burn}]", "[Fast.Burn]"));
    let ran = project.exits(1, &["import", "openslo", "slo.yaml"]);
    assert!(ran.err.contains("write `- alertPolicyRef: Fast.Burn`"), "{}", ran.err);
    assert!(ran.err.contains("slo.yaml:53:19"), "{}", ran.err);
}
