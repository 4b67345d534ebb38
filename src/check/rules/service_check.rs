//! Service checks: a grouping, and as many results as the thresholds count.

use crate::check::alert::{QUERY, Subject};
use crate::check::finding::Findings;
use crate::config::RuleLevel;
use crate::query::{ChainAlert, ChainHead, Grammar, Monitor, Spanned, Text};

/// The checks whose grouping the service knows without being told: those of its agent and of its integrations, by the
/// first words of their names (docs.datadoghq.com/integrations, "Service Checks").
const KNOWN: [&str; 96] = [
    "active_directory",
    "activemq",
    "aerospike",
    "airflow",
    "ambari",
    "apache",
    "arangodb",
    "argocd",
    "aspdotnet",
    "aws",
    "azure",
    "btrfs",
    "cacti",
    "cassandra",
    "ceph",
    "cilium",
    "cisco_aci",
    "clickhouse",
    "cloudera",
    "cockroachdb",
    "consul",
    "containerd",
    "coredns",
    "couch",
    "couchbase",
    "crio",
    "datadog",
    "dcos",
    "directory",
    "disk",
    "dns",
    "docker",
    "ecs_fargate",
    "eks_fargate",
    "elasticsearch",
    "envoy",
    "etcd",
    "exchange",
    "fluentd",
    "gcp",
    "gearman",
    "gitlab",
    "glusterfs",
    "gunicorn",
    "haproxy",
    "harbor",
    "hazelcast",
    "hdfs",
    "host",
    "http",
    "hudi",
    "ibm_db2",
    "ibm_mq",
    "ignite",
    "iis",
    "istio",
    "jboss_wildfly",
    "jenkins",
    "kafka",
    "kong",
    "kubelet",
    "kubernetes",
    "kubernetes_state",
    "lighttpd",
    "linkerd",
    "mapr",
    "marathon",
    "mapreduce",
    "memcached",
    "mesos",
    "mongodb",
    "mysql",
    "nfsstat",
    "nginx",
    "ntp",
    "openstack",
    "oracle",
    "pgbouncer",
    "php_fpm",
    "postgres",
    "powerdns",
    "process",
    "prometheus",
    "proxysql",
    "rabbitmq",
    "redis",
    "riak",
    "snmp",
    "spark",
    "sqlserver",
    "ssh",
    "supervisord",
    "tcp",
    "tls",
    "varnish",
    "vault",
];

/// More names of that type, which no list holds, are a warning's matter.
fn is_known(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    KNOWN.contains(&first)
}

fn check<'a>(subject: &'a Subject<'_>) -> Option<(&'a ChainAlert, &'a Spanned<ChainHead>, &'a Text)> {
    let Monitor::Chain(chain) = subject.tree()? else { return None };
    // In another type it is reported that the query belongs elsewhere.
    subject.alert.as_ref()?.class.filter(|class| class.grammar == Grammar::Check)?;
    match &chain.head.value {
        ChainHead::Check(name) => Some((chain, &chain.head, name)),
        _ => None,
    }
}

/// The end of the last method of a name, or of the head.
fn behind(chain: &ChainAlert, names: &[&str]) -> usize {
    let methods = chain.methods.iter().filter(|method| names.contains(&method.value.name.value.as_str()));
    methods.map(|method| method.span.end).max().unwrap_or(chain.head.span.end)
}

pub fn grouping(subject: &Subject<'_>, found: &mut Findings) {
    let Some((chain, _, name)) = check(subject) else { return };
    let by = chain.method("by");
    if by.is_some_and(|by| by.value.words().iter().any(|word| !word.value.trim().is_empty())) {
        return;
    }
    let end = behind(chain, &["over", "exclude"]);
    let span = by.map_or(end..end, |by| by.span.clone());
    let text = "The check has no grouping: nothing says what it alerts for".to_owned();
    let help = "add `.by(\"host\")` behind `.over(…)`, or `.by(\"*\")` for each set of tags";
    let finding = found.within((QUERY, &span), text, help);
    // The service knows how those of its integrations group.
    if is_known(&name.raw) {
        finding.level(RuleLevel::Warn);
    }
}

/// The most results that the service looks at.
const MOST: f64 = 100.0;

pub fn count(subject: &Subject<'_>, found: &mut Findings) {
    let Some((chain, _, _)) = check(subject) else { return };
    if let Some(over) = chain.method("over")
        && !over.value.words().iter().any(|word| !word.value.trim().is_empty())
    {
        found.within(
            (QUERY, &over.span),
            "The check is over nothing",
            "write `.over(\"*\")` for all, or tags",
        );
    }
    if let Some(comparison) = &chain.comparison {
        let span = comparison.operator.span.start..comparison.threshold.span.end;
        let text = "A service check compares with nothing: `thresholds` count its results";
        found.within((QUERY, &span), text, "take the comparison out");
    }
    // Shares of a group are another form, with thresholds in percent.
    if chain.method("pct_by_status").is_some() {
        return;
    }
    if chain.method("count_by_status").is_none() {
        let end = behind(chain, &["over", "exclude", "by", "last"]);
        let text = "The query of a check ends with `.count_by_status()`";
        found.within((QUERY, &(end..end)), text, "add it");
    }
    let Some(last) = chain.method("last") else {
        let end = behind(chain, &["over", "exclude", "by"]);
        let text = "The query lacks `.last(…)`: how many results it looks at";
        found.within((QUERY, &(end..end)), text, "add `.last(2)`, or more where the thresholds are higher");
        return;
    };
    let written = subject.alert.as_ref().and_then(|alert| {
        let span = last.value.arguments.first()?.value.span.clone();
        alert.query[span].trim().trim_matches(['"', '\'']).parse::<f64>().ok()
    });
    let Some(count) = written.filter(|count| *count >= 1.0 && count.fract() == 0.0) else {
        let text = "`.last(…)` of a check holds how many results count, a whole number from 1";
        found.within((QUERY, &last.span), text, "write, for example, `.last(2)`");
        return;
    };
    let thresholds = ["critical", "warning", "ok", "unknown"].into_iter();
    let highest = thresholds
        .filter_map(|name| Some((subject.number(&format!("/options/thresholds/{name}"))?, name)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if count > MOST {
        let text = format!("`.last({count})` looks at more results than the service keeps, which is {MOST}");
        found.within((QUERY, &last.span), text, format!("write `.last({MOST})` or less"));
    }
    if let Some((most, name)) = highest.filter(|(most, _)| *most > count) {
        let text = format!("`.last({count})` looks at fewer results than `{name}` counts, which is `{most}`");
        let at = format!("/options/thresholds/{name}");
        let help = format!("write `.last({most})` or more, or lower the threshold");
        found.within((QUERY, &last.span), text, help).also("the threshold", at);
    }
}
