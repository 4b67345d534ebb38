//! What a query says, as data. Every part knows its bytes in the user's string.

use std::ops::Range;

/// A part of a query and where it stands. Two are equal when they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    pub value: T,
    /// Bytes of the user's string.
    pub span: Range<usize>,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// A number as written, without a sign.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    pub value: f64,
    pub text: String,
}

/// A text in quotes.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pub quote: char,
    /// Between the quotes, backslashes as written.
    pub raw: String,
}

/// The queries of one `q`: `avg:a{*}, avg:b{*}`. Empty where the text is.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    pub items: Vec<Spanned<Expr>>,
}

/// A metric query, a formula, an argument of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Term(Box<Term>),
    Signed {
        sign: Spanned<Operator>,
        of: Box<Spanned<Expr>>,
    },
    /// Operators of one rank, from left to right; those of a higher rank are chains inside it.
    Chain {
        first: Box<Spanned<Expr>>,
        rest: Vec<(Spanned<Operator>, Spanned<Expr>)>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

/// What operators join, with all that is hung on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    pub head: Spanned<Head>,
    /// `by {host}`, `.as_count()`, `.rollup(sum, 60)`, in their order.
    pub suffixes: Vec<Spanned<Suffix>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Head {
    Number(Number),
    Text(Text),
    /// A query of a formula, a metric without aggregation and scope, or a keyword: `query1`, `sum`, `last_5m`, `10d`.
    Name(String),
    Metric(Metric),
    Call(Call),
    Brackets(Spanned<Expr>),
    /// A scope as an argument: `percentile(query1, 'p90', {*})`.
    Scope(Scope),
}

/// `avg:system.cpu.user{env:prod}`. Has an aggregation, a scope or both.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    pub aggregation: Option<Aggregation>,
    pub name: Spanned<String>,
    pub scope: Option<Spanned<Scope>>,
}

/// `avg`, `p95`, or `count(v: v<=0.5)` of a distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    pub name: Spanned<String>,
    /// `v: v<=0.5`, as written.
    pub condition: Option<Spanned<String>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Suffix {
    By(Vec<Spanned<String>>),
    /// `.rollup(sum, 60)`.
    Method(Call),
}

/// A function or method with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub name: Spanned<String>,
    pub arguments: Vec<Argument>,
}

/// `'basic'`, or `direction='above'`.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    pub name: Option<Spanned<String>>,
    pub value: Spanned<Expr>,
}

/// What stands in a metric's braces; `None` for `{}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    pub filter: Option<Spanned<Filter>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// `*`, `env:prod`, `$env`, `host:$host.value`, a bare tag.
    Tag(Tag),
    /// `key IN (a, b)`, `key NOT IN (a, b)`.
    In {
        key: Spanned<String>,
        negated: bool,
        values: Vec<Spanned<String>>,
    },
    /// `!env:prod`, `NOT env:prod`.
    Not {
        symbol: bool,
        filter: Box<Spanned<Filter>>,
    },
    Brackets(Box<Spanned<Filter>>),
    /// In the order of the text. Which of commas, AND and OR binds closer is left to the service.
    Chain {
        first: Box<Spanned<Filter>>,
        rest: Vec<(Joint, Spanned<Filter>)>,
    },
    /// Nothing between two commas.
    Empty,
}

/// `key:value`, or a value alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    pub key: Option<Spanned<String>>,
    /// As written, with its quotes where it has some.
    pub value: Spanned<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    Comma,
    And,
    Or,
    /// Only white space.
    None,
}

/// The query of a monitor.
#[derive(Clone, Debug, PartialEq)]
pub enum Monitor {
    /// `avg(last_5m):avg:system.load.1{*} > 4`.
    Metric(MetricAlert),
    /// `logs("…").index("*").rollup("count").last("5m") > 5`, `formula("…").last("5m") > 5`,
    /// `"ntp.in_sync".over("*").last(2).count_by_status()`, `burn_rate("…").over("30d")… > 14.4`.
    Chain(ChainAlert),
    Composite(Spanned<Composite>),
    /// A text that is not understood, or that need not be.
    Opaque,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetricAlert {
    /// `avg(last_5m)`, `change(min(last_1m),last_5m)`.
    pub time: Spanned<Call>,
    pub expr: Spanned<Expr>,
    pub comparison: Comparison,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ChainAlert {
    pub head: Spanned<ChainHead>,
    pub methods: Vec<Spanned<Call>>,
    /// A service check has none.
    pub comparison: Option<Comparison>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ChainHead {
    /// The name of a service check.
    Check(Text),
    /// `logs("…")`, `error_budget("…")`: the source's name may hold hyphens.
    Source(Call),
    /// `formula("query1 / query2")`: what stands in the quotes, read. The text is kept for printing.
    Formula { text: Spanned<Text>, expr: Option<Spanned<Expr>> },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub operator: Spanned<Comparator>,
    pub threshold: Spanned<Threshold>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    NotEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Threshold {
    /// With its sign.
    Number(Number),
    /// The word `threshold`: the value comes from `options.thresholds.critical_query` (OpenAPI, monitor query types).
    Dynamic,
}

/// `1 && !(2 || 3)`.
#[derive(Clone, Debug, PartialEq)]
pub enum Composite {
    /// A monitor's id: digits, or a reference marker.
    Id(String),
    Not(Box<Spanned<Composite>>),
    Brackets(Box<Spanned<Composite>>),
    /// Joined by one word throughout; `&&` binds closer than `||`.
    Chain {
        junction: Junction,
        operands: Vec<Spanned<Composite>>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Junction {
    And,
    Or,
}

/// The terms of a search in logs, events, spans and so on, in the order of the text; how they are joined is not read.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    pub terms: Vec<Spanned<SearchTerm>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SearchTerm {
    /// `-` or `NOT` before it.
    pub negated: bool,
    /// `service`, `@http.status_code`; absent for free text and template variables.
    pub key: Option<Spanned<String>>,
    /// As written, with its quotes, brackets or comparison: `"a b"`, `(x OR y)`, `>=500`.
    pub value: Spanned<String>,
}
