//! Trees as text again, in one spelling: what is read from it is the same tree.

use std::fmt::{Display, Formatter, Result};

use crate::query::tree::{
    Aggregation, Argument, Call, ChainAlert, ChainHead, Comparison, Composite, Expr, Filter, Head, Joint,
    Junction, Metric, MetricAlert, Metrics, Monitor, Number, Operator, Scope, Search, SearchTerm, Spanned,
    Suffix, Tag, Term, Text, Threshold,
};

impl<T: Display> Display for Spanned<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.value.fmt(f)
    }
}

fn separated<T: Display>(f: &mut Formatter<'_>, items: &[T], separator: &str) -> Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&self.text)
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{0}{1}{0}", self.quote, self.raw)
    }
}

impl Display for Metrics {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        separated(f, &self.items, ", ")
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "**",
        })
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Term(term) => term.fmt(f),
            Self::Signed { sign, of } => write!(f, "{sign}{of}"),
            Self::Chain { first, rest } => {
                first.fmt(f)?;
                rest.iter().try_for_each(|(operator, operand)| write!(f, " {operator} {operand}"))
            }
        }
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.head.fmt(f)?;
        self.suffixes.iter().try_for_each(|suffix| suffix.fmt(f))
    }
}

impl Display for Head {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Name(name) => f.write_str(name),
            Self::Metric(metric) => metric.fmt(f),
            Self::Call(call) => call.fmt(f),
            Self::Brackets(inside) => write!(f, "({inside})"),
            Self::Scope(scope) => scope.fmt(f),
        }
    }
}

impl Display for Metric {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(Aggregation { name, condition }) = &self.aggregation {
            name.fmt(f)?;
            if let Some(condition) = condition {
                write!(f, "({condition})")?;
            }
            f.write_str(":")?;
        }
        self.name.fmt(f)?;
        self.scope.iter().try_for_each(|scope| scope.fmt(f))
    }
}

impl Display for Suffix {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::By(keys) => {
                f.write_str(" by {")?;
                separated(f, keys, ",")?;
                f.write_str("}")
            }
            Self::Method(call) => write!(f, ".{call}"),
        }
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}(", self.name)?;
        separated(f, &self.arguments, ", ")?;
        f.write_str(")")
    }
}

impl Display for Argument {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(name) = &self.name {
            write!(f, "{name}=")?;
        }
        self.value.fmt(f)
    }
}

impl Display for Scope {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("{")?;
        self.filter.iter().try_for_each(|filter| filter.fmt(f))?;
        f.write_str("}")
    }
}

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::In { key, negated, values } => {
                write!(f, "{key} {}IN (", if *negated { "NOT " } else { "" })?;
                separated(f, values, ",")?;
                f.write_str(")")
            }
            Self::Not { symbol: true, filter } => write!(f, "!{filter}"),
            Self::Not { symbol: false, filter } => write!(f, "NOT {filter}"),
            Self::Brackets(inside) => write!(f, "({inside})"),
            Self::Chain { first, rest } => {
                first.fmt(f)?;
                rest.iter().try_for_each(|(joint, filter)| write!(f, "{joint}{filter}"))
            }
            Self::Empty => Ok(()),
        }
    }
}

impl Display for Tag {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(key) = &self.key {
            write!(f, "{key}:")?;
        }
        self.value.fmt(f)
    }
}

impl Display for Joint {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Comma => ",",
            Self::And => " AND ",
            Self::Or => " OR ",
            Self::None => " ",
        })
    }
}

impl Display for Monitor {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Metric(MetricAlert { time, expr, comparison }) => write!(f, "{time}:{expr} {comparison}"),
            Self::Chain(alert) => alert.fmt(f),
            Self::Composite(composite) => composite.fmt(f),
            Self::Opaque => Ok(()),
        }
    }
}

impl Display for ChainAlert {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.head.fmt(f)?;
        self.methods.iter().try_for_each(|method| write!(f, ".{method}"))?;
        self.comparison.iter().try_for_each(|comparison| write!(f, " {comparison}"))
    }
}

impl Display for ChainHead {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Check(name) => name.fmt(f),
            Self::Source(call) => call.fmt(f),
            Self::Formula { text, .. } => write!(f, "formula({text})"),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {}", self.operator.value.symbol(), self.threshold)
    }
}

impl Display for Threshold {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Dynamic => f.write_str("threshold"),
        }
    }
}

impl Display for Composite {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Id(id) => f.write_str(id),
            Self::Not(inside) => write!(f, "!{inside}"),
            Self::Brackets(inside) => write!(f, "({inside})"),
            Self::Chain { junction, operands } => separated(
                f,
                operands,
                match junction {
                    Junction::And => " && ",
                    Junction::Or => " || ",
                },
            ),
        }
    }
}

impl Display for Search {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        separated(f, &self.terms, " ")
    }
}

impl Display for SearchTerm {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.negated {
            f.write_str("-")?;
        }
        if let Some(key) = &self.key {
            write!(f, "{key}:")?;
        }
        self.value.fmt(f)
    }
}
